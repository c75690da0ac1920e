"""The page of one recording."""

import re
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from learning import copies
from reporting import hostile, made, plain_text

import featkit
from featkit import signals
from featkit.errors import ParameterError
from featkit.explanation import explain
from featkit.report._recording import mean_row
from featkit.report.page import recording_page, write_recording
from featkit.table.feature_table import FeatureTable


@pytest.fixture(scope="module")
def cut():
    """A model of segments, and an explanation of three segments of a new recording."""
    data = copies(recordings=20, segments=3)
    data["x0"] += np.where(data["label"] == "jazz", 3.0, -3.0)
    model = featkit.train(data, model="logistic", folds=4).model
    new = data[data["path"] == "song000.wav"].assign(path="new.wav", x0=[1.0, 2.0, 9.0])
    table = FeatureTable.of(new.drop(columns="label"))
    return model, table, explain(model, table)


def test_the_rows_of_a_recording_are_combined_to_one(cut):
    model, table, explanation = cut
    one = mean_row(explanation)
    predicted = model.predict_table(table)
    assert len(one) == len(predicted) == 1
    np.testing.assert_allclose(one.probabilities[0], predicted[["p_jazz", "p_rock"]].to_numpy()[0])
    np.testing.assert_allclose(one.values[0], explanation.values.mean(axis=0))
    assert (float(one.keys["start"][0]), float(one.keys["end"][0])) == (0.0, 9.0)


def test_the_page_of_a_recording_shows_prediction_segments_and_contributions(cut):
    model, table, explanation = cut
    predicted = model.predict_table(table).iloc[0]
    text = plain_text(recording_page(model=model, explanation=explanation))
    assert f"predicted class is <strong>{predicted['predicted']}</strong>" in text
    assert f"probability of {100 * predicted['probability']:.1f} %" in text
    assert "<h1>new.wav</h1>" in text
    assert "Prediction for each segment" in text
    assert "3.0 to 6.0 s" in text
    assert "geometric mean over its 3 segments" in text
    assert "Importance over all classes" not in text
    assert "mean |SHAP|" not in text
    first = explanation.mean().values[0, :, model.classes.index("jazz")]
    assert "usual" in text
    ours, contrast = text.split('<table class="chart contrast">')
    assert len(re.findall(r"; usual −?[0-9]", ours)) == 8
    assert len(re.findall(r"; usual −?[0-9]", contrast)) == 8
    assert "Why jazz and not rock, the most probable other class" in text
    assert f"{model.columns[int(np.argmax(np.abs(first)))]}" in text


def test_the_page_of_a_recording_shows_a_given_class_and_number_of_columns(cut):
    model, _, explanation = cut
    text = plain_text(recording_page(model=model, explanation=explanation, of_class="rock", top=3))
    assert "Contributions for and against rock" in text
    assert "Contributions for and against jazz" not in text
    ours, contrast = text.split('<table class="chart contrast">')
    assert len(re.findall(r"; usual −?[0-9]", ours)) == 3
    assert len(re.findall(r"; usual −?[0-9]", contrast)) == 3
    with pytest.raises(ParameterError, match="blues"):
        recording_page(model=model, explanation=explanation, of_class="blues")


def test_the_page_of_a_recording_contrasts_it_with_a_given_class(cut):
    model, _, explanation = cut
    text = plain_text(recording_page(model=model, explanation=explanation, against="rock"))
    assert "Columns that speak for jazz rather than rock" in text
    with pytest.raises(ParameterError, match="with itself: 'jazz'"):
        recording_page(model=model, explanation=explanation, against="jazz")


def test_the_page_of_a_recording_has_its_sound(cut, tmp_path):
    model, _, explanation = cut
    soundfile.write(tmp_path / "new.wav", signals.sine(440.0, 22050, 9.0), 22050)
    write_recording(tmp_path / "p.html", model=model, explanation=explanation, sound=tmp_path)
    text = (tmp_path / "p.html").read_text("utf-8")
    assert 'src="data:audio/flac;base64,' in text
    assert 'src="data:image/png;base64,' in text
    (tmp_path / "new.wav").unlink()
    text = recording_page(model=model, explanation=explanation, sound=tmp_path)
    assert "no such file in the folder" in text


def test_hostile_names_of_recordings_are_text(tmp_path):
    model, explanation, _ = hostile(rows=1)
    text = recording_page(model=model, explanation=explanation)
    assert "<script>alert" not in text
    assert "onload=" not in text.replace("&#34; onload=", "")


@pytest.mark.parametrize("rate", ["native", 16000.0, None])
def test_sounds_are_played_for_any_sample_rate_of_the_model(tmp_path, rate):

    model, explanation, _ = made(rows=1)
    soundfile.write(tmp_path / "0000.wav", signals.sine(440.0, 44100, 1.0), 44100)
    described = {"name": "mine", "version": 0, "sample_rate": rate}
    model = replace(model, provenance={"feature_set": described} if rate else {})
    assert "<audio" in recording_page(model=model, explanation=explanation, sound=tmp_path)
