"""Pitch and harmonics: YIN by its formula and as in librosa, and synthetic tones."""

import librosa
import numpy as np
import pytest

import featkit
from featkit import signals
from featkit.dsp import synthesis
from featkit.dsp.harmonics import harmonic_shares, harmonics
from featkit.dsp.pitch import Pitch, PitchParameters, yin
from featkit.errors import ParameterError
from featkit.features.spectra.parameters import SpectraParameters
from featkit.features.spectra.stack import Stack

SR = 22050
DEFAULT = PitchParameters()
LIBROSA = tuple(int(part) for part in librosa.__version__.split(".")[:2])

SOUNDS = {
    "song": synthesis.clip(synthesis.STYLES["swing"], np.random.default_rng(2))[: 8 * SR],
    "glide": np.sin(2 * np.pi * np.cumsum(np.geomspace(70, 1900, 2 * SR)) / SR).astype(np.float32),
    "square": signals.square(147.0, SR),
    "noise": signals.noise(SR),
    "clicks": signals.clicks(90, SR, 3.0),
    "a few samples": signals.noise(SR, 0.02),
}


def pitch_of(y, sr=SR, p=DEFAULT, **spectra):
    """The pitch of all frames."""
    blocks = Stack([y], sr, SpectraParameters(**spectra)).blocks()
    pitches = [yin(block.signal, sr, p) for block in blocks]
    return Pitch(*(np.concatenate(parts) for parts in zip(*pitches, strict=True)))


