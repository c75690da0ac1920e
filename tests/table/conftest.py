"""Fixtures of the tests of tables."""

import numpy as np
import pytest
import soundfile

import featkit
from featkit import signals


@pytest.fixture(scope="module")
def extracted(tmp_path_factory):
    """The table of three recordings, one of them silent, with labels that look like numbers."""
    folder = tmp_path_factory.mktemp("corpus")
    for name in ("NA", "1"):
        (folder / name).mkdir()
        y = signals.noise(22050, 0.5, seed=len(name))
        soundfile.write(folder / name / "a.wav", y, 22050)
    soundfile.write(folder / "1" / "silence.wav", np.zeros(11025), 22050)
    return featkit.extract(folder, labels="folder", n_jobs=1).table


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """A folder with two recordings and one that cannot be read, and its table."""
    folder = tmp_path_factory.mktemp("corpus")
    for name, seed in (("rock", 1), ("jazz", 2)):
        (folder / name).mkdir()
        soundfile.write(folder / name / "a.wav", signals.noise(22050, 1.0, seed=seed), 22050)
    (folder / "jazz" / "bad.wav").write_text("no sound")
    featkit.extract(folder, features="genre75", labels="folder").write(folder / "a.parquet")
    return folder
