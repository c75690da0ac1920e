"""Atomic writes: links, temporary files, and drives without fsync."""

import errno
import os

import pytest

from featkit.storage.writing import remove_unfinished, replacing


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_drive_without_fsync_is_written_to(tmp_path, monkeypatch, code):
    def refused(_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refused)
    with replacing(tmp_path / "a") as scratch:
        scratch.write_text("a")
    assert (tmp_path / "a").read_text() == "a"


def test_temporary_files_are_next_to_the_target_of_a_link(tmp_path):
    (tmp_path / "far").mkdir()
    link, target = tmp_path / "link", tmp_path / "far" / "target"
    link.symlink_to(target)
    with replacing(link) as scratch:
        assert scratch.parent == target.parent
        scratch.write_text("a")
    left = target.with_name(".target.71.part")
    left.touch()
    remove_unfinished(link)
    assert os.listdir(tmp_path / "far") == ["target"]
    assert link.is_symlink()
