"""Names written from right to left do not change the order of sentences."""

import dataclasses
import os
import shutil
import unicodedata

import numpy as np
import pytest
from reporting import made

from featkit import plots
from featkit._utils import bidi
from featkit.report.formatting import quoted
from featkit.report.page import page, recording_page

CHROMIUM = os.environ.get("FEATKIT_CHROMIUM") or shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
]

CLASSES = ["שלום עולם", "كلب", "ינשוף (2)", "\u202eevil\u2069"]
COLUMN = "עמודה_1"
FSI, PDI = "\u2068", "\u2069"

ORDER = """(element, words) => {
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  const nodes = [];
  while (texts.nextNode()) nodes.push(texts.currentNode);
  const whole = nodes.map((node) => node.data).join("");
  let from = 0;
  return words.map((word) => {
    let at = whole.indexOf(word, from);
    if (at < 0) throw new Error(`no ${word} in ${whole}`);
    from = at + word.length;
    const node = nodes.find((each) => at < each.length || ((at -= each.length), false));
    const range = document.createRange();
    range.setStart(node, at);
    range.setEnd(node, Math.min(at + word.length, node.length));
    const box = range.getBoundingClientRect();
    return [box.top, box.left, box.right];
  });
}"""
"""Positions of words of an element, in the order of its text."""


@pytest.fixture(scope="module")
def subject():
    rows = 60
    paths = [f"תיקייה/שיר {k}.wav" for k in range(rows)]
    model, explanation, table = made(rows=rows, classes=CLASSES, paths=paths, extra=[COLUMN])
    training = model.training_metadata
    training = dataclasses.replace(
        training, settings=dataclasses.replace(training.settings, label="תווית")
    )
    evaluation = dataclasses.replace(model.evaluation, warnings=["classes 'אבג', 'דהו': 3 rows"])
    model = dataclasses.replace(model, training_metadata=training, evaluation=evaluation)
    singers = np.array(["אבג", "דהו"])[np.arange(rows) % 2]
    return model, explanation, dataclasses.replace(table, keys={**table.keys, "זמר": singers})


def test_text_from_left_to_right_is_unchanged():
    for text in ("a b_1.wav", "Ünïcode – “x”", "日本語", "", "−3 dB", "👩\u200d🎤"):
        assert bidi.isolated(text) == bidi.settled(text) == bidi.marked(text) == text


@pytest.mark.parametrize("name", ["שלום עולם", "كلب", "ינשוף (2)", "abc אבג 12", "‏ab‎ ג"])
def test_a_name_in_a_sentence_is_isolated_whole(name):
    assert quoted(name) == f"“{FSI}{name}{PDI}”"
    assert bidi.settled(quoted(name)) == quoted(name)


def test_words_in_other_sentences_are_isolated_one_by_one():
    text = bidi.settled("2 (שלום עולם, كلب_2 ة): 3 rows")
    assert text == f"2 ({FSI}שלום עולם{PDI}, {FSI}كلب_2 ة{PDI}): 3 rows"


@pytest.mark.parametrize("control", "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_no_name_changes_the_order_of_the_following_text(control):
    name = f"a{control}b"
    assert bidi.isolated(name) == f"{FSI}a�b{PDI}"
    assert bidi.settled(f"{name}: 1") == "a�b: 1"


def test_all_letters_that_unicode_writes_from_right_to_left_are_known():
    letters = (chr(k) for k in range(0x110000) if unicodedata.bidirectional(chr(k)) in ("R", "AL"))
    marks = {"\u200f"}
    assert [c for c in letters if not bidi.is_concerned(c) and c not in marks] == []


def test_a_long_text_is_settled_at_once():
    text = "א1 " * 100_000 + "b"
    assert bidi.settled(text) == f"{FSI}{text[: -len('1 b')]}{PDI}1 b"


def test_commands_can_be_copied(subject):
    model, explanation, table = subject
    text = page(model=model, explanation=explanation, table=table)
    command = text.split("<pre><code>")[1].split("</code>")[0]
    assert "--label תווית" in command.replace("&#39;", "")
    assert FSI not in command


def test_no_control_of_a_name_is_on_the_page_and_every_isolate_ends(subject):
    model, explanation, table = subject
    for text in (
        page(model=model, explanation=explanation, table=table),
        recording_page(model=model, explanation=explanation, of_class=CLASSES[0]),
    ):
        assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067") & set(text)
        depth = 0
        for letter in text:
            depth += {FSI: 1, PDI: -1}.get(letter, 0)
            assert depth in (0, 1)
        assert depth == 0
        assert "<bdi>שלום עולם</bdi>" in text


def test_names_in_figures_are_between_left_to_right_marks(subject):
    _, explanation, _ = subject
    ax = plots.beeswarm(explanation, of_class=CLASSES[2])
    assert ax.get_title().startswith("\u200eינשוף (2)\u200e: ")


def test_a_confusion_matrix_names_classes_alike_on_both_axes():
    names = ["עברית", "x" * 99]
    ax = plots.confusion({"classes": names, "confusion": [[3, 1], [0, 4]]})
    below = [label.get_text() for label in ax.get_xticklabels()]
    assert below == ["\u200eעברית\u200e", f"{'x' * 17}…{'x' * 18}"]
    assert [label.get_text() for label in ax.get_yticklabels()] == [f"{name} (4)" for name in below]


@pytest.fixture(scope="module", params=[1280, 375])
def shown(request, subject, tmp_path_factory):
    sync_api = pytest.importorskip("playwright.sync_api", reason="no Playwright")
    if not CHROMIUM:
        pytest.skip("no Chromium: apt-get install chromium")
    model, explanation, table = subject
    path = tmp_path_factory.mktemp("page") / "page.html"
    path.write_text(page(model=model, explanation=explanation, table=table), "utf-8")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        tab = browser.new_page(viewport={"width": request.param, "height": 900})
        tab.goto(path.as_uri())
        yield tab
        browser.close()


def in_order(places):
    """Whether the words are in the order of the text, line by line."""
    rows = [(round(top / 12), left) for top, left, _ in places]
    return rows == sorted(rows)


def test_sentences_run_from_left_to_right_in_a_browser(shown, subject):
    model, _, _ = subject
    counts = np.array(model.scores["confusion"])
    np.fill_diagonal(counts, 0)
    assert counts.any()
    warning = shown.locator("#overview .warnings li").element_handle()
    words = ["classes", "אבג", "', '", "דהו", "3 rows"]
    assert in_order(shown.evaluate(f"([e, words]) => ({ORDER})(e, words)", [warning, words]))
    for line in shown.locator("#errors li").element_handles():
        words = ["of", "“", "”", "predicted", "as", "“", "”", "(", "%)"]
        assert in_order(shown.evaluate(f"([e, words]) => ({ORDER})(e, words)", [line, words]))
    values = shown.locator("#overview td", has_text="אבג").element_handle()
    words = ["אבג", ": 30 rows", "דהו", ": 30 rows"]
    assert in_order(shown.evaluate(f"([e, words]) => ({ORDER})(e, words)", [values, words]))
    card = shown.locator(".example h4").first.element_handle()
    words = ["תיקייה", "/", "שיר", ".wav", ", 0.0 to"]
    assert in_order(shown.evaluate(f"([e, words]) => ({ORDER})(e, words)", [card, words]))


def test_the_page_is_no_wider_than_the_window(shown):
    assert shown.evaluate("document.documentElement.scrollWidth") <= shown.viewport_size["width"]
