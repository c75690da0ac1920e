"""Whether a table fits in memory, before it is read."""

import numpy as np
import pandas as pd
import pytest

from featkit.errors import ModelError
from featkit.models.out_of_core import memory
from featkit.models.out_of_core.memory import COPIES, feature_bytes, memory_shortage
from featkit.models.out_of_core.usage import MemoryUse
from featkit.table.feature_table import FeatureTable

DATA = pd.DataFrame({"path": ["a.wav", "b.wav"] * 50_000, "x": 1.0, "y": 2.0})


def test_the_size_of_a_file_follows_from_rows_and_columns(tmp_path, monkeypatch):
    path = tmp_path / "t.parquet"
    DATA.to_parquet(path)
    monkeypatch.setattr(FeatureTable, "read", None)
    assert feature_bytes(path) == 100_000 * 2 * 8
    assert feature_bytes(DATA[["x", "y"]]) == 100_000 * 2 * 8
    assert feature_bytes(FeatureTable.of(DATA)) == 100_000 * 2 * 8


def test_a_text_file_counts_with_its_size(tmp_path):
    DATA[:100].to_csv(tmp_path / "t.csv")
    assert feature_bytes(tmp_path / "t.csv") == (tmp_path / "t.csv").stat().st_size


def test_features_must_fit_as_often_as_training_copies_them():
    size = 100_000 * 2 * 8
    table = FeatureTable.of(DATA)
    assert memory_shortage([table], size * COPIES) is None
    assert memory_shortage([table], size * COPIES - 1) == (size * COPIES - 1, size)
    assert memory_shortage([table, table], size * COPIES).size == 2 * size


def test_the_limit_of_a_container_counts(tmp_path, monkeypatch):
    free = memory.process_memory()
    (tmp_path / "max").write_text("max\n")
    (tmp_path / "limit").write_text("8000000\n")
    monkeypatch.setattr(memory, "CGROUP_LIMITS", (str(tmp_path / "max"), str(tmp_path / "none")))
    assert memory.process_memory() >= free
    monkeypatch.setattr(memory, "CGROUP_LIMITS", (str(tmp_path / "max"), str(tmp_path / "limit")))
    assert memory.process_memory() == 8_000_000
    assert memory.default_limit() == 6_000_000
    assert memory_shortage([FeatureTable.of(DATA)], None).limit == 6_000_000


def test_a_system_that_reports_no_memory_has_no_limit(monkeypatch):
    monkeypatch.setattr(memory, "process_memory", lambda: None)
    assert memory_shortage([FeatureTable.of(DATA)], None) is None


@pytest.mark.parametrize("wrong", [{"max_memory": 1}, {"rows": 3}, {"table_rows": 9}])
def test_numbers_of_a_model_file_must_fit_together(wrong):
    numbers = {"max_memory": 10**6, "rows": 10, "table_rows": 20, "recordings": 5}
    numbers |= {"table_recordings": 10, "unit": "recording"}
    MemoryUse(**numbers).check(10)
    with pytest.raises(ModelError, match="do not fit together"):
        MemoryUse(**(numbers | wrong)).check(10)


def test_leaking_columns_are_found_in_a_sample_of_a_matrix_on_disk(tmp_path):
    from learning import problem_of

    from featkit.models._leaking_columns import leaking_columns
    from featkit.models.settings import Settings
    from featkit.table.disk_matrix import write_matrix

    rng = np.random.default_rng(0)
    code = np.repeat([0, 1], 2000)
    data = pd.DataFrame({"label": np.array(["a", "b"])[code], "number": np.arange(4000)})
    data = data.assign(copy=code + 1.0, noise=rng.normal(size=4000))
    problem = problem_of(data)
    values = problem.X
    object.__setattr__(problem, "X", write_matrix(tmp_path, [values], 3, 10**5))
    leaks = leaking_columns(problem, Settings())
    assert set(leaks.certain) == {"number", "copy"}
    assert "numbers the rows" in leaks.certain["number"]
