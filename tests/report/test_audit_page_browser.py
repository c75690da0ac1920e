"""The page of an audit in a browser: players play, the filter filters, and it is accessible."""

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
from made_audits import hostile_audit, made_audit, many_issues, write_recordings

from featkit.report.audit_page import write_audit_report

sync_api = pytest.importorskip("playwright.sync_api", reason="no Playwright to drive a browser")

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium")

PLAY = """async (player) => {
  player.muted = true;
  await player.play();
  await new Promise((resolve) => player.addEventListener("timeupdate", () => {
    if (player.currentTime > 0.1) resolve();
  }));
  return [player.duration, player.currentTime, player.error];
}"""


@pytest.fixture(scope="module")
def browser():
    with launched(sync_api) as browser:
        yield browser


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audit")
    write_recordings(folder / "recordings")
    audits = {
        "plain": made_audit(folder / "recordings"),
        "many": many_issues(200),
        "hostile": hostile_audit(),
    }
    for name, audit in audits.items():
        write_audit_report(folder / f"{name}.html", audit)
    return {name: folder / f"{name}.html" for name in audits}


@pytest.fixture
def opened(browser, files):
    with opening(browser, files) as open_page:
        yield open_page


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("name", ["plain", "hostile"])
def test_nothing_overflows_on_a_desktop_and_on_a_phone(opened, name, width):
    view = opened(name, width)
    open_all(view)
    assert view.evaluate("document.documentElement.scrollWidth") == width
    assert view.evaluate(OUTSIDE) == []
    assert view.evaluate(TEXTS) == []


def test_the_players_of_a_pair_play_the_common_part(opened):
    view = opened()
    players = view.locator(".issue", has_text="rain/late.wav").first.locator("audio")
    assert players.count() == 2
    for player in players.all():
        duration, time, error = player.evaluate(PLAY)
        assert 1.9 < duration < 2.2
        assert time > 0.1
        assert error is None
    assert [player.evaluate("(player) => player.paused") for player in players.all()] == [
        True,
        False,
    ]


def test_every_picture_can_be_decoded(opened):
    view = opened()
    widths = view.evaluate("[...document.images].map((image) => image.naturalWidth)")
    assert len(widths) == view.locator(".pictured img").count() > 4
    assert min(widths) > 300


def visible(view):
    return view.evaluate(
        "[...document.querySelectorAll('.issue')].filter((e) => e.checkVisibility())"
        ".map((e) => Number(e.id.slice(6)))"
    )


def test_issues_are_filtered_by_severity_check_and_label(opened):
    view = opened()
    everything = visible(view)
    view.get_by_label("Severity").select_option("medium")
    assert 0 < len(visible(view)) < len(everything)
    assert "3 of 7 issues" in view.locator("#issue-count").inner_text()
    assert view.locator(".severity-group:visible").count() == 1
    view.get_by_label("Label").select_option("rooster")
    assert len(visible(view)) == 1
    view.get_by_label("Label").select_option("all")
    view.get_by_label("Severity").select_option("all")
    view.get_by_label("Check").select_option("Near copies")
    assert view.locator(".kind:visible h4").all_inner_texts() == ["Near copies 1 issue"]
    view.get_by_label("Check").select_option("all")
    assert visible(view) == everything
    assert view.locator("#issue-count").inner_text() == ""


def test_a_filter_unfolds_long_lists(opened):
    view = opened("many")
    assert len(visible(view)) == 10
    view.get_by_label("Severity").select_option("high")
    assert len(visible(view)) == 100


def test_the_filter_can_be_used_with_the_keyboard(opened):
    view = opened()
    select = view.get_by_label("Severity")
    select.focus()
    view.keyboard.press("ArrowDown")
    assert select.input_value() == "high"
    assert len(visible(view)) == 2


def test_a_link_opens_the_folded_issue_that_it_leads_to(opened):
    view = opened("many")
    assert 30 not in visible(view)
    view.evaluate("location.hash = '#issue-30'")
    view.wait_for_function("document.getElementById('issue-30').checkVisibility()")


def test_the_page_is_complete_without_script(opened):
    view = opened("plain", java_script_enabled=False)
    assert view.locator(".issue:visible").count() == 7
    assert view.locator("audio:visible").count() == 7
    assert not view.locator("#issue-filter").is_visible()
    assert opened("many", java_script_enabled=False).locator(".issue").count() == 200


@pytest.mark.parametrize(
    ("name", "width", "scheme"), [*(("plain", *view) for view in VIEWS), ("hostile", 375, "light")]
)
def test_the_page_of_an_audit_is_accessible(opened, name, width, scheme):
    script = axe_script()
    if script is None:
        pytest.skip("no axe-core: FEATKIT_AXE names no axe.min.js (npm pack axe-core)")
    view = opened(name, width, scheme)
    open_all(view)
    assert violations(view, script) == []
