"""Progress: throughput, the time left, a bar or lines."""

import re
import sys
import threading

import numpy as np
import pytest
from terminal import Terminal

from featkit._utils.formatting import duration
from featkit._utils.progress import Activity, Progress
from featkit._utils.progress_display import Throughput
from featkit.cli._batch import show_batch_progress
from featkit.cli._progress import show_progress


@pytest.mark.parametrize("seed", range(100))
def test_a_steady_throughput_is_exact(seed):
    rng = np.random.default_rng(seed)
    seconds, total = float(10 ** rng.uniform(-2, 3)), int(10 ** rng.uniform(0, 6))
    throughput = Throughput()
    for done in range(1, 200):
        throughput.update(done * seconds, done, 2.0 * done)
    assert throughput.items == pytest.approx(1 / seconds)
    assert throughput.audio == pytest.approx(2 / seconds)
    assert throughput.time_left(total) == f"about {duration(total * seconds)} left"


def test_throughput_is_measured_over_the_last_minute():
    throughput = Throughput()
    for second in range(1, 601):
        throughput.update(float(second), 100 * second)
    for second in range(601, 701):
        throughput.update(float(second), 60_000 + (second - 600))
    assert throughput.items == pytest.approx(1.0)
    assert throughput.time_left(600) == "about 10 min left"


def test_throughput_of_items_longer_than_a_minute_is_that_of_the_last_one():
    throughput = Throughput()
    for done in range(1, 6):
        throughput.update(300.0 * done, done)
    assert throughput.items == pytest.approx(1 / 300)


def test_no_time_left_is_shown_before_the_first_item_and_at_the_end():
    throughput = Throughput()
    throughput.update(3.0, 0)
    assert throughput.time_left(10) == ""
    throughput.update(4.0, 4)
    assert throughput.time_left(0) == ""
    assert throughput.time_left(2) == "about 2 s left"


def test_only_recent_snapshots_are_kept():
    throughput = Throughput()
    for note in range(100_000):
        throughput.update(note / 100, note)
    assert len(throughput.snapshots) < 100
    assert throughput.items == pytest.approx(100, rel=0.01)


def progress(files, elapsed, resumed=0, total=1000, failures=0):
    return Progress(
        "extracting",
        files,
        total,
        failed=failures,
        resumed=resumed,
        audio_seconds=30.0 * (files - resumed),
        elapsed=elapsed,
    )


def test_without_a_terminal_there_is_a_line_every_few_seconds_and_at_the_end(clock, capsys):
    with show_progress() as report:
        report(progress(0, 0.0, total=120))
        for second in range(1, 13):
            clock.now += 1
            report(progress(10 * second, float(second), total=120))
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines() == [
        "extracting: 50 of 120 files, 10 files/s, 300 s of audio/s, about 7 s left",
        "extracting: 100 of 120 files, 10 files/s, 300 s of audio/s, about 2 s left",
        "extracting: 120 of 120 files, 10 files/s, 300 s of audio/s",
    ]


def test_a_short_computation_prints_no_line(clock, capsys):
    with show_progress() as show:
        report = Activity("training", "fits", show).report
        report(1, 2)
        clock.now += 1
        report(2, 2)
    assert capsys.readouterr() == ("", "")


def test_files_of_earlier_runs_do_not_count_in_the_throughput(clock, capsys):
    with show_progress() as report:
        report(progress(900, 0.1, resumed=900))
        clock.now += 10
        report(progress(910, 10.1, resumed=900, failures=2))
    assert capsys.readouterr().err == (
        "extracting: 910 of 1,000 files, 1 files/s, 30 s of audio/s, 900 from earlier runs,"
        " 2 failed, about 90 s left\n"
    )


def test_checking_earlier_results_does_not_change_the_time_left(clock, capsys):
    with show_progress() as report:
        report(progress(0, 0.0))
        for second in range(1, 10):
            clock.now += 1
            report(progress(100 * second, float(second), resumed=100 * second))
        clock.now += 1
        report(progress(910, 10.0, resumed=900))
    assert [line.partition(", ") for line in capsys.readouterr().err.splitlines()] == [
        (
            "extracting: 500 of 1,000 files",
            ", ",
            "0 files/s, 0 s of audio/s, 500 from earlier runs",
        ),
        (
            "extracting: 910 of 1,000 files",
            ", ",
            "10 files/s, 300 s of audio/s, 900 from earlier runs, about 9 s left",
        ),
    ]


def test_lines_are_printed_even_if_nothing_is_finished(clock, capsys):
    with show_progress() as report:
        report(progress(0, 0.0))
        for second in range(1, 12):
            clock.now += 1
            report(progress(0, float(second)))
    line = "extracting: 0 of 1,000 files, 0 files/s, 0 s of audio/s"
    assert capsys.readouterr().err.splitlines() == [line, line]


def test_the_last_line_before_an_interruption_is_printed(clock, capsys):
    def stopped():
        with show_progress() as show:
            report = Activity("making", "files", show).report
            report(0, 9)
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


def test_a_terminal_shows_a_bar_with_the_same_note(clock, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("TERM", "xterm")
    with show_progress() as report:
        clock.now += 10
        report(progress(10, 10.0, failures=1))
    shown = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", sys.stderr.getvalue())
    assert "10/1000" in shown
    assert "1 files/s, 30 s of audio/s, 1 failed, about 16 min left" in shown


def test_each_phase_of_an_explanation_has_its_own_throughput(monkeypatch, capsys):
    seconds = iter([0.0, 0.0, *(100.0 + k for k in range(20))])
    monkeypatch.setattr("time.monotonic", lambda: next(seconds))
    monkeypatch.setattr("featkit._utils.progress_display.SECONDS_BETWEEN_LINES", 0.0)
    with show_progress() as show:
        Activity("fitting", "models", show).report(5, 5)
        explaining = Activity("explaining", "rows", show)
        explaining.report(0, 100)
        explaining.report(10, 100)
    first, *_, last = capsys.readouterr().err.splitlines()
    assert first == "fitting: 5 of 5 models"
    # not the pace of the fits
    assert re.match(r"explaining: 10 of 100 rows, about \d\d s left$", last)


def test_a_long_search_for_recordings_is_mentioned_once(monkeypatch, capsys):
    monkeypatch.setattr("featkit.cli._batch.SEARCH_SECONDS", 0.0)
    with show_batch_progress(resumable=False) as report:
        for thread in threading.enumerate():
            if isinstance(thread, threading.Timer):
                thread.join()
        report(progress(0, 0.0, total=5))
        assert not any(isinstance(thread, threading.Timer) for thread in threading.enumerate())
        report(progress(5, 1.0, total=5))
    assert capsys.readouterr().err.count("looking for recordings\n") == 1


def test_a_short_search_for_recordings_is_not_mentioned(capsys):
    with show_batch_progress(resumable=False) as report:
        report(progress(5, 1.0, total=5))
    assert "looking" not in capsys.readouterr().err
