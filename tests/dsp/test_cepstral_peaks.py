"""Cepstral peaks: averages, lines and peaks with known values, and the compiled core."""

import numpy as np
import pytest
from compiled_core import assert_same_bits_everywhere, needs_core, without_core
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import trapezoid

from featkit import signals
from featkit.dsp import _compiled
from featkit.dsp.cepstral_peaks import (
    CepstralBins,
    power_cepstra,
    prominences,
    smoothed_levels,
    smoothing_weights,
)
from featkit.dsp.filters import gaussian_window

SR = 10000
BINS = CepstralBins(peak=(31, 166), trend=(10, 500), needed=505)
WINDOW = gaussian_window(1000).astype(np.float32)
STARTS = np.arange(0, 8000, 200)


def cepstra(y, starts=STARTS):
    return power_cepstra(y, starts, WINDOW, 1024, BINS.needed)


@pytest.mark.parametrize("amplitude", [0.2, 0.5])
def test_an_echo_is_a_peak_of_its_amplitude(amplitude):
    """The cepstrum of 1 + a exp(-j w T) is a at T, -a**2 / 2 at 2 T, a**3 / 3 at 3 T, ..."""
    y = np.zeros(1024, dtype=np.float32)
    y[500], y[560] = 1, amplitude
    power = power_cepstra(y, np.zeros(1, int), np.ones(1024, np.float32), 1024, 505)[:, 0]
    orders = np.arange(1, 60)
    expected = np.zeros(1024)
    for side in (1, -1):
        np.add.at(expected, side * 60 * orders % 1024, -((-amplitude) ** orders) / orders)
    expected *= 1024 * np.log10(np.e)
    # The mean is removed, which sets one number of the spectrum to the lowest power.
    expected -= 12 + 2 * np.log10((1 + amplitude) / (1 - y.mean()))
    np.testing.assert_allclose(power[1:], expected[1:505] ** 2, rtol=1e-3, atol=0.1)


def test_the_scale_and_the_mean_of_a_frame_do_not_matter():
    y = signals.noise(SR)
    for other in (1e-30 * y, 1e4 * y, y + np.float32(0.25)):
        other = other.astype(np.float32)
        np.testing.assert_allclose(cepstra(other)[5:], cepstra(y)[5:], rtol=0.02, atol=0.05)


def test_frames_of_a_constant_have_no_cepstrum():
    y = np.concatenate([np.full(2000, 0.5), np.zeros(2000)]).astype(np.float32)
    assert not cepstra(y, np.array([0, 500, 2000, 3000])).any()
    assert cepstra(y, np.array([1500])).any()
    assert cepstra(y, np.zeros(0, int)).shape == (505, 0)


@given(width=st.floats(0.01, 40))
def test_weights_average_an_interpolated_line_over_the_interval(width):
    weights = smoothing_weights(width).astype(np.float64)
    n = len(weights) // 2
    t = np.linspace(-width / 2, width / 2, 20001)
    for values in (np.arange(-n, n + 1) ** 2, np.abs(np.arange(-n, n + 1)), np.ones(2 * n + 1)):
        line = np.interp(t, np.arange(-n, n + 1), values)
        assert weights @ values == pytest.approx(trapezoid(line, t) / width, rel=1e-3, abs=1e-5)


def test_weights_of_the_usual_windows():
    np.testing.assert_allclose(smoothing_weights(10), [0.05, *[0.1] * 9, 0.05], rtol=1e-6)
    np.testing.assert_allclose(
        smoothing_weights(5), [0.025, 0.175, 0.2, 0.2, 0.2, 0.175, 0.025], rtol=1e-5
    )
    np.testing.assert_array_equal(smoothing_weights(0), [1])


def test_cepstra_are_averaged_over_time_then_over_quefrency():
    power = np.random.default_rng(0).random((60, 30)).astype(np.float32)
    over_time, over_quefrency = smoothing_weights(4), smoothing_weights(3)
    levels = smoothed_levels(power, over_time, over_quefrency, slice(0, 50))
    mirrored = np.concatenate([power[2:0:-1], power])
    for frame in (0, 11, 25):
        averages = mirrored[:, frame : frame + 5] @ over_time
        expected = [averages[k : k + 5] @ over_quefrency for k in range(50)]
        np.testing.assert_allclose(levels[:, frame], 10 * np.log10(expected), rtol=1e-4)


def cepstrum_with_peak(trend, position=100.3, height=12.0):
    """Levels on a line over quefrency or its logarithm, with a parabola above; and rows from 9."""
    quefrency = np.arange(9, 502)
    x = np.log(quefrency) if trend == "exponential" else quefrency / 100
    place = np.log(position) if trend == "exponential" else position / 100
    line, below = 40 - 6 * x, 40 - 6 * place
    near = np.abs(quefrency - position) < 3
    peak = below + height - 2 * (quefrency - position) ** 2
    return np.where(near, peak, line)[:, None].astype(np.float32)


@pytest.mark.parametrize("trend", ["straight", "exponential"])
@pytest.mark.parametrize("height", [9.0, 12.0, 20.0])
def test_a_robust_line_ignores_the_peak(trend, height):
    levels = cepstrum_with_peak(trend, height=height)
    value = prominences(levels, 9, BINS, trend, "robust")
    np.testing.assert_allclose(value, height, atol=0.02)


