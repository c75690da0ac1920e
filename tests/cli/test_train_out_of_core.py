"""``featkit train --max-memory``: what is shown of a table that does not fit in memory."""

from command_line import run
from too_large import sorted_tones

import featkit


def test_the_use_of_memory_is_shown_and_stored(tmp_path):
    table, model = tmp_path / "t.parquet", tmp_path / "m.fk"
    sorted_tones().to_parquet(table)
    options = ["--ratio", "70/30", "--max-memory", "1MB", "-o", model]
    blocks = run("train", table, "--model", "sgd", *options)
    assert "trained on all 1,050 rows, in blocks from disk" in blocks.stderr
    assert featkit.load_model(model).trained.memory.max_memory == 10**6
    sample = run("train", table, "--model", "logistic", *options)
    assert "trained and scored on a sample, " in sample.stderr
    assert "of 1,050 rows (" in sample.stderr
    failed = run("train", table, "--max-memory", "much", status=2)
    assert "max_memory must be a number of bytes" in failed.stderr
