"""Folders for temporary copies end with their process."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile

import pytest

from featkit.errors import StoreError
from featkit.storage import scratch
from featkit.storage.scratch import scratch_folder

HOLD = """
import os, signal
from featkit.storage.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "0.wav").write_bytes(b"x")
    print(folder, flush=True)
    input()
"""


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    scratch._remove_abandoned_once.cache_clear()
    yield tmp_path
    scratch._remove_abandoned_once.cache_clear()


def test_a_folder_is_removed_at_the_end(temporary):
    with scratch_folder() as folder:
        (folder / "0.wav").write_bytes(b"x")
        assert folder.parent == temporary
    assert not list(temporary.iterdir())


@pytest.mark.skipif(not scratch.HAS_LOCKS, reason="no locks of files here")
def test_only_folders_of_dead_processes_are_removed(temporary):
    (temporary / "featkit-mine.copies").symlink_to("/tmp")
    environment = {**os.environ, "TMPDIR": str(temporary)}
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    )
    with process:
        left = process.stdout.readline().decode().strip()
        with scratch_folder():
            assert os.path.exists(f"{left}/0.wav")
        process.send_signal(signal.SIGKILL)
    assert os.path.exists(left)
    scratch._remove_abandoned_once.cache_clear()
    with scratch_folder():
        assert not os.path.exists(left)
    assert [file.name for file in temporary.iterdir()] == ["featkit-mine.copies"]


@pytest.mark.skipif(not scratch.HAS_LOCKS, reason="no locks of files here")
def test_a_folder_that_another_process_removes_before_it_is_locked_is_replaced(
    temporary, monkeypatch
):
    lock, folders = scratch._try_to_lock, []

    def remove_first_then_lock(file):
        folders.append(os.path.dirname(file.name))
        if len(folders) == 1:
            shutil.rmtree(folders[0])
        return lock(file)

    monkeypatch.setattr(scratch, "_try_to_lock", remove_first_then_lock)
    with scratch_folder() as folder:
        assert [str(folder)] == folders[1:]
        assert folder.is_dir()
    assert not list(temporary.iterdir())


def test_a_folder_that_cannot_be_written_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    with (
        pytest.raises(StoreError, match=r"/none: no room for a temporary copy.*TMPDIR"),
        scratch_folder(),
    ):
        pass
