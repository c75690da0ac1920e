"""The page of models on other datasets in a browser: nothing overflows, and it is accessible."""

import pytest
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
from evaluating import HOSTILE_GENRES, HOSTILE_NAME, bare_evaluation, made_evaluation

from featkit.report.evaluation_page import write_evaluation_report

sync_api = pytest.importorskip("playwright.sync_api", reason="no Playwright to drive a browser")

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium")

NAMES = ["one", "bare", "several", "hostile", "wide"]


@pytest.fixture(scope="module")
def browser():
    with launched(sync_api) as browser:
        yield browser


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluation")
    long_names = [f"class {k} with a name of {'x' * 40}" for k in range(30)]
    evaluations = {
        "one": made_evaluation(rows=80),
        "bare": bare_evaluation(rows=80),
        "several": made_evaluation(datasets=("a", "b"), models=("x", "y"), rows=40, columns=6),
        "hostile": made_evaluation(
            datasets=(HOSTILE_NAME,),
            models=("שלום", "m" * 60),
            classes=HOSTILE_GENRES,
            rows=40,
        ),
        "wide": made_evaluation(classes=long_names, rows=80, columns=75),
    }
    for name, evaluation in evaluations.items():
        write_evaluation_report(folder / f"{name}.html", evaluation)
    return {name: folder / f"{name}.html" for name in evaluations}


@pytest.fixture
def opened(browser, files):
    with opening(browser, files) as open_page:
        yield open_page


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_overflows_on_a_desktop_and_on_a_phone(opened, name, width):
    view = opened(name, width)
    open_all(view)
    assert view.evaluate("document.documentElement.scrollWidth") == width
    assert view.evaluate(OUTSIDE) == []
    assert view.evaluate(TEXTS) == []


def test_only_the_first_of_several_pairs_is_open(opened):
    view = opened("several")
    folded = view.locator("#evaluation_confusion details.pair")
    assert folded.count() == 4
    assert [pair.get_attribute("open") is not None for pair in folded.all()] == [True, *[False] * 3]
    folded.nth(2).locator("summary").first.click()
    assert folded.nth(2).locator(".matrix").first.is_visible()


def test_counts_and_shares_can_be_switched_for_each_pair(opened):
    view = opened("several")
    open_all(view)
    groups = view.locator("#evaluation_confusion .matrices")
    groups.nth(1).get_by_role("button", name="shares").click()
    assert groups.nth(1).locator(".matrix").nth(1).is_visible()
    assert not groups.nth(1).locator(".matrix").nth(0).is_visible()
    assert groups.nth(0).locator(".matrix").nth(0).is_visible()


def test_classes_are_sorted_by_a_click(opened):
    view = opened("one")
    table = view.locator("#evaluation_classes table.sortable")
    table.locator("thead button").nth(5).click()
    recalls = [float(cell) for cell in table.locator("tbody td:nth-child(6)").all_inner_texts()]
    assert recalls == sorted(recalls, reverse=True)


def test_the_page_is_complete_without_script(opened):
    view = opened("one", java_script_enabled=False)
    assert view.locator(".matrix:visible").count() == 2
    assert view.locator("#evaluation_shift .strip:visible").count() > 20


@pytest.mark.parametrize(("width", "scheme"), VIEWS)
@pytest.mark.parametrize("name", ["one", "bare", "hostile"])
def test_the_evaluation_page_is_accessible(opened, name, width, scheme):
    assert_accessible(opened, name, width, scheme)


def test_several_pairs_are_accessible(opened):
    assert_accessible(opened, "several", 1280, "light")


def assert_accessible(opened, name, width, scheme):
    script = axe_script()
    if script is None:
        pytest.skip("no axe-core: FEATKIT_AXE names no axe.min.js (npm pack axe-core)")
    view = opened(name, width, scheme)
    open_all(view)
    assert violations(view, script) == []
