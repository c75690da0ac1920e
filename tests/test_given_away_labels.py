"""Real files whose label recording conditions give away, or do not: from sound to the verdict."""

import io

import numpy as np
import pytest
import soundfile
import soxr
from mpeg import mp3

import featkit
from featkit import signals

SR = 44100
CLIPS = 12
"""Clips of each class."""


def melody(number, lowest=200.0):
    """Four tones within an octave over full-band noise; the level does not depend on them."""
    rng = np.random.default_rng(number)
    pitches = lowest * 2 ** rng.uniform(0, 1, 4)
    tones = np.concatenate([signals.sine(pitch, SR, 0.125, amplitude=0.2) for pitch in pitches])
    y = tones + signals.noise(SR, 0.5, amplitude=0.05, seed=number)[: len(tones)]
    return y * 10 ** (rng.uniform(-26, -20) / 20) / np.sqrt(np.mean(y**2))


def wav(y, sr=SR):
    data = io.BytesIO()
    soundfile.write(data, y, sr, format="WAV", subtype="PCM_16")
    return data.getvalue()


def ogg(y):
    data = io.BytesIO()
    soundfile.write(data, y, SR, format="OGG", subtype="VORBIS")
    return data.getvalue()


def through_mp3(y):
    """A WAV file of the samples after a round trip through MP3 of about 32 kbit/s."""
    decoded, sr = soundfile.read(io.BytesIO(mp3(y[:, None], SR, level=0.9)))
    return wav(decoded[: len(y)], sr)


def trained(folder, encode, second=melody):
    """Train on two classes of clips; `encode` makes the suffix and the bytes of the second."""
    for name in ("one", "two"):
        (folder / name).mkdir()
    for number in range(CLIPS):
        (folder / "one" / f"{number}.wav").write_bytes(wav(melody(number)))
        suffix, data = encode(second(number))
        (folder / "two" / f"{number}.{suffix}").write_bytes(data)
    table = featkit.extract(folder, labels="folder", features="genre75", n_jobs=1).table
    return featkit.train(table, model="logistic", folds=3).evaluation


@pytest.mark.parametrize(
    ("encode", "leading"),
    [
        (lambda y: ("mp3", mp3(y[:, None], SR)), "format"),
        (lambda y: ("ogg", ogg(y)), "format"),
        (lambda y: ("wav", wav(soxr.resample(y, SR, 32000), 32000)), "sample_rate"),
        (lambda y: ("wav", wav(y / 4)), "level"),
        (lambda y: ("wav", through_mp3(y)), "bandwidth"),
    ],
    ids=["MP3", "OGG", "rate", "level", "MP3 round trip"],
)
def test_classes_with_the_same_content_in_other_files_are_flagged(tmp_path, encode, leading):
    conditions = trained(tmp_path, encode).conditions
    assert conditions.give_label_away
    assert conditions.columns[leading] > 0.1


def test_classes_that_differ_only_in_content_are_not_flagged(tmp_path):
    evaluation = trained(
        tmp_path, lambda y: ("wav", wav(y)), lambda number: melody(number + CLIPS, 1600.0)
    )
    assert evaluation.kept.balanced_accuracy.value == 1
    assert not evaluation.conditions.give_label_away
