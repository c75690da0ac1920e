"""Descriptors of the spectrum's shape agree with their formulas and with librosa."""

import sys
from unittest import mock

import librosa
import numpy as np
import pytest
import scipy.stats

import featkit
from featkit import signals
from featkit.dsp import synthesis
from featkit.features.analysis import frame_values
from featkit.features.spectra import stack as stack_module
from featkit.features.spectra.parameters import SpectraParameters
from featkit.features.spectra.stack import Stack

SR = 22050
FAMILIES = (
    "band_energy_share",
    "high_frequency_content",
    "spectral_crest",
    "spectral_entropy",
    "spectral_flux",
    "spectral_moments",
    "spectral_rolloffs",
    "spectral_slope",
    "spectral_valley",
)
MIN_SCALE = {"spectral_moments": 1.0, "spectral_slope": 1e-7}
"""Scale of descriptors that are near 0 in all frames with a symmetric spectrum."""
FEATURES = featkit.feature_set(
    {"features": [{"family": name, "statistics": ["mean", "std"]} for name in FAMILIES]}
)


def formulas(y, sr=SR):
    """Each descriptor by its textbook formula from librosa's spectrogram, ``(rows, frames)``."""
    S = np.abs(librosa.stft(y.astype(np.float64))).astype(np.float32).astype(np.float64)
    f = librosa.fft_frequencies(sr=sr)
    K = len(f)
    S = np.where(S.any(axis=0), S, np.nan)
    with np.errstate(all="ignore"):
        share, power_share = S / S.sum(axis=0), S**2 / np.sum(S**2, axis=0)
        centroid = f @ share
        z = (f[:, None] - centroid) / np.sqrt(np.sum((f[:, None] - centroid) ** 2 * share, axis=0))
        bands = [(f >= low) & (f < high) for low, high in ((20, 150), (150, 800), (800, 4000))]
        energies = [np.sum(power_share[band], axis=0) for band in (*bands, (f >= 4000) & (f < 2e4))]
        k = np.arange(1, K)[:, None]
        slope = [scipy.stats.linregress(f, column).slope for column in share.T]
        return {
            "band_energy_share": np.stack(energies),
            "high_frequency_content": np.nansum(f[:, None] * S**2, axis=0)[None],
            "spectral_crest": (S.max(axis=0) / S.mean(axis=0))[None],
            "spectral_entropy": scipy.stats.entropy(power_share, base=K)[None],
            "spectral_flux": np.sum(np.diff(share, axis=1, prepend=np.nan) ** 2, axis=0)[None],
            "spectral_moments": np.stack(
                [np.sum(z**3 * share, axis=0), np.sum(z**4 * share, axis=0)]
            ),
            "spectral_rolloffs": np.stack([rolloff(S, f, q) for q in (0.25, 0.5, 0.85, 0.95)]),
            "spectral_slope": np.stack(
                [slope, np.sum((S[1:] - S[0]) / k, axis=0) / S[1:].sum(axis=0)]
            ),
            "spectral_valley": valleys(y, sr),
        }


def rolloff(S, f, share):
    S32 = np.nan_to_num(S).astype(np.float32)
    hz = librosa.feature.spectral_rolloff(S=S32, freq=f, roll_percent=share)[0]
    return np.where(np.isnan(S[0]), np.nan, hz)


def valleys(y, sr):
    """Valleys of librosa's contrast, which it does not return."""
    module = sys.modules["librosa.feature.spectral"]
    with mock.patch.object(module, "power_to_db", side_effect=librosa.power_to_db) as to_db:
        librosa.feature.spectral_contrast(y=y, sr=sr, n_bands=6 if sr >= 22050 else 4)
        (_, call) = to_db.call_args_list
    return librosa.power_to_db(*call.args)


def generated():
    rng = np.random.default_rng(11)
    return {
        **{name: synthesis.clip(style, rng) for name, style in synthesis.STYLES.items()},
        "noise": signals.noise(SR, duration=2.0),
        "fades into silence": np.concatenate(
            [signals.noise(SR, duration=1.0), signals.constant(SR, duration=1.0, value=0.0)]
        ),
        "shorter than a frame": signals.noise(SR, duration=0.05),
    }


