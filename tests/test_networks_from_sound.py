"""Networks predict sound files like the sequences of these files."""

import numpy as np
import pytest
from extracting import clip, write_audio
from fake_networks import add_fake_network

import featkit

COLUMNS = ["p_high", "p_low"]


@pytest.fixture
def corpus(tmp_path):
    """A folder of quiet and loud recordings, by class."""
    for k in range(12):
        name = ("high", "low")[k % 2]
        write_audio(tmp_path / name / f"{k:02d}.wav", (0.3, 0.003)[k % 2] * clip(k, 0.2))
    return tmp_path


def test_sound_and_its_sequences_give_the_same_predictions(corpus, tmp_path_factory, monkeypatch):
    add_fake_network(monkeypatch)
    folder = tmp_path_factory.mktemp("out") / "seq"
    featkit.sequences(corpus, output=folder, features="mel16", labels="folder")
    result = featkit.train(folder, model="fake", folds=2)
    model = result.model
    assert result.evaluation.kept.accuracy.value > 0.8
    table = model.predict(folder).data.sort_values("path")
    sound = model.predict(corpus).data.sort_values("path")
    assert list(sound.path) == list(table.path)
    np.testing.assert_allclose(sound[COLUMNS], table[COLUMNS], rtol=1e-12)
    one = model.predict(corpus / "low" / "01.wav").data
    np.testing.assert_allclose(one[COLUMNS], table[table.path == "low/01.wav"][COLUMNS])
    samples = featkit.load(corpus / "low" / "01.wav")
    np.testing.assert_array_equal(model.predict_arrays(*samples), one[COLUMNS].to_numpy()[0])
    scored = featkit.evaluate(model, corpus, labels="folder")
    P = result.predictions.sort_values("path")[COLUMNS]
    np.testing.assert_allclose(scored.predictions.sort_values("path")[COLUMNS], P, rtol=1e-12)
