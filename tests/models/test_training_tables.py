"""Training on several tables: common labels, groups within datasets, and datasets left out."""

import json

import numpy as np
import pandas as pd
import pytest
from learning import tones
from sklearn.model_selection import LeaveOneGroupOut

import featkit
from featkit.errors import ParameterError, TableError
from featkit.executors.opening import local_executor
from featkit.models.estimator import Candidate
from featkit.models.fitting import Fits
from featkit.models.outer_folds import plan_splits
from featkit.models.preparation import prepare_problem
from featkit.models.settings import Settings
from featkit.models.training_tables import read_tables, read_training_tables

MAP = {"labels": {"High": ["high"], "Low": ["low"], "Mid": ["mid"]}}

FEATURES = ["pitch", "a", "b", "c"]


def three_datasets():
    """Recordings with the same paths in three datasets, which spell their classes differently."""
    north, south, west = tones(60, seed=0), tones(45, seed=1), tones(30, seed=2)
    south["label"] = south["label"].str.upper()
    west["label"] = west["label"].replace({"low": "l-o_w"})
    return {"north": north, "south": south, "west": west}


def files_of(folder, datasets):
    """Write tables to files, and return these."""
    paths = [folder / f"{name}.parquet" for name in datasets]
    for path, data in zip(paths, datasets.values(), strict=True):
        data.to_parquet(path)
    return paths


def settings_of(datasets, **settings):
    return Settings(datasets=[*datasets], **settings)


def test_labels_of_all_tables_are_common_labels():
    datasets = three_datasets()
    table = read_training_tables(datasets, settings_of(datasets, label_map=MAP))
    assert set(table.column("label").tolist()) == {"High", "Low", "Mid"}
    assert table.feature_names == FEATURES
    assert list(table.keys) == ["path", "label", "dataset"]
    assert len(table) == 135


def test_dropped_labels_are_left_out_with_a_note():
    datasets = three_datasets()
    label_map = {"drop": ["mid"], "labels": {"High": ["high"], "Low": ["low"]}}
    table = read_training_tables(datasets, settings_of(datasets, label_map=label_map))
    assert len(table) == 90
    notes = "label map: 45 rows left out: 'mid' (30 rows), 'MID' (15 rows)"
    assert table.notes == [notes]
    assert table.row_name(2) == "row 4 of north"


def test_kept_labels_have_one_spelling():
    datasets = three_datasets()
    label_map = {"unmapped": "keep", "labels": {"High": ["high"]}}
    table = read_training_tables(datasets, settings_of(datasets, label_map=label_map))
    assert set(table.column("label").tolist()) == {"High", "low", "mid"}


def test_rules_of_a_dataset_hold_for_a_single_file_of_its_name(tmp_path):
    datasets = three_datasets()
    label_map = {"labels": {"A": ["low"]}, "datasets": {"north": {"labels": {"B": ["low"]}}}}
    label_map["unmapped"] = "keep"
    (path, *_) = files_of(tmp_path, datasets)
    settings = Settings(label_map=label_map)
    for table in (path, {"north": datasets["north"]}):
        read = read_training_tables(table, settings)
        assert set(read.column("label").tolist()) == {"B", "high", "mid"}
        # An unnamed table that was read is not mapped by the general rules a second time.
        again = read_tables(read, settings, FEATURES, ["B", "high", "mid"])
        assert again.column("label").tolist() == read.column("label").tolist()
    with pytest.raises(ParameterError, match="the table has no name: pass a dict"):
        read_training_tables(datasets["north"], settings)


def test_a_model_reads_other_labels_unchanged():
    settings = Settings(label_map={"drop": ["x"], **MAP})
    data = pd.DataFrame({"label": ["HIGH", "x", "polka", "", "nan", "Low"], "pitch": 1.0})
    read = read_tables(data, settings, ["pitch"], ["High", "Low", "Mid"])
    assert read.column("label").tolist() == ["High", "", "polka", "", "nan", "Low"]
    bare = read_tables(data[["pitch"]], settings, ["pitch"], ["High", "Low"])
    assert "label" not in bare.keys


