"""The report of a network."""

import csv
import re
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from made_networks import network_page
from reporting import HOSTILE_CLASSES, HOSTILE_PATHS, made, plain_text

from featkit import signals
from featkit.models.estimator import SEQUENCES
from featkit.report.page import page, shown_beside, write_report
from featkit.report.section import sections_of


@pytest.fixture(scope="module")
def network():
    return network_page()


def headings(text):
    return re.findall(r'<h2 id="(\w+)-title">', text)


def test_sections_of_columns_are_replaced(network):
    model, explanation, table = network
    text = page(model=model, explanation=explanation, table=table)
    names = headings(text)
    assert names == [section.name for section in sections_of("model", inputs=SEQUENCES)]
    assert {"network_importance", "network_recordings", "learning_curves"} <= set(names)
    assert not {"importance", "recordings"} & set(names)
    assert {"performance", "errors", "curves"} <= set(names)
    assert "SHAP" not in plain_text(text)


def test_a_model_of_columns_has_no_sections_of_networks():
    names = [section.name for section in sections_of("model")]
    assert not {"network_importance", "network_recordings", "learning_curves"} & set(names)


def test_the_overview_names_the_sequences(network):
    model, explanation, table = network
    text = plain_text(page(model=model, explanation=explanation, table=table))
    assert "from sequences of frames" in text
    assert "made, version 1" in text
    assert "feature columns" not in text


def test_each_shown_recording_has_a_figure_with_axes_and_the_prediction(network):
    model, explanation, table = network
    text = page(model=model, explanation=explanation, table=table)
    articles = re.findall(r'<article class="example">(.*?)</article>', text, flags=re.S)
    assert 3 <= len(articles) <= 9
    for article in articles:
        assert article.count("<image") == 2  # mel, and mfcc8 folded
        assert 'href="data:image/png;base64,' in article
        assert ">Hz<" in article
        assert ">time in s<" in article
        assert ">5<" in article
        assert "Logit" in article
        assert "Predicted: <strong>" in article


def test_the_most_important_band_is_named_with_its_share(network):
    model, explanation, table = network
    text = plain_text(page(model=model, explanation=explanation, table=table))
    edges = explanation.edges("mel")
    assert f"most important band of mel is {edges[8]:,.0f} to {edges[9]:,.0f} Hz, with 66." in text
    assert "Share of each kind of sequence" in text
    assert "Explained rows: all 24 test rows" in text


def test_contributions_that_do_not_add_up_are_a_warning(network):
    model, explanation, table = network
    wrong = replace(explanation, output=explanation.output + 1)
    assert "do not add up" in page(model=model, explanation=wrong, table=table)


def test_learning_curves_are_charts_with_numbers(network):
    model, explanation, _ = network
    text = page(model=model, explanation=explanation)
    assert text.count('class="line training"') == 2 * 2 + 1  # two folds, two charts, the legend
    plain = plain_text(text)
    assert "The weights of epoch 4 are kept in 2 folds." in plain
    assert "0.88 for training rows, with augmentation, and 0.80 for validation rows" in plain
    assert "it overfits" not in plain


def test_a_network_without_validation_rows_has_lines_of_training_rows_only(network):
    model, _, _ = network
    curves = [
        replace(curve, validation_loss=[None] * 6, validation_accuracy=[None] * 6)
        for curve in model.evaluation.learning_curves
    ]
    alone = replace(model, evaluation=replace(model.evaluation, learning_curves=curves))
    text = page(model=alone)
    assert "No rows were set aside for validation." in text
    assert text.count('class="line validation"') == 1  # the legend


def test_without_an_explanation_the_page_shows_how_to_get_one(network):
    text = plain_text(page(model=network[0]))
    assert "featkit report MODEL SEQUENCES" in text


def test_commands_are_those_of_sequences(network):
    model, explanation, table = network
    text = plain_text(page(model=model, explanation=explanation, table=table))
    assert "featkit sequences RECORDINGS --features FEATURES.json" in text
    assert "featkit report MODEL.fk SEQUENCES --sound RECORDINGS" in text


def test_recurrent_networks_have_no_map():
    model, explanation, table = network_page(recurrent=True)
    text = plain_text(page(model=model, explanation=explanation, table=table))
    assert "Grad-CAM" not in text
    assert "The most important channel of mfcc8 is channel" in text


def test_the_sound_is_played_below_its_figure(network, tmp_path):
    model, explanation, table = network
    for path in explanation.keys["path"]:
        soundfile.write(tmp_path / path, signals.sine(440.0, 22050, 2.0), 22050)
    text = page(model=model, explanation=explanation, table=table, sound=tmp_path)
    articles = re.findall(r'<article class="example">(.*?)</article>', text, flags=re.S)
    assert all(article.count("<audio") == 1 for article in articles)
    assert "2.0 s from 0.0 s" in text
    assert "mel scale from" not in text


def test_a_model_of_columns_is_shown_beside_the_network(network):
    model, explanation, table = network
    columns, shap, _ = made(rows=24)
    text = plain_text(
        page(model=model, explanation=explanation, table=table, beside=(columns, shap))
    )
    assert "Predicted by xgboost:" in text
    assert "Contributions for and against" in text
    assert "SHAP values in log odds" in text
    assert "Definitions of 6 columns" in text


def test_a_row_that_the_other_model_did_not_explain_is_named(network):
    model, explanation, table = network
    columns, shap, _ = made(rows=24)
    other = replace(shap, keys={**shap.keys, "path": np.full(24, "elsewhere")})
    text = page(model=model, explanation=explanation, table=table, beside=(columns, other))
    assert "xgboost did not explain this row." in text


def test_the_model_beside_explains_the_shown_rows(network):
    import featkit
    from featkit.errors import ParameterError

    model, explanation, table = network
    rng = np.random.default_rng(0)
    X = rng.normal(size=(24, 3)) + (explanation.y == "a")[:, None]
    data = featkit.FeatureTable({**table.keys}, ["x", "y", "z"], X)
    columns = featkit.train(data, model="logistic", folds=2, n_jobs=1).model
    own_model, own = shown_beside(columns, data, explanation, n_jobs=1)
    assert own_model is columns
    assert len(own) <= 9
    text = page(model=model, explanation=explanation, table=table, beside=(own_model, own))
    assert "Predicted by logistic:" in text
    assert "did not explain" not in text
    with pytest.raises(ParameterError, match="cnn is a network"):
        shown_beside(model, data, explanation)


def test_hostile_names_are_text():
    model, explanation, table = network_page(classes=HOSTILE_CLASSES, paths=HOSTILE_PATHS)
    text = page(model=model, explanation=explanation, table=table)
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert not re.search(r'<[^>]*" onload=', text)


def test_numbers_are_written_as_csv_files(network, tmp_path):
    model, explanation, table = network
    write_report(
        tmp_path / "r.html", model=model, explanation=explanation, table=table, csv=tmp_path
    )
    with (tmp_path / "importance.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["kind"] for row in rows] == ["mel"] * 32 + ["mfcc8"] * 8
    assert float(rows[8]["mean_contribution"]) == pytest.approx(1.0, abs=1e-6)
    assert len((tmp_path / "evidence.csv").read_text().splitlines()) == 25
    assert (tmp_path / "importance_001_a.csv").exists()
    assert (tmp_path / "predictions.csv").exists()
