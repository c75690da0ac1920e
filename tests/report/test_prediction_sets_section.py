"""Prediction sets on the page and on the terminal."""

import pytest
from learning import copies, tones
from reporting import plain_text

import featkit
from featkit.cli._set_scores import show_sets
from featkit.report.page import page


@pytest.fixture(scope="module")
def result():
    data = copies(recordings=24, segments=3)
    data["x0"] += 2 * (data["label"] == "rock")
    return featkit.train(data, model="logistic", prediction_sets=True, folds=2)


def section(model):
    html = page(model=model)
    start = html.index('id="prediction_sets"')
    return html[start : html.index("</section>", start)]


def test_the_section_shows_rows_and_recordings(result):
    text = plain_text(section(result.model))
    one = result.evaluation.prediction_sets.coverages[1]
    share = f"{100 * one.coverage.value:.1f}"
    assert f"At a nominal coverage of 90 %, the sets of {share} % of 72 rows contain" in text
    assert "Sets of recordings" in text
    assert "of 24 recordings contain the true class" in text
    assert "Over 24 recordings, the mean coverage is" in text  # the groups of rows


def test_the_section_of_a_model_without_sets_says_how_to_get_them():
    model = featkit.train(tones(60), model="logistic", folds=2).model
    assert "featkit train fits them for --model auto, or with --prediction-sets" in plain_text(
        section(model).replace("<code>", "").replace("</code>", "")
    )


def test_the_terminal_shows_measured_coverage_and_abstention(result, capsys):
    show_sets(result.evaluation)
    text = capsys.readouterr().out
    assert "logistic, prediction sets of 72 rows:" in text
    assert "logistic, prediction sets of 24 recordings:" in text
    one = result.evaluation.prediction_sets.coverages[0]
    assert f"{one.coverage.value:.3f} [{one.coverage.low:.3f}" in text
    assert "wanted" in text


def test_a_remark_says_that_sets_ignore_costs(result, capsys):
    data = tones(60)
    names = sorted(set(data["label"]))
    costs = {a: {b: 5.0 if a == names[0] else 1.0 for b in names if a != b} for a in names}
    how = {"model": "logistic", "prediction_sets": True, "folds": 2}
    decided = featkit.train(data, costs=costs, **how)
    show_sets(decided.evaluation)
    remark = "the predicted class may be outside its prediction set"
    assert remark in capsys.readouterr().out
    assert remark in plain_text(section(decided.model))
    assert remark not in plain_text(section(result.model))