ERRORS = {
    "unmapped": ({"label_map": {"labels": {"High": ["high"]}}}, "2 labels of north: 'low'"),
    "all dropped": (
        {"label_map": {"drop": ["high", "low", "mid"], "labels": {"X": ["x"]}}},
        "the label map drops all labels",
    ),
    "group": ({"label_map": MAP, "group": "speaker"}, "north: unknown column 'speaker'"),
    "label": ({"label_map": MAP, "label": "genre"}, "north: unknown column 'genre'"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_tables_that_lack_something_are_an_error(name):
    settings, message = ERRORS[name]
    with pytest.raises((ParameterError, TableError), match=message):
        featkit.train(three_datasets(), model="logistic", **settings)


def test_the_same_name_in_two_datasets_denotes_two_recordings_and_groups():
    datasets = three_datasets()
    for data in datasets.values():
        data["speaker"] = [f"S{k % 10}" for k in range(len(data))]
    problem = prepare_problem(datasets, settings_of(datasets, label_map=MAP, group="speaker"))
    assert len(set(problem.recordings.tolist())) == 135
    assert len(set(problem.groups.tolist())) == 30
    assert problem.groups[0] == "north: S0"
    assert problem.unit == "speaker"
    assert not any("duplicate paths" in text for text in problem.warnings)


def test_a_likely_group_is_counted_within_datasets():
    datasets = three_datasets()
    for data in datasets.values():
        data["speaker"] = [f"S{k % 10}" for k in range(len(data))]
    problem = prepare_problem(datasets, settings_of(datasets, label_map=MAP))
    (likely,) = problem.likely_groups
    assert (likely.group, likely.groups, likely.rows) == ("speaker", 30, 135)
    assert len(set(problem.grouped_by("speaker").groups.tolist())) == 30


def test_a_class_of_one_dataset_gives_a_warning():
    datasets = three_datasets()
    datasets["west"]["label"] = datasets["west"]["label"].replace({"l-o_w": "l-o", "mid": "m-id"})
    problem = prepare_problem(datasets, settings_of(datasets))
    warnings = " ".join(problem.warnings)
    assert "classes that only one dataset has: 'HIGH' (south)" in warnings
    assert "the classes 'MID', 'm-id', 'mid' differ in spelling only" in warnings


def test_datasets_left_out_are_the_folds_of_leave_one_group_out():
    datasets = three_datasets()
    settings = settings_of(
        datasets, label_map=MAP, leave_one_dataset_out=True, model="logistic", seed=3
    )
    problem = prepare_problem(datasets, settings)
    plan = plan_splits(problem, settings)
    assert plan.protocol == "3 datasets, each left out once"
    groups = problem.table.column("dataset")
    splits = list(LeaveOneGroupOut().split(problem.X, problem.y, groups))
    assert [fold.name for fold in plan.outer] == ["north", "south", "west"]
    for fold, (train, test) in zip(plan.outer, splits, strict=True):
        np.testing.assert_array_equal(fold.train, train)
        np.testing.assert_array_equal(fold.test, test)
    result = featkit.train(
        datasets, label_map=MAP, leave_one_dataset_out=True, model="logistic", seed=3
    )
    pipelines = Fits(problem, settings, executor=local_executor(), fitted=lambda _: None).pipelines(
        [(Candidate("logistic"), train) for train, _ in splits]
    )
    accuracies = {
        str(groups[test[0]]): np.mean(pipeline.predict(problem.X[test]) == problem.y[test])
        for pipeline, (_, test) in zip(pipelines, splits, strict=True)
    }
    assert result.evaluation.kept.accuracy.folds == pytest.approx(accuracies)
    scores = result.evaluation.dataset_scores
    assert {name: one.accuracy for name, one in scores.items()} == pytest.approx(accuracies)
    assert result.evaluation.datasets == {"north": 60, "south": 45, "west": 30}
    assert result.predictions["fold"].tolist() == result.predictions["dataset"].tolist()


def test_models_are_selected_within_the_other_datasets():
    datasets = three_datasets()
    settings = settings_of(datasets, label_map=MAP, leave_one_dataset_out=True)
    problem = prepare_problem(datasets, settings)
    names = problem.table.column("dataset")
    for fold in plan_splits(problem, settings).outer:
        for train, validation in fold.inner:
            assert fold.name not in names[train]
            assert fold.name not in names[validation]
            assert len(set(names[validation].tolist())) == 1


def test_with_two_datasets_models_are_selected_by_recordings_of_the_other():
    datasets = three_datasets()
    del datasets["west"]
    settings = settings_of(datasets, label_map=MAP, leave_one_dataset_out=True)
    problem = prepare_problem(datasets, settings)
    folds = plan_splits(problem, settings).outer
    assert [len(fold.inner) for fold in folds] == [3, 3]


def test_a_class_of_one_dataset_cannot_be_left_out():
    datasets = three_datasets()
    datasets["north"].loc[:9, "label"] = "polka"
    datasets["west"].loc[:9, "label"] = "trot"
    label_map = {"unmapped": "keep", **MAP}
    message = r"2 classes occur in one dataset only.*'polka' \(north\), 'trot' \(west\); in the"
    with pytest.raises(ParameterError, match=message):
        featkit.train(datasets, label_map=label_map, leave_one_dataset_out=True, model="logistic")


def test_leaving_a_dataset_out_needs_two():
    data = three_datasets()["north"]
    with pytest.raises(ParameterError, match="give several tables, or one with a column 'dataset'"):
        featkit.train(data, leave_one_dataset_out=True)
    data["dataset"] = "north"
    with pytest.raises(ParameterError, match="two are needed, but all rows are of 'north'"):
        featkit.train(data, leave_one_dataset_out=True)
    with pytest.raises(ParameterError, match="choose one way to split: got folds and leave_one"):
        featkit.train(data, leave_one_dataset_out=True, folds=3)
    data.loc[3, "dataset"] = ""
    with pytest.raises(TableError, match="1 row has no 'dataset', the first is row 4"):
        featkit.train(data, leave_one_dataset_out=True)


def test_a_single_table_may_have_a_column_of_datasets():
    datasets = three_datasets()
    whole = pd.concat([data.assign(dataset=k) for k, data in enumerate(datasets.values())])
    result = featkit.train(whole, label_map=MAP, leave_one_dataset_out=True, model="logistic")
    joined = featkit.train(datasets, label_map=MAP, leave_one_dataset_out=True, model="logistic")
    assert result.model.columns == FEATURES
    assert list(result.evaluation.datasets) == ["0", "1", "2"]
    folds = [one.evaluation.kept.accuracy.folds for one in (result, joined)]
    assert [*folds[0].values()] == [*folds[1].values()]


@pytest.mark.parametrize("leave_out", [True, False])
def test_the_training_tables_are_recognised_together(tmp_path, leave_out):
    datasets = three_datasets()
    paths = files_of(tmp_path, datasets)
    result = featkit.train(paths, label_map=MAP, leave_one_dataset_out=leave_out, model="logistic")
    result.model.save(tmp_path / "m.fk")
    model = featkit.load_model(tmp_path / "m.fk")
    assert model.training_metadata.settings == result.model.training_metadata.settings
    for tables in (paths, datasets, paths[::-1], model.read(paths)):
        explanation = featkit.explain(model, tables, rows=20, n_jobs=1)
        assert set(explanation.folds) <= {*result.evaluation.kept.accuracy.folds}
        assert not explanation.notes[1:]  # the sample is mentioned
        assert set(explanation.y) <= {"High", "Low", "Mid"}
        assert len(set(explanation.recordings)) == 20
    alone = featkit.explain(model, paths[0], n_jobs=1)
    assert set(alone.folds) == {""}
    assert alone.learnt.all()
    assert set(alone.y) == {"High", "Low", "Mid"}


def test_scores_and_models_store_the_map_as_plain_data():
    result = featkit.train(three_datasets(), label_map=MAP, model="logistic")
    stored = json.loads(json.dumps(result.model.training))["settings"]
    assert stored["label_map"] == {"unmapped": "error", "drop": [], **MAP, "datasets": {}}
    assert stored["datasets"] == ["north", "south", "west"]
    assert stored["leave_one_dataset_out"] is False
    assert result.scores["datasets"] == {"north": 60, "south": 45, "west": 30}


def test_equal_paths_in_two_datasets_have_a_prediction_each():
    datasets = three_datasets()
    result = featkit.train(datasets, label_map=MAP, model="logistic")
    table = result.model.read(datasets)
    data = result.model.predict(table).data
    assert list(data)[:3] == ["dataset", "path", "predicted"]
    assert len(data) == 135
    pd.testing.assert_frame_equal(result.model.predict_table(table), data)
    south = table.rows(table.column("dataset") == "south")
    alone = result.model.predict(south).data
    rows = data[data["dataset"] == "south"].reset_index(drop=True)
    pd.testing.assert_frame_equal(alone, rows)
    unnamed = result.model.predict(datasets["south"]).data
    pd.testing.assert_frame_equal(unnamed, rows.drop(columns="dataset"))


def test_datasets_that_are_left_out_cannot_be_split_by_row():
    with pytest.raises(ParameterError, match="split_by_row exclude each other"):
        Settings(leave_one_dataset_out=True, split_by_row=True)
