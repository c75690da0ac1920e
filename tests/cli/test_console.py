"""How commands show how far they have come: true rates, true times, and silence when asked."""

import io
import re
import sys
from collections import Counter

import click
import hypothesis
import pytest
from click.testing import CliRunner
from hypothesis import strategies as st

from featkit._utils.counting import counted
from featkit.batch.extraction import Progress
from featkit.cli import _console, _progress
from featkit.cli._console import duration, percent, rough, sample_rate, short
from featkit.cli._main import main
from featkit.cli._progress import Pace, shown_batch, shown_explaining, shown_progress


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on when it is told to."""

    class Clock:
        now = 1000.0

    monkeypatch.setattr(_progress.time, "monotonic", lambda: Clock.now)
    return Clock


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0, "0 s"),
        (0.00021, "0.21 ms"),
        (0.35, "0.35 s"),
        (1.0, "1 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (45.2, "45 s"),
        (99.4, "99 s"),
        (99.6, "2 min"),
        (12 * 60, "12 min"),
        (3 * 3600 + 20 * 60, "3 h 20 min"),
        (2 * 3600 - 1, "2 h"),
        (48 * 3600, "2 d"),
        (52.4 * 3600, "2 d 4 h"),
    ],
)
def test_a_duration_is_said_in_the_units_that_suit_it(seconds, said):
    assert duration(seconds) == said


# Rates


@hypothesis.given(st.floats(0.01, 1000), st.integers(1, 10**6))
def test_a_steady_pace_is_told_as_it_is(each, total):
    pace = Pace()
    for done in range(1, 200):
        pace.note(done * each, done, 2.0 * done)
    assert pace.things == pytest.approx(1 / each)
    assert pace.sound == pytest.approx(2 / each)
    assert pace.left(total) == f"about {duration(total * each)} left"


def test_the_pace_is_that_of_the_last_minute():
    pace = Pace()
    for second in range(1, 601):
        pace.note(float(second), 100 * second)
    for second in range(601, 701):
        pace.note(float(second), 60_000 + (second - 600))
    assert pace.things == pytest.approx(1.0)
    assert pace.left(600) == "about 10 min left"


def test_the_pace_of_what_is_slower_than_a_minute_is_that_of_the_last_one():
    pace = Pace()
    for done in range(1, 6):
        pace.note(300.0 * done, done)
    assert pace.things == pytest.approx(1 / 300)


def test_no_time_is_told_before_there_is_a_rate_and_none_at_the_end():
    pace = Pace()
    pace.note(3.0, 0)
    assert pace.left(10) == ""
    pace.note(4.0, 4)
    assert pace.left(0) == ""
    assert pace.left(2) == "about 2 s left"


def test_many_notes_are_not_all_kept():
    pace = Pace()
    for note in range(100_000):
        pace.note(note / 100, note)
    assert len(pace.marks) < 100
    assert pace.things == pytest.approx(100, rel=0.01)


# Lines


def batch(files, elapsed, resumed=0, total=1000, failures=0):
    done = files - resumed
    return Progress(files, total, failures, 30.0 * done, elapsed, resumed)


def test_without_a_terminal_there_is_a_line_every_few_seconds_and_at_the_end(clock, capsys):
    with shown_batch() as report:
        for second in range(1, 13):
            clock.now += 1
            report(batch(10 * second, float(second), total=120))
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines() == [
        "extracting: 50 of 120 files, 10 files/s, 300 s of sound/s, about 7 s left",
        "extracting: 100 of 120 files, 10 files/s, 300 s of sound/s, about 2 s left",
        "extracting: 120 of 120 files, 10 files/s, 300 s of sound/s",
    ]


def test_what_takes_no_time_needs_no_line(clock, capsys):
    with shown_progress("training", "fits") as report:
        report(1, 2)
        clock.now += 1
        report(2, 2)
    assert capsys.readouterr() == ("", "")


def test_files_of_an_earlier_run_are_no_speed(clock, capsys):
    with shown_batch() as report:
        report(batch(900, 0.1, resumed=900))
        clock.now += 10
        report(batch(910, 10.1, resumed=900, failures=2))
    assert capsys.readouterr().err == (
        "extracting: 910 of 1,000 files, 1 files/s, 30 s of sound/s, 900 done before, 2 failed,"
        " about 90 s left\n"
    )


def test_to_look_through_earlier_work_takes_no_time_of_what_is_left(clock, capsys):
    with shown_batch() as report:
        report(batch(0, 0.0))
        for second in range(1, 10):
            clock.now += 1
            report(batch(100 * second, float(second), resumed=100 * second))
        clock.now += 1
        report(batch(910, 10.0, resumed=900))
    assert [line.partition(", ") for line in capsys.readouterr().err.splitlines()] == [
        ("extracting: 500 of 1,000 files", ", ", "0 files/s, 0 s of sound/s, 500 done before"),
        (
            "extracting: 910 of 1,000 files",
            ", ",
            "10 files/s, 300 s of sound/s, 900 done before, about 9 s left",
        ),
    ]


def test_there_is_a_line_where_nothing_was_finished_for_long(clock, capsys):
    with shown_batch() as report:
        for second in range(12):
            report(batch(0, float(second)))
            clock.now += 1
    line = "extracting: 0 of 1,000 files, 0 files/s, 0 s of sound/s"
    assert capsys.readouterr().err.splitlines() == [line, line]


def test_where_it_was_when_it_was_stopped_is_told(clock, capsys):
    def stopped():
        with shown_progress("making") as report:
            for done in range(1, 4):
                clock.now += 3
                report(done, 9)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert [line.partition(",")[0] for line in capsys.readouterr().err.splitlines()] == [
        "making: 2 of 9 files",
        "making: 3 of 9 files",
    ]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_on_a_terminal_there_is_a_bar_with_the_same_words(clock, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("TERM", "xterm")
    with shown_batch() as report:
        clock.now += 10
        report(batch(10, 10.0, failures=1))
    shown = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", sys.stderr.getvalue())
    assert "10/1000" in shown
    assert "1 files/s, 30 s of sound/s, 1 failed, about 16 min left" in shown


# Quiet


def test_quiet_is_an_option_of_every_command_that_takes_its_time():
    commands = ["demo", "explain", "predict", "report", "train"]
    for command in commands:
        assert "-q, --quiet" in CliRunner().invoke(main, [command, "--help"]).stdout


@pytest.mark.parametrize("quiet", [True, False])
def test_a_quiet_command_says_neither_progress_nor_summary(clock, quiet):
    @_console.quiet_option
    @click.command()
    def command():
        with shown_progress("working") as report:
            clock.now += 10
            report(1, 2)
        _console.remark("a summary")
        _console.show_failures([])
        click.echo("a result")

    done = CliRunner().invoke(command, ["--quiet"] if quiet else [])
    assert done.stdout == "a result\n"
    assert done.stderr == ("" if quiet else "working: 1 of 2 files, about 10 s left\na summary\n")


def test_what_failed_is_told_even_if_quiet():
    @_console.quiet_option
    @click.command()
    def command():
        from featkit.batch.extraction import Failure

        _console.show_failures([Failure("a.wav", "open", "AudioError", "no such file")])

    done = CliRunner().invoke(command, ["-q"])
    assert done.stderr.splitlines() == ["1 failed:", "  a.wav: open: no such file"]


def test_another_phase_has_a_pace_of_its_own(monkeypatch, capsys):
    seconds = iter([0.0, 0.0, *(100.0 + k for k in range(20))])
    monkeypatch.setattr("featkit.cli._progress.time.monotonic", lambda: next(seconds))
    monkeypatch.setattr("featkit.cli._progress.SECONDS_BETWEEN_LINES", 0.0)
    with shown_explaining() as report:
        report(5, 5, "fitting")
        report(0, 100)
        report(10, 100)
    first, *_, last = capsys.readouterr().err.splitlines()
    assert first == "fitting: 5 of 5 models"
    # not the pace of the fits
    assert re.match(r"explaining: 10 of 100 rows, about \d\d s left$", last)


# Tables


@pytest.fixture
def shown(monkeypatch):
    """What a call writes to a terminal of 50 columns, without its colours."""

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
def test_no_character_of_a_table_is_lost_however_narrow_the_terminal(shown, rows):
    found = Counter(shown(_console.show_table, ["first", "second"], rows))
    assert Counter("".join(cell.replace(" ", "") for row in rows for cell in row)) <= found


def test_a_name_is_not_broken_beside_prose(shown):
    row = ["spectral_bandwidth_kurtosis", "how far it spreads " * 5]
    assert " spectral_bandwidth_kurtosis " in shown(_console.show_table, ["name", "what"], [row])


def test_names_are_text_not_markup(shown):
    for show in (_console.show_table, _console.show_entries):
        assert "[/f]" in shown(show, ["[/f]", "[red]f"], [["[/f]", "[b]x"]])
    assert "[red]f" in shown(_console.show_table, ["[/f]", "[red]f"], [])
    assert "[/y]" in shown(_console.show_facts, [("[/y]", "[b]x")])


def test_a_note_is_as_wide_as_the_terminal(shown):
    note = "One paragraph\nof two lines.\n\n- " + "an item of many words " * 5
    _, first, _, item, *rest = shown(_console.show_note, note).splitlines()
    assert first == "One paragraph of two lines."
    assert item.startswith("- an item")
    assert rest
    assert all(re.match(r"  \w", line) for line in rest)
    assert max(map(len, [first, item, *rest])) <= 50


def test_nothing_that_is_shown_moves_the_terminal(shown):
    name = "\x1b]0;mine\x07"
    texts = [
        shown(_console.show_table, ["a"], [[name]]),
        shown(_console.show_note, name),
        shown(_console.show_entries, ["a", "b", "c"], [[name] * 3]),
    ]
    for text in texts:
        assert "mine" in text
        assert "\x1b]" not in text
        assert "\x07" not in text


# Words and numbers


@pytest.mark.parametrize(
    ("value", "said"),
    [(-0.0, "0"), (2.0, "2"), (0.034567, "0.03457"), (12345.6, "12346"), (-1922.4, "-1922")],
)
def test_a_value_is_said_without_needless_digits(value, said):
    assert short(value) == said


@pytest.mark.parametrize(
    ("count", "total", "said"),
    [
        (0, 7, "0.0%"),
        (1, 30000, "<0.1%"),
        (1, 8, "12.5%"),
        (29999, 30000, ">99.9%"),
        (7, 7, "100.0%"),
    ],
)
def test_a_share_shows_neither_few_as_none_nor_most_as_all(count, total, said):
    assert percent(count, total) == said


def test_one_is_one_thing_and_more_are_several():
    assert [counted(n, "row") for n in (0, 1, 2000)] == ["0 rows", "1 row", "2,000 rows"]


def test_a_speed_below_one_is_not_none():
    assert [rough(rate) for rate in (0.034, 3.26, 1234.5)] == ["0.034", "3.3", "1234"]
    assert [rough(seconds, 1) for seconds in (0.35, 2.25, 72.04)] == ["0.35", "2.2", "72.0"]


def test_a_rate_has_all_its_digits():
    assert [sample_rate(rate) for rate in (22050.0, 1e6, "native")] == [
        *("22,050 Hz", "1,000,000 Hz", "native")
    ]
