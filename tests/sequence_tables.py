"""Tables with small sequences that several tests share."""

import numpy as np

from featkit.table.feature_table import FeatureTable
from featkit.table.sequences.sequences import SequenceArray, Sequences

KINDS = {"mel": (4, 7, "float32"), "mfcc3": (3, 5, "float16")}
"""Channels, frames and type by kind."""


def sequence_table(n_rows=5, *, kinds=KINDS, seed=0, provenance=None, **keys):
    """A table of recordings 0.wav, 1.wav and so on, of 1 s, with sequences in memory."""
    rng = np.random.default_rng(seed)
    arrays = {
        name: SequenceArray.of(
            rng.normal(size=(n_rows, channels, frames)).astype(dtype),
            rng.integers(1, frames + 1, n_rows),
        )
        for name, (channels, frames, dtype) in kinds.items()
    }
    provenance = provenance or {"sequence_set": {"name": "small"}, "fingerprint": "a"}
    columns = {
        "path": [f"{k}.wav" for k in range(n_rows)],
        "start": np.zeros(n_rows),
        "end": np.ones(n_rows),
        **keys,
    }
    return FeatureTable(
        columns,
        [],
        np.empty((n_rows, 0)),
        provenance,
        {"quality_silent": np.zeros(n_rows, dtype=bool)},
        sequences=Sequences(arrays, provenance),
    )


def feature_rows(**keys):
    """A feature table with these keys."""
    n_rows = len(next(iter(keys.values())))
    return FeatureTable(keys, ["x"], np.arange(n_rows, dtype=float)[:, None])


def same_sequences(a, b):
    """Check that two tables have the same sequences, to the bit."""
    assert a.sequences.shapes == b.sequences.shapes
    for name, kind in a.sequences.kinds.items():
        other = b.sequences.kinds[name]
        assert kind.dtype == other.dtype
        np.testing.assert_array_equal(kind.read(), other.read())
        np.testing.assert_array_equal(kind.lengths, other.lengths)
