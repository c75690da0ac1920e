"""Corpora that several test files of batches use."""

import os

import numpy as np
import pytest
from extracting import SR, clip, write_audio, write_noise

import featkit
from featkit import signals


@pytest.fixture
def corpus(tmp_path, monkeypatch):
    for number in range(24):
        write_noise(tmp_path / "corpus" / f"{number % 3}" / f"{number:02d}.wav", number)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "corpus"


@pytest.fixture(scope="session")
def mixed_corpus(tmp_path_factory):
    """Clips of many lengths and two rates, and two files that cannot be decoded."""
    folder = tmp_path_factory.mktemp("mixed")
    for number in range(14):
        write_audio(
            folder / f"{number % 3}" / f"{number:02d}.wav", clip(number, 0.2 + 0.13 * number)
        )
    write_audio(folder / "0" / "one.wav", np.array([0.5]))
    write_audio(folder / "1" / "rate.wav", signals.noise(16000, 0.7), 16000)
    write_audio(folder / "2" / "silence.wav", np.zeros(SR // 2))
    (folder / "1" / "empty.wav").touch()
    (folder / "2" / "text.wav").write_text("no samples here")
    return folder


@pytest.fixture(scope="session")
def by_one(mixed_corpus):
    return featkit.extract(mixed_corpus, labels="folder", n_jobs=1)


@pytest.fixture
def slow_corpus(tmp_path, monkeypatch):
    """Short files, and many long ones: a run finishes some early, and all of them late."""
    for number in range(16):
        write_noise(tmp_path / "corpus" / f"{number:02d}.wav", number)
    write_noise(tmp_path / "corpus" / "16.wav", 16, seconds=60.0)
    for number in range(17, 80):
        os.link(tmp_path / "corpus" / "16.wav", tmp_path / "corpus" / f"{number}.wav")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "corpus"
