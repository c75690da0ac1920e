"""Wavelet families agree with PyWavelets, and transforms in parts with those of the whole."""

import numpy as np
import pytest
import pywt
import reference_values
from hypothesis import given
from hypothesis import strategies as st

import featkit
from featkit import signals
from featkit.dsp import dwt, synthesis
from featkit.dsp.band_moments import BandMoments, band_moments

SR = 22050


def features(family, **parameters):
    return featkit.feature_set({"features": [{"family": family, **parameters}]})


CLIPS = {
    "rock": synthesis.clip(synthesis.STYLES["rock"], np.random.default_rng(1)),
    "noise": signals.noise(SR, duration=0.7),
    "odd at every level": signals.noise(SR, duration=2**13 / SR)[: 2**13 - 1],
    "sine": signals.sine(440.0, SR),
    "as short as can be": signals.noise(SR, duration=3 * 2**11 / SR),
}


def dwt_periodised(y):
    bands = pywt.wavedec(y.astype(np.float64), "db2", "periodization", 11)
    mean_abs = np.array([np.mean(np.abs(c)) for c in bands])
    return np.concatenate([mean_abs, [np.std(c) for c in bands], mean_abs[:-1] / mean_abs[1:]])


def dwch(y):
    columns = []
    for c in pywt.wavedec(y.astype(np.float64), "db8", level=7):
        reach = 4 * np.std(c)
        counts, edges = np.histogram(c, 64, (np.mean(c) - reach, np.mean(c) + reach))
        middles = (edges[1:] + edges[:-1]) / 2
        mean = np.average(middles, weights=counts)
        variance = np.average((middles - mean) ** 2, weights=counts)
        third = np.average((middles - mean) ** 3, weights=counts)
        columns.append([mean, variance, third / variance**1.5, np.mean(np.abs(c))])
    return np.array(columns).T.ravel()


def wavelet_packets(y):
    tree = pywt.WaveletPacket(y.astype(np.float64), "db4", "symmetric", 5)
    bands = [node.data for node in tree.get_level(5, "freq")]
    share = np.array([np.sum(c**2) for c in bands])
    share /= share.sum()
    entropy = -np.sum(share * np.log2(share))
    return np.concatenate([np.log10([np.mean(c**2) for c in bands]), share, [entropy]])


FAMILIES = (dwt_periodised, dwch, wavelet_packets)


@pytest.mark.parametrize("name", CLIPS)
@pytest.mark.parametrize("theirs", FAMILIES)
def test_values_equal_pywavelets(theirs, name):
    y = CLIPS[name]
    chosen = features(theirs.__name__)
    (ours,) = featkit.analyse([y], SR, chosen)
    # Rounding decides to which bin a coefficient at an edge belongs.
    slack = 2e-2 if theirs is dwch else 1e-3
    np.testing.assert_allclose(ours, theirs(y), rtol=1e-6, atol=1e-6 * slack)


def test_values_of_real_recordings_equal_pywavelets(real_data):
    files = sorted((real_data / "esc10").glob("*/*.ogg"))[::80]
    files += sorted((real_data / "music").glob("sir_duke_slow.ogg"))
    clips = [featkit.load(file, sr=SR)[0] for file in files]
    for theirs in FAMILIES:
        chosen = features(theirs.__name__)
        for row, y in zip(featkit.analyse(clips, SR, chosen), clips, strict=True):
            expected = theirs(y)
            reference_values.assert_same(row, expected, chosen.column_names, np.ones_like(expected))


@pytest.mark.parametrize(
    ("family", "samples"), [("dwt_periodised", 6144), ("dwch", 1920), ("wavelet_packets", 224)]
)
def test_a_clip_that_is_too_short_is_undefined(family, samples):
    y = signals.noise(SR)
    short, enough = featkit.analyse([y[: samples - 1], y[:samples]], SR, features(family))
    assert np.isnan(short).all()
    assert np.isfinite(enough).all()


def test_silence_has_levels_of_0_and_is_undefined_otherwise():
    silence = np.zeros(SR, np.float32)
    for family, zeros in (("dwt_periodised", 24), ("dwch", 24), ("wavelet_packets", 0)):
        chosen = features(family)
        (row,) = featkit.analyse([silence], SR, chosen)
        assert np.sum(row == 0) == zeros
        assert np.isnan(row[row != 0]).all()


