"""The page in a real browser, wide and narrow: every picture is drawn, nothing is asked for, nothing sticks out."""

from __future__ import annotations

import importlib.util
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forensictransfer.report.write import write_report
from forensictransfer.results.audits import audit_path, write_audit

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
waiting = pytest.importorskip("selenium.webdriver.support.ui", reason="selenium is not installed")
BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not BROWSER or not DRIVER, reason="Chromium and its driver are not installed (Debian: chromium chromium-driver)"
    ),
]
QUIET = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)
WIDTHS = (1600, 1000, 400)


@pytest.fixture(scope="module")
def helper() -> Any:
    """The writer of made-up sweeps beside the tests."""
    spec = importlib.util.spec_from_file_location(
        "sweep_folder", Path(__file__).resolve().parents[1] / "sweep_folder.py"
    )
    assert spec is not None and spec.loader is not None
    helper = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(helper)
    return helper


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory, helper: Any) -> Path:
    """The page of five domains each way and four detectors."""
    folder = tmp_path_factory.mktemp("large")
    names = ("faceswap", "inpainting", "splice", "gan_faces", "diffusion")
    detectors = ("ft-res", "ft", "cooccurrence", "xception")
    sweep = helper.write_sweep(
        folder / "sweep",
        sources=names,
        detectors=detectors,
        strategies=("finetune", "head"),
        images=30,
        draws=2,
        alone=lambda target, shots: 0.7,
    )
    return write_report(sweep, sweep / "report")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory, helper: Any) -> Path:
    """The page of a made-up sweep with everything on it, long names among it, and a cell that failed."""
    folder = tmp_path_factory.mktemp("browser")
    names = ("a_rather_long_name_of_a_domain_256", "unbreakablenameofadomainthatgoesonandon", "<c>")
    sweep = helper.write_sweep(
        folder / "sweep",
        sources=names,
        targets=(*names, "delta"),
        images=8,
        failed=("to-delta-head-k1",),
        alone=lambda target, shots: 0.7,
    )
    domains = json.loads((sweep / "sweep.json").read_text())["domains"]
    (sweep / "audits").mkdir()
    for name in names:
        found = helper.audit_of(name, domains[name]["fingerprint"], accuracy=0.98)
        write_audit(audit_path(sweep, name), found)
    return write_report(sweep, folder / "report")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    for argument in (*QUIET, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


def visit(browser: Any, page: Path, width: int, *, height: int = 900, scheme: str = "light", at: str = "") -> None:
    """Open the page on a screen of this size (a window is never narrower than 500, a telephone is)."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    for log in ("performance", "browser"):
        browser.get_log(log)
    browser.get("about:blank")  # or a change of the fragment alone would load nothing
    browser.get(page.as_uri() + at)
    # On a busy machine `get` may come back while the blank page still stands.
    there = "return document.readyState == 'complete' && location.protocol == 'file:'"
    waiting.WebDriverWait(browser, 60).until(lambda driver: driver.execute_script(there))


@pytest.mark.parametrize("width", WIDTHS)
def test_every_picture_is_drawn_and_nothing_is_asked_for(browser: Any, page: Path, width: int) -> None:
    visit(browser, page, width)
    images = browser.execute_script("return [...document.images].map(i => [i.complete, i.naturalWidth, i.alt])")
    assert len(images) > 20
    assert [alt for complete, natural, alt in images if not complete or not natural] == []
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert page.as_uri() in asked
    assert [url for url in asked if not url.startswith("data:")] == [page.as_uri()]
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_sticks_out_and_everything_can_be_read(browser: Any, page: Path, width: int) -> None:
    visit(browser, page, width)
    browser.execute_script("document.querySelectorAll('details').forEach(part => part.open = true)")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
    # What is wider than the screen lies in a box that scrolls by itself, and can be reached by the keyboard.
    outside = (
        "return [...document.querySelectorAll('main *, header *')].filter(e => e.getBoundingClientRect().right > "
        "innerWidth + 1 && !e.closest('.scroll, pre')).map(e => e.outerHTML.slice(0, 80))"
    )
    assert browser.execute_script(outside) == []
    boxes = "return [...document.querySelectorAll('.scroll, pre')].every(e => e.tabIndex === 0)"
    assert browser.execute_script(boxes)
    # Figures keep at least four fifths of their size: their letters were chosen for it.
    shown = (
        "return [...document.querySelectorAll('main img, svg[role=img]')].filter(i => i.clientWidth && "
        "i.clientWidth < 0.8 * i.getAttribute('width')).map(i => i.outerHTML.slice(0, 80))"
    )
    assert browser.execute_script(shown) == []
    texts = "[...document.querySelectorAll('p, td, th, li, figcaption, summary, code')]"
    assert min(browser.execute_script(f"return {texts}.map(e => parseFloat(getComputedStyle(e).fontSize))")) >= 12


@pytest.mark.parametrize("width", WIDTHS)
def test_the_contents_lead_to_the_sections(browser: Any, page: Path, width: int) -> None:
    visit(browser, page, width)
    for link in browser.find_elements("css selector", "nav a"):
        browser.execute_script("arguments[0].click()", link)
        anchor = link.get_attribute("href").partition("#")[2]
        top = browser.execute_script("return document.getElementById(arguments[0]).getBoundingClientRect().top", anchor)
        assert browser.execute_script("return location.hash") == f"#{anchor}" and top < 900


def test_what_is_folded_is_printed(browser: Any, page: Path) -> None:
    visit(browser, page, 1280)
    count = "return document.querySelectorAll('details:not([open])').length"
    folded = browser.execute_script(count)
    assert folded > 0
    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert browser.execute_script(count) == 0
    browser.execute_script("dispatchEvent(new Event('afterprint'))")
    assert browser.execute_script(count) == folded
    assert len(browser.execute_cdp_cmd("Page.printToPDF", {})["data"]) > 100_000


@pytest.mark.parametrize(("width", "height"), [(1600, 900), (1280, 800), (1000, 1000)])
def test_the_lead_of_five_by_five_domains_is_on_one_screen(browser: Any, large: Path, width: int, height: int) -> None:
    visit(browser, large, width, height=height)
    ends = "return [...document.querySelectorAll('header .answers, header figure')].map(e => e.getBoundingClientRect())"
    boxes = [box for box in browser.execute_script(ends) if box["width"]]
    assert len(boxes) == 4  # answers, two heat maps of the detector that is shown, the curve
    assert max(box["bottom"] for box in boxes) <= height and max(box["right"] for box in boxes) <= width


def test_a_page_of_five_by_five_domains_is_small(large: Path) -> None:
    assert large.stat().st_size < 5_000_000


def test_one_detector_is_shown_at_a_time(browser: Any, large: Path) -> None:
    visit(browser, large, 1280)
    shown = "return [...document.querySelectorAll('.tab')].map(e => e.getBoundingClientRect().height > 0)"
    assert browser.execute_script(shown) == [True, False, False, False]
    # By the keyboard, as a group of radio buttons goes.
    browser.find_element("css selector", ".tabs input:checked").send_keys("\ue014")
    assert browser.execute_script(shown) == [False, True, False, False]


def test_a_number_leads_to_the_row_of_its_run(browser: Any, large: Path) -> None:
    visit(browser, large, 1280)
    link = browser.find_element("css selector", "header .heat td a")
    anchor = link.get_attribute("href").partition("#")[2]
    browser.execute_script("arguments[0].click()", link)
    row = "return document.getElementById(arguments[0]).getBoundingClientRect()"
    for at in ("", f"#{anchor}"):  # by a click, and by an address that somebody was sent
        if at:
            visit(browser, large, 1280, at=at)
        box = browser.execute_script(row, anchor)
        assert box["height"] > 0 and 0 <= box["top"] < 900
    assert "runs/" in browser.execute_script("return document.getElementById(arguments[0]).innerText", anchor)


def test_a_click_on_a_heading_sorts(browser: Any, large: Path) -> None:
    visit(browser, large, 1280)
    script = """
        const table = [...document.querySelectorAll("#ranking table.sortable")][0];
        const heads = [...table.tHead.rows[0].cells];
        const column = heads.findIndex((head) => head.textContent.startsWith("mean over pairs"));
        const head = table.tHead.rows[0].cells[column];
        const values = () => [...table.tBodies[0].rows].map((row) => parseFloat(row.cells[column].textContent));
        const found = [];
        for (let i = 0; i < 2; i++) { head.querySelector("button").click(); found.push(values()); }
        return [...found, head.getAttribute("aria-sort")];
    """
    rising, falling, said = browser.execute_script(script)
    assert rising == sorted(rising) and falling == sorted(falling, reverse=True) and len(rising) > 8
    assert said == "descending"


def test_dark_and_light_follow_the_system(browser: Any, page: Path) -> None:
    def colours() -> tuple[str, str]:
        body, text = (f"getComputedStyle(document.querySelector('{e}'))" for e in ("body", "svg text"))
        return tuple(browser.execute_script(f"return [{body}.backgroundColor, {text}.fill]"))

    visit(browser, page, 1280)
    assert colours() == ("rgb(255, 255, 255)", "rgb(27, 31, 36)")
    visit(browser, page, 1280, scheme="dark")
    assert colours() == ("rgb(20, 24, 29)", "rgb(230, 233, 237)")


def test_without_a_script_everything_can_be_read(browser: Any, page: Path) -> None:
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        visit(browser, page, 1280)
        tree = browser.execute_cdp_cmd("Page.captureSnapshot", {})["data"]
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert "What to distrust" in tree and "<button" not in tree
