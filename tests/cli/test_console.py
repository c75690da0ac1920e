"""Tables, fields and prose on a terminal."""

import re
import sys
from collections import Counter

import pytest
from terminal import Terminal

from featkit.cli import _console


@pytest.fixture
def shown(monkeypatch):
    """Call a function and return its output on a terminal of 50 columns, without colours."""

    def shown(call, *arguments):
        with monkeypatch.context() as patch:
            patch.setenv("COLUMNS", "50")
            patch.setattr(sys, "stdout", Terminal())
            call(*arguments)
            return re.sub(r"\x1b\[[\d;]*m", "", sys.stdout.getvalue())

    return shown


@pytest.mark.parametrize(
    "rows",
    [
        [["音楽" * 16 + ".wav", "1"], ["b.wav", "2"]],
        [["a_name_that_is_longer_than_the_whole_of_the_terminal_is_wide.wav", "1"]],
        [["a few words that go on and on until they fill more than a line", "name_of_something"]],
    ],
)
def test_no_character_of_a_table_is_lost_on_a_narrow_terminal(shown, rows):
    output = Counter(shown(_console.show_table, ["first", "second"], rows))
    assert Counter("".join(cell.replace(" ", "") for row in rows for cell in row)) <= output


def test_a_name_is_not_broken_beside_prose(shown):
    row = ["spectral_bandwidth_kurtosis", "how far it spreads " * 5]
    assert " spectral_bandwidth_kurtosis " in shown(_console.show_table, ["name", "what"], [row])


def test_markup_in_names_is_printed_as_text(shown):
    for show in (_console.show_table, _console.show_entries):
        assert "[/f]" in shown(show, ["[/f]", "[red]f"], [["[/f]", "[b]x"]])
    assert "[red]f" in shown(_console.show_table, ["[/f]", "[red]f"], [])
    assert "[/y]" in shown(_console.show_fields, [("[/y]", "[b]x")])


def test_paragraphs_are_filled_to_the_width_of_the_terminal(shown):
    note = "One paragraph\nof two lines.\n\n- " + "an item of many words " * 5
    _, first, _, item, *rest = shown(_console.show_paragraphs, note).splitlines()
    assert first == "One paragraph of two lines."
    assert item.startswith("- an item")
    assert rest
    assert all(re.match(r"  \w", line) for line in rest)
    assert max(map(len, [first, item, *rest])) <= 50


def test_control_characters_never_reach_the_terminal(shown):
    name = "\x1b]0;mine\x07"
    texts = [
        shown(_console.show_table, ["a"], [[name]]),
        shown(_console.show_paragraphs, name),
        shown(_console.show_entries, ["a", "b", "c"], [[name] * 3]),
    ]
    for text in texts:
        assert "mine" in text
        assert "\x1b]" not in text
        assert "\x07" not in text
