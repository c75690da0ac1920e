"""Tiny sequences to train networks on, for tests."""

import numpy as np

from featkit.table.sequences.sequences import SequenceArray, Sequences

FLOOR = -80.0
"""Padding of bands, in dB."""

FAST = {
    "epochs": 3,
    "batch_size": 8,
    "learning_rate": 1e-3,
    "dropout": 0.0,
    "label_smoothing": 0.0,
    "mixup": 0.0,
    "time_shift": 0.0,
    "gain_db": 0.0,
    "frequency_mask": 0.0,
    "time_mask": 0.0,
    "validation": 0.0,
}
"""Parameters of a network that is trained within a tenth of a second, without augmentation."""


def tiny_sequences(n_rows=24, n_classes=3, *, shape=(8, 10), seed=0):
    """Return noise in dB whose level gives away the class, with padding, and the classes."""
    rng = np.random.default_rng(seed)
    numbers = np.arange(n_rows) % n_classes
    lengths = rng.integers(shape[1] // 2, shape[1] + 1, n_rows)
    mel = rng.normal(-40, 3, (n_rows, *shape)).astype(np.float32)
    mel[:, 1::2] += 8 * numbers[:, None, None]
    for row, length in zip(mel, lengths, strict=True):
        row[:, length:] = FLOOR
    y = np.array([f"class {number}" for number in numbers])
    return Sequences({"mel": SequenceArray.of(mel, lengths)}), y


def frames(X, kind="mel"):
    """Return the true frames of each row, ``(channels, true frames)``, and all values."""
    array = X.kinds[kind]
    values = array.read()
    return [row[:, :n] for row, n in zip(values, array.lengths, strict=True)], values
