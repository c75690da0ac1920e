"""Values equal those of librosa and PyWavelets, for synthetic and for real sound."""

import librosa
import numpy as np
import pytest
import reference_values

import featkit
from featkit import signals
from featkit.dsp import synthesis

SR = 22050
GENRE75 = featkit.feature_set("genre75")
OTHERS = ("spectral_flatness", "spectral_contrast", "onset_strength")
OTHER_FAMILIES = featkit.feature_set(
    {"features": [{"family": name, "statistics": ["mean", "std"]} for name in OTHERS]}
)
GTZAN57 = featkit.feature_set("gtzan57")
FMA518 = featkit.feature_set("fma518")
WAVELETS = featkit.feature_set({"features": [{"family": "wavelets"}]})


def style_clips():
    rng = np.random.default_rng(7)
    return {name: synthesis.clip(style, rng) for name, style in synthesis.STYLES.items()}


GENERATED = {
    **style_clips(),
    "sine": signals.sine(440.0, SR, duration=2.0),
    "low sine": signals.sine(55.0, SR, duration=2.0),
    "noise": signals.noise(SR, duration=2.0),
    "clicks": signals.clicks(100, SR, duration=12.0),
    "square": signals.square(220.0, SR, duration=2.0),
    "fades into silence": np.concatenate(
        [signals.noise(SR, duration=1.0), signals.constant(SR, duration=1.0, value=0.0)]
    ),
    "half a second": synthesis.clip(synthesis.STYLES["rock"], np.random.default_rng(1))[: SR // 2],
    "shorter than a frame": signals.noise(SR, duration=0.05),
}


@pytest.fixture(scope="module")
def scale():
    """Largest magnitude of each column over the synthetic clips."""
    return np.nanmax([np.abs(reference_values.genre75(y)) for y in GENERATED.values()], axis=0)


@pytest.mark.parametrize("name", GENERATED)
def test_genre75_equals_librosa(name, scale):
    y = GENERATED[name]
    ours = featkit.analyse([y], SR, GENRE75)[0]
    theirs = reference_values.genre75(y)
    assert ours[-1] == theirs[-1] or (np.isnan(ours[-1]) and not has_onsets(y))
    reference_values.assert_same(ours[:-1], theirs[:-1], GENRE75.column_names, scale[:-1])


def has_onsets(y):
    """Without onsets, librosa returns the tempo of the prior, and featkit NaN."""
    return reference_values.frames(y)["onset_strength"].any()


def assert_same_gtzan57(ours, theirs, scale):
    """Means of the two waveforms are near 0, and their variances within 1e-3."""
    names = np.array(GTZAN57.column_names)
    waveform_means = np.isin(names, ["harmony_mean", "perceptr_mean"])
    waveform_variances = np.isin(names, ["harmony_var", "perceptr_var"])
    np.testing.assert_allclose(ours[waveform_means], theirs[waveform_means], atol=1e-6)
    np.testing.assert_allclose(ours[waveform_variances], theirs[waveform_variances], rtol=1e-3)
    assert ours[names == "tempo"] == theirs[names == "tempo"]
    others = ~(waveform_means | waveform_variances | (names == "tempo"))
    reference_values.assert_same(ours[others], theirs[others], names[others], scale[others])


@pytest.mark.parametrize("name", [*synthesis.STYLES, "noise", "clicks", "fades into silence"])
def test_gtzan57_equals_librosa(name):
    y = GENERATED[name]
    ours, theirs = featkit.analyse([y], SR, GTZAN57)[0], reference_values.gtzan57(y)
    assert_same_gtzan57(ours, theirs, np.maximum(1e-2, np.abs(theirs)))


@pytest.mark.parametrize("sr", [22050, 44100])
def test_fma518_equals_librosa(sr):
    y = GENERATED["swing"]
    assert_same_fma518(y, sr)


def assert_same_fma518(y, sr):
    """Within 1e-3 of librosa's values, or within 1e-5 near 0."""
    ours, theirs = featkit.analyse([y], sr, FMA518)[0], reference_values.fma518(y, sr)
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", GENERATED)
def test_other_families_equal_librosa(name):
    y = GENERATED[name]
    over_time = reference_values.frames(y)
    theirs = np.concatenate(
        [[*over_time[k].mean(axis=1), *over_time[k].std(axis=1)] for k in OTHERS]
    )
    ours = featkit.analyse([y], SR, OTHER_FAMILIES)[0]
    reference_values.assert_same(ours, theirs, OTHER_FAMILIES.column_names, np.ones_like(theirs))


@pytest.mark.parametrize("name", [name for name in GENERATED if name != "fades into silence"])
def test_wavelets_equal_pywavelets(name):
    y = GENERATED[name]
    theirs = reference_values.wavelets(y)
    ours = featkit.analyse([y], SR, WAVELETS)[0]
    reference_values.assert_same(
        ours, theirs, WAVELETS.column_names, np.maximum(1e-2, np.abs(theirs))
    )


@pytest.mark.parametrize("sr", [8000, 16000, 44100, 48000])
def test_genre75_equals_librosa_at_other_rates(sr):
    y = synthesis.clip(synthesis.STYLES["swing"], np.random.default_rng(3))
    ours = featkit.analyse([y], sr, GENRE75)[0]
    theirs = reference_values.genre75(y, sr)
    reference_values.assert_same(
        ours, theirs, GENRE75.column_names, np.maximum(1e-2, np.abs(theirs))
    )


def test_reflected_padding_equals_librosas():
    y = synthesis.clip(synthesis.STYLES["house"], np.random.default_rng(4))
    names = ("mfcc", "chroma", "spectral_centroid", "rms")
    reflected = featkit.feature_set(
        {
            "spectra": {"pad_mode": "reflect"},
            "features": [{"family": name, "statistics": ["mean"]} for name in names],
        }
    )
    over_time = reference_values.frames(y, pad_mode="reflect")
    theirs = np.concatenate([over_time[name].mean(axis=1) for name in names])
    ours = featkit.analyse([y], SR, reflected)[0]
    reference_values.assert_same(
        ours, theirs, reflected.column_names, np.maximum(1e-2, np.abs(theirs))
    )


def test_other_parameters_equal_librosas():
    y = synthesis.clip(synthesis.STYLES["swing"], np.random.default_rng(5))
    chosen = featkit.feature_set(
        {
            "spectra": {"n_fft": 1024, "hop_length": 441, "n_mels": 64, "fmin": 50, "fmax": 8000},
            "features": [
                {"family": "mfcc", "n_mfcc": 40, "statistics": ["mean"]},
                {"family": "chroma", "n_chroma": 24, "statistics": ["mean"]},
                {"family": "spectral_rolloff", "roll_percent": 0.5, "statistics": ["mean"]},
                {"family": "zero_crossing_rate", "statistics": ["mean"]},
                {"family": "rms", "statistics": ["mean"]},
                {"family": "tempo", "start_bpm": 170.0, "ac_size": 4.0},
            ],
        }
    )
    cut = {"n_fft": 1024, "hop_length": 441}
    level = {"frame_length": 1024, "hop_length": 441}
    mel = {"n_mels": 64, "fmin": 50, "fmax": 8000, **cut}
    bands = librosa.power_to_db(librosa.feature.melspectrogram(y=y, sr=SR, **mel))
    theirs = np.concatenate(
        [
            librosa.feature.mfcc(S=bands, n_mfcc=40).mean(axis=1),
            librosa.feature.chroma_stft(y=y, sr=SR, n_chroma=24, **cut).mean(axis=1),
            librosa.feature.spectral_rolloff(y=y, sr=SR, roll_percent=0.5, **cut).mean(axis=1),
            librosa.feature.zero_crossing_rate(y, **level).mean(axis=1),
            librosa.feature.rms(y=y, **level).mean(axis=1),
            librosa.feature.tempo(
                onset_envelope=librosa.onset.onset_strength(
                    S=bands, sr=SR, n_fft=1024, hop_length=441
                ),
                sr=SR,
                hop_length=441,
                start_bpm=170.0,
                ac_size=4.0,
            ),
        ]
    )
    ours = featkit.analyse([y], SR, chosen)[0]
    reference_values.assert_same(
        ours, theirs, chosen.column_names, np.maximum(1e-2, np.abs(theirs))
    )


def test_genre75_of_real_recordings_equals_librosa(real_data):
    """For a sample of the recordings; `benchmarks/same_numbers.py` uses all."""
    files = sorted((real_data / "esc10").glob("*/*.ogg"))[::20]
    files += sorted((real_data / "music").glob("*.ogg"))
    clips = [featkit.load(file, sr=SR)[0] for file in files]
    theirs = np.array([reference_values.genre75(y) for y in clips])
    ours = featkit.analyse(clips, SR, GENRE75)
    scale = np.abs(theirs).max(axis=0)
    for row, expected in zip(ours, theirs, strict=True):
        assert row[-1] == expected[-1]
        reference_values.assert_same(row, expected, GENRE75.column_names, scale)


def test_gtzan57_of_real_recordings_equals_librosa(real_data):
    """For a few recordings; `benchmarks/gtzan57.py` uses all."""
    files = sorted((real_data / "esc10").glob("*/*.ogg"))[::57]
    files += sorted((real_data / "music").glob("*.ogg"))[:2]
    clips = [featkit.load(file, sr=SR)[0] for file in files]
    theirs = np.array([reference_values.gtzan57(y) for y in clips])
    scale = np.abs(theirs).max(axis=0)
    for row, expected in zip(featkit.analyse(clips, SR, GTZAN57), theirs, strict=True):
        assert_same_gtzan57(row, expected, scale)


def test_fma518_of_real_recordings_equals_librosa(real_data):
    """For two recordings at their own rate; `benchmarks/fma518.py` uses all."""
    for file in [
        *sorted((real_data / "esc10").glob("*/*.ogg"))[:1],
        real_data / "music" / "sir_duke_fast.ogg",
    ]:
        assert_same_fma518(*featkit.load(file, sr=None))