CLIPS = generated()


def values_by_family(y, sr=SR):
    """featkit's values over time."""
    stack = Stack([y], sr, SpectraParameters())
    values = [value for value, _ in frame_values(stack, FEATURES)]
    return dict(zip(FAMILIES, values, strict=True))


def assert_same(ours, theirs, name):
    """Within 1e-4 of the reference, or 1e-5 of the row's maximum near 0."""
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs), err_msg=name)
    scale = np.nanmax(np.abs(theirs), axis=1, initial=MIN_SCALE.get(name, 0))[:, None]
    wrong = np.abs(ours - theirs) > np.maximum(1e-4 * np.abs(theirs), 1e-5 * scale)
    assert not wrong.any(), f"{name}: {np.argwhere(wrong)[:3].tolist()}"


@pytest.mark.filterwarnings("ignore:n_fft=")
@pytest.mark.parametrize("clip", CLIPS)
def test_every_frame_agrees_with_the_formulas(clip):
    ours, theirs = values_by_family(CLIPS[clip]), formulas(CLIPS[clip])
    for name in FAMILIES:
        assert_same(ours[name], theirs[name], name)


@pytest.mark.filterwarnings("ignore:n_fft=")
@pytest.mark.filterwarnings("ignore:Trying to estimate tuning")
def test_every_frame_of_real_recordings_agrees_with_the_formulas(real_data):
    files = sorted((real_data / "esc10").glob("*/*.ogg"))[::40]
    for file in [*files, *sorted((real_data / "music").glob("*.ogg"))[:1]]:
        y = featkit.load(file, sr=SR)[0]
        ours, theirs = values_by_family(y), formulas(y)
        for name in FAMILIES:
            assert_same(ours[name], theirs[name], name)


def test_bands_above_half_the_rate_are_undefined():
    y = signals.noise(8000)
    energy_share = values_by_family(y, 8000)["band_energy_share"]
    assert np.isnan(energy_share[3]).all()
    np.testing.assert_allclose(
        energy_share[:3], formulas(y, 8000)["band_energy_share"][:3], rtol=1e-4
    )


def test_flux_does_not_depend_on_the_size_of_blocks(monkeypatch):
    y = synthesis.clip(synthesis.STYLES["rock"], np.random.default_rng(2))[: 2 * SR]
    whole = values_by_family(y)["spectral_flux"]
    monkeypatch.setattr(stack_module, "BLOCK_FRAMES", 1)
    np.testing.assert_array_equal(values_by_family(y)["spectral_flux"], whole)


def test_a_silent_frame_is_undefined():
    y = CLIPS["fades into silence"]
    silent = values_by_family(y)["spectral_crest"].shape[1] - 5
    for name, values in values_by_family(y).items():
        if name not in ("high_frequency_content", "spectral_valley"):
            assert np.isnan(values[:, silent]).all(), name


def test_both_rolloff_families_agree():
    for y in CLIPS.values():
        both = featkit.feature_set(
            {
                "features": [
                    {"family": "spectral_rolloff", "statistics": ["mean"]},
                    {"family": "spectral_rolloffs", "statistics": ["mean"]},
                ],
                "columns": ["spectral_rolloff_mean", "spectral_rolloff_85_mean"],
                "silent_frames": "skip",
            }
        )
        one, other = featkit.analyse([y], SR, both)[0]
        assert one == other


def test_contrast_is_undefined_only_in_a_band_without_bins():
    entry = {"family": "spectral_contrast", "statistics": ["mean"]}
    coarse = featkit.feature_set({"spectra": {"n_fft": 64, "hop_length": 16}, "features": [entry]})
    row = featkit.analyse([signals.noise(SR)], SR, coarse)[0]
    assert np.isnan(row[0])
    assert np.isfinite(row[6])
