"""The page of models on other datasets: each number comes from the evaluation."""

import json
import re
import shlex
from dataclasses import fields, replace

import pytest
from evaluating import (
    HOSTILE_GENRES,
    HOSTILE_NAME,
    bare_evaluation,
    made_evaluation,
    merged_home,
)
from html_tables import table_of, tables_of, text_of

from featkit._utils.formatting import percent
from featkit.cli._main import COMMANDS
from featkit.errors import ParameterError
from featkit.evaluation.result import CrossEvaluation, DatasetEvaluation, ValueInterval
from featkit.report.evaluation_page import evaluation_page, write_evaluation_report
from featkit.report.formatting import fixed
from featkit.report.formatting import percent as percent_text
from featkit.report.section import sections_of

SECTIONS = ["overview", "classes", "confusion", "calibration", "breakdown", "shift"]


@pytest.fixture(scope="module")
def evaluation():
    return made_evaluation(rows=200)


@pytest.fixture(scope="module")
def pair(evaluation):
    return evaluation.evaluations[0]


@pytest.fixture(scope="module")
def html(evaluation):
    return evaluation_page(evaluation)


@pytest.fixture(scope="module")
def text(html):
    return text_of(html)


@pytest.fixture(scope="module")
def several():
    return made_evaluation(datasets=("a", "b"), models=("forest", "boosting"), rows=60)


def changed(evaluation, **changes):
    """The evaluation with changed values of its first model on its first dataset."""
    first, *others = evaluation.evaluations
    return replace(evaluation, evaluations=[replace(first, **changes), *others])


def short(share):
    return percent(share, " ")


# The page


def test_sections_are_in_order(html):
    names = re.findall(r'<section id="(\w+)"', html)
    assert names == [f"evaluation_{name}" for name in (*SECTIONS, "reproducibility")]
    assert names == [section.name for section in sections_of("evaluation")]
    assert re.findall(r'<li><a href="#(\w+)">', html) == names


def test_the_page_is_written(tmp_path, evaluation, html):
    write_evaluation_report(tmp_path / "r.html", evaluation)
    assert (tmp_path / "r.html").read_text("utf-8") == html
    with pytest.raises(ParameterError, match="nowhere"):
        write_evaluation_report(tmp_path / "nowhere" / "r.html", evaluation)


def test_the_title_is_the_accuracy(html, evaluation, several):
    title = re.search("<h1>(.*)</h1>", html)[1]
    accuracy = percent_text(evaluation.evaluations[0].scores.accuracy.value)
    assert title == f"genre classifies {accuracy} of 200 recordings of jamendo correctly"
    values = sorted(own.scores.accuracy.value for own in several.evaluations)
    title = re.search("<h1>(.*)</h1>", evaluation_page(several))[1]
    shares = f"{percent_text(values[0])} to {percent_text(values[-1])}"
    assert title == f"2 models classify {shares} of the recordings of 2 datasets correctly"


def test_a_page_is_the_same_each_time(evaluation, html):
    assert evaluation_page(evaluation) == html


# Overview


def test_the_first_lines_warn_of_recording_conditions(pair, text, evaluation):
    overview = text.split("1 Overview ")[1]
    assert overview.startswith("“jamendo”: the dataset may give the label away.")
    assert "58.3 % (95 % interval 54.1 to 62.2), mostly by bandwidth; chance is 11.1 %" in overview
    quiet = replace(pair.conditions, give_label_away=False)
    other = text_of(evaluation_page(changed(evaluation, conditions=quiet)))
    assert other.split("1 Overview ")[1].startswith("On “jamendo”")
    assert "give the label away" not in other


def test_the_lead_compares_with_home_majority_and_chance(pair, text):
    here, home = pair.scores.accuracy, pair.home.metrics["accuracy"]
    assert f"“genre” classifies {short(here.value)} of 200 recordings correctly (95 %" in text
    assert f"At home, it is {short(home.value)} (95 % interval" in text
    assert f"common class gives {short(pair.majority.accuracy)}, and a random guess 11.1 %" in text
    points = f"{100 * (home.value - here.value):.1f} percentage points below the accuracy at home"
    assert points in text


def test_all_metrics_are_shown_here_and_at_home(pair, html):
    for title, name in (
        ("Accuracy", "accuracy"),
        ("Balanced accuracy", "balanced_accuracy"),
        ("Macro F1", "macro_f1"),
        ("Log loss", "log_loss"),
    ):
        score, home = pair.scores[name], pair.home.metrics[name]
        assert [[row[0], row[2]] for row in table_of(html, title)] == [
            ["Here", f"{fixed(score.value)} {fixed(score.low)} to {fixed(score.high)}"],
            ["At home", f"{fixed(home.value)} {fixed(home.low)} to {fixed(home.high)}"],
            ["Most common class", fixed(pair.majority[name])],
            ["Random guess", fixed(pair.chance[name])],
        ]


