"""The report in a browser: nothing is loaded, nothing overflows, interaction works.

The tests need Chromium (on the path, or named by ``FEATKIT_CHROMIUM``) and Playwright. The test of
accessibility also needs axe-core: ``FEATKIT_AXE`` names its ``axe.min.js``.
"""

import io
import os
from pathlib import Path

import numpy as np
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
from PIL import Image
from reporting import HOSTILE_COLUMN, hostile, made

from featkit.report.formatting import with_unit
from featkit.report.page import page, recording_page

sync_api = pytest.importorskip("playwright.sync_api", reason="no Playwright to drive a browser")

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium")


@pytest.fixture(scope="module")
def browser():
    with launched(sync_api) as browser:
        yield browser


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 22050)
    files = {}
    for name, make in (("plain", made), ("hostile", hostile)):
        model, explanation, table = make()
        for path in explanation.keys["path"]:
            if name == "plain":
                soundfile.write(folder / path, noise, 22050)
        text = page(model=model, explanation=explanation, table=table, sound=folder)
        files[name] = folder / f"{name}.html"
        files[name].write_text(text, "utf-8")
    names = [f"class {k} of many" for k in range(30)]
    model, explanation, table = made(rows=60, number=30, classes=names)
    files["wide"] = folder / "wide.html"
    text = page(model=model, explanation=explanation, table=table)
    files["wide"].write_text(text, "utf-8")
    model, explanation, _ = made(rows=1)
    text = recording_page(model=model, explanation=explanation, sound=folder)
    files["recording"] = folder / "recording.html"
    files["recording"].write_text(text, "utf-8")
    return files


@pytest.fixture
def opened(browser, files):
    with opening(browser, files) as open_page:
        yield open_page


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
@pytest.mark.parametrize("name", ["plain", "hostile", "recording"])
def test_nothing_is_requested_and_nothing_overflows(opened, name, width, scheme):
    view = opened(name, width, scheme)
    open_all(view)
    assert view.evaluate("document.documentElement.scrollWidth") == width
    assert view.evaluate(OUTSIDE) == []
    assert view.evaluate(TEXTS) == []
    dark = view.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 23, 27)"
    assert dark == (scheme == "dark")


LINES = """(e) => {
  e.textContent = "−0.000574";
  const range = document.createRange();
  range.selectNodeContents(e);
  return range.getClientRects().length;
}"""
"""Number of lines of a small contribution."""


@pytest.mark.parametrize("width", [1280, 1000, 700, 375])
def test_small_contributions_fit_on_one_line(opened, width):
    view = opened("plain", width)
    open_all(view)
    for cell in view.locator(".example .chart td.number").element_handles()[:12]:
        assert cell.evaluate(LINES) == 1


@pytest.mark.parametrize("width", [1280, 375])
def test_thirty_classes_are_scrolled_within_the_page(opened, width):
    view = opened("wide", width)
    open_all(view)
    assert view.evaluate("document.documentElement.scrollWidth") == width
    assert view.evaluate(OUTSIDE) == []
    matrix = view.locator(".matrix .scroll").first
    matrix.evaluate("(e) => { e.scrollLeft = e.scrollWidth; }")
    box, head, last = (
        locator.bounding_box()
        for locator in (matrix, matrix.locator("tbody th").last, matrix.locator("tbody td").last)
    )
    assert head["x"] == pytest.approx(box["x"], abs=1)  # whose row it is, is still to be read
    assert last["x"] + last["width"] == pytest.approx(box["x"] + box["width"], abs=1)
    assert head["width"] < box["width"] / 2


def test_strips_fill_the_width_of_a_phone_and_the_page_is_short(opened):
    view = opened("wide", 375)
    assert view.locator("svg.swarm:visible").first.bounding_box()["width"] > 320
    assert view.evaluate("document.body.scrollHeight") < 25000


