"""Envelopes agree with the Hilbert envelope and with one computed window by window."""

import numpy as np
import pytest
import scipy.signal

import featkit
from featkit import signals

SR = 22050
ENVELOPE = featkit.feature_set({"features": [{"family": "envelope"}]})


def values_of(y):
    """Log attack time, temporal centroid, effective duration, log decay time."""
    return featkit.analyse([np.asarray(y, dtype=np.float32)], SR, ENVELOPE)[0]


def described(e, sr):
    """The same descriptors of an envelope with one value per sample."""
    e = e / e.max()
    rise_end, last = np.argmax(e >= 0.9), np.flatnonzero(e >= 0.9)[-1]
    attack = (rise_end - np.argmax(e >= 0.2)) / sr
    decay = np.argmax(np.append(e[last:], 0) < 0.2) / sr
    centroid = np.sum(np.arange(len(e)) * e) / np.sum(e) / sr
    return np.array([np.log10(attack), centroid, np.mean(e >= 0.4) * len(e) / sr, np.log10(decay)])


def note(attack, decay, duration=2.0, frequency=1000.0):
    """A tone with a smooth attack and an exponential decay, in seconds."""
    t = signals.time(SR, duration)
    rise = np.sin(np.pi / 2 * np.minimum(t / attack, 1)) ** 2
    return signals.sine(frequency, SR, duration) * rise * np.exp(-np.maximum(t - attack, 0) / decay)


@pytest.mark.parametrize(
    ("attack", "decay"), [(0.05, 0.3), (0.2, 0.2), (0.5, 0.1), (0.1, 0.05), (1.0, 0.3)]
)
def test_notes_agree_with_the_hilbert_envelope(attack, decay):
    y = note(attack, decay)
    theirs = described(np.abs(scipy.signal.hilbert(y)), SR)
    np.testing.assert_allclose(values_of(y), theirs, atol=0.03)


def test_real_sounds_agree_with_an_envelope_computed_window_by_window(real_data):
    step = 0.002 * SR
    for file in sorted((real_data / "esc10").glob("*/*.ogg"))[::20]:
        y, _ = featkit.load(file, sr=SR)
        edges = [round(k * step) for k in range(-5, int(len(y) / step) + 6)]
        windows = [y[max(0, a) : max(0, b)] for a, b in zip(edges, edges[5:], strict=False)]
        e = np.sqrt([np.sum(window.astype(np.float64) ** 2) for window in windows])
        theirs = described(e, 500)
        ours = values_of(y)
        assert 10 ** ours[0] == pytest.approx(10 ** theirs[0], abs=0.004), file.name
        assert ours[1] == pytest.approx(theirs[1] - 0.005, abs=1e-3), file.name
        assert ours[2] == pytest.approx(theirs[2], abs=1e-6), file.name
        assert 10 ** ours[3] == pytest.approx(10 ** theirs[3], abs=0.004), file.name


def test_reversing_a_sound_exchanges_attack_and_decay():
    y = note(0.3, 0.1)
    forwards, backwards = values_of(y), values_of(y[::-1])
    assert backwards[0] == pytest.approx(forwards[3], abs=0.01)
    assert backwards[3] == pytest.approx(forwards[0], abs=0.01)
    assert backwards[1] == pytest.approx(2.0 - forwards[1], abs=1e-3)
    assert backwards[2] == pytest.approx(forwards[2], abs=0.003)


def test_silence_around_a_sound_only_shifts_its_centroid():
    y = note(0.1, 0.2)
    later = values_of(np.concatenate([np.zeros(SR // 2), y, np.zeros(SR)]))
    np.testing.assert_allclose(later - values_of(y), [0, 0.5, 0, 0], atol=3e-3)


def test_a_duration_exceeds_the_sound_by_four_fifths_of_a_window():
    assert values_of(signals.constant(SR))[2] == pytest.approx(1.008, abs=1e-6)
    assert values_of(signals.impulse(SR))[2] == pytest.approx(0.010, abs=1e-6)


def test_a_sudden_onset_has_the_shortest_attack():
    attack, _, duration, decay = values_of(signals.square(1000.0, SR, duration=0.5))
    assert 10**attack == pytest.approx(0.0075, abs=0.0005)
    assert 10**decay == pytest.approx(0.0075, abs=0.0005)
    assert duration == pytest.approx(0.5, abs=0.01)
