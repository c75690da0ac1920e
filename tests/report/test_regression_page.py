"""The pages of a model that predicts a number."""

import json
import re

import pytest
from regression_data import trained, voices

import featkit
from featkit.errors import ParameterError
from featkit.evaluation.evaluate import evaluate
from featkit.explanation import explain
from featkit.models.serialization import to_dict
from featkit.models.training_metadata import TrainingSummary
from featkit.report.formatting import signed, significant
from featkit.report.page import page, read_scores, recording_page, write_report
from featkit.report.section import sections_of
from featkit.table.feature_table import FeatureTable


def text_of(html):
    body = html.split("<body>")[1].split("<script")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def table(seed=0):
    return FeatureTable.of(voices(seed=seed), keys=["path", "speaker", "valence"])


@pytest.fixture(scope="module")
def html():
    model = trained("ridge").model
    return page(model=model, explanation=explain(model, table(), n_jobs=1), table=table())


def test_sections_about_classes_are_not_shown(html):
    names = [section.name for section in sections_of("model", "regression")]
    assert names == [
        "answer",
        "importance",
        "regression_errors",
        "regression_recordings",
        "judged_rows",
        "regression_performance",
        "overview",
        "reproducibility",
    ]
    assert [section.title for section in sections_of("model", "regression")] == [
        "Answer",
        "Why",
        "Errors",
        "Single recordings",
        "All rows",
        "Scores",
        "Data and training",
        "Reproducibility",
    ]
    text = text_of(html)
    for word in ("confusion", "Calibration", "accuracy", "of the class", "support"):
        assert word not in text
    assert not [name for name in (s.name for s in sections_of("model")) if "regression" in name]


def test_quantiles_of_residuals_are_in_order_after_loading(tmp_path):
    trained("ridge").model.save(tmp_path / "m.fk")
    loaded = featkit.load_model(tmp_path / "m.fk")
    shown = re.findall(r"(\d+)\xa0?&?[a-z]*;? ?% are below", text_of(page(model=loaded)))
    assert shown == ["5", "25", "50", "75", "95"]


def test_the_page_states_target_scores_and_errors(html):
    text, scores = text_of(html), trained("ridge").evaluation
    assert "The model, ridge, predicts “valence”, a number, from 3 feature columns." in text
    mae = scores.kept.mae
    assert f"the mean absolute error of “valence” is {significant(mae.value, 3)}" in text
    assert f"95 % interval {significant(mae.low, 3)} to {significant(mae.high, 3)}" in text
    assert f"R² is {scores.kept.r2.value:.2f}" in text
    assert "Errors of each speaker" in text
    assert "With a row-wise split, which ignores groups, the mean absolute error" in text
    assert "+1 raises the prediction by one unit of the target" in text
    assert "Dots to the right raise the prediction" in text
    assert "Predicted too high" in text
    assert "Predicted too low" in text
    assert "--target valence" in text
    assert "--label" not in text


def test_charts_show_every_test_row(html):
    charts = re.findall(r'<svg class="plot scatter".*?</svg>', html, re.S)
    assert len(charts) == 2
    for chart in charts:
        dots = re.search(r'class="dots faint" d="([^"]+)"', chart)
        assert dots[1].count("h0") == 60


def test_the_largest_errors_are_shown_with_their_sign(html):
    data = trained("ridge").predictions
    error = data["predicted"] - data["target"]
    for place in (error.idxmax(), error.idxmin()):
        assert data["path"][place] in html
    text = text_of(html)
    assert f"error {signed(error.max())}" in text
    assert f"error {signed(error.min())}" in text


def test_new_rows_are_scored_beside_the_test_rows():
    model, new = trained("ridge").model, table(seed=5)
    html = page(model=model, explanation=explain(model, new, n_jobs=1), table=new)
    text = text_of(html)
    assert "Test rows of the training table" in text
    assert "New rows of the explained table" in text
    error = abs(model.pipeline.predict(new.matrix(model.columns)) - voices(seed=5)["valence"])
    assert f"error of “valence” is {significant(error.mean(), 3)}" in text


def test_a_file_of_scores_gives_a_page(tmp_path):
    result = trained("ridge")
    summary = to_dict(result.model.trained, TrainingSummary)
    path = tmp_path / "scores.json"
    path.write_text(json.dumps({**result.scores, "training": summary}), "utf-8")
    model = read_scores(path)
    assert (model.task, model.classes) == ("regression", ["valence"])
    assert "Errors by range of the target" in text_of(page(model=model))


def test_csv_files_hold_the_numbers_of_the_page(tmp_path):
    model = trained("ridge").model
    explanation = explain(model, table(), n_jobs=1)
    write_report(tmp_path / "r.html", model=model, explanation=explanation, csv=tmp_path / "csv")
    names = {path.name for path in (tmp_path / "csv").iterdir()}
    assert {"scores.csv", "target_ranges.csv", "group_errors.csv", "predictions.csv"} <= names
    assert not {"confusion.csv", "per_class.csv"} & names
    header = (tmp_path / "csv" / "predictions.csv").read_text().splitlines()[0]
    assert header == "row,path,group,fold,target,predicted"


def test_the_page_of_a_recording_shows_the_prediction_and_its_contributions():
    model = trained("ridge").model
    data = voices(seed=3).head(2).assign(path="a.wav", start=[0.0, 1.0], end=[1.0, 2.0])
    data = data.drop(columns="valence")
    explanation = explain(model, data, n_jobs=1)
    text = text_of(recording_page(model=model, explanation=explanation))
    mean = model.pipeline.predict(data[["pitch", "level", "tilt"]].to_numpy()).mean()
    assert re.search(rf"The predicted valence is {significant(mean)} ?\.", text)
    assert "The prediction for the recording is the mean over its 2 segments." in text
    assert "Contributions to the right raise" in text
    assert "probability" not in text


def test_names_from_outside_are_escaped(tmp_path):
    name = "<script>alert(1)</script>"
    import featkit

    data = voices().rename(columns={"valence": name})
    data["speaker"] = [f"<b>{k % 6}" for k in range(60)]
    result = featkit.train(data, target=name, group="speaker", model="ridge", folds=3)
    explanation = explain(result.model, data, n_jobs=1)
    html = page(model=result.model, explanation=explanation)
    assert name not in html
    assert "<b>" not in html


def test_other_datasets_are_scored_by_the_report_and_not_by_evaluate():
    with pytest.raises(ParameterError, match="predicts 'valence' and not one class"):
        evaluate(trained("ridge").model, voices(seed=1))
