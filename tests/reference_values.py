"""Reference values of columns, computed with librosa, PyWavelets, NumPy and SciPy."""

import warnings

import librosa
import numpy as np
import pywt
import scipy.stats

SR = 22050

GENRE75 = (
    "mfcc",
    "chroma",
    "spectral_centroid",
    "spectral_bandwidth",
    "spectral_rolloff",
    "zero_crossing_rate",
    "rms",
)


def frames(y, sr=SR, pad_mode="constant"):
    """Descriptors over time by librosa, in librosa's shapes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # short clips, and silence, which has no tuning
        S = np.abs(librosa.stft(y, pad_mode=pad_mode))
        bands = librosa.power_to_db(librosa.feature.melspectrogram(S=S**2, sr=sr))
        return {
            "mfcc": librosa.feature.mfcc(S=bands, sr=sr, n_mfcc=20),
            "chroma": librosa.feature.chroma_stft(S=S**2, sr=sr),
            "spectral_centroid": librosa.feature.spectral_centroid(S=S, sr=sr),
            "spectral_bandwidth": librosa.feature.spectral_bandwidth(S=S, sr=sr),
            "spectral_rolloff": librosa.feature.spectral_rolloff(S=S, sr=sr, roll_percent=0.85),
            "zero_crossing_rate": librosa.feature.zero_crossing_rate(y),
            "rms": librosa.feature.rms(y=y, pad_mode=pad_mode),
            "spectral_flatness": librosa.feature.spectral_flatness(S=S),
            "spectral_contrast": librosa.feature.spectral_contrast(
                S=S, sr=sr, n_bands=6 if sr >= 22050 else 4
            ),
            "onset_strength": librosa.onset.onset_strength(S=bands, sr=sr)[None],
        }


def tempo(y, sr=SR):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(librosa.feature.tempo(y=y, sr=sr)[0])


def genre75(y, sr=SR):
    """The columns of genre75 in order, computed as in notebooks with librosa."""
    over_time = frames(y, sr)
    columns = []
    for name in GENRE75:
        columns += [*over_time[name].mean(axis=1), *over_time[name].std(axis=1)]
    return np.array([*columns, tempo(y, sr)])


def hpss(y, *, n_fft=2048, hop_length=512, pad_mode="constant", **parameters):
    """Harmonic and percussive waveform: `librosa.effects.hpss` with a `pad_mode`."""
    frames = {"n_fft": n_fft, "hop_length": hop_length}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of clips shorter than a frame
        spectra = librosa.stft(y, pad_mode=pad_mode, **frames)
        parts = librosa.decompose.hpss(spectra, **parameters)
        return np.array([librosa.istft(part, length=len(y), **frames) for part in parts])


def gtzan57(y, sr=SR):
    """The columns of gtzan57 in order, as librosa before 0.9 computes them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        over_time = frames(y, sr, pad_mode="reflect")
        harmonic, percussive = hpss(y, pad_mode="reflect")
        onsets = librosa.onset.onset_strength(y=y, sr=sr, aggregate=np.median, pad_mode="reflect")
        tempo, _ = librosa.beat.beat_track(onset_envelope=onsets, sr=sr)
    over_all = [over_time[name] for name in GENRE75 if name not in ("mfcc", "rms")]
    chroma, centroid, bandwidth, rolloff, rate = over_all
    described = [chroma, over_time["rms"], centroid, bandwidth, rolloff, rate, harmonic, percussive]
    means_and_variances = [[np.mean(x), np.var(x)] for x in (*described, *over_time["mfcc"])]
    ordered = np.concatenate(means_and_variances)
    return np.concatenate([ordered[:16], np.ravel(tempo), ordered[16:]])


FMA_SIZES = {
    "chroma_stft": 12,
    "chroma_cqt": 12,
    "chroma_cens": 12,
    "tonnetz": 6,
    "mfcc": 20,
    "rmse": 1,
    "zcr": 1,
    "spectral_centroid": 1,
    "spectral_bandwidth": 1,
    "spectral_contrast": 7,
    "spectral_rolloff": 1,
}
"""Number of rows of each feature in FMA's table."""

FMA_STATISTICS = {
    "mean": np.mean,
    "std": np.std,
    "skew": scipy.stats.skew,
    "kurtosis": scipy.stats.kurtosis,
    "median": np.median,
    "min": np.min,
    "max": np.max,
}


def fma_keys():
    """The three header lines of FMA's table by column; the table sorts its columns."""
    return sorted(
        (feature, statistic, f"{k + 1:02d}")
        for feature, size in FMA_SIZES.items()
        for statistic in FMA_STATISTICS
        for k in range(size)
    )


def fma518(y, sr):
    """The columns of fma518 in order: FMA's script with today's librosa and the correct rate."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cqt = np.abs(
            librosa.cqt(y, sr=sr, hop_length=512, bins_per_octave=12, n_bins=84, tuning=None)
        )
        folding = {"C": cqt, "n_chroma": 12, "n_octaves": 7, "bins_per_octave": 12}
        cens = librosa.feature.chroma_cens(**folding)
        S = np.abs(librosa.stft(y, n_fft=2048, hop_length=512))
        bands = librosa.power_to_db(librosa.feature.melspectrogram(S=S**2, sr=sr))
        over_time = {
            "chroma_stft": librosa.feature.chroma_stft(S=S**2, sr=sr, n_chroma=12),
            "chroma_cqt": librosa.feature.chroma_cqt(**folding),
            "chroma_cens": cens,
            "tonnetz": librosa.feature.tonnetz(chroma=cens, sr=sr),
            "mfcc": librosa.feature.mfcc(S=bands, sr=sr, n_mfcc=20),
            "rmse": librosa.feature.rms(S=S),
            "zcr": librosa.feature.zero_crossing_rate(y),
            "spectral_centroid": librosa.feature.spectral_centroid(S=S, sr=sr),
            "spectral_bandwidth": librosa.feature.spectral_bandwidth(S=S, sr=sr),
            "spectral_contrast": librosa.feature.spectral_contrast(S=S, sr=sr, n_bands=6),
            "spectral_rolloff": librosa.feature.spectral_rolloff(S=S, sr=sr),
        }
        values = {
            (feature, statistic, f"{k + 1:02d}"): value
            for feature, rows in over_time.items()
            for statistic, over_frames in FMA_STATISTICS.items()
            for k, value in enumerate(over_frames(rows.astype(np.float64), axis=1))
        }
    return np.array([values[key] for key in fma_keys()])


def wavelets(y):
    """The columns of the family `wavelets` by PyWavelets, in double precision."""
    bands = pywt.wavedec(y.astype(np.float64), "db4", level=7)
    energy = np.array([np.sum(c**2) for c in bands])
    share = energy / energy.sum()
    return np.concatenate(
        [
            np.log10([np.mean(c**2) for c in bands]),
            share,
            [np.mean(np.abs(c)) for c in bands],
            [np.std(c) for c in bands],
            [-np.sum(share * np.log2(share))],
        ]
    )


def assert_same(ours, theirs, names, scale):
    """Within 1e-4 of the reference, or 1e-6 of the column's scale near 0."""
    wrong = np.abs(ours - theirs) > np.maximum(1e-4 * np.abs(theirs), 1e-6 * scale)
    wrong |= np.isnan(ours) != np.isnan(theirs)
    errors = [f"{names[k]}: {ours[k]:.8g}, not {theirs[k]:.8g}" for k in np.flatnonzero(wrong)]
    assert not errors, "\n".join(errors)
