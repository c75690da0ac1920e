"""Onsets and rhythm agree with librosa, SciPy and the theory of regular clicks."""

import warnings

import librosa
import numpy as np
import pytest
import scipy.signal
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import featkit
from featkit import signals
from featkit.dsp import synthesis
from featkit.dsp.onsets import onset_frames
from featkit.dsp.segments import Segments
from featkit.dsp.tempogram import Tempograms, TempoParameters, mean_tempograms
from featkit.features.family import FAMILIES

SR, HOP = 22050, 512
FRAME_RATE = SR / HOP
RHYTHM = featkit.feature_set(
    {"features": [{"family": name} for name in ("rhythm", "tempo", "onset_rate")]}
)

CLIPS = {
    **{
        style: synthesis.clip(synthesis.STYLES[style], np.random.default_rng(3))
        for style in synthesis.STYLES
    },
    "clicks": signals.clicks(100, SR, duration=12.0),
    "noise": signals.noise(SR, duration=10.0),
    "one and a half seconds": signals.clicks(200, SR, duration=1.5),
}


def analysed(y, sr=SR):
    return dict(zip(RHYTHM.column_names, featkit.analyse([y], sr, RHYTHM)[0], strict=True))


def columns_of(row, descriptor):
    return np.array(
        [value for name, value in row.items() if featkit.describe(name).descriptor == descriptor]
    )


