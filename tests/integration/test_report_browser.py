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
from forensictransfer.results.audits import audit_path
from forensictransfer.sweep.audits import write_audit

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not BROWSER or not DRIVER, reason="Chromium and its driver are not installed (Debian: chromium chromium-driver)"
)
QUIET = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
)
WIDTHS = (1280, 390)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a made-up sweep with everything on it, long names among it, and a cell that failed."""
    spec = importlib.util.spec_from_file_location(
        "sweep_folder", Path(__file__).resolve().parents[1] / "sweep_folder.py"
    )
    assert spec is not None and spec.loader is not None
    helper = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(helper)
    folder = tmp_path_factory.mktemp("browser")
    names = ("a_rather_long_name_of_a_domain_256", "unbreakablenameofadomainthatgoesonandon", "<c>")
    sweep = helper.write_sweep(
        folder / "sweep", sources=names, targets=(*names, "delta"), images=8, failed=("to-delta-head-k1",)
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


def visit(browser: Any, page: Path, width: int) -> None:
    """Open the page on a screen of this width (a window is never narrower than 500, a telephone is)."""
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    for log in ("performance", "browser"):
        browser.get_log(log)
    browser.get(page.as_uri())


@pytest.mark.parametrize("width", WIDTHS)
def test_every_picture_is_drawn_and_nothing_is_asked_for(browser: Any, page: Path, width: int) -> None:
    visit(browser, page, width)
    images = browser.execute_script("return [...document.images].map(i => [i.complete, i.naturalWidth, i.alt])")
    assert len(images) > 60
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
        "return [...document.querySelectorAll('main img')].filter(i => i.clientWidth < "
        "0.8 * i.getAttribute('width')).map(i => i.alt)"
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
