"""Figures of curves are exact at their points."""

import numpy as np
import pytest
from learning import tones

import featkit
from featkit.errors import ParameterError

pytest.importorskip("matplotlib")

from featkit import plots


@pytest.fixture(scope="module")
def scores():
    return featkit.train(tones(60, spread=2.0), model="logistic", folds=3).scores


def test_lines_are_the_curves(scores):
    curve = next(own for own in scores["curves"]["classes"] if own["class"] == "low")
    _, line = plots.roc(scores, of_class="low").lines
    true, false = np.array(curve["true_positives"]), np.array(curve["false_positives"])
    np.testing.assert_allclose(line.get_xdata()[1:], false / curve["negatives"])
    np.testing.assert_allclose(line.get_ydata()[1:], true / curve["positives"])
    chance, line = plots.precision_recall(scores, of_class="low").lines
    np.testing.assert_allclose(line.get_ydata()[1:], true / (true + false))
    assert chance.get_ydata()[0] == pytest.approx(1 / 3)
    assert line.get_drawstyle() == "steps-pre"
    area = np.sum(np.diff(line.get_xdata()) * line.get_ydata()[1:])
    assert area == pytest.approx(curve["average_precision"]["value"])


def test_the_legend_has_the_areas(scores):
    ax = plots.precision_recall(scores)
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    for curve in scores["curves"]["classes"]:
        assert any(
            curve["class"] in text and f"{curve['average_precision']['value']:.3f}" in text
            for text in texts
        )


def test_of_many_classes_the_smallest_areas_are_drawn():
    names = tuple(f"c{k:02d}" for k in range(12))
    scores = featkit.train(tones(72, names, spread=9.0), model="logistic", folds=3).scores
    ax = plots.roc(scores)
    assert "8 of 12 classes" in ax.get_title()
    areas = sorted(curve["roc_auc"]["value"] for curve in scores["curves"]["classes"])
    assert f"{areas[0]:.3f}" in ax.get_legend().get_texts()[0].get_text()


def test_what_cannot_be_drawn_is_an_error(scores):
    with pytest.raises(ParameterError, match="the scores have no curves"):
        plots.roc({"curves": None})
    with pytest.raises(ParameterError, match="unknown class 'lo'"):
        plots.precision_recall(scores, of_class=["lo"])