def librosa_onsets(**arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # librosa 0.10 within SciPy
        return librosa.onset.onset_detect(**arguments)


def librosa_rhythm(y, tempo):
    """Values of `rhythm` from librosa's tempogram, for a tempo."""
    strength = librosa.onset.onset_strength(y=y, sr=SR)
    window = int(8 * SR) // HOP
    tempogram = librosa.feature.tempogram(onset_envelope=strength, win_length=window).mean(axis=1)
    rates = librosa.tempo_frequencies(window)
    lags = [lag for lag in scipy.signal.find_peaks(tempogram, 3e-7)[0] if rates[lag] < 320]
    prior = -0.5 * np.log2(rates[lags] / 120) ** 2
    best = [lags[k] for k in np.argsort(-(np.log1p(1e6 * tempogram[lags]) + prior), kind="stable")]
    first = int(np.argmin(np.abs(rates - tempo)))
    best = [first, *(lag for lag in best if not is_rising(tempogram, first, lag))][:3]
    within = {name: (rates >= low) & (rates < high) for name, low, high in RANGES}
    sums = np.array([tempogram[lags].sum() for lags in within.values()])
    ratio = librosa.feature.tempogram_ratio(tg=tempogram[:, None], bpm=np.array([tempo]), sr=SR)
    longest = min(64, len(strength) // 2)  # 40 BPM
    return {
        "tempo_candidate": rates[best],
        "tempo_candidate_strength": tempogram[best],
        "tempogram_ratio": np.where(ratio[:, 0] == 0, np.nan, ratio[:, 0]),
        "beat_histogram_share": sums / sums.sum(),
        "beat_histogram_sum": [sums.sum() / FRAME_RATE],
        "pulse_clarity": [max(correlation(strength, lag) for lag in range(11, longest + 1))],
    }


def is_rising(tempogram, lag, other):
    """Whether the tempogram rises all the way from one lag to another, or they are equal."""
    path = tempogram[lag : other + 1] if lag < other else tempogram[other : lag + 1][::-1]
    return bool(np.all(np.diff(path) > 0))


RANGES = (("slow", 40, 90), ("medium", 90, 140), ("fast", 140, 250))


def correlation(x, lag):
    x = x.astype(np.float64) - np.mean(x)
    a, b = x[:-lag], x[lag:]
    return np.sum(a * b) / np.sqrt(np.sum(a**2) * np.sum(b**2))


def assert_equals_librosa(y):
    row = analysed(y)
    expected = librosa_rhythm(y, row["tempo"])
    assert row["tempo_candidate_1"] == row["tempo"]
    for name, values in expected.items():
        ours = columns_of(row, name)
        missing = np.full(len(ours) - len(values), np.nan)  # if there are fewer candidates
        values = np.concatenate([values, missing])
        np.testing.assert_allclose(ours, values, rtol=1e-4, atol=1e-6, err_msg=name)
    first, second = (row[f"tempo_candidate_strength_{k}"] for k in (1, 2))
    np.testing.assert_allclose(row["beat_histogram_ratio"], second / first)
    onsets = librosa_onsets(y=y, sr=SR)
    assert row["onset_rate"] == pytest.approx(len(onsets) / (len(y) / SR))


@pytest.mark.parametrize("name", CLIPS)
def test_rhythm_equals_librosas(name):
    assert_equals_librosa(CLIPS[name])


def test_rhythm_of_real_recordings_equals_librosas(real_data):
    files = sorted((real_data / "esc10").glob("*/*.ogg"))[::40]
    files += sorted((real_data / "music").glob("*.ogg"))
    for file in files:
        assert_equals_librosa(featkit.load(file, sr=SR)[0])


def candidates(strength):
    """Lags and strengths of the candidates of one clip, in frames, and the tempo."""
    p, clip = TempoParameters(), Segments([len(strength)])
    tempograms = Tempograms(strength, clip, SR, HOP)
    rows = FAMILIES["rhythm"].compute(
        p, tempograms=tempograms, onset_strength=strength, segments=clip, sr=SR, hop_length=HOP
    )[:, 0]
    [tempo] = tempograms(p).tempo
    defined = np.isfinite(rows[:3])
    lags = np.rint(60 * FRAME_RATE / rows[:3][defined]).astype(int)
    return lags, rows[3:6][defined], tempo


def assert_distinct_peaks(strength):
    lags, strengths, tempo = candidates(strength)
    first, *others = lags
    window = int(8 * SR) // HOP
    [heights] = mean_tempograms(strength, Segments([len(strength)]), window)
    heights[heights < 3e-7] = 0
    assert first == np.rint(60 * FRAME_RATE / tempo)
    np.testing.assert_array_equal(strengths, heights[lags])
    for lag in others:
        assert heights[lag] > max(heights[lag - 1], heights[lag + 1])
        assert not is_rising(heights, first, lag)


def test_no_two_candidates_of_real_recordings_share_a_peak(real_data):
    for file in sorted((real_data / "esc10").glob("*/*.ogg"))[::8]:
        strength = librosa.onset.onset_strength(y=featkit.load(file, sr=SR)[0], sr=SR)
        assert_distinct_peaks(strength)


@given(
    strength=arrays(
        np.float32, st.integers(1, 500), elements=st.sampled_from([0, 0, 0, 0.5, 1, 1.25, 3, 7])
    ).filter(np.any)
)
def test_no_two_candidates_share_a_peak(strength):
    assert_distinct_peaks(strength)


def test_a_peak_is_not_a_candidate_if_the_tempo_lies_on_its_slope():
    """Onsets rise and fall every 40 frames, and the prior shifts the tempo to a faster rate."""
    onsets = np.maximum(np.cos(2 * np.pi * np.arange(2000) / 40), 0).astype(np.float32)
    lags, strengths, _ = candidates(onsets)
    assert 35 < lags[0] < 39
    np.testing.assert_allclose(lags[1:], [80, 120], atol=1)
    assert strengths[0] > strengths[1] > strengths[2]


@pytest.mark.parametrize("period", [12, 15, 20, 26, 33])
def test_strengths_of_exact_clicks_follow_the_windows_autocorrelation(period):
    """Strengths are below 1, and lower for slower rates, though all repeat exactly."""
    row = analysed(signals.clicks(60 * FRAME_RATE / period, SR, duration=60.0))
    window = scipy.signal.get_window("hann", int(8 * SR) // HOP)
    taper = np.correlate(window, window, "full")[len(window) - 1 :] / np.sum(window**2)
    lags = np.rint(60 * FRAME_RATE / columns_of(row, "tempo_candidate")).astype(int)
    np.testing.assert_allclose(columns_of(row, "tempo_candidate_strength"), taper[lags], atol=0.025)
    faster, slower = sorted(lags[:2])
    assert taper[slower] < taper[faster] - 0.01
    assert (row["beat_histogram_ratio"] < 1) == (lags[0] == faster)


@pytest.mark.parametrize("period", [12, 15, 20, 26, 33])
def test_clicks_have_their_tempo_and_rate(period):
    bpm = 60 * FRAME_RATE / period
    row = analysed(signals.clicks(bpm, SR, duration=30.0))
    rates = [row[f"tempo_candidate_{k}"] for k in (1, 2, 3)]
    assert any(rate == pytest.approx(bpm) for rate in rates)
    assert row["onset_rate"] == pytest.approx(bpm / 60, rel=0.05)
    assert row["pulse_clarity"] > 0.95


def test_a_steady_pulse_is_clearer_than_a_random_one():
    steady = signals.clicks(120, SR, duration=20.0)
    rng = np.random.default_rng(0)
    random = np.zeros_like(steady)
    click = signals.clicks(60, SR, duration=0.05)
    for start in rng.integers(0, len(random) - len(click), 40):
        random[start : start + len(click)] += click
    clear, unclear, noise = (
        analysed(y)["pulse_clarity"] for y in (steady, random, signals.noise(SR, duration=20.0))
    )
    assert clear > 0.9
    assert unclear < 0.5
    assert noise < 0.3


def test_clicks_between_beats_show_in_the_ratio_of_eighths():
    """The clicks between the beats are quieter: eighths are weaker than quarters."""
    beat = signals.clicks(60 * FRAME_RATE / 24, SR, duration=20.0)
    between = np.zeros_like(beat)
    between[12 * HOP :] = 0.1 * beat[: -12 * HOP]
    row = analysed(beat + between)
    assert row["tempo"] == pytest.approx(60 * FRAME_RATE / 24)
    assert row["tempogram_ratio_quarter"] > row["tempogram_ratio_eighth"] > 0.3
    assert row["tempogram_ratio_eighth"] > 10 * row["tempogram_ratio_eighthtriplet"]
    assert row["tempogram_ratio_quarter"] == row["tempo_candidate_strength_1"]


def test_rhythm_of_clips_is_the_same_alone_and_together_to_the_bit():
    rng = np.random.default_rng(4)
    clips = [CLIPS[name] for name in ("clicks", "noise", "one and a half seconds")]
    clips += [CLIPS["clicks"][:n] for n in (1, 600, 5000, *rng.integers(2, 60000, 30))]
    clips += [np.zeros(9000, np.float32), *(clip[::-1] for clip in clips[3:9])]
    rng.shuffle(clips)
    together = featkit.analyse(clips, SR, RHYTHM)
    alone = np.concatenate([featkit.analyse([clip], SR, RHYTHM) for clip in clips])
    np.testing.assert_array_equal(together, alone)
    assert np.isfinite(together).mean() > 0.6


def test_silence_has_no_rhythm():
    row = analysed(np.zeros(2 * SR, np.float32))
    assert row.pop("onset_rate") == 0
    assert np.isnan(list(row.values())).all()


@given(
    strength=arrays(
        np.float32, st.integers(1, 80), elements=st.sampled_from([0, 0, 0.5, 1, 1.25, 3, 7])
    )
)
def test_onsets_equal_librosas(strength):
    expected = librosa_onsets(onset_envelope=strength, sr=SR, hop_length=HOP)
    np.testing.assert_array_equal(
        onset_frames(strength, Segments([len(strength)]), SR, HOP), expected
    )


@pytest.mark.parametrize(("sr", "hop_length"), [(8000, 80), (44100, 512), (22050, 4096)])
def test_onsets_at_other_frame_rates_equal_librosas(sr, hop_length):
    strength = np.random.default_rng(0).exponential(size=400).astype(np.float32)
    expected = librosa_onsets(onset_envelope=strength, sr=sr, hop_length=hop_length)
    np.testing.assert_array_equal(
        onset_frames(strength, Segments([len(strength)]), sr, hop_length), expected
    )


def test_without_repetition_the_prior_determines_the_tempo():
    single = np.zeros(10 * SR, np.float32)
    single[3 * SR : 3 * SR + 2000] = signals.noise(SR)[:2000]
    features = featkit.feature_set({"features": [{"family": "beat_tempo"}, {"family": "tempo"}]})
    nearest = 60 * FRAME_RATE / 22  # the available rate nearest to 120 BPM on a logarithmic scale
    np.testing.assert_allclose(featkit.analyse([single], SR, features)[0], nearest)


def test_no_tempo_is_above_the_maximum():
    slow = featkit.feature_set({"features": [{"family": "tempo", "max_tempo": 1.0}]})
    assert np.isnan(featkit.analyse([signals.clicks(100, SR)], SR, slow)).all()
