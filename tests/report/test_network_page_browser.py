"""The report of a network in a browser: nothing is loaded or overflows, and it is accessible."""

import pytest
import soundfile
from browsing import (
    CHROMIUM,
    OUTSIDE,
    TEXTS,
    VIEWS,
    axe_script,
    launched,
    open_all,
    opening,
    violations,
)
from made_networks import network_page
from reporting import HOSTILE_CLASSES, HOSTILE_PATHS, made

from featkit import signals
from featkit.report.page import page

sync_api = pytest.importorskip("playwright.sync_api", reason="no Playwright to drive a browser")

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium")


@pytest.fixture(scope="module")
def browser():
    with launched(sync_api) as browser:
        yield browser


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("network")
    noise = signals.noise(22050, duration=1.0)
    for number in range(24):
        soundfile.write(folder / f"{number:04d}.wav", noise, 22050)
    hostile = {"classes": HOSTILE_CLASSES, "paths": HOSTILE_PATHS}
    made_pages = {
        "plain": (network_page(), {"sound": folder}),
        "beside": (network_page(), {"beside": made(rows=24)[:2]}),
        "recurrent": (network_page(recurrent=True), {}),
        "hostile": (network_page(**hostile), {}),
    }
    files = {}
    for name, ((model, explanation, table), options) in made_pages.items():
        files[name] = folder / f"{name}.html"
        text = page(model=model, explanation=explanation, table=table, **options)
        files[name].write_text(text, "utf-8")
    return files


@pytest.fixture
def opened(browser, files):
    with opening(browser, files) as open_page:
        yield open_page


@pytest.mark.parametrize(("width", "scheme"), [*VIEWS[:1], *VIEWS[-1:]])
@pytest.mark.parametrize("name", ["plain", "beside", "recurrent", "hostile"])
def test_nothing_is_requested_and_nothing_overflows(opened, name, width, scheme):
    view = opened(name, width, scheme)
    open_all(view)
    assert view.evaluate("document.documentElement.scrollWidth") == width
    assert view.evaluate(OUTSIDE) == []
    assert view.evaluate(TEXTS) == []


def test_pictures_are_drawn(opened):
    view = opened("plain")
    sizes = view.evaluate(
        "() => Promise.all([...document.querySelectorAll('.sequence image')].map(async (e) => {"
        "const own = new Image(); own.src = e.getAttribute('href'); await own.decode();"
        "return [own.naturalWidth, own.naturalHeight]; }))"
    )
    assert [20, 32] in sizes
    assert [20, 8] in sizes


@pytest.mark.parametrize(("width", "scheme"), [*VIEWS[:1], *VIEWS[-1:]])
@pytest.mark.parametrize("name", ["plain", "beside"])
def test_the_page_is_accessible(opened, name, width, scheme):
    script = axe_script()
    if script is None:
        pytest.skip("FEATKIT_AXE does not name axe.min.js")
    view = opened(name, width, scheme, bypass_csp=True)
    open_all(view)
    assert violations(view, script) == []
