"""Rows as tensors: the same from memory and from files."""

import numpy as np
import pytest
from tiny_sequences import tiny_sequences

torch = pytest.importorskip("torch")

from featkit.models.networks.scaling import fit_scale, standardised  # noqa: E402
from featkit.models.networks.training.rows import Rows  # noqa: E402
from featkit.table.sequences.sequences import SequenceArray  # noqa: E402


def test_batches_from_files_and_from_memory_are_equal(tmp_path):
    X, _ = tiny_sequences(12)
    array = X.kinds["mel"]
    np.save(tmp_path / "mel.npy", array.read().astype(np.float16))
    stored = SequenceArray.of(tmp_path / "mel.npy", array.lengths)
    scales = {"mel": fit_scale(stored)}
    size = 12 * 8 * 10 * 4
    read, held = (Rows({"mel": stored}, scales, max_bytes=limit) for limit in (size - 1, size))
    (tmp_path / "mel.npy").unlink()
    which = np.array([7, 2, 11])
    inputs, lengths = held.batch(which)
    with pytest.raises(FileNotFoundError):
        read.batch(which)
    np.save(tmp_path / "mel.npy", array.read().astype(np.float16))
    again, _ = read.batch(which)
    expected = standardised(stored.rows(which), scales["mel"])
    assert torch.equal(inputs["mel"], again["mel"])
    assert torch.equal(inputs["mel"], torch.from_numpy(expected))
    assert lengths["mel"].tolist() == array.lengths[which].tolist()


@pytest.mark.parametrize("max_bytes", [0, 2**20])
def test_a_batch_is_a_copy(max_bytes):
    X, _ = tiny_sequences(4)
    rows = Rows(dict(X.kinds), {"mel": fit_scale(X.kinds["mel"])}, max_bytes=max_bytes)
    first = rows.batch(np.array([1, 2]))[0]["mel"]
    before = first.clone()
    first += 1
    assert torch.equal(rows.batch(np.array([1, 2]))[0]["mel"], before)
