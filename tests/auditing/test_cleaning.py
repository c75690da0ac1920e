"""The cleaned table, and the change of the score."""

import shlex
from dataclasses import replace

import numpy as np
import pytest
from audited import voices

import featkit
from featkit.auditing.issue import Issue
from featkit.auditing.result import Audit
from featkit.table.feature_table import FeatureTable


def audit(data, **parts):
    return Audit(data, [Issue("check", "kind", "high", "message", "remedy", **parts)], ["check"])


def groups_of(data, speaker):
    names = data.row_names
    return tuple(tuple(names[speaker == name].tolist()) for name in np.unique(speaker))


def with_copies(data, count, folds=5):
    """The dataset with copies of its first recordings in other folds, and the pairs."""
    rows = np.concatenate([np.arange(len(data.table)), np.arange(count)])
    fold = np.arange(len(data.table)) % folds
    fold = np.concatenate([fold, (fold[:count] + 1) % folds])
    names = data.row_names.tolist()
    copies = [f"copy/{name}" for name in names[:count]]
    table = data.table.rows(rows).with_key("path", np.array([*names, *copies], dtype=object))
    table = table.with_key("fold", fold.astype(str).astype(object))
    return replace(data, table=table, fold="fold"), tuple(zip(names, copies, strict=False))


def test_removed_recordings_are_left_out_and_joined_ones_share_a_group():
    data, speaker = voices(4, 3)
    groups = groups_of(data, speaker)
    cleaning = audit(data, groups=groups, remove=(groups[0][0],)).cleaning
    assert cleaning.removed == (groups[0][0],)
    table = cleaning.table
    assert groups[0][0] not in table.column("path").tolist()
    assert len(table) == 11
    left = dict(zip(data.row_names, speaker, strict=True))
    for own in groups:
        rows = [k for k, path in enumerate(table.column("path")) if left[path] == left[own[0]]]
        assert len(set(table.column("group")[rows].tolist())) == 1
    assert len(set(table.column("group").tolist())) == 4
    assert cleaning.n_joined == 11


def test_groups_of_the_user_are_not_newly_joined():
    data, speaker = voices(4, 3)
    table = data.table.with_key("speaker", speaker.astype(object))
    data = replace(data, table=table, group="speaker")
    first, second, *_ = groups_of(data, speaker)
    assert audit(data).cleaning.n_joined == 0
    assert audit(data).cleaning.changes_nothing
    assert audit(data, together=(first[0], second[0])).cleaning.n_joined == 6
    gone = audit(data, together=(first[0], second[0]), remove=second).cleaning
    assert gone.n_joined == 0
    assert not gone.changes_nothing


def test_one_of_several_copies_stays_although_two_issues_keep_different_ones():
    data, _ = voices(4, 3)
    a, b, c, d, e, *_ = data.row_names.tolist()

    def issue(remove, together=()):
        parts = {"remove": remove, "together": together}
        return Issue("check", "kind", "high", "message", "remedy", **parts)

    def removed(*issues):
        return set(Audit(data, [*issues], ["check"]).cleaning.removed)

    exact, near = issue((b,), (a, b)), issue((a, c), (b, a, c))
    assert removed(exact, near, issue((d,))) == {b, c, d}
    assert removed(near, exact) == {a, c}
    assert removed(exact, near, issue((a,))) == {a, c}
    assert removed(exact, near, issue((a,)), issue((b, d), (d, b))) == {a, b, d}
    assert removed(issue((d, e), (d, e))) == {d, e}


def test_a_column_called_group_that_is_no_group_is_kept():
    data, speaker = voices(4, 3)
    data = replace(data, table=data.table.with_key("group", np.full(12, "x", dtype=object)))
    cleaning = audit(data, groups=groups_of(data, speaker)).cleaning
    assert cleaning.group == "audit_group"
    assert set(cleaning.table.column("group").tolist()) == {"x"}


def test_the_command_trains_on_the_cleaned_table(tmp_path, monkeypatch):
    data, speaker = voices(10, 4)
    result = audit(data, groups=groups_of(data, speaker))
    result.write_cleaned(tmp_path / "cleaned table.parquet")
    words = shlex.split(result.cleaning.command(tmp_path / "cleaned table.parquet"))
    assert words[:2] == ["featkit", "train"]
    options = dict(zip(words[3::2], words[4::2], strict=True))
    table = FeatureTable.read(words[2])
    trained = featkit.train(
        table, label=options["--label"], group=options["--group"], model="logistic"
    )
    after = result.cleaning.change.after["accuracy"]
    assert trained.scores["models"]["logistic"]["accuracy"]["value"] == after.value


def test_grouping_lowers_a_score_that_speakers_raised():
    data, speaker = voices(columns=20)
    change = audit(data, groups=groups_of(data, speaker)).cleaning.change
    total, grouping = change.total["accuracy"], change.grouping["accuracy"]
    assert total.value == grouping.value
    assert total.high < 0
    assert change.removal["accuracy"].value == 0
    assert total.value == pytest.approx(
        change.after["accuracy"].value - change.before["accuracy"].value
    )
    assert (change.before_protocol, change.after_protocol) == (
        "5 folds by recording",
        "5 folds by group",
    )


def test_removing_copies_gives_the_score_without_copies_by_the_same_folds():
    data, _ = voices(takes=4, apart=0.5)
    copied, pairs = with_copies(data, 40)
    original = replace(
        data, table=copied.table.rows(np.arange(len(data.table))), fold="fold"
    ).scored_split
    cleaning = audit(copied, groups=pairs, remove=tuple(copy for _, copy in pairs)).cleaning
    assert cleaning.command().endswith("--group group --fold fold")
    change = cleaning.change
    for name in ("accuracy", "balanced_accuracy"):
        assert change.after[name].value == original.scores[name].value
        parts = change.removal[name].value + change.grouping[name].value
        assert change.total[name].value == pytest.approx(parts)
    assert change.after_protocol == "5 folds of column 'fold'"
    assert change.total["accuracy"].value < 0


def test_folds_that_divide_groups_are_replaced_by_as_many():
    data, speaker = voices()
    folds = (np.arange(len(speaker)) % 4).astype(str).astype(object)
    data = replace(data, table=data.table.with_key("fold", folds), fold="fold")
    cleaning = audit(data, groups=groups_of(data, speaker)).cleaning
    assert cleaning.change.after_protocol == "4 folds by group"
    assert cleaning.command().endswith("--group group")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"label": None}, "without labels"),
        ({}, "the cleaned table is the table as it is"),
    ],
)
def test_without_a_change_there_is_a_reason(change, reason):
    data, _ = voices(4, 3)
    assert reason in Audit(replace(data, **change), [], []).cleaning.change


def test_classes_that_become_one_group_have_no_score():
    data, _ = voices(4, 3)
    label = data.table.column("label")
    classes = tuple(tuple(data.row_names[label == name].tolist()) for name in np.unique(label))
    assert isinstance(audit(data, groups=classes).cleaning.change, str)
