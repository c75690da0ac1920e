"""Spectra and envelopes for acoustic indices: SciPy's numbers, both ways, and long clips."""

import numpy as np
import pytest
import scipy.signal
from compiled_core import assert_same_bits_everywhere, needs_core, without_core

from featkit import signals
from featkit.dsp import _compiled, soundscape
from featkit.dsp.disk_array import TemporaryDiskArray
from featkit.dsp.peak_envelopes import Envelope, Envelopes
from featkit.dsp.soundscape import SoundscapeSpectra

SR = 22050.0
HZ = 22050 / 1024


def spectra_of(*clips):
    return SoundscapeSpectra(clips, Envelopes(clips), SR)


def scipy_power(y):
    """The one-sided spectrogram as shares of the mean square."""
    _, _, density = scipy.signal.spectrogram(
        y.astype(np.float64), SR, "hann", 1024, 512, detrend="constant", scaling="density"
    )
    density[0] *= 2  # SciPy does not double the bin of 0 Hz
    return density[:512] * HZ


@pytest.mark.parametrize("samples", [1024, 1535, 1536, 1024 + 15 * 512, 1024 + 16 * 512, 30000])
def test_amplitudes_are_roots_of_scipys_power(samples):
    y = signals.noise(SR, 2.0)[:samples] + np.float32(0.2)
    own = assert_same_bits_everywhere(lambda: soundscape.amplitudes(y))
    expected = np.sqrt(scipy_power(y))
    assert own.shape == expected.shape
    np.testing.assert_allclose(own, expected, rtol=1e-3, atol=1e-6 * expected.max())
    with without_core():
        np.testing.assert_allclose(soundscape.amplitudes(y), own, atol=1e-5 * own.max())


def test_a_constant_has_no_amplitude():
    y = signals.constant(SR, 1.0, 0.7)
    assert not soundscape.amplitudes(y).any()
    assert not Envelopes([y])[0].values.any()
    with without_core():
        assert not soundscape.amplitudes(y).any()
        assert not Envelopes([y])[0].values.any()


def test_a_power_of_two_scales_amplitudes_exactly():
    y = signals.noise(SR, 0.5)
    own = soundscape.amplitudes(y)
    np.testing.assert_array_equal(soundscape.amplitudes(y / np.float32(2**40), 40), own)


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (17, 17), (512, 31), (20, 428), (5, 512)])
def test_sums_of_rows(shape):
    x = np.abs(np.random.default_rng(0).standard_normal(shape)).astype(np.float32)

    def row_sums():
        sums = np.ones((3, len(x)))  # which are added to
        return np.array([soundscape.add_row_sums(x, sums), *(sums - 1).ravel()])

    peak, *sums = assert_same_bits_everywhere(row_sums)
    values, squares, changes = np.reshape(sums, (3, -1))
    exact = x.astype(np.float64)
    np.testing.assert_allclose(values, exact.sum(1), rtol=1e-6)
    np.testing.assert_allclose(squares, (exact**2).sum(1), rtol=1e-6)
    np.testing.assert_allclose(changes, np.abs(np.diff(exact)).sum(1), rtol=1e-6, atol=1e-12)
    assert peak == x.max()
    counts = assert_same_bits_everywhere(lambda: soundscape.counts_above(x, 0.7))
    np.testing.assert_array_equal(counts, (x > np.float32(0.7)).sum(1))
    with without_core():
        np.testing.assert_allclose(row_sums(), [peak, *sums], rtol=1e-6, atol=1e-12)
        np.testing.assert_array_equal(soundscape.counts_above(x, 0.7), counts)


@needs_core
@pytest.mark.parametrize(("distance", "prominence"), [(1, 0.0), (1, 0.5), (7, 1.0), (20, 3.0)])
def test_peaks_are_counted_as_by_scipy(distance, prominence):
    rng = np.random.default_rng(distance)
    levels = np.concatenate(
        [rng.standard_normal((20, 300)), rng.standard_normal((20, 300)).cumsum(1)]
    )
    levels[::4] = np.repeat(levels[::4, :100], 3, axis=1)  # runs of equal values
    own = assert_same_bits_everywhere(lambda: soundscape.count_peaks(levels, distance, prominence))
    with without_core():
        np.testing.assert_array_equal(soundscape.count_peaks(levels, distance, prominence), own)
    assert own.any()


@pytest.mark.parametrize("samples", [1, 511, 512, 5000])
def test_envelope_is_the_greatest_absolute_value_of_windows(samples):
    y = signals.noise(SR)[:samples] + np.float32(0.1)
    whole = samples // 512 * 512
    expected = np.abs(y[:whole] - np.mean(y, dtype=np.float64)).reshape(-1, 512).max(axis=1)
    np.testing.assert_allclose(Envelopes([y])[0].values, expected, rtol=1e-6)
    with without_core():
        np.testing.assert_allclose(Envelopes([y])[0].values, expected, rtol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 3, 10, 11])