def test_a_link_opens_the_folded_definition_of_a_column(opened):
    view = opened("wide")
    link = view.locator("a.term:visible").first
    row = view.locator(link.get_attribute("href"))
    assert not row.is_visible()
    link.click()
    assert row.is_visible()


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
@pytest.mark.parametrize(("name", "sections"), [("plain", 11), ("recording", 4)])
def test_each_section_is_visible(opened, tmp_path, name, sections, width, scheme):
    """The pictures are saved in the folder ``FEATKIT_PICTURES``, if it is set."""
    folder = Path(os.environ.get("FEATKIT_PICTURES") or tmp_path)
    view = opened(name, width, scheme)
    view_sections = view.locator("main > section")
    assert view_sections.count() == sections
    for k in range(sections):
        section = view_sections.nth(k)
        file = folder / f"{name}_{k + 1}_{section.get_attribute('id')}_{width}_{scheme}.png"
        with Image.open(io.BytesIO(section.screenshot(path=file))) as picture:
            shades = np.asarray(picture.convert("L"), float)
        assert shades.shape[1] > width / 2
        back = np.median(shades)
        assert (back > 128) == (scheme == "light")
        ink = np.abs(shades - back) > 60
        assert ink.mean() > 0.005  # there is something to be read
        # and from its first lines to its last: no half of it is empty
        assert ink[: len(ink) // 2].any()
        assert ink[len(ink) // 2 :].any()


def test_a_class_can_be_chosen(opened):
    view = opened("hostile")
    shown = view.locator("#panels > details:visible")
    assert shown.count() == 1
    options = view.locator("#class option").all_inner_texts()
    for name in options:
        view.select_option("#class", label=name)
        assert shown.locator("h4").first.inner_text() == f"{name}: contributions"
    assert "__proto__" in options


def test_the_matrix_switches_between_counts_and_shares(opened):
    view = opened()
    assert view.locator(".matrix:visible").count() == 1
    assert view.locator("#counts").is_visible()
    view.get_by_role("button", name="shares").press("Enter")
    assert view.locator("#shares").is_visible()
    assert not view.locator("#counts").is_visible()


def test_tables_can_be_sorted(opened):
    view = opened()
    table = view.locator("#errors table.sortable")
    head = table.locator("th", has_text="Recall")
    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    column = [float(text) for text in table.locator("tbody td:nth-child(6)").all_inner_texts()]
    assert column == sorted(column, reverse=True)
    head.locator("button").click()
    column = [float(text) for text in table.locator("tbody td:nth-child(6)").all_inner_texts()]
    assert column == sorted(column)


def test_columns_and_dots_have_tooltips(opened):
    view = opened()
    view.locator("a.term").first.focus()
    assert "number" in view.locator("#tooltip").inner_text()
    view.keyboard.press("Escape")
    assert not view.locator("#tooltip").is_visible()
    view.locator(".panel:visible summary", has_text="contribution by value").click()
    chart = view.locator("svg.dependence:visible").first
    chart.scroll_into_view_if_needed()
    view.wait_for_timeout(100)
    at = chart.evaluate(
        """(svg) => { const path = svg.querySelector('.dots').getAttribute('d');
        const at = /M(\\d+) (\\d+)h0$/.exec(path);
        const box = svg.getBoundingClientRect();
        return [box.left + at[1] * box.width / 300, box.top + at[2] * box.height / 190]; }"""
    )
    view.mouse.move(*at)
    tooltip = view.locator("#tooltip").inner_text()
    assert ".wav" in tooltip
    assert "contribution" in tooltip


def test_the_tooltip_of_a_dot_shows_its_row_and_value(opened):
    view = opened()
    _, explanation, _ = made()
    chart = view.locator("svg.swarm:visible").first
    chart.scroll_into_view_if_needed()
    view.wait_for_timeout(100)
    column = explanation.columns.index(chart.get_attribute("data-column"))
    contributions = explanation.values[:, column, 0]
    row = int(np.argmax(contributions))  # the dot furthest to the right
    at = chart.evaluate(
        """(svg) => { const box = svg.getBoundingClientRect();
        const dots = [...svg.querySelectorAll('.dots')].flatMap((path) =>
          [...path.getAttribute('d').matchAll(/M(\\d+) (\\d+)/g)].map((m) => [+m[1], +m[2]]));
        const [x, y] = dots.reduce((a, b) => (b[0] > a[0] ? b : a));
        return [box.left + x * box.width / 1000, box.top + y * box.height / 100]; }"""
    )
    view.mouse.move(*at)
    lines = view.locator("#tooltip > div").all_inner_texts()
    assert lines[0].startswith(explanation.keys["path"][row])
    unit = explanation.unit(explanation.columns[column])
    assert lines[1] == f"value {with_unit(explanation.X[row, column], unit)}"
    assert float(lines[2].split()[-1].replace("−", "-")) == pytest.approx(
        contributions[row], abs=0.02
    )


def test_hostile_names_are_text_in_a_browser(opened):
    view = opened("hostile")
    open_all(view)
    view.evaluate("scrollTo(0, document.body.scrollHeight)")
    assert view.locator("script").count() == 2
    assert HOSTILE_COLUMN in view.locator("#reproducibility tbody").last.inner_text()
    assert view.evaluate("({}).polluted === undefined && Object.keys(Object.prototype).length") == 0


def test_the_page_is_complete_without_script_in_a_browser(opened):
    view = opened(java_script_enabled=False)
    assert view.locator("#panels > details:visible").count() == 3
    assert view.locator(".matrix:visible").count() == 2
    view.locator("#panels > details > summary").nth(1).click()
    assert view.locator("#panels > details").nth(1).locator("table").first.is_visible()


def test_sound_can_be_played(opened):
    view = opened()
    view.wait_for_function("document.querySelector('audio').readyState >= 1")
    assert view.evaluate("document.querySelector('audio').duration") == pytest.approx(1, abs=0.05)
    assert view.evaluate("document.querySelector('.sound img').naturalWidth") > 100


def test_the_page_is_usable_with_the_keyboard(opened):
    view = opened()
    view.keyboard.press("Tab")
    assert view.evaluate("document.activeElement.className") == "skip"
    view.keyboard.press("Enter")
    view.keyboard.press("Tab")
    assert view.evaluate("document.activeElement.closest('main') !== null")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert view.evaluate(outline) != "none"


def test_the_page_is_printed_in_light_colours(opened):
    view = opened(scheme="dark")
    view.emulate_media(media="print", color_scheme="dark")
    assert view.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(252, 252, 250)"
    assert view.locator(".matrix:visible").count() == 2


def test_the_printed_page_shows_everything(opened, tmp_path):
    view = opened()
    view.emulate_media(media="print")
    view.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert view.locator(".panel:visible").count() == 3
    long = view.locator("details.long:not([open])")  # glossaries and long lists stay closed
    assert long.count() > 0
    assert view.locator("details:not(.long):not([open]):visible").count() == 0
    assert [summary.is_visible() for summary in long.locator("> summary").all()].count(False) == 0
    assert view.locator(".leaderboard:visible").count() == 5  # the answer, and all metrics
    assert view.locator(".panel svg.dependence:visible").count() > 3
    view.evaluate("dispatchEvent(new Event('afterprint'))")
    assert view.locator("details:not([open])").count() > 0


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
@pytest.mark.parametrize("name", ["plain", "hostile", "recording"])
def test_the_page_is_accessible(opened, name, width, scheme):
    script = axe_script()
    if script is None:
        pytest.skip("no axe-core: FEATKIT_AXE names no axe.min.js (npm pack axe-core)")
    view = opened(name, width, scheme)
    open_all(view)
    assert violations(view, script) == []