WAVELETS = ("haar", "db2", "db3", "db4", "db8")


@given(
    wavelet=st.sampled_from(WAVELETS),
    level=st.integers(1, 5),
    more=st.integers(0, 300),
    cuts=st.lists(st.floats(0, 1), max_size=6),
    seed=st.integers(0, 99),
)
def test_a_transform_in_parts_equals_that_of_the_whole(wavelet, level, more, cuts, seed):
    n = (pywt.Wavelet(wavelet).dec_len - 1) * 2**level + more
    x = np.random.default_rng(seed).standard_normal(n)
    parts = np.split(x, sorted(round(cut * n) for cut in cuts))
    assert dwt.max_level(n, wavelet) >= level

    mirrored = gather(dwt.bands(parts, dwt.symmetric_dwt(wavelet, level)), level + 1)
    at_once = gather(dwt.bands([x], dwt.symmetric_dwt(wavelet, level)), level + 1)
    whole = pywt.wavedec(x, wavelet, level=level)
    for ours, once, theirs in zip(mirrored, at_once, whole, strict=True):
        np.testing.assert_array_equal(ours, once)
        np.testing.assert_allclose(ours, theirs, atol=1e-12)  # added in another order at the end

    periodic = gather(dwt.bands(parts, dwt.periodized_dwt(wavelet, level, n)), level + 1)
    whole = pywt.wavedec(x, wavelet, "periodization", level)
    for ours, theirs in zip(periodic, whole, strict=True):  # in another order
        np.testing.assert_allclose(np.sort(ours), np.sort(theirs), atol=1e-12)

    packets = np.concatenate(list(dwt.packets(parts, wavelet, level)), axis=1)
    tree = pywt.WaveletPacket(x, wavelet, "symmetric", level).get_level(level, "freq")
    for ours, node in zip(packets, tree, strict=True):
        np.testing.assert_allclose(ours, node.data, atol=1e-12)


def gather(coefficients, count):
    bands = [[] for _ in range(count)]
    for band, c in coefficients:
        bands[band].append(c)
    return [np.concatenate(parts) for parts in bands]


@given(
    cuts=st.lists(st.integers(0, 200), max_size=5),
    offset=st.sampled_from([0.0, 1e3]),
    seed=st.integers(0, 99),
)
def test_moments_in_parts_equal_those_of_the_whole(cuts, offset, seed):
    x = offset + np.random.default_rng(seed).standard_normal(200)
    (table,) = band_moments([(0, part) for part in np.split(x, sorted(cuts))], 1)
    moments = BandMoments(table)
    assert moments.count == 200
    assert moments.mean == pytest.approx(np.mean(x))
    assert moments.std == pytest.approx(np.std(x))
    assert moments.mean_abs == pytest.approx(np.mean(np.abs(x)))
    assert moments.energy == pytest.approx(np.sum(x**2))


def frame_levels(y, wavelet, level, n_fft, hop_length):
    half = n_fft // 2
    padded = np.pad(y.astype(np.float64), half)
    levels = []
    for start in range(0, 1 + len(y), hop_length):
        bands = pywt.wavedec(padded[start : start + n_fft], wavelet, level=level)
        levels.append([10 * np.log10(max(1e-10, np.mean(c**2))) for c in bands])
    return np.array(levels).T


@pytest.mark.parametrize(
    ("wavelet", "level", "n_fft", "hop_length"),
    [("db4", 7, 2048, 512), ("haar", 3, 64, 50), ("db8", 5, 1024, 1000), ("db2", 1, 100, 7)],
)
def test_wavelet_series_equal_pywavelets_frame_by_frame(wavelet, level, n_fft, hop_length):
    chosen = featkit.sequence_set(
        {
            "spectra": {"n_fft": n_fft, "hop_length": hop_length, "n_mels": 8},
            "kinds": [{"family": "wavelet_series", "wavelet": wavelet, "level": level}],
        }
    )
    y = CLIPS["rock"][:SR]
    ((ours,), _) = featkit.sequences_of([y], SR, chosen)[0]
    expected = frame_levels(y, wavelet, level, n_fft, hop_length)
    np.testing.assert_allclose(ours, expected, atol=1e-4)