def by_formula(y, sr=SR, p=DEFAULT, n_fft=2048, hop_length=512):
    """Each frame, and its normalised difference function, computed sum by sum in float64."""
    padded = np.pad(y.astype(np.float64), n_fft // 2)
    shortest, longest = int(sr // p.fmax), int(np.ceil(sr / p.fmin))
    for start in range(0, len(y) + 1, hop_length):
        x = padded[start : start + n_fft]
        zeros = np.append(x, np.zeros(longest + 1))
        d = np.array([np.sum((x - zeros[k : k + n_fft]) ** 2) for k in range(1, longest + 1)])
        d[0] += x[0] ** 2
        with np.errstate(invalid="ignore"):
            normalised = (d * np.arange(1, longest + 1) / np.cumsum(d))[shortest - 1 :]
        yield x, shortest, normalised


def first_trough(normalised):
    inner = normalised[1:-1]
    trough = (inner < normalised[:-2]) & (inner <= normalised[2:]) & (inner < 0.1)
    return 1 + np.argmax(trough) if trough.any() else np.argmin(normalised)


def least_share(x, lag):
    """The smallest share of a frame that does not repeat, less than a sample from a lag.

    The autocorrelation is that of the spectrum of the frame, at 32 positions per sample.
    """
    n, places = len(x), 32
    power = np.abs(np.fft.rfft(x, 4 * n)) ** 2
    power[-1] /= 2  # the bin at half the rate occurs once in the full spectrum
    at = np.arange(lag * places - places, lag * places + places + 1)
    correlation = np.fft.irfft(places * power, places * 4 * n)[at]
    energy = np.append(0, np.cumsum(x**2))
    head, tail = (np.interp(t, np.arange(n + 1), energy) for t in (n - at / places, at / places))
    return np.clip(np.min(0.5 - correlation / (head + energy[-1] - tail)), 0, 1)


@pytest.mark.parametrize("name", SOUNDS)
def test_yin_follows_its_formula(name):
    y = SOUNDS[name]
    pitch = pitch_of(y)
    near = 0
    for k, (x, shortest, normalised) in enumerate(by_formula(y)):
        if np.isnan(pitch.aperiodicity[k]):
            assert np.sum(x**2) < 1e-12
            continue
        lag = shortest + first_trough(normalised)
        if max(abs(SR / pitch.f0[k] - lag), abs(pitch.period[k] - lag)) > 1:
            continue
        near += 1
        assert pitch.aperiodicity[k] == pytest.approx(least_share(x, lag), abs=0.005)
    assert near >= 0.99 * np.sum(np.isfinite(pitch.aperiodicity))


def assert_as_librosa(y, sr, p=DEFAULT, n_fft=2048, hop_length=512, pad_mode="constant"):
    pitch = pitch_of(y, sr, p, n_fft=n_fft, hop_length=hop_length, pad_mode=pad_mode)
    f0, sounding = pitch.f0, np.isfinite(pitch.aperiodicity)
    theirs = librosa.yin(
        y.astype(np.float64),
        fmin=p.fmin,
        fmax=p.fmax,
        sr=sr,
        trough_threshold=p.trough_threshold,
        frame_length=n_fft,
        hop_length=hop_length,
        pad_mode=pad_mode,
    )
    apart = np.abs(f0 - theirs)[sounding] > 1e-3 * theirs[sounding]
    # Rounding may decide between two lags that are almost equal, in librosa as well.
    assert apart.sum() <= max(1, 0.002 * sounding.sum())
    np.testing.assert_allclose(np.median(f0[sounding] / theirs[sounding]), 1, rtol=1e-6)


modern = pytest.mark.skipif(
    LIBROSA < (0, 11), reason="librosa 0.10 has another difference function"
)


@modern
@pytest.mark.parametrize("name", SOUNDS)
def test_yin_is_that_of_librosa(name):
    assert_as_librosa(SOUNDS[name], SR)


@modern
@pytest.mark.parametrize(
    ("sr", "settings"),
    [
        (44100, {"n_fft": 4096, "hop_length": 1024}),
        (16000, {"n_fft": 1024, "hop_length": 441}),
        (22050, {"hop_length": 256}),
        (22050, {"pad_mode": "reflect"}),
        (22050, {"p": PitchParameters(fmin=110, fmax=600, trough_threshold=0.2)}),
    ],
)
def test_yin_is_that_of_librosa_under_other_settings(sr, settings):
    assert_as_librosa(SOUNDS["song"], sr, **settings)


@modern
def test_yin_is_that_of_librosa_on_real_recordings(real_data):
    files = sorted((real_data / "esc10").glob("*/*.ogg"))[::40]
    for file in [*files, real_data / "music" / "sir_duke_fast.ogg"]:
        assert_as_librosa(featkit.load(file, sr=SR)[0], SR)


@pytest.mark.parametrize("frequency", [20.0, 50.0, 60.0])
def test_a_hum_below_the_lowest_pitch_is_not_voiced(frequency):
    assert not pitch_of(signals.sine(frequency, SR)).voiced[3:-3].any()


def test_silence_beside_a_tone_is_not_voiced():
    y = np.concatenate([signals.constant(SR, value=0.0), signals.sine(200.0, SR)])
    pitch = pitch_of(y)
    silent = np.arange(len(pitch.f0)) * 512 + 1024 < SR
    assert np.isnan(pitch.aperiodicity[silent]).all()
    assert not pitch.voiced[silent].any()
    assert pitch.voiced[len(silent) // 2 + 3 : -3].all()


@pytest.mark.parametrize(
    ("sr", "p", "complaint"),
    [
        (SR, PitchParameters(fmin=5.0), "raise fmin to 10.78"),
        (150, DEFAULT, "too high to measure pitches at a sample rate of 150 Hz"),
    ],
)
def test_a_pitch_too_low_for_the_frame_or_the_rate_is_refused(sr, p, complaint):
    with pytest.raises(ParameterError, match=complaint):
        pitch_of(signals.noise(SR), sr, p)


def test_the_lowest_pitch_is_below_the_highest():
    with pytest.raises(ParameterError, match="fmax must be above fmin"):
        PitchParameters(fmin=500.0, fmax=400.0)


def tone(f0, amplitudes, stretch=0.0, seconds=1.0):
    """Harmonics of given amplitudes, in random phases, each `stretch` f0 too high but the first."""
    rng = np.random.default_rng(5)
    t = signals.time(SR, seconds)
    y = np.zeros(len(t))
    for h, a in enumerate(amplitudes, start=1):
        frequency = h * f0 + (stretch * f0 if h > 1 else 0)
        y += a * np.cos(2 * np.pi * (frequency * t + rng.random()))
    return (0.3 * y / np.abs(y).max()).astype(np.float32)


def harmonicity_of(y, **parameters):
    entry = {"family": "harmonicity", "statistics": ["median"], **parameters}
    features = featkit.feature_set({"features": [entry]})
    names = [name.removesuffix("_median") for name in features.column_names]
    return dict(zip(names, featkit.analyse([y], SR, features)[0], strict=True))


@pytest.mark.parametrize("f0", [98.7, 220.0, 437.3, 1046.5])
def test_harmonics_are_found_with_their_amplitudes(f0):
    amplitudes = np.array([1.0, 0.7, 0.9, 0.2, 0.5, 0.3])
    values = harmonicity_of(tone(f0, amplitudes))
    shares = amplitudes / amplitudes.sum()
    expected = [shares[0], shares[1:4].sum(), shares[4:].sum()]
    np.testing.assert_allclose([values[f"tristimulus_{k}"] for k in (1, 2, 3)], expected, atol=0.01)
    power = amplitudes**2
    ratio = 10 * np.log10(power[::2].sum() / power[1::2].sum())
    assert values["odd_to_even_ratio"] == pytest.approx(ratio, abs=0.15)
    assert values["inharmonicity"] == pytest.approx(0, abs=0.005)


def test_inharmonicity_is_the_mean_distance_from_exact_multiples():
    amplitudes = np.array([1.0, 0.5, 0.5])
    y = tone(400.0, amplitudes, stretch=0.05)
    block = next(iter(Stack([y], SR, SpectraParameters()).blocks()))
    spacing = np.array([400.0 * 2048 / SR])
    found = harmonics(block.power, np.array([20]), spacing, 3)
    np.testing.assert_allclose(found.deviation[:, 0], [0, 0.05, 0.05], atol=0.003)
    [deviation] = harmonic_shares(block.power, np.array([20]), spacing, 5).deviation
    power = amplitudes**2
    assert deviation == pytest.approx(0.05 * power[1:].sum() / power.sum(), rel=0.05)


FRACTIONAL = [101.3, 211.0, 329.6, 659.3, 987.8, 1318.5, 1935.9]
"""Pitches whose periods are not whole numbers of samples."""


def rich(f0, falling, seconds=1.0):
    """Harmonics up to 200 Hz below half the rate, number h with an amplitude of h^-falling."""
    return tone(f0, np.arange(1.0, 1 + (SR / 2 - 200) // f0) ** -falling, seconds=seconds)


@pytest.mark.parametrize("falling", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("f0", [150.0, 441.0, *FRACTIONAL])
def test_noise_is_as_far_below_the_harmonics_as_it_was_made(f0, falling):
    y = rich(f0, falling, seconds=2.0).astype(np.float64)
    noise = signals.noise(SR, 2.0, amplitude=1.0)
    noise = noise * np.sqrt(np.mean(y**2) / np.mean(noise**2))
    for ratio, tolerance in ((10, 0.5), (20, 0.5), (30, 0.7 if falling else 2.5)):
        noisy = (y + noise * 10 ** (-ratio / 20)).astype(np.float32)
        measured = harmonicity_of(noisy)["harmonic_to_noise_ratio"]
        assert measured == pytest.approx(ratio, abs=tolerance)


@pytest.mark.parametrize("falling", [0.0, 1.0, 2.0])
@pytest.mark.parametrize("f0", FRACTIONAL)
def test_tones_without_noise_are_periodic_and_harmonic(f0, falling):
    y = rich(f0, falling)
    values = harmonicity_of(y)
    assert values["harmonic_to_noise_ratio"] > (35 if falling else 30)
    assert values["inharmonicity"] < 0.005
    pitch = pitch_of(y)
    assert pitch.voiced[3:-3].all()
    periods = pitch.period[3:-3] * f0 / SR  # an equally rich tone repeats after several, too
    np.testing.assert_allclose(periods / np.rint(periods), 1, atol=0.002 if falling else 1e-4)


def test_harmonics_that_a_frame_cannot_resolve_are_undefined():
    y = tone(70.0, [1.0, 0.5, 0.25])
    entry = {"family": "harmonicity", "statistics": ["mean"]}
    features = featkit.feature_set(
        {"spectra": {"n_fft": 512, "hop_length": 128}, "features": [entry]}
    )
    row = featkit.analyse([y], SR, features)[0]
    assert row[0] > 10
    assert np.isnan(row[1:]).all()


@pytest.mark.parametrize("settings", [{}, {"n_fft": 1024, "hop_length": 441}])
def test_short_clips_are_the_same_alone_and_together_to_the_bit(settings):
    y, rng = SOUNDS["song"], np.random.default_rng(0)
    starts = rng.integers(0, len(y) - 9000, 40)
    clips = [y[start : start + rng.integers(1, 9000)] for start in starts]
    entries = [{"family": name, "statistics": ["mean"]} for name in ("pitch", "harmonicity")]
    features = featkit.feature_set({"spectra": settings, "features": entries})
    together = featkit.analyse(clips, SR, features)
    alone = np.concatenate([featkit.analyse([clip], SR, features) for clip in clips])
    np.testing.assert_array_equal(together, alone)
    assert np.isfinite(together).sum() > 40
