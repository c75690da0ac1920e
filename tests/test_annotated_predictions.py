"""Models of annotated intervals predict, and are scored on, the intervals of annotation files."""

import numpy as np
import pytest
import soundfile
from folders import write_file

import featkit
from featkit import signals
from featkit.errors import ParameterError

SR = 22050

SMALL = {
    "name": "small",
    "sample_rate": SR,
    "features": [{"family": "zero_crossing_rate", "statistics": ["mean", "std"]}],
}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Recordings of noise, tone and noise, with labels of Audacity for the first two."""
    folder = tmp_path_factory.mktemp("corpus")
    for k in range(8):
        tone = signals.sine(300.0 + 40 * k, SR, 0.5)
        noise = [signals.noise(SR, 0.5, seed=2 * k + part) for part in (0, 1)]
        y = np.concatenate([noise[0], tone, noise[1]])
        soundfile.write(folder / f"{k}.wav", y, SR)
        write_file(folder / "labels" / f"{k}.txt", "0\t0.5\tnoise\n0.5\t1\ttone\n")
    return folder


@pytest.fixture(scope="module")
def model(corpus):
    table = featkit.extract(corpus, annotations=corpus / "labels", features=SMALL).table
    return featkit.train(table, model="logistic", folds=2).model


def test_intervals_are_predicted_one_by_one(corpus, model):
    predictions = model.predict(corpus, annotations=corpus / "labels", background="rest").data
    assert len(predictions) == 24
    predicted = dict(zip(predictions["start"], predictions["predicted"], strict=True))
    assert predicted == {0.0: "noise", 0.5: "tone", 1.0: "noise"}


def test_annotations_of_a_table_are_an_error(corpus, model):
    table = model.extract(corpus, annotations=corpus / "labels").table
    with pytest.raises(ParameterError, match="annotations cannot be used with a table"):
        model.predict(table, annotations=corpus / "labels")


def test_a_model_is_scored_on_the_labels_of_annotations(corpus, model):
    write_file(corpus / "labels" / "dusk.txt", "0\t0.5\tnoise\n")
    result = featkit.evaluate({"m": model}, corpus, annotations=[corpus / "labels"])
    (scores,) = result.scores["evaluations"]
    assert "not among the inputs" in " ".join(result.warnings)
    assert scores["counts"]["scored_rows"] == 16