@pytest.mark.parametrize("trend", ["straight", "exponential"])
def test_a_line_of_least_squares_is_that_of_polyfit(trend):
    levels = np.random.default_rng(0).normal(30, 5, (493, 7)).astype(np.float32)
    peak = levels[22:158].argmax(axis=0) + 31  # only heights at the ends are not refined
    levels[22], levels[157] = 99, 0
    value = prominences(levels, 9, BINS, trend, "least_squares")
    x = np.arange(10, 501)
    x = np.log(x) if trend == "exponential" else x
    assert (peak > 30).all()
    for k in range(7):
        lift = levels[21:24, k].astype(float)
        slope, curvature = (lift[2] - lift[0]) / 2, lift[2] + lift[0] - 2 * lift[1]
        shift = -slope / curvature
        at = np.log(31 + shift) if trend == "exponential" else 31 + shift
        line = np.polyfit(x, levels[1:492, k].astype(float), 1)
        expected = lift[1] + slope * shift / 2 - np.polyval(line, at)
        assert value[k] == pytest.approx(expected, abs=1e-3)


def test_a_peak_at_the_end_of_its_range_is_not_refined():
    levels = np.zeros((493, 2), dtype=np.float32)
    levels[:30, 0] = np.arange(40, 10, -1)  # falls over the beginning of the range
    levels[150:, 1] = np.arange(343)  # rises over its end, row 157
    assert levels[22, 0] == 18
    assert levels[157, 1] == 7
    robust = prominences(levels, 9, BINS, "straight", "robust")
    assert robust[0] == pytest.approx(18, abs=0.1)  # most levels are 0
    value = prominences(levels, 9, BINS, "straight", "least_squares")
    line = np.polyfit(np.arange(10, 501), levels[1:492].astype(float), 1)
    for k, (height, quefrency) in enumerate([(18, 31), (7, 166)]):
        assert value[k] == pytest.approx(height - np.polyval(line[:, k], quefrency), abs=1e-3)


@given(frames=st.integers(1, 40), width=st.sampled_from([0.0, 3.0, 10.0]), seed=st.integers(0, 99))
@settings(max_examples=20)
def test_the_core_has_the_values_of_numpy(frames, width, seed):
    y = signals.noise(SR, 1.0, seed=seed)
    y[:200] = 0
    starts = np.random.default_rng(seed).integers(0, 9000, frames)
    over_time, over_quefrency = smoothing_weights(width), smoothing_weights(5)

    def compute():
        power = np.pad(cepstra(y, starts), ((0, 0), (len(over_time) // 2,) * 2))
        levels = smoothed_levels(power, over_time, over_quefrency, slice(9, 502))
        values = [
            prominences(levels, 9, BINS, trend, fit)
            for trend in ("straight", "exponential")
            for fit in ("least_squares", "robust")
        ]
        return np.concatenate([levels, values])

    ours = assert_same_bits_everywhere(compute)
    with without_core():
        np.testing.assert_allclose(ours, compute(), atol=2e-3)
    alone = cepstra(y, starts[-1:])
    np.testing.assert_array_equal(alone[:, 0], cepstra(y, starts)[:, -1])


def f(*shape):
    return np.zeros(shape, dtype=np.float32)


WRONG = {
    "a size that is no power of two": ("cepstra", 3, 48, "power of two"),
    "a size below the frame": ("cepstra", 2, f(80), "power of two"),
    "a limit of 0": ("cepstra", 4, 0.0, "power of two"),
    "roots of another size": ("cepstra", 5, f(64), "roots must have 128"),
    "more quefrencies than half the size": ("cepstra", 6, f(33, 2), "half of size"),
    "a frame beyond the end": ("cepstra", 1, np.array([0, 61]), "not within y"),
    "a frame before the beginning": ("cepstra", 1, np.array([-1, 0]), "not within y"),
    "samples of another kind": ("cepstra", 0, np.zeros(100), "kind 'f'"),
    "an even number of frames": ("smoothed", 2, f(2), "do not fit"),
    "more frames than there are": ("smoothed", 2, f(9), "do not fit"),
    "an even number of quefrencies": ("smoothed", 3, f(4), "do not fit"),
    "a first row below 0": ("smoothed", 4, -1, "do not fit"),
    "a last row beyond the end": ("smoothed", 4, 5, "do not fit"),
    "levels of another size": ("smoothed", 6, f(4, 5), "do not fit"),
    "no rows": ("smoothed", 1, 0, "do not fit"),
    "a line that begins before the levels": ("cepstral_peaks", 2, -1, "within levels"),
    "a line beyond the levels": ("cepstral_peaks", 2, 5, "within levels"),
    "a peak without a row before": ("cepstral_peaks", 4, 0, "within levels"),
    "a peak without a row after": ("cepstral_peaks", 5, 9, "within levels"),
    "a peak that ends before it begins": ("cepstral_peaks", 5, 2, "within levels"),
    "an output of another size": ("cepstral_peaks", 6, f(4, 3), "16 elements"),
}
ARGUMENTS = {
    "cepstra": [f(100), np.array([0, 60]), f(40), 64, 1e-12, f(128), f(32, 2)],
    "smoothed": [f(10, 8), 10, f(3), f(3), 1, 1e-6, f(5, 6)],
    "cepstral_peaks": [f(10, 4), 10, 1, f(6), 3, 5, f(4, 4)],
}


@needs_core
@pytest.mark.parametrize("case", WRONG)
def test_sizes_that_do_not_fit_the_arrays_are_refused(case):
    function, place, value, error = WRONG[case]
    arguments = list(ARGUMENTS[function])
    getattr(_compiled.core, function)(*arguments)
    arguments[place] = value
    with pytest.raises((ValueError, TypeError), match=error):
        getattr(_compiled.core, function)(*arguments)
