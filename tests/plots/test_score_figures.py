"""Figures of scores and of one recording: their artists show the numbers."""

import re

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from reporting import made

from featkit import plots
from featkit._utils import palette
from featkit.errors import ParameterError
from featkit.explanation import contrast, contributions
from featkit.models.serialization import to_dict
from featkit.plots._drawing import luminance
from featkit.report._assets import asset

SCORES = {
    "model": "svm",
    "models": {
        "forest": {"accuracy": {"value": 0.8, "low": 0.75, "high": 0.85}},
        "svm": {"accuracy": {"value": 0.9, "low": 0.86, "high": 0.93}, "log_loss": {"value": 0.4}},
        "baseline": {"accuracy": {"value": 0.1, "low": None, "high": None}},
    },
}


def test_calibration_draws_a_dot_for_each_bin():
    model, _, _ = made()
    scores = to_dict(model.evaluation)
    ax = plots.calibration(scores)
    bins = scores["calibration"]["reliability"]
    expected = [(b["confidence"], b["accuracy"]) for b in bins]
    (dots,) = ax.collections
    np.testing.assert_allclose(dots.get_offsets(), expected)
    areas = dots.get_sizes()
    assert np.argmax(areas) == np.argmax([b["rows"] for b in bins])
    assert ax.get_xlim() == ax.get_ylim() == (0, 1)


def test_the_leaderboard_is_zoomed_to_the_intervals():
    ax = plots.leaderboard(SCORES)
    assert [text.get_text() for text in ax.get_yticklabels()] == ["svm", "forest"]
    low, high = ax.get_xlim()
    assert 0.7 < low < 0.75
    assert 0.93 < high < 1
    segments = [item.get_segments()[0][:, 0].tolist() for item in ax.collections[::2]]
    assert segments == [[0.86, 0.93], [0.75, 0.85]]
    values = [float(item.get_offsets()[0][0]) for item in ax.collections[1::2]]
    assert values == [0.9, 0.8]
    assert "baseline 0.1, left of the axis" in ax.get_title()


def test_a_near_baseline_is_on_the_leaderboard():
    models = {**SCORES["models"], "baseline": {"accuracy": {"value": 0.7}}}
    ax = plots.leaderboard({**SCORES, "models": models})
    assert ax.get_xlim()[0] < 0.7
    assert "baseline 0.7, dashed" in ax.get_title()


def test_models_without_a_score_are_left_out():
    ax = plots.leaderboard(SCORES, metric="log_loss")
    assert [text.get_text() for text in ax.get_yticklabels()] == ["svm"]


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.calibration({"model": "ridge"}), "no reliability diagram"),
        (lambda: plots.leaderboard({}), "no models"),
        (lambda: plots.leaderboard(SCORES, metric="accurcy"), "accuracy"),
        (lambda: plots.recording(made()[1], 40), "from 0 to 39"),
        (lambda: plots.recording(made()[1], 0, of_class="d"), "'d'"),
    ],
)
def test_faults(draw, message):
    with pytest.raises(ParameterError, match=message):
        draw()


@pytest.mark.parametrize("against", [None, "c"])
def test_bars_lead_from_the_base_value_to_the_output(against):
    _, explanation, _ = made()
    ax = plots.recording(explanation, 3, of_class="a", against=against, top=4)
    a, c = (explanation.classes.index(name) for name in "ac")
    base, output = explanation.base[3, a], explanation.output[3, a]
    table = contributions(explanation, 3, "a", top=4)
    if against:
        base, output = base - explanation.base[3, c], output - explanation.output[3, c]
        table = contrast(explanation, 3, "a", "c", top=4)
    bars = ax.patches
    assert len(bars) == 5  # the last is that of all other columns
    assert bars[0].get_x() == pytest.approx(base)
    ends = [bar.get_x() + bar.get_width() for bar in bars]
    assert ends[-1] == pytest.approx(output)
    assert [bar.get_x() for bar in bars[1:]] == pytest.approx(ends[:-1])
    assert [bar.get_width() for bar in bars[:4]] == pytest.approx(table["shap"].tolist())
    for bar in bars:
        expected = palette.MARK if bar.get_width() >= 0 else palette.OTHER
        assert bar.get_facecolor() == to_rgba(expected)
    labels = [text.get_text() for text in ax.get_yticklabels()]
    assert [label.partition("\n")[0] for label in labels] == [*table["feature"], "other columns"]


def test_unusual_values_are_marked():
    _, explanation, _ = made()
    explanation.X[3, :] = 1e9
    object.__setattr__(explanation, "usual", np.stack([np.zeros((3, 6)), np.ones((3, 6))]))
    ax = plots.recording(explanation, 3, top=6)
    assert all("▲ (0 to 1)" in text.get_text() for text in ax.get_yticklabels())


def test_a_column_that_the_model_ignores_is_said_to_be_so():
    _, explanation, _ = made()
    texts = [
        text.get_text()
        for text in plots.dependence(explanation, "tempo_2_mean", of_class="a").texts
    ]
    assert texts == []
    explanation.values[:, 2] = 0.0
    (text,) = plots.dependence(explanation, "tempo_2_mean", of_class="a").texts
    assert text.get_text().startswith("The model does not use this column")


def contrast_ratio(one, other):
    """Of two colours (WCAG 2.2)."""
    lighter, darker = sorted((luminance(np.array(to_rgba(c))) for c in (one, other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_pages_and_plots_share_their_colours_and_these_can_be_seen():
    pattern = r"--(\w+): light-dark\((#\w+), (#\w+)\);"
    colours = {name: values for name, *values in re.findall(pattern, asset("style.css"))}
    backs = colours["back"]
    for name, in_light, in_dark in (
        ("mark", palette.MARK, palette.MARK_IN_DARK),
        ("other", palette.OTHER, palette.OTHER_IN_DARK),
        ("muted", palette.MUTED, palette.MUTED_IN_DARK),
    ):
        assert colours[name] == [in_light, in_dark]
        assert contrast_ratio(in_light, backs[0]) >= 3
        assert contrast_ratio(in_light, "#ffffff") >= 3
        assert contrast_ratio(in_dark, backs[1]) >= 3
