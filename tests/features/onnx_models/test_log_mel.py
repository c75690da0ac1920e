"""Log-mel patches equal published definitions, written here without the code of the package."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featkit import signals
from featkit.features.onnx_models.log_mel import htk_hz, htk_mel
from featkit.features.onnx_models.parameters import EmbeddingParameters


def vggish_frame(samples):
    """Log-mel energies of 400 samples at 16 kHz, by the definition of VGGish, number by number."""
    n = np.arange(400)
    windowed = samples * (0.5 - 0.5 * np.cos(2 * math.pi * n / 400))
    bins = np.arange(257)
    S = np.abs(np.exp(-2j * math.pi * np.outer(bins, n) / 512) @ windowed)

    def mel(hz):
        return 2595 * math.log10(1 + hz / 700)

    low, high = mel(125), mel(7500)
    energies = []
    for band in range(64):
        left, middle, right = (low + (high - low) * (band + k) / 65 for k in range(3))
        energy = 0.0
        for b in bins:
            m = mel(b * 16000 / 512)
            if left < m <= middle:
                energy += S[b] * (m - left) / (middle - left)
            elif middle < m < right:
                energy += S[b] * (right - m) / (right - middle)
        energies.append(math.log(energy + 0.01))
    return energies


@pytest.mark.parametrize(
    "y",
    [
        signals.noise(16000, 1.0, amplitude=0.3),
        signals.sine(440.0, 16000, 1.0),
        signals.clicks(90, 16000, 1.0),
        signals.constant(16000, 1.0, value=0.0),
    ],
    ids=["noise", "sine", "clicks", "silence"],
)
def test_vggish_patches_equal_the_published_definition(y):
    p = EmbeddingParameters(input="vggish")
    patch = p.log_mel(y[None, :15600])
    assert (p.window_samples, p.window_hop) == (15600, 15360)
    assert patch.shape == (1, 96, 64)
    assert patch.dtype == np.float32
    for frame in (0, 1, 50, 95):
        expected = vggish_frame(y[160 * frame : 160 * frame + 400].astype(np.float64))
        # 2595 log10 and 1127 ln differ by 1e-5, which moves the edges by some 1e-6.
        np.testing.assert_allclose(patch[0, frame], expected, atol=2e-4)


@pytest.mark.parametrize(("scale", "htk"), [("slaney", False), ("htk", True)])
@pytest.mark.parametrize(("norm", "librosa_norm"), [("slaney", "slaney"), ("none", None)])
@pytest.mark.parametrize("power", [1, 2])
def test_triangles_in_hz_equal_librosa(scale, htk, norm, librosa_norm, power):
    librosa = pytest.importorskip("librosa")
    y = signals.noise(22050, 0.5, amplitude=0.3)
    p = EmbeddingParameters(
        input="log_mel", sample_rate=22050, n_fft=1024, win_length=1024, hop_length=256, n_mels=40,
        fmin=50.0, fmax=8000.0, mel_scale=scale, mel_triangles="hz", mel_norm=norm,
        mel_power=power, log="db", log_offset=0.0, log_floor=1e-10,
    )  # fmt: skip
    mel = librosa.feature.melspectrogram(
        y=y, sr=22050, n_fft=1024, hop_length=256, center=False, power=power, n_mels=40,
        fmin=50.0, fmax=8000.0, htk=htk, norm=librosa_norm,
    )  # fmt: skip
    expected = librosa.power_to_db(mel, amin=1e-10, top_db=None)
    np.testing.assert_allclose(p.log_mel(y[None])[0].T, expected, atol=1e-3)


@given(st.floats(0, 1e5))
def test_the_mel_scale_can_be_inverted(hz):
    assert htk_hz(htk_mel(hz)) == pytest.approx(hz, rel=1e-9, abs=1e-9)


@given(st.integers(0, 5), st.integers(1, 6))
def test_a_frame_is_the_same_in_any_batch(first, count):
    p = EmbeddingParameters(input="log_mel", patch_frames=4)
    y = signals.noise(16000, 1.0)
    windows = np.stack([y[600 * k : 600 * k + p.window_samples] for k in range(12)])
    together = p.log_mel(windows)
    some = p.log_mel(windows[first : first + count])
    np.testing.assert_array_equal(some, together[first : first + count])