def test_recordings_at_home_are_compared_if_they_were_scored(pair, evaluation):
    metrics = {name: ValueInterval(value=0.9876) for name in pair.home.metrics}
    home = replace(pair.home, recording_metrics=metrics)
    html = evaluation_page(changed(evaluation, home=home))
    assert table_of(html, "Accuracy")[1] == ["At home", "", "0.988"]
    assert "At home, it is 98.8 %." in text_of(html)


def test_rows_that_are_not_scored_are_counted(pair, html):
    counts = pair.counts
    numbers = [int(row[1].replace(",", "")) for row in table_of(html, "Not scored")]
    assert numbers == [11, 43, 66, counts.repeated, 12, 4, 7]
    labels = table_of(html, "Labels that are not scored")
    assert {row[0]: int(row[2]) for row in labels} == {**counts.unknown, **counts.dropped}
    assert labels[0] == ["spoken", "dropped by the label map", "40"]
    assert "400 of 963 rows are scored. They belong to 200 of 480 recordings." in text_of(html)


def test_the_label_map_is_shown(html):
    assert table_of(html, "Classes, and the labels") == [
        ["hiphop", "hip hop, Rap & Hiphop"],
        ["pop", "Dance"],
        ["dropped", "spoken, noise & field recordings"],
        ["dropped in jamendo", "test tones"],
    ]


def test_warnings_are_shown_once(evaluation, pair):
    from featkit.models.recording_conditions import conditions_warnings

    warnings = [*conditions_warnings(pair.conditions, is_training=False), "a doubt"]
    text = text_of(evaluation_page(changed(evaluation, warnings=warnings)))
    assert "a doubt" in text
    assert warnings[0] not in text


def test_several_pairs_are_summarised_first(several):
    html = evaluation_page(several)
    rows = table_of(html, "Accuracy of each model")
    assert [" ".join(row[0].split()[:3]) for row in rows] == [
        "forest on a",
        "boosting on a",
        "forest on b",
        "boosting on b",
    ]
    for row, pair in zip(rows, several.evaluations, strict=True):
        difference = pair.scores.accuracy.value - pair.home.metrics["accuracy"].value
        assert row[2].startswith(fixed(pair.scores.accuracy.value))
        assert row[0].endswith(f" −{-100 * difference:.1f} points from home")
    assert html.count("<summary><h3>forest on b</h3></summary>") == len(SECTIONS) - 1


# Classes, confusion and calibration


def test_the_numbers_of_each_class_are_those_of_the_evaluation(pair, html):
    home = {own.name: own for own in pair.home.per_class}
    for row, own in zip(table_of(html, "Scores of each class"), pair.per_class, strict=True):
        at_home = home[own.name]
        assert row[:3] == [own.name, str(own.support), str(own.predicted)]
        assert float(row[3]) == pytest.approx(own.predicted / own.support, abs=0.0051)
        assert row[4:] == [
            *map(fixed, (own.precision, own.recall, own.f1)),
            *map(fixed, (at_home.precision, at_home.recall, at_home.f1)),
            str(at_home.support),
        ]


def test_the_most_wrong_number_of_predictions_comes_first(pair, html, text):
    rows = table_of(html, "Predictions and recordings of each class")
    worst = max(pair.per_class, key=lambda own: abs(own.predicted - own.support))
    ratio = f"{worst.predicted / worst.support:.2f}"
    assert rows[0] == [worst.name, "", f"{worst.predicted} {worst.support} true, ×{ratio}"]
    finding = (
        f"“{worst.name}” is predicted more often than it occurs: {worst.predicted} predictions"
    )
    assert finding in text


def test_the_confusion_matrix_is_that_of_the_evaluation(pair, html):
    counts = table_of(html, "Confusion matrix: number of recordings")
    shares = table_of(html, "Confusion matrix: percent")
    for row, percents, numbers, name in zip(
        counts, shares, pair.confusion, pair.classes, strict=True
    ):
        assert row == [name, *(str(number) if number else "·" for number in numbers)]
        for cell, number in zip(percents[1:], numbers, strict=True):
            assert number == 0 or float(cell.strip("<>")) == pytest.approx(
                100 * number / sum(numbers), abs=1
            )


def test_calibration_is_shown_here_and_at_home(pair, html):
    here, home = pair.calibration, pair.home.calibration
    rows = {row[0]: row[1:] for row in table_of(html, "Measures of calibration")}
    assert rows["Expected calibration error"] == [
        fixed(here.expected_error),
        fixed(home.expected_error),
    ]
    assert rows["Brier score"] == [fixed(here.brier), fixed(home.brier)]
    bins = table_of(html, "Confidence and accuracy")
    assert sum(int(row[1]) for row in bins) == sum(own.rows for own in here.reliability)
    assert sum(int(row[4]) for row in bins) == sum(own.rows for own in home.reliability)
    assert html.count('class="plot reliability"') == 2


