"""PLP, RASTA-PLP, PNCC and linear prediction, equation by equation.

Frame by frame or band by band, in double precision; nothing is shared with the package.
"""

import math

import numpy as np
import scipy.fft
import scipy.linalg

SR = 16000


def frames(y, length, sr=SR):
    """Frames every 10 ms in a periodic Hamming window."""
    samples = round(length * sr)
    starts = np.rint(np.arange((len(y) - samples) // (0.01 * sr) + 1) * (0.01 * sr)).astype(int)
    starts = starts[starts + samples <= len(y)]
    return np.stack([y[k : k + samples].astype(np.float64) for k in starts])


def hamming(samples):
    return 0.54 - 0.46 * np.cos(2 * np.pi * np.arange(samples) / samples)


def emphasised(x, factor=0.97):
    before = np.hstack([x[:, :1], x[:, :-1]])
    return x - factor * before


def bark(hz):
    return 6 * np.log(hz / 600 + np.sqrt((hz / 600) ** 2 + 1))


def masking_curve(distance):
    """The masking curve of Hermansky 1990; the distance in Bark is that of the maskee."""
    if distance < -1.3 or distance > 2.5:
        return 0.0
    if distance < -0.5:
        return 10 ** (2.5 * (distance + 0.5))
    return 1.0 if distance < 0.5 else 10 ** (-(distance - 0.5))


def centres(sr):
    count = math.ceil(bark(sr / 2)) + 1
    return np.array([600 * np.sinh(k * bark(sr / 2) / (count - 1) / 6) for k in range(count)])


def critical_bands(power, n_fft, sr):
    """Sums of the power of bins, weighted by the curve: ``(bands, frames)``."""
    hz = np.arange(n_fft // 2 + 1) * sr / n_fft
    curves = [[masking_curve(bark(c) - bark(f)) for f in hz] for c in centres(sr)]
    return np.array(curves) @ power


def auditory_cepstrum(bands, sr, order=12, count=13):
    w2 = (2 * np.pi * centres(sr)[:, None]) ** 2
    loudness = (w2 + 56.8e6) * w2**2 / ((w2 + 6.3e6) ** 2 * (w2 + 0.38e9))
    x = (bands * loudness) ** (1 / 3)
    x[0], x[-1] = x[1], x[-2]
    columns = []
    for spectrum in x.T:
        if not spectrum.any():
            columns.append(np.full(count, np.nan))
            continue
        r = np.fft.irfft(spectrum)[: order + 1]
        a = np.append(1, scipy.linalg.solve_toeplitz(r[:-1], -r[1:]))
        model = (a @ r) / np.abs(np.fft.rfft(a, 8192)) ** 2
        columns.append(np.fft.irfft(np.log(model))[:count])
    return np.array(columns).T


def band_powers(y, sr=SR):
    x = frames(y, 0.025, sr)
    n_fft = 2 ** math.ceil(math.log2(x.shape[1]))
    power = np.abs(np.fft.rfft(x * hamming(x.shape[1]), n_fft, axis=1)).T ** 2
    return critical_bands(power, n_fft, sr)


def plp(y, sr=SR):
    return auditory_cepstrum(band_powers(y, sr), sr)


def rasta_plp(y, sr=SR, pole=0.98):
    bands = band_powers(y, sr)
    levels = np.log(np.maximum(bands, 1e-8 * bands.max()))
    levels = np.hstack([np.repeat(levels[:, :1], 4, axis=1), levels])
    filtered = np.zeros_like(levels)
    for k in range(4, levels.shape[1]):
        x = levels[:, k - 4 : k + 1]
        slope = 0.1 * (2 * x[:, 4] + x[:, 3] - x[:, 1] - 2 * x[:, 0])
        filtered[:, k] = pole * filtered[:, k - 1] + slope
    return auditory_cepstrum(np.exp(filtered[:, 4:]), sr)


# Power-normalised cepstra


def gammatone_weights(n_bands, n_fft, sr):
    """Squared responses of gammatone filters of the fourth order, divided by their areas.

    Responses below 0.5 % of the maximum are 0.
    """
    low, high = (21.4 * np.log10(1 + 0.00437 * f) for f in (200, min(8000, sr / 2)))
    rates = low + (high - low) / n_bands * np.arange(n_bands)
    c = ((10 ** (rates / 21.4) - 1) / 0.00437)[:, None]
    b = 1.019 * 24.7 * (0.00437 * c + 1)
    f = np.arange(n_fft // 2 + 1) * sr / n_fft
    response = np.abs((1 + 1j * (f - c) / b) ** -4 + (1 + 1j * (f + c) / b) ** -4) ** 2
    at_centre = np.abs(1 + (1 + 2j * c / b) ** -4) ** 2
    response[response < 0.005**2 * at_centre] = 0
    return response / response.sum(axis=1, keepdims=True)


def envelope(x, slow=0.999, fast=0.5):
    """Lower envelope of one band, by the asymmetric filter of the paper."""
    last, result = 0.9 * x[0], []
    for value in x:
        weight = slow if value >= last else fast
        last = weight * last + (1 - weight) * value
        result.append(last)
    return np.array(result)


def masked(x):
    """Temporal masking of one band."""
    peak, result = 0.0, []
    for value in x:
        result.append(value if value >= 0.85 * peak else 0.2 * peak)
        peak = max(0.85 * peak, value)
    return np.array(result)


def pncc(y, sr=SR, n_bands=40, count=13):
    x = emphasised(frames(y, 0.0256, sr))
    n_fft = 2 * 2 ** math.ceil(math.log2(x.shape[1]))
    power = np.abs(np.fft.rfft(x * hamming(x.shape[1]), n_fft, axis=1)) ** 2
    P = power @ gammatone_weights(n_bands, n_fft, sr).T
    Q = np.array([P[max(0, m - 2) : m + 3].mean(axis=0) for m in range(len(P))])
    lower = np.apply_along_axis(envelope, 0, Q)
    risen = np.maximum(Q - lower, 0)
    floor = np.apply_along_axis(envelope, 0, risen)
    speech = np.maximum(np.apply_along_axis(masked, 0, risen), floor)
    ratio = np.where(2 * lower <= Q, speech, floor) / Q
    gain = [ratio[:, max(0, k - 4) : k + 5].mean(axis=1) for k in range(n_bands)]
    T = P * np.array(gain).T
    weights = 0.999 ** np.arange(len(T))
    mean = [np.average(T[: m + 1].mean(axis=1), weights=weights[m::-1]) for m in range(len(T))]
    mean = np.array(mean)[:, None]
    V = np.divide(T, mean, out=np.zeros_like(T), where=mean > 0) ** (1 / 15)
    return scipy.fft.dct(V, axis=1, norm="ortho")[:, :count].T


# Linear prediction


def linear_prediction(y, sr=SR, order=12):
    """LPC with the gain, LPCC and LSF of each frame, from the normal equations and from roots."""
    x = emphasised(frames(y, 0.025, sr))
    columns = {"lpc": [], "lpcc": [], "lsf": []}
    for frame in x * hamming(x.shape[1]):
        if not frame.any():
            for name, count in (("lpc", order + 1), ("lpcc", order + 1), ("lsf", order)):
                columns[name].append(np.full(count, np.nan))
            continue
        r = np.correlate(frame, frame, mode="full")[len(frame) - 1 : len(frame) + order]
        r[0] *= 1 + 1e-9
        a = np.append(1, scipy.linalg.solve_toeplitz(r[:-1], -r[1:]))
        error = a @ r
        columns["lpc"].append([*a[1:], 10 * np.log10(r[0] / error)])
        model = error / np.abs(np.fft.rfft(a, 2**14)) ** 2
        columns["lpcc"].append(np.fft.irfft(np.log(model))[: order + 1])
        padded = np.append(a, 0)
        roots = [np.roots(padded + sign * padded[::-1]) for sign in (1, -1)]
        angles = np.sort(np.angle(np.concatenate(roots)))
        angles = angles[(angles > 1e-4) & (angles < np.pi - 1e-4)]
        columns["lsf"].append(angles * sr / (2 * np.pi))
    return {name: np.array(values).T for name, values in columns.items()}
