"""The table of judged rows, pairs of classes and saved pictures in a browser."""

import re
import xml.etree.ElementTree as ET

import pytest
from browsing import CHROMIUM, launched, open_all, opening
from reporting import hostile, made

from featkit.report._judged import ROWS_AT_ONCE
from featkit.report.page import page

sync_api = pytest.importorskip("playwright.sync_api", reason="no Playwright to drive a browser")

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium")

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def browser():
    with launched(sync_api) as browser:
        yield browser


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rows")
    files = {}
    for name, make in (("plain", lambda: made(rows=130)), ("hostile", hostile)):
        model, explanation, table = make()
        files[name] = folder / f"{name}.html"
        files[name].write_text(page(model=model, explanation=explanation, table=table), "utf-8")
    return files


@pytest.fixture
def opened(browser, files):
    with opening(browser, files) as open_page:
        yield open_page


def shown(view, column=0):
    return view.locator(f"#judged tbody tr > :nth-child({column + 1})").all_inner_texts()


def test_rows_are_shown_in_pages(opened):
    view = opened()
    first = shown(view)
    assert len(first) == ROWS_AT_ONCE == 15
    status = view.locator(".judged-pages [role=status]")
    assert status.inner_text() == "Rows 1 to 15 of 130"
    view.get_by_role("button", name="Next").press("Enter")
    assert status.inner_text() == "Rows 16 to 30 of 130"
    assert not set(first) & set(shown(view))
    for _ in range(7):
        view.get_by_role("button", name="Next").click()
    assert status.inner_text() == "Rows 121 to 130 of 130"
    assert len(shown(view)) == 10
    assert view.get_by_role("button", name="Next").is_disabled()


def test_rows_are_searched_filtered_and_sorted(opened):
    view = opened()
    view.get_by_label("Search names").fill("012")
    assert shown(view)
    assert all("012" in name for name in shown(view))
    view.get_by_label("Search names").fill("no such name")
    assert shown(view) == []
    assert view.locator(".judged-pages [role=status]").inner_text() == "No row matches."
    view.get_by_label("Search names").fill("")
    view.locator("#judged-result").select_option(label="wrong")
    view.locator("#judged-true").select_option(label="b")
    assert set(shown(view, 5)) == {"wrong"}
    assert set(shown(view, 1)) == {"b"}
    head = view.locator("#judged thead th").nth(3)
    for order in ("descending", "ascending"):
        head.locator("button").press("Enter")
        assert head.get_attribute("aria-sort") == order
        values = [float(text) for text in shown(view, 3)]
        assert values == sorted(values, reverse=order == "descending")


def test_a_pair_of_classes_is_chosen(opened):
    view = opened()
    pairs = view.locator("#pairs > details:visible")
    assert pairs.count() == 1
    view.locator("#pair-0").select_option(label="a")
    view.locator("#pair-1").select_option(label="c")
    assert "a and c" in re.sub(r"[\u2066-\u2069]", "", pairs.locator("caption").inner_text())
    view.locator("#pair-1").select_option(label="a")
    assert pairs.count() == 0
    assert "two different classes" in view.locator("#pair-choice").inner_text()


def test_every_picture_is_saved_as_an_svg_file_of_its_own(opened, tmp_path):
    view = opened()
    open_all(view)
    for kind in ("svg.plot", "table.heat", "table.chart"):
        picture = view.locator(f"{kind}:visible").first
        holder = picture.locator("xpath=ancestor-or-self::*[following-sibling::button][1]")
        button = holder.locator("xpath=following-sibling::button[1]")
        with view.expect_download() as download:
            button.click()
        file = tmp_path / download.value.suggested_filename
        download.value.save_as(file)
        assert file.suffix == ".svg"
        root = ET.parse(file).getroot()
        assert root.tag == f"{SVG}svg"
        assert root.find(f"{SVG}title").text
        assert not [item for item in root.iter() if item.get("class") or item.get("style")]
        marks = [item for item in root.iter() if item.tag in (f"{SVG}rect", f"{SVG}path")]
        assert len(marks) > 3
        assert all(item.get("fill") for item in marks)
        assert [item for item in root.iter(f"{SVG}text") if (item.text or "").strip()]


def test_hostile_names_are_texts_in_rows_and_pairs(opened):
    view = opened("hostile")
    open_all(view)
    view.get_by_label("Search names").fill("onerror")
    assert "<img src=x onerror=alert(3)>.wav" in shown(view)[0]
    assert view.locator("#judged img").count() == 0
    labels = view.locator("#pair-0 option").all_inner_texts()
    assert "<script>alert(1)</script>" in labels


def test_without_script_the_first_rows_and_all_pairs_can_be_read(opened):
    view = opened(java_script_enabled=False)
    assert len(shown(view)) == ROWS_AT_ONCE
    assert view.locator("#pairs > details:visible").count() == 3
    assert view.locator("button.save").count() == 0
