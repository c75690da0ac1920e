"""The columns as librosa, PyWavelets and NumPy give them, each called as its documentation says."""

import warnings

import librosa
import numpy as np
import pywt

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
    """Descriptors over time by librosa's own functions, in librosa's shapes."""
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
    """The 75 columns in order, as the usual notebook computes them."""
    over_time = frames(y, sr)
    columns = []
    for name in GENRE75:
        columns += [*over_time[name].mean(axis=1), *over_time[name].std(axis=1)]
    return np.array([*columns, tempo(y, sr)])


def wavelets(y):
    """The family `wavelets` by PyWavelets, in double precision."""
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
    """Within 1e-4 of theirs, or 1e-6 of the column's scale where it is near 0."""
    wrong = np.abs(ours - theirs) > np.maximum(1e-4 * np.abs(theirs), 1e-6 * scale)
    wrong |= np.isnan(ours) != np.isnan(theirs)
    found = [f"{names[k]}: {ours[k]:.8g}, not {theirs[k]:.8g}" for k in np.flatnonzero(wrong)]
    assert not found, "\n".join(found)
