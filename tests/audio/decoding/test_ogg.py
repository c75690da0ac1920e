"""Ogg Vorbis with one damaged page: the recording is truncated."""

import io

import numpy as np
import pytest
import soundfile

from featkit import signals
from featkit.audio import loading
from featkit.audio.decoding import _ogg

SR = 44100


@pytest.fixture(scope="module")
def whole():
    file = io.BytesIO()
    y = signals.noise(SR, 20.0, amplitude=0.2)
    with soundfile.SoundFile(file, "w", SR, 1, format="OGG", subtype="VORBIS") as out:
        for at in range(0, len(y), SR):  # libsndfile fails with long blocks
            out.write(y[at : at + SR])
    return file.getvalue()


@pytest.mark.parametrize("share", [0.05, 0.2, 0.4, 0.5, 0.6, 0.8, 0.95, 0.999, 1.0])
@pytest.mark.parametrize("how", ["flipped", "left out"])
def test_a_damaged_page_makes_the_recording_truncated(tmp_path, whole, share, how):
    path = tmp_path / "a.ogg"
    path.write_bytes(whole)
    before = loading.read(path)
    assert not before.source.truncated
    assert len(whole) > 2 * _ogg.TAIL
    data, at = bytearray(whole), round(share * (len(whole) - 1))
    if how == "flipped":
        data[at] ^= 4
    else:
        del data[at : at + 300]
    path.write_bytes(data)
    damaged = loading.read(path)
    assert damaged.source.truncated
    np.testing.assert_array_equal(damaged.y[: SR // 8], before.y[: SR // 8])
