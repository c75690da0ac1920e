"""Epochs of fits in other processes: written to files, and shown by the process that waits."""

import threading
import time

import pytest

from featkit.errors import StoreError
from featkit.models.networks import epoch_files
from featkit.models.networks.epoch_files import EpochMonitor, epochs_written, monitored_epochs
from featkit.models.networks.progress import EpochReport, listening, report


def write_epoch(folder, number, model="cnn", fold="2"):
    with epochs_written(str(folder), model, fold):
        report(number, 40, 0.9, 0.7, 0.51234, 0.88)


def test_a_listener_gets_each_epoch_and_no_other():
    reports = []
    report(1, 3, 0.5, 0.5)
    with listening(reports.append):
        report(2, 3, 0.4, 0.6, 0.3, 0.7)
    report(3, 3, 0.3, 0.7)
    assert reports == [EpochReport(2, 3, 0.4, 0.6, 0.3, 0.7)]


def test_the_text_names_validation_or_training():
    assert str(EpochReport(2, 3, 0.4, 0.6, 0.3, 0.7)) == (
        "epoch 2 of 3, validation loss 0.300, accuracy 0.700"
    )
    nan = float("nan")
    assert str(EpochReport(2, 3, 0.4, 0.6, nan, nan)) == (
        "epoch 2 of 3, training loss 0.400, accuracy 0.600"
    )


def test_the_latest_epoch_is_returned_once(tmp_path):
    monitor = EpochMonitor(tmp_path, print)
    assert monitor.latest() == ""
    write_epoch(tmp_path, 1)
    write_epoch(tmp_path, 2)
    assert monitor.latest() == ("cnn, fold 2, epoch 2 of 40, validation loss 0.512, accuracy 0.880")
    assert monitor.latest() == ""


def test_epochs_are_shown_while_a_step_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(epoch_files, "SECONDS_BETWEEN_READS", 0.01)
    shown = []
    is_shown = threading.Event()

    def show(text):
        shown.append(text)
        is_shown.set()

    monitor = EpochMonitor(tmp_path, show)
    with monitor.shown("scoring"):
        write_epoch(tmp_path, 1)
        assert is_shown.wait(10)
    with monitor.shown("fitting"):
        time.sleep(0.05)
    assert shown == ["scoring: cnn, fold 2, epoch 1 of 40, validation loss 0.512, accuracy 0.880"]


def test_an_error_of_the_caller_is_raised_after_the_step(tmp_path, monkeypatch):
    monkeypatch.setattr(epoch_files, "SECONDS_BETWEEN_READS", 0.01)
    is_called = threading.Event()

    def fail(text):
        is_called.set()
        raise RuntimeError("stop")

    def run():
        with EpochMonitor(tmp_path, fail).shown("scoring"):
            write_epoch(tmp_path, 1)
            assert is_called.wait(10)

    with pytest.raises(RuntimeError, match="stop"):
        run()


def test_a_worker_that_cannot_write_trains_nevertheless(tmp_path):
    write_epoch(tmp_path / "missing", 1)
    assert not list(tmp_path.iterdir())


def test_files_that_cannot_be_read_or_made_stop_nothing(tmp_path, monkeypatch):
    assert EpochMonitor(tmp_path / "missing", print).latest() == ""

    def fail():
        raise StoreError(28, "no space left", "/tmp")

    monkeypatch.setattr(epoch_files, "scratch_folder", fail)
    with monitored_epochs(print) as monitor:
        assert monitor is None


def test_nothing_is_written_if_nothing_is_shown():
    with monitored_epochs(None) as monitor:
        assert monitor is None
    with monitored_epochs(print) as monitor:
        write_epoch(monitor.folder, 1)
        assert monitor.latest()
