"""What `featkit predict`, `explain`, `inspect` and `diff` load, each in a fresh process."""

import io
import json
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import skops.io
import soundfile

from featkit import extract, feature_set, signals, train
from featkit.models._pipeline_schema import build
from featkit.models.estimator import names
from featkit.models.model_file import MAGIC, SCHEMA

REPORT = """
import json, sys
from featkit.cli import main
main({arguments!r}, standalone_mode=False)
with open("loaded.json", "w") as stream:
    json.dump(sorted(sys.modules), stream)
"""

NEVER = {
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
"""What no prediction needs, but for the estimator's own."""

OWN = {"random_forest": {"sklearn.ensemble", "sklearn.feature_selection"}, "xgboost": {"xgboost"}}
"""`sklearn.ensemble` loads the selection of features itself."""

LOOKS = {"featkit.table.group_detection", "featkit.table.inspection", "featkit.table._resemblance"}
"""What looks at tables: before training, or for a person."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Some sound, its table, and a model of each estimator."""
    folder = tmp_path_factory.mktemp("start")
    for k in range(12):
        kind = ("noise", "sine")[k % 2]
        y = signals.noise(8000, 0.3, seed=k) if k % 2 == 0 else signals.sine(200 + k, 8000, 0.3)
        (folder / kind).mkdir(exist_ok=True)
        soundfile.write(folder / kind / f"{k}.wav", y, 8000)
    table = extract(folder, features="genre75", labels="folder").table
    table.write(folder / "table.parquet")
    for name in names():
        train(table, model=name, folds=2).model.save(folder / f"{name}.fk")
    return folder


def loaded_by(folder, *arguments):
    command = [sys.executable, "-c", REPORT.format(arguments=list(arguments))]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)
    return set(json.loads((folder / "loaded.json").read_text()))


@pytest.mark.parametrize("name", names())
def test_a_prediction_loads_nothing_that_it_does_not_need(folder, name):
    loaded = loaded_by(folder, "predict", f"{name}.fk", "sine/1.wav")
    assert {"sklearn", "soundfile"} <= loaded
    assert not loaded & {*NEVER, *LOOKS, "featkit.explanation"} - OWN.get(name, set())
    families = {entry.family_name for entry in feature_set("genre75").entries}
    assert {each for each in loaded if each.startswith("featkit.features.families.")} == {
        f"featkit.features.families.{each}" for each in families
    }
    if name == "xgboost":  # which fills and scales nothing
        assert "sklearn.impute" not in loaded


def test_an_explanation_on_the_terminal_loads_no_page(folder):
    loaded = loaded_by(folder, "explain", "logistic.fk", "sine/1.wav")
    assert "featkit.explanation" in loaded
    assert not loaded & NEVER


@pytest.mark.parametrize("arguments", [["inspect"], ["diff", "table.parquet"]])
def test_looking_at_tables_loads_no_models(folder, arguments):
    loaded = loaded_by(folder, *arguments, "table.parquet")
    assert not loaded & {*NEVER - {"featkit.table.diff"}, "sklearn"}


def without_number(part):
    """A part of a schema without the number by which skops shares equal parts."""
    return {key: value for key, value in part.items() if key != "__id__"}


def parts(thing):
    """All that an object consists of, as plain data; arrays without gaps between fields."""
    if isinstance(thing, np.ndarray | np.generic):
        return type(thing), str(thing.dtype), repr(thing.tolist())
    if isinstance(thing, dict):
        return {key: parts(value) for key, value in thing.items()}
    if isinstance(thing, list | tuple):
        return type(thing), [parts(each) for each in thing]
    if type(thing).__module__ == "builtins" or callable(thing) or isinstance(thing, np.dtype):
        return type(thing), repr(thing)
    return type(thing), parts(thing.__reduce_ex__(2)[2])


@pytest.mark.parametrize("name", names())
def test_a_model_is_built_as_skops_builds_it(folder, name):
    content = (folder / f"{name}.fk").read_bytes()[len(MAGIC) + 32 :]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        schema = json.loads(archive.read(SCHEMA), object_hook=without_number)
        arrays = {each: archive.read(each) for each in archive.namelist() if each.endswith(".npy")}
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for each, part in {**arrays, SCHEMA: json.dumps(schema)}.items():
            archive.writestr(each, part)
    trusted = skops.io.get_untrusted_types(data=data.getvalue())
    theirs = skops.io.loads(data.getvalue(), trusted=trusted)
    assert parts(build(schema, arrays)) == parts(theirs)


def test_a_process_ends_without_a_last_search_for_garbage():
    """It takes up to 0.3 s, for memory that the system frees in any case."""
    report = "import atexit, gc; atexit.register(lambda: print(gc.get_freeze_count()))"
    command = f"{report}\nfrom featkit.cli._main import main\nmain(['--version'])"
    run = subprocess.run([sys.executable, "-c", command], capture_output=True, check=True)
    assert int(run.stdout.split()[-1]) > 10_000
