"""Pages of models of several labels."""

import functools

import pandas as pd
from command_line import run
from label_data import LABELS, tagged

from featkit.explanation import explain
from featkit.models.training import train
from featkit.report.page import page, read_scores, recording_page, write_report


@functools.cache
def trained():
    return train(tagged(60, segments=2), multilabel="tags", model="logistic", folds=2)


@functools.cache
def explained(seed=0):
    return explain(trained().model, tagged(60, segments=2, seed=seed), n_jobs=1)


def test_the_report_shows_scores_of_every_label():
    text = page(model=trained().model, explanation=explained())
    assert "logistic model of 3 labels" in text
    precision = trained().evaluation.kept.mean_average_precision.value
    title = f"3 labels are predicted with a mean average precision of {precision:.3f}"
    assert f"<h1>{title}</h1>" in text
    for words in (
        "Mean average precision (mAP)",
        "Scores of each label",
        "Missed and added labels",
        "Labels that occur together",
        "summed over labels",
        "--multilabel tags",
    ):
        assert words in text
    assert "Confusion matrix" not in text
    for own in trained().evaluation.per_label:
        assert own.name in text
        assert f"{own.average_precision:.3f}" in text


def test_the_report_scores_new_rows():
    text = page(model=trained().model, explanation=explained(seed=1))
    assert "a table that it was not trained on" in text or text.count("Scores of each label") > 1


def test_the_page_of_a_recording_names_its_labels():
    data = tagged(60, segments=2, seed=1).iloc[:2]
    explanation = explain(trained().model, data, n_jobs=1)
    prediction = trained().model.predict(data).data
    text = recording_page(model=trained().model, explanation=explanation)
    assert "reach their thresholds" in text or "No label reaches" in text
    assert prediction["predicted"][0] in text
    assert "The log odds of each label" in text


def test_the_csv_files_hold_the_scores_of_labels(tmp_path):
    write_report(
        tmp_path / "r.html", model=trained(), explanation=explained(), csv=tmp_path / "csv"
    )
    per_label = pd.read_csv(tmp_path / "csv" / "per_label.csv")
    assert per_label["label"].tolist() == LABELS
    pairs = pd.read_csv(tmp_path / "csv" / "co_occurrence.csv", index_col=0)
    assert (pairs.to_numpy().diagonal() == per_label["support"]).all()
    assert (tmp_path / "csv" / "predictions.csv").exists()


def test_labels_are_escaped():
    data = tagged(60)
    data["tags"] = [cell.replace("live", "<b>live</b>") for cell in data["tags"]]
    model = train(data, multilabel="tags", model="logistic", folds=2).model
    text = page(model=model, explanation=explain(model, data, n_jobs=1))
    assert "<b>live" not in text
    assert "&lt;b&gt;live" in text


def test_scores_alone_make_a_report(tmp_path):
    tagged(60).to_csv(tmp_path / "t.csv", index=False)
    options = ["--multilabel", "tags", "--model", "logistic", "--folds", "2", "--jobs", "1"]
    result = run("train", tmp_path / "t.csv", *options, "--scores", tmp_path / "s.json")
    assert "mAP" in result.output
    assert "test rows with both labels" in result.output
    scores = read_scores(tmp_path / "s.json")
    assert scores.task == "multilabel"
    assert "Missed and added labels" in page(model=scores)
