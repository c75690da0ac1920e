"""Sentences about the cleaned table: they say what it lacks and how the score changes."""

import json
from types import SimpleNamespace

import pytest
from html_tables import text_of
from made_audits import made_audit

from featkit.auditing.cleaning import ScoreChange
from featkit.auditing.cleaning_text import (
    LABELS_STAY,
    change_sentences,
    cleaning_data,
    cleaning_paragraphs,
    cleaning_summary,
    labels_note,
    training_command,
)
from featkit.auditing.issue import Issue
from featkit.models.score_types import AccuracyDifference, MetricScore
from featkit.report.audit_page import audit_page


def score(value):
    own = MetricScore(
        value=value, std=0.01, low=value - 0.02, high=value + 0.02, folds={"1": value}
    )
    return {"balanced_accuracy": own, "accuracy": own}


def difference(value, half=0.01):
    own = AccuracyDifference(value=value, low=value - half, high=value + half)
    return {"balanced_accuracy": own, "accuracy": own}


def made_cleaning(*, removed=("b.wav",), joined=2, change=None, label="label"):
    """A cleaned table of 10 recordings, from given scores."""
    table = SimpleNamespace(feature_names=["x"])
    return SimpleNamespace(
        dataset=SimpleNamespace(label=label, table=table),
        groups={f"{k}.wav": "g" for k in range(10)},
        removed=removed,
        n_joined=joined,
        group="group",
        changes_nothing=not removed and not joined,
        change=change or made_change(),
        command=lambda: "featkit train cleaned.parquet --label label --group group",
    )


def made_change(total=-0.05):
    return ScoreChange(
        model="logistic",
        before=score(0.8),
        after=score(0.8 + total),
        before_protocol="5 folds by recording",
        after_protocol="5 folds by group",
        total=difference(total),
        removal=difference(-0.0001, 0.002),
        grouping=difference(total),
    )


def test_the_summary_counts_what_is_left_out_and_joined():
    text = "The cleaned table leaves out 1 of 10 recordings"
    assert cleaning_summary(made_cleaning()).startswith(f"{text}; 2 others are newly joined")
    assert cleaning_summary(made_cleaning(joined=0)).startswith(f"{text}. Its groups are")
    nothing = cleaning_summary(made_cleaning(removed=(), joined=0))
    assert nothing.startswith("The cleaned table is the table as it is")


def test_the_change_has_intervals_and_both_splits():
    first, second, third = change_sentences(made_cleaning())
    assert first == (
        "The balanced accuracy of the logistic model changes by −0.050 [−0.060, −0.040], from"
        " 0.800 [0.780, 0.820] (5 folds by recording) to 0.750 [0.730, 0.770] (5 folds by group)."
    )
    assert second == (
        "Removed recordings account for 0.000 [−0.002, +0.002], and groups that are kept together"
        " for −0.050 [−0.060, −0.040]."
    )
    assert third.startswith("The lower score is the realistic one")


@pytest.mark.parametrize("total", [0.0, 0.005, -0.005])
def test_a_change_that_may_be_0_is_not_called_realistic(total):
    sentences = change_sentences(made_cleaning(change=made_change(total)))
    assert sentences[0].endswith("the interval includes 0.")
    assert "realistic" not in "".join(sentences)


def test_a_rise_is_shown_with_its_sign():
    (first, *others) = change_sentences(made_cleaning(change=made_change(0.05)))
    assert "changes by +0.050 [+0.040, +0.060]" in first
    assert "realistic" not in "".join(others)


def test_without_a_score_the_reason_is_given():
    cleaning = made_cleaning(change="without labels there is no score", label=None)
    assert change_sentences(cleaning) == [
        "The change of the score is unknown: without labels there is no score."
    ]
    assert training_command(cleaning) == ""
    data = cleaning_data(cleaning, score_change=True)
    assert (data["change"], data["reason"]) == (None, "without labels there is no score")


def test_labels_are_mentioned_if_some_are_doubted():
    issues = made_audit().issues
    assert labels_note(issues) == LABELS_STAY
    assert labels_note([issue for issue in issues if issue.check != "label_errors"]) == ""
    not_checked = Issue("label_errors", "not checked", "low", "message", "remedy")
    assert labels_note([not_checked]) == ""


def test_data_hold_the_scores():
    data = json.loads(
        json.dumps(cleaning_data(made_cleaning(), score_change=True), allow_nan=False)
    )
    assert data["removed"] == ["b.wav"]
    assert data["change"]["total"]["balanced_accuracy"]["value"] == -0.05
    assert data["command"].startswith("featkit train cleaned.parquet")


def test_terminal_and_page_end_with_the_change_and_the_command():
    audit = made_audit()
    audit.__dict__["cleaning"] = made_cleaning()
    paragraphs = cleaning_paragraphs(audit)
    page = text_of(audit_page(audit))
    for text in [*change_sentences(audit.cleaning), training_command(audit.cleaning)]:
        assert any(text in paragraph for paragraph in paragraphs)
        assert text in page


def test_the_command_names_the_file_that_was_written():
    audit = made_audit()
    audit.__dict__["cleaning"] = made_cleaning()
    audit.cleaning.command = lambda file="cleaned.parquet": f"featkit train {file}"
    assert cleaning_paragraphs(audit, "c.csv")[-1].endswith("cleaned table: featkit train c.csv")
