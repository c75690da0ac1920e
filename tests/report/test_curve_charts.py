"""The section of curves: charts, thresholds and costs."""

import re
from itertools import pairwise

import numpy as np
import pytest
from click.testing import CliRunner
from html_tables import text_of
from learning import people, tones

import featkit
from featkit.cli._main import main
from featkit.models.curves import evaluate_curves
from featkit.report._curve_charts import precision_recall_chart, roc_chart
from featkit.report.page import page

COSTS = "true,high,low,mid\nhigh,0,1,2\nlow,30,0,1\nmid,1,1,0\n"


def curve(rows=60, seed=0):
    rng = np.random.default_rng(seed)
    y = np.array(["a", "b"])[np.arange(rows) % 2]
    p = np.clip(rng.random(rows) * 0.7 + 0.3 * (y == "b"), 0, 1)
    return evaluate_curves(y, np.column_stack([1 - p, p]), ["a", "b"], np.arange(rows)).classes[0]


@pytest.mark.parametrize("chart", [roc_chart, precision_recall_chart])
def test_a_line_passes_through_the_points_of_the_curve(chart):
    own = curve()
    line = re.search(r'class="median" d="M([^"]*)"', chart(own, "b"))[1]
    corners = [tuple(map(float, corner.split())) for corner in line.split("L")]
    y = own.recall if chart is roc_chart else own.precision
    x = own.false_positive_rate if chart is roc_chart else own.recall
    for px, py in zip(x, y, strict=True):
        place = 46 + px * 248, 150 - py * 140
        distances = [_distance(place, start, end) for start, end in pairwise(corners)]
        assert min(distances) < 0.11


def _distance(point, start, end):
    """Distance of a point from a part of a line."""
    point, start, end = map(np.array, (point, start, end))
    along = np.clip(np.dot(point - start, end - start) / np.dot(end - start, end - start), 0, 1)
    return np.hypot(*(point - start - along * (end - start)))


def test_the_page_has_areas_curves_and_costs(tmp_path):
    (tmp_path / "c.csv").write_text(COSTS)
    data = tones(60, spread=3.0)
    result = featkit.train(data, model="logistic", folds=3, costs=tmp_path / "c.csv")
    html = page(model=result.model)
    text = text_of(html)
    curves, costs = result.evaluation.curves, result.evaluation.costs
    assert f"the mean ROC AUC is {curves.macro_roc_auc.value:.3f}" in text
    assert f"A row costs {costs.mean.value:.3f}" in text
    assert f"Always predicting “{costs.constant_class}”" in text.replace("\u2068", "").replace(
        "\u2069", ""
    )
    assert html.count('class="plot curve"') == 2 * 4
    assert "Curves of 1 more class" in text
    assert "--cost COSTS.csv" in text


def test_two_classes_have_one_curve_and_a_table_of_thresholds():
    data, person, _ = people(16, spread=1.0)
    result = featkit.train(
        data.assign(person=person.astype(str)), group="person", model="logistic", folds=3
    )
    html = page(model=result.model)
    assert html.count('class="plot curve"') == 2
    (own,) = result.evaluation.curves.classes
    for point in own.points:
        assert f'<td class="number">{point.threshold:.3f}</td>' in html


def test_the_terminal_has_areas_and_costs(tmp_path):
    (tmp_path / "c.csv").write_text(COSTS)
    tones(60, spread=3.0).to_csv(tmp_path / "t.csv", index=False)
    words = ["train", str(tmp_path / "t.csv"), "--model", "logistic", "--jobs", "1"]
    outcome = CliRunner().invoke(main, [*words, "--cost", str(tmp_path / "c.csv")])
    assert outcome.exit_code == 0, outcome.output
    assert "mean over 3 classes, each against the others: ROC AUC" in outcome.output
    assert "classes with the least expected cost are predicted" in outcome.output
    (tmp_path / "c.csv").write_text(COSTS.replace("30", "many"))
    outcome = CliRunner().invoke(main, [*words, "--cost", str(tmp_path / "c.csv")])
    assert outcome.exit_code != 0
    assert "the cost of predicting 'high' is 'many', which is no number" in outcome.output