# Breakdown


def test_segments_stand_beside_recordings(pair, html):
    row = table_of(html, "Scores of recordings and of segments")[0]
    assert row[1].startswith(fixed(pair.scores.accuracy.value))
    assert row[2].startswith(fixed(pair.segment_scores.accuracy.value))


def test_secondary_labels(html, text):
    assert "46 of 200 recordings (23.0 %) have a secondary label." in text
    assert "rises by 5.1 percentage points (95 % interval +3.1 to +7.1)" in text
    assert "rescues 15 of 160 errors (9.4 %), which is 50.0 % of the errors that have" in text
    table = next(table for table in tables_of(html) if table["rows"][0][0] == "Correct is")
    assert [row[2][:5] for row in table["rows"][1:]] == ["0.466", "0.518"]


def test_subgroups_have_intervals_and_support(html, text):
    rows = table_of(html, "Accuracy by sex")
    assert rows[0] == ["female 70 recordings of 40 artists", "", "0.500 0.470 to 0.530"]
    assert rows[2][0] == "no value 56 recordings of 34 artists; too few"
    assert "12.3 percentage points above that of “female” (95 % interval +1.2 to +23.4)" in text
    assert "The interval excludes 0." in text
    assert table_of(html, "Scores by device")[1][:5] == ["b", "73", "63", "37", "0.560"]


def test_two_models_are_compared(several):
    html = evaluation_page(several)
    cells = table_of(html, "Recordings by the models")
    numbers = [int(cell) for row in cells for cell in row[1:]]
    assert numbers == [107, 31, 52, 110]
    assert sum(numbers) == 300
    text = text_of(html)
    assert "+7.0 percentage points (95 % interval +1.2 to +12.5)" in text
    assert "McNemar's exact test: p = 0.027" in text
    first, second = several.comparisons
    tiny = replace(several, comparisons=[replace(first, p_value=1e-9), second])
    assert "p &lt; 0.001" in evaluation_page(tiny)


def test_nothing_to_break_down_is_explained():
    text = text_of(evaluation_page(bare_evaluation(rows=40)))
    assert "Nothing to break down" in text
    assert "--secondary-label" in text


# Shift


def test_distances_have_medians_and_a_verdict(pair, html, text):
    columns = pair.shift.columns
    rows = table_of(html, "Distance of each column")
    assert [row[0] for row in rows] == [own.column for own in columns]
    assert [row[2] for row in rows] == [fixed(own.distance.value, 2) for own in columns]
    assert [row[4] == "differs" for row in rows] == [own.differs for own in columns]
    assert rows[5][6] == "undefined"
    differing = sum(own.differs for own in columns)
    assert f"{differing} of 24 feature columns differ from the training table" in text
    assert 'class="rule against" d="M137 0V100"' in html


def test_recording_conditions_are_set_apart(html, text):
    rows = table_of(html, "Recording conditions at home and here")
    assert rows[0][0] == "bandwidth home 10,900 Hz; here 3,400 Hz"
    assert rows[-1][2].endswith("within chance")
    assert table_of(html, "File formats") == [
        ["wav/pcm_16", "100.0 %", "25.0 %"],
        ["mp3", "0.0 %", "75.0 %"],
    ]
    assert "AUC of 0.957 (95 % interval 0.937 to 0.977)" in text
    assert "AUC of 0.991 (95 % interval 0.983 to 0.999)" in text
    assert "conditions that differ from those at home: bandwidth, level and sample rate" in text


def test_importances_are_side_by_side(pair, html, text):
    rows = table_of(html, "Importance of each column")
    for row, own in zip(rows, pair.importances.columns, strict=True):
        assert (row[0], row[1], row[3]) == (own.name, short(own.home.value), short(own.here.value))
    assert "The rank correlation of the importances of all columns is 0.43" in text


# Reproducibility


def test_versions_and_label_map(evaluation, html):
    assert dict(table_of(html, "Versions")) == evaluation.versions
    code = html.split("<summary>Label map</summary>")[1].split("<code>")[1].split("</code>")[0]
    assert json.loads(code.replace("&#34;", '"').replace("&amp;", "&")) == evaluation.label_map


def test_the_command_can_be_parsed(several):
    html = evaluation_page(several)
    command = html.split("<pre><code>")[1].split("</code>")[0].replace("&#39;", "'")
    words = shlex.split(command)
    assert words[:6] == [
        *["featkit", "evaluate", "forest.fk", "boosting.fk", "a.parquet", "b.parquet"]
    ]
    context = COMMANDS["evaluate"].make_context("evaluate", words[2:])
    assert context.params["by"] == ("sex", "device")
    assert context.params["report"] == "report.html"


