"""Long recordings in memory: measured, mixed and resampled block by block, with the same values."""

import numpy as np
import pytest
import soundfile

from featkit import signals
from featkit.audio import loading
from featkit.audio.decoding import reader
from featkit.audio.excerpt import Excerpt
from featkit.audio.streams import joined

SR = 16000


@pytest.fixture
def short_blocks(monkeypatch):
    """Blocks of a few milliseconds, so that a short file has many."""
    for module in (loading, reader, loading.streams):
        monkeypatch.setattr(module, "BLOCK", 500)


@pytest.fixture(params=["wav", "flac", "mp3"])
def file(request, tmp_path):
    left = signals.noise(SR, 0.4, seed=1)
    y = np.stack([left, np.roll(left, 7)], axis=1)
    y[3000:5000] = 0
    path = tmp_path / f"a.{request.param}"
    soundfile.write(path, y, SR, format=request.param.upper())
    return path


@pytest.mark.usefixtures("short_blocks")
@pytest.mark.parametrize("sr", [None, 22050.0])
@pytest.mark.parametrize(
    "excerpt",
    [
        Excerpt(),
        Excerpt(offset=0.05, duration=0.2),
        Excerpt(offset=0.1, duration=0.5, pad=True),
    ],
)
def test_a_recording_in_blocks_is_that_read_at_once(file, sr, excerpt):
    whole = loading.read(file, sr=sr, excerpt=excerpt)
    with loading.opening(file, sr=sr, excerpt=excerpt) as sound:
        assert isinstance(sound, loading.Measured)
        assert sound.y.tobytes() == whole.y.tobytes()
        assert sound.quality() == whole.quality()
        assert (sound.sr, sound.length, sound.n_samples) == (
            whole.sr,
            whole.length,
            whole.n_samples,
        )
        assert sound.source == whole.source
    y, rate = loading.load(
        file, sr=sr, offset=excerpt.offset, duration=excerpt.duration, pad=excerpt.pad
    )
    assert (y.tobytes(), rate) == (whole.y.tobytes(), whole.sr)


@pytest.mark.usefixtures("short_blocks")
def test_short_recordings_and_segments_keep_their_own_samples(file):
    with loading.opening(file, excerpt=Excerpt(segment=0.1)) as sound:
        assert isinstance(sound, loading.Loaded)
    soundfile.write(file.with_name("short.wav"), np.zeros(400), SR)
    with loading.opening(file.with_name("short.wav")) as sound:
        assert isinstance(sound, loading.Loaded)


@pytest.mark.parametrize("expected", [0, 3, 7, 10, 50])
def test_blocks_are_joined_however_many_are_expected(expected):
    y = np.arange(10, dtype=np.float32)
    blocks = [y[:2], y[2:7], y[7:7], y[7:]]
    np.testing.assert_array_equal(joined(iter(blocks), expected), y)
