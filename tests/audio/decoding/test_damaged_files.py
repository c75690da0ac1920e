"""Damaged files in every format: each ends as a row or as a failure.

`benchmarks/damaged.py` does the same with real recordings, and many more of them.
"""

import numpy as np
import pytest
from damage import KINDS, write_all, write_damaged

import featkit
from featkit import signals
from featkit.audio import loading

SR = 44100


@pytest.fixture(scope="module")
def whole_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    y = np.stack([signals.clicks(240, SR, 1.0), signals.noise(SR, 1.0, amplitude=0.05)])
    return write_all(folder, "a", y, SR)


def test_each_ends_as_a_row_or_a_failure_and_no_process_dies(whole_files, tmp_path, capfd):
    kinds = write_damaged(whole_files, tmp_path, 3 * len(KINDS) * len(whole_files) // 2, seed=7)
    extraction = featkit.extract(tmp_path, features="genre75", n_jobs=2, timeout=60)
    assert capfd.readouterr() == ("", "")
    paths = list(extraction.table.keys["path"])
    failures = {failure.path: failure for failure in extraction.failures}
    assert sorted([*paths, *failures]) == sorted(kinds)
    assert len(paths) > len(kinds) / 5
    assert len(failures) > len(kinds) / 5
    for failure in failures.values():
        assert failure.error == "AudioError"
        assert failure.stage in ("open", "decode", "samples")
        assert failure.message
        assert str(tmp_path) not in failure.message
    assert not np.isinf(extraction.table.values).any()


def whole(path):
    loaded = loading.read(path, sr=22050)
    return loaded.y, loaded.quality()


def streamed(path):
    with loading.stream(path, sr=22050) as recording:
        blocks = list(recording.blocks())
        return np.concatenate(blocks), recording.quality()


def outcome(read, path):
    try:
        return read(path)
    except featkit.AudioError as error:
        return str(error)


def test_loading_and_streaming_damaged_files_agree(whole_files, tmp_path):
    kinds = write_damaged(whole_files, tmp_path, len(KINDS) * len(whole_files), seed=8)
    rows = 0
    for name in kinds:
        one, other = outcome(whole, tmp_path / name), outcome(streamed, tmp_path / name)
        if isinstance(one, str):
            assert one == other
            continue
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])
        # Digital silence has no level and no bandwidth.
        assert np.isfinite(one[1]._replace(level=0.0, bandwidth=0.0)).all()
        rows += 1
    assert rows > len(kinds) / 5


def test_whole_files_are_not_truncated(whole_files):
    assert len(whole_files) > 10
    for file in whole_files:
        assert not loading.read(file).source.truncated, file.name
