"""Modules that `featkit predict`, `explain`, `inspect` and `diff` load in a fresh process."""

import io
import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import skops.io
import soundfile
from learning import few_trees
from regression_data import trained, voices

from featkit import extract, feature_set, signals, train
from featkit.models._pipeline_schema import build
from featkit.models.estimator import ESTIMATORS
from featkit.models.model_file import MAGIC, SCHEMA

REPORT = """
import json, sys
from featkit.cli import main
main({arguments!r}, standalone_mode=False)
with open("loaded.json", "w") as stream:
    json.dump(sorted(sys.modules), stream)
"""

UNNEEDED = {
    "_pytest",
    "featkit.features.catalogue",
    "featkit.table.diff",
    "featkit.features.costs",
    "featkit.models._data_checks",
    "featkit.models._leaking_columns",
    "featkit.plots",
    "featkit.report.page",
    "featkit.datasets.synthetic",
    "jinja2",
    "librosa",
    "matplotlib",
    "numba",
    "pytest",
    "shap",
    "skops",
    "sklearn.cluster",
    "sklearn.ensemble",
    "sklearn.feature_selection",
    "xgboost",
}
"""Modules that no prediction needs, except those of its estimator."""

ESTIMATOR_MODULES = {
    "random_forest": {"sklearn.ensemble", "sklearn.feature_selection"},
    "xgboost": {"xgboost"},
    "ensemble": {"sklearn.ensemble", "sklearn.feature_selection", "xgboost"},
}
"""`sklearn.ensemble` imports the feature selection itself; an ensemble may have any member."""

TABLE_CHECKS = {
    "featkit.table.group_detection",
    "featkit.table.inspection",
    "featkit.table._group_similarity",
}
"""Modules that examine tables before training or for a person."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder of audio, its table, and a model of each estimator."""
    folder = tmp_path_factory.mktemp("start")
    for k in range(12):
        kind = ("noise", "sine")[k % 2]
        y = signals.noise(8000, 0.3, seed=k) if k % 2 == 0 else signals.sine(200 + k, 8000, 0.3)
        (folder / kind).mkdir(exist_ok=True)
        soundfile.write(folder / kind / f"{k}.wav", y, 8000)
    table = extract(folder, features="genre75", labels="folder").table
    table.write(folder / "table.parquet")
    with pytest.MonkeyPatch.context() as patch:
        few_trees(patch, 5)
        for name in ESTIMATORS:
            train(table, model=name, folds=2).model.save(folder / f"{name}.fk")
    return folder


def loaded_by(folder, *arguments):
    command = [sys.executable, "-c", REPORT.format(arguments=list(arguments))]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    return set(json.loads((folder / "loaded.json").read_text()))


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_prediction_loads_only_the_modules_it_needs(folder, name):
    loaded = loaded_by(folder, "predict", f"{name}.fk", "sine/1.wav")
    assert {"sklearn", "soundfile"} <= loaded
    assert not loaded & {*UNNEEDED, *TABLE_CHECKS, "featkit.explanation"} - ESTIMATOR_MODULES.get(
        name, set()
    )
    families = {entry.family_name for entry in feature_set("genre75").entries}
    assert {name for name in loaded if name.startswith("featkit.features.families.")} == {
        f"featkit.features.families.{name}" for name in families
    }
    if name == "xgboost":  # which neither imputes nor scales
        assert "sklearn.impute" not in loaded


def test_a_prediction_of_a_number_loads_only_the_modules_it_needs(folder):
    trained("ridge").model.save(folder / "number.fk")
    voices().to_csv(folder / "number.csv", index=False)
    loaded = loaded_by(folder, "predict", "number.fk", "number.csv")
    assert "featkit.models.tasks.regression" in loaded
    assert not loaded & {*UNNEEDED, *TABLE_CHECKS, "featkit.explanation"}


def test_an_explanation_on_the_terminal_does_not_load_the_report(folder):
    loaded = loaded_by(folder, "explain", "logistic.fk", "sine/1.wav")
    assert "featkit.explanation" in loaded
    assert not loaded & UNNEEDED


@pytest.mark.parametrize("arguments", [["inspect"], ["diff", "table.parquet"]])
def test_inspecting_and_comparing_tables_load_no_models(folder, arguments):
    loaded = loaded_by(folder, *arguments, "table.parquet")
    assert not loaded & {*UNNEEDED - {"featkit.table.diff"}, "sklearn"}


def without_number(part):
    """A part of a schema without the identifier by which skops shares equal parts."""
    return {key: value for key, value in part.items() if key != "__id__"}


def parts(thing):
    """The content of an object as plain data, with arrays as lists."""
    if isinstance(thing, np.ndarray | np.generic):
        return type(thing), str(thing.dtype), repr(thing.tolist())
    if isinstance(thing, dict):
        return {key: parts(value) for key, value in thing.items()}
    if isinstance(thing, list | tuple):
        return type(thing), [parts(item) for item in thing]
    if type(thing).__module__ == "builtins" or callable(thing) or isinstance(thing, np.dtype):
        return type(thing), repr(thing)
    return type(thing), parts(thing.__reduce_ex__(2)[2])


@pytest.mark.parametrize("name", ESTIMATORS)
def test_a_model_is_built_as_skops_builds_it(folder, name):
    content = (folder / f"{name}.fk").read_bytes()[len(MAGIC) + 32 :]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        schema = json.loads(archive.read(SCHEMA), object_hook=without_number)
        arrays = {file: archive.read(file) for file in archive.namelist() if file.endswith(".npy")}
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for file, part in {**arrays, SCHEMA: json.dumps(schema)}.items():
            archive.writestr(file, part)
    trusted = skops.io.get_untrusted_types(data=data.getvalue())
    expected = skops.io.loads(data.getvalue(), trusted=trusted)
    assert parts(build(schema, arrays)) == parts(expected)


def test_a_process_ends_without_a_last_garbage_collection():
    """A collection would take up to 0.3 s for memory that the system frees anyway."""
    report = "import atexit, gc; atexit.register(lambda: print(gc.get_freeze_count()))"
    command = f"{report}\nfrom featkit.cli._main import main\nmain(['--version'])"
    run = subprocess.run([sys.executable, "-c", command], capture_output=True, check=True)
    assert int(run.stdout.split()[-1]) > 10_000