def test_median_of_an_envelope(count):
    values = np.random.default_rng(count).random(count)
    assert Envelope(values).median == np.median(values)


def test_sums_of_several_blocks_are_those_of_the_spectrogram(monkeypatch):
    y = signals.noise(SR, 3.0) * np.linspace(0.1, 1, round(3 * SR), dtype=np.float32)
    power = scipy_power(y)
    amplitude = np.sqrt(power)
    changes = np.abs(np.diff(amplitude)).sum(1) / amplitude.sum(1)
    share = (amplitude > amplitude.max() * 10 ** (-20 / 20)).mean(1)
    for kept in (32, 0):
        monkeypatch.setattr(soundscape, "BLOCK_FRAMES", 16)
        monkeypatch.setattr(soundscape, "KEPT_BLOCKS", kept)
        monkeypatch.setattr(soundscape, "USUAL_LEVEL", -20.0)
        own = spectra_of(y)
        np.testing.assert_allclose(own.mean_power[0], power.mean(1), rtol=1e-5)
        np.testing.assert_allclose(own.mean_amplitude[0], amplitude.mean(1), rtol=1e-5)
        np.testing.assert_allclose(own.complexity(), [changes.sum()], rtol=1e-5)
        np.testing.assert_allclose(own.shares_above(-20.0)[0], share, atol=0.01)
        assert own.shares_above(-10.0).sum() < own.shares_above(-20.0).sum()


def test_other_levels_are_counted_in_another_pass():
    y = signals.noise(SR, 1.0)
    usual = spectra_of(y).shares_above(soundscape.USUAL_LEVEL)
    amplitude = soundscape.amplitudes(y)
    for level, own in ((-50.0, usual), (-12.5, spectra_of(y).shares_above(-12.5))):
        above = amplitude > np.float32(amplitude.max() * 10 ** (level / 20))
        np.testing.assert_allclose(own[0], above.mean(axis=1), atol=0.03)


def test_clusters_are_added():
    y = signals.noise(SR, 4.1)
    size = round(SR / 512)
    own = spectra_of(y)
    parts = [y[k * size * 512 :][: (size - 1) * 512 + 1024] for k in range(4)]
    expected = sum(float(spectra_of(part).complexity()[0]) for part in parts)
    assert own.complexity(1.0)[0] == pytest.approx(expected, rel=1e-6)
    assert np.isnan(own.complexity(5.0)).all()  # longer than the clip
    assert np.isnan(own.complexity(512 / SR)).all()  # a single frame has no change


def test_a_clip_on_disk_has_the_same_bits():
    y = signals.noise(SR, 30.0)  # more than two blocks
    clip = TemporaryDiskArray()
    clip.append(y)
    from_file, own = spectra_of(clip), spectra_of(y)
    np.testing.assert_array_equal(from_file.mean_power, own.mean_power)
    np.testing.assert_array_equal(from_file.shares_above(-50.0), own.shares_above(-50.0))


def test_level_does_not_matter_for_precision():
    y = signals.noise(SR, 1.0) + signals.sine(1000.0, SR, 1.0)
    own, faint = spectra_of(y), spectra_of(y * np.float32(2.0**-90))
    np.testing.assert_array_equal(faint.mean_power * 2.0**180, own.mean_power)
    np.testing.assert_array_equal(faint.complexity(), own.complexity())


@needs_core
def test_the_core_checks_its_arguments():
    core, y = _compiled.core, np.zeros(1024, np.float32)
    window, roots = np.zeros(1024, np.float32), np.zeros(2048, np.float32)
    out = np.zeros(512, np.float32)
    core.amplitudes(y, window, roots, out)
    for wrong in ((y[:-1], window, roots, out), (y, window[:-1], roots, out)):
        with pytest.raises(ValueError, match="must"):
            core.amplitudes(*wrong)
    with pytest.raises(ValueError, match="out must have 512 elements"):
        core.amplitudes(y, window, roots, out[:-1])
    with pytest.raises(ValueError, match="whole rows"):
        core.row_sums(y[:7], np.zeros((3, 2)))
    with pytest.raises(ValueError, match="whole rows"):
        core.counts_above(y[:7], 0.1, np.zeros(2, np.int64))
    with pytest.raises(ValueError, match="distance"):
        core.peak_counts(np.zeros(8), 0, 1.0, np.zeros(2, np.int64))
    with pytest.raises(ValueError, match="a window"):
        core.window_extremes(y, 0, out, out, np.zeros(2))
