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

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not BROWSER or not DRIVER, reason="Chromium and its driver are not installed (Debian: chromium chromium-driver)"
)
QUIET = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a made-up sweep."""
    spec = importlib.util.spec_from_file_location("sweep_folder", Path(__file__).with_name("sweep_folder.py"))
    assert spec is not None and spec.loader is not None
    helper = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(helper)
    folder = tmp_path_factory.mktemp("browser")
    names = ("a_rather_long_name_of_a_domain_256", "beta", "gamma")
    return write_report(helper.write_sweep(folder / "sweep", sources=names, targets=names, images=8), folder / "report")


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


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_shows_everything_and_asks_for_nothing(browser: Any, page: Path, width: int) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    browser.get_log("performance")
    browser.get(page.as_uri())
    browser.execute_script("document.querySelectorAll('details').forEach(part => part.open = true)")
    images = browser.execute_script("return [...document.images].map(i => [i.complete, i.naturalWidth, i.clientWidth])")
    assert len(images) > 30 and all(complete and natural > 0 for complete, natural, _ in images)
    assert max(shown for _, _, shown in images) <= width
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    assert page.as_uri() in asked
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert browser.get_log("browser") == []
    # A link of the contents leads to its part, and the smallest text can be read.
    browser.find_element("css selector", "nav a[href='#roc']").click()
    assert browser.execute_script("return location.hash") == "#roc"
    texts = "[...document.querySelectorAll('p,td,th,li,figcaption')]"
    assert min(browser.execute_script(f"return {texts}.map(e => parseFloat(getComputedStyle(e).fontSize))")) >= 12