# Optional parts and extremes

OPTIONAL = [
    field.name
    for field in fields(DatasetEvaluation)
    if field.default is None or field.default == ()
]


@pytest.mark.parametrize("name", OPTIONAL)
def test_each_part_may_be_absent(evaluation, name):
    value = () if name in ("subgroups", "warnings") else None
    text = text_of(evaluation_page(changed(evaluation, **{name: value})))
    assert "Reproducibility" in text
    assert "None" not in text


def test_a_page_without_optional_parts():
    html = evaluation_page(bare_evaluation(rows=40))
    text = text_of(html)
    assert "contains no scores at home" in text
    assert "--training-table" in text
    assert [row[0] for row in table_of(html, "Accuracy")][1] == "Most common class"
    assert not {"nan", "None", "inf"} & {*text.split()}


def test_merged_classes_at_home_have_no_intervals(evaluation, pair):
    html = evaluation_page(changed(evaluation, home=merged_home(pair.home)))
    assert "because the label map merges classes" in html
    assert table_of(html, "Accuracy")[1][2] == fixed(pair.home.metrics["accuracy"].value)
    assert [row[0] for row in table_of(html, "Log loss")][1] == "Most common class"


def test_classes_without_recordings_or_predictions(evaluation, pair):
    none = {"precision": None, "recall": None, "f1": None}
    first, second, third, *others = pair.per_class
    per_class = [
        replace(first, support=0, predicted=9, **none),
        replace(second, support=0, predicted=0, **none),
        replace(third, support=7, predicted=0, **none),
        *others,
    ]
    zeros = [[0] * len(pair.classes) for _ in pair.classes]
    html = evaluation_page(changed(evaluation, per_class=per_class, confusion=zeros))
    rows = table_of(html, "Scores of each class")
    assert rows[0][1:7] == ["0", "9", "–", "–", "–", "–"]
    assert rows[2][1:5] == ["7", "0", "0.00", "–"]
    assert "belongs to blues and classical." in text_of(html)


def test_numbers_without_intervals(evaluation, pair):
    point = ValueInterval(value=0.25)
    shift = replace(
        pair.shift,
        columns=[replace(own, distance=point, unit="") for own in pair.shift.columns],
        classifier=replace(pair.shift.classifier, auc=point),
    )
    secondary = replace(
        pair.secondary, gain=point, rescue_rate=None, rescue_rate_with_secondary=None
    )
    html = evaluation_page(changed(evaluation, shift=shift, secondary=secondary))
    assert "an AUC of 0.250." in text_of(html)
    assert "None" not in html


def test_hostile_names_are_text():
    evaluation = made_evaluation(
        datasets=(HOSTILE_NAME,), models=("שלום", "<b>x</b>"), classes=HOSTILE_GENRES, rows=60
    )
    html = evaluation_page(evaluation)
    assert html.count("<script") == 2
    assert "<script>alert" not in html
    assert "<b>x" not in html
    assert not re.search(r'\sonload="', html)
    assert "<bdi>שלום (2)</bdi>" in html
    assert "“\u2068שלום\u2069” classifies" in html
    depth = 0
    for letter in html:
        depth += {"\u2068": 1, "\u2069": -1}.get(letter, 0)
        assert depth in (0, 1)
    assert tables_of(html)


@pytest.mark.parametrize(
    ("classes", "columns", "most"), [(100, 75, 1_500_000), (9, 600, 1_000_000)]
)
def test_large_pages_stay_small(evaluation, pair, classes, columns, most):
    names = [f"class {k:03d} {'x' * 50}" for k in range(classes)]
    own, calibrated = pair.per_class[0], pair.calibration
    shift = replace(pair.shift, columns=[pair.shift.columns[0]] * columns)
    columns = [pair.importances.columns[0]] * columns
    html = evaluation_page(
        changed(
            evaluation,
            classes=names,
            per_class=[replace(own, name=name) for name in names],
            confusion=[[7 * ((j - i) % 7 == 0) for j in range(classes)] for i in range(classes)],
            calibration=replace(calibrated, classes=[calibrated.classes[0]] * classes),
            shift=shift,
            importances=replace(pair.importances, columns=columns),
        )
    )
    assert len(html.encode()) < most


def test_long_tables_are_folded(evaluation, pair):
    subgroups = replace(pair.subgroups[0], subgroups=[pair.subgroups[0].subgroups[0]] * 40)
    html = evaluation_page(changed(evaluation, subgroups=[subgroups]))
    assert len(table_of(html, "Accuracy by sex")) == 12
    assert len(table_of(html, "Accuracy by the other values of sex")) == 28


def test_an_evaluation_without_datasets_is_a_page():
    assert "Overview" in evaluation_page(CrossEvaluation(evaluations=[]))
