"""Edges of bands, of resampled sound and of other filters."""

import numpy as np
import pytest
import scipy.signal
import soxr
from spectral_defects import noise, piece, rounded

from featkit.auditing.defect import DEFECTS
from featkit.auditing.defects.bandwidth import likely_cause
from featkit.auditing.signal.band_edges import band_edge


def resampled(y, sr, lower):
    return rounded(soxr.resample(soxr.resample(y, sr, lower), lower, sr))


@pytest.mark.parametrize("lower", [8000, 11025, 16000, 22050, 32000])
def test_sound_from_a_lower_rate_has_an_edge_at_half_of_it(lower):
    edge = band_edge(piece(resampled(noise(), 44100, lower)))
    assert 0.9 <= edge.frequency / (lower / 2) <= 1.02
    assert (edge.start, edge.end) == (0, 5)
    assert f"resampled from {lower / 1000:g} kHz" in likely_cause(edge.frequency)


@pytest.mark.parametrize("sr", [8000, 16000, 48000, 96000])
def test_sound_with_all_frequencies_has_no_edge(sr):
    assert band_edge(piece(noise(sr=sr), sr)) is None


@pytest.mark.parametrize("order", [1, 2, 4])
def test_a_gradual_roll_off_is_no_edge(order):
    sos = scipy.signal.butter(order, 4000, fs=44100, output="sos")
    assert band_edge(piece(rounded(scipy.signal.sosfilt(sos, noise(level=-20))))) is None


def test_a_limit_close_to_half_of_the_sample_rate_is_no_edge():
    sos = scipy.signal.ellip(12, 0.1, 90, 20500, fs=44100, output="sos")
    assert band_edge(piece(rounded(scipy.signal.sosfilt(sos, noise())))) is None


def test_a_call_with_a_sharp_upper_limit_in_a_recording_with_background_is_no_edge():
    t = np.arange(44100 * 5) / 44100
    call = 0.1 * scipy.signal.chirp(t % 0.5, 3000, 0.5, 6000) * ((t % 1) < 0.5)
    assert band_edge(piece(rounded(call + noise(level=-60)))) is None


def test_an_edge_in_a_part_has_its_time_range():
    samples = noise(10)
    limited = resampled(samples, 44100, 16000)
    samples[4 * 44100 :] = limited[4 * 44100 :]
    edge = band_edge(piece(samples))
    assert edge.start == pytest.approx(4, abs=0.6)
    assert edge.end == 10


def test_single_clipped_samples_do_not_hide_an_edge():
    samples = resampled(noise(level=-15), 44100, 16000)
    samples[:: 44100 // 2] = 1
    assert band_edge(piece(samples)).frequency == pytest.approx(7800, abs=300)


@pytest.mark.parametrize("samples", [np.zeros(44100), np.ones(10), np.zeros(1)])
def test_silent_and_short_recordings_have_no_edge(samples):
    assert band_edge(piece(samples)) is None


def test_the_limit_of_the_codec_of_the_file_is_no_defect():
    samples = resampled(noise(), 44100, 32000)
    find = DEFECTS["bandwidth"].find
    assert [round(one.value, -3) for one in find(piece(samples))] == [16000]
    assert [*find(piece(samples, form="MP3"))] == []
    low = resampled(noise(), 44100, 16000)
    assert [round(one.value, -3) for one in find(piece(low, form="MP3"))] == [8000]


@pytest.mark.parametrize(
    ("edge", "cause"),
    [
        (3950, "as if resampled from 8 kHz"),
        (10900, "as if resampled from 22.05 kHz"),
        (16000, "as in MP3 of about 128 kbit/s, or resampled from 32 kHz"),
        (19000, "as in MP3 of about 192 kbit/s"),
        (9200, "as after a low-pass filter, such as that of a telephone or codec"),
    ],
)
def test_causes_of_edges(edge, cause):
    assert likely_cause(edge) == cause
