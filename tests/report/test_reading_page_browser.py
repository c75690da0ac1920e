"""Reading a report in a browser: its first screen, links into folds, colours and saved pictures."""

import io

import numpy as np
import pytest
from browsing import CHROMIUM, VIEWS, axe_script, launched, open_all, opening, violations
from comparing import pair
from PIL import Image
from reporting import made

from featkit.report.comparison_page import comparison_page
from featkit.report.page import page

sync_api = pytest.importorskip("playwright.sync_api", reason="no Playwright to drive a browser")

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium")

DARK, LIGHT = "rgb(21, 23, 27)", "rgb(252, 252, 250)"


@pytest.fixture(scope="module")
def browser():
    with launched(sync_api) as browser:
        yield browser


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reading")
    model, explanation, table = made(rows=60, number=30)
    texts = {
        "plain": page(model=model, explanation=explanation, table=table),
        "comparison": comparison_page(*pair()),
    }
    files = {name: folder / f"{name}.html" for name in texts}
    for name, text in texts.items():
        files[name].write_text(text, "utf-8")
    return files


@pytest.fixture
def opened(browser, files):
    with opening(browser, files) as open_page:
        yield open_page


def background(view):
    return view.evaluate("getComputedStyle(document.body).backgroundColor")


def test_the_answer_fits_on_the_first_screen(opened):
    view = opened()
    answer = view.locator("#answer").bounding_box()
    assert answer["y"] + answer["height"] <= 800
    assert view.locator("#answer table").count() == 3
    tops = {link.bounding_box()["y"] for link in view.locator("nav a").all()}
    assert len(tops) == 1  # the contents are one line


def test_colours_are_chosen_and_remembered(opened, files):
    view = opened()
    assert background(view) == LIGHT
    view.get_by_role("button", name="dark").click()
    assert background(view) == DARK
    view.reload()
    assert background(view) == DARK
    dark = view.get_by_role("button", name="dark")
    assert dark.get_attribute("aria-pressed") == "true"
    view.get_by_role("button", name="system").press("Enter")
    assert background(view) == LIGHT
    view.emulate_media(color_scheme="dark")
    assert background(view) == DARK
    view.get_by_role("button", name="light").click()
    assert background(view) == LIGHT


def test_colours_are_chosen_without_storage(browser, files):
    context = browser.new_context()
    view = context.new_page()
    faults = []
    view.on("pageerror", lambda error: faults.append(str(error)))
    view.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('refused'); } })"
    )
    view.goto(files["plain"].as_uri())
    view.get_by_role("button", name="dark").click()
    assert background(view) == DARK
    assert faults == []
    context.close()


def test_a_link_opens_all_folds_around_its_target(opened):
    view = opened()
    view.evaluate(
        """() => {
        const inner = [...document.querySelectorAll('details details')].find((details) =>
          !details.open && !details.closest('[hidden]')
          && details.parentElement.closest('details:not([open])'));
        inner.querySelector('table').id = 'inside';
        location.hash = 'inside'; }"""
    )
    target = view.locator("#inside")
    target.wait_for(state="visible")
    assert view.evaluate("document.querySelector('#inside').closest('details:not([open])')") is None
    top = target.bounding_box()["y"]
    assert -1 <= top < 800


def test_a_saved_table_looks_like_that_of_the_page(opened, tmp_path):
    view = opened(scheme="dark")
    table = view.locator("#answer table.leaderboard")
    with view.expect_download() as download:
        view.get_by_role("button", name="Save as SVG: Accuracy").first.click()
    file = tmp_path / "saved.svg"
    download.value.save_as(file)
    shown = Image.open(io.BytesIO(table.screenshot())).convert("L")
    view.goto("about:blank")
    saved = view.context.new_page()
    saved.goto(file.as_uri())
    picture = Image.open(io.BytesIO(saved.screenshot())).convert("L")
    # Means of squares of pixels: a browser smooths letters of both in different ways.
    part = (2, 2, 2 + (shown.width - 4) // 4 * 4, 2 + (shown.height - 4) // 4 * 4)
    one, other = (np.asarray(image.crop(part).reduce(4), float) for image in (shown, picture))
    assert np.median(other) == np.median(one) < 40  # the dark background
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.9


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
def test_a_comparison_is_accessible(opened, width, scheme):
    script = axe_script()
    if script is None:
        pytest.skip("no axe-core: FEATKIT_AXE names no axe.min.js (npm pack axe-core)")
    view = opened("comparison", width, scheme)
    open_all(view)
    assert view.evaluate("document.documentElement.scrollWidth") == width
    assert violations(view, script) == []
