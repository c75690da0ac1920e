"""Copies at another level: verified on all samples, in every format and with either polarity."""

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit import signals
from featkit.auditing.copies.level_copies import level_copies, matching_gain
from featkit.auditing.scan import scan_recordings
from featkit.datasets.files import find
from featkit.executors.opening import local_executor

SR = 8000
STEP = 1 / 32768

SPEECH = 0.5 * signals.noise(SR, 0.5, seed=3) * np.hanning(SR // 2)


def written(folder, name, y, **options):
    soundfile.write(folder / name, y, SR, **{"subtype": "PCM_16", **options})
    return str(folder / name)


def found(folder):
    recordings = find([folder])
    content = scan_recordings(recordings, ["content"], executor=local_executor()).measured
    files = {one.path: one.file for one in recordings}
    return list(level_copies({path: own["content"] for path, own in content.items()}, files))


@settings(max_examples=20, deadline=None)
@given(st.floats(-30, 0), st.booleans())
def test_the_gain_is_that_of_the_copy(tmp_path_factory, decibels, inverted):
    folder = tmp_path_factory.mktemp("gain")
    gain = 10 ** (decibels / 20) * (-1 if inverted else 1)
    one = written(folder, "a.wav", SPEECH)
    other = written(folder, "b.wav", gain * SPEECH)
    assert matching_gain(one, other, STEP, STEP) == pytest.approx(gain, rel=1e-3)
    assert matching_gain(other, one, STEP, STEP) == pytest.approx(1 / gain, rel=1e-3)
    if abs(gain) < 0.99:
        (copy,) = found(folder)
        assert (copy.first, copy.second) == ("a.wav", "b.wav")


@pytest.mark.parametrize(
    ("name", "options"),
    [("b.flac", {}), ("b.flac", {"subtype": "PCM_24"}), ("b.wav", {"subtype": "FLOAT"})],
)
def test_the_format_does_not_matter(tmp_path, name, options):
    written(tmp_path, "a.wav", SPEECH)
    written(tmp_path, name, np.stack([0.25 * SPEECH] * 2, axis=1), **options)
    (copy,) = found(tmp_path)
    assert copy.gain == pytest.approx(0.25, rel=1e-3)


def test_dither_is_rounding(tmp_path):
    dither = np.random.default_rng(0).triangular(-1, 0, 1, len(SPEECH)) * STEP
    written(tmp_path, "a.wav", SPEECH)
    written(tmp_path, "b.wav", 0.3 * SPEECH + dither)
    assert len(found(tmp_path)) == 1


def test_one_other_sample_is_another_recording(tmp_path):
    other = 0.5 * SPEECH
    other[1000] += 8 * STEP
    one = written(tmp_path, "a.wav", SPEECH)
    assert matching_gain(one, written(tmp_path, "b.wav", other), STEP, STEP) is None
    assert found(tmp_path) == []


@pytest.mark.parametrize(
    "other",
    [np.roll(SPEECH, 1), SPEECH[:-1], np.stack([SPEECH, 0.5 * SPEECH], axis=1), 0 * SPEECH],
)
def test_shifted_shorter_and_silent_recordings_are_no_copies(tmp_path, other):
    one = written(tmp_path, "a.wav", SPEECH)
    assert matching_gain(one, written(tmp_path, "b.wav", other), STEP, STEP) is None
    assert found(tmp_path) == []


def test_quiet_noise_is_no_copy_of_quiet_noise(tmp_path):
    for seed in range(8):
        written(tmp_path, f"{seed}.wav", signals.noise(SR, 0.5, amplitude=2 * STEP, seed=seed))
    assert found(tmp_path) == []


def test_copies_of_many_levels_are_one_cluster(tmp_path):
    for k in range(6):
        written(tmp_path, f"{k}.wav", 0.8**k * SPEECH)
    copies = found(tmp_path)
    assert [(copy.first, copy.second) for copy in copies] == [
        ("0.wav", f"{k}.wav") for k in range(1, 6)
    ]


def test_long_recordings_are_compared_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr("featkit.auditing.scan.MAX_PIECE_SAMPLES", 2000)
    written(tmp_path, "a.wav", SPEECH)
    written(tmp_path, "b.wav", 0.5 * SPEECH)
    assert len(found(tmp_path)) == 1


def test_a_file_that_is_gone_is_no_copy(tmp_path):
    one = written(tmp_path, "a.wav", SPEECH)
    assert matching_gain(one, str(tmp_path / "gone.wav"), STEP, STEP) is None
