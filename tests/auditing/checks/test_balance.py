"""The check of balance."""

from dataclasses import replace

import numpy as np
import pytest
from audited import dataset, issues_of, one_issue, with_tags


def sized(*sizes, seconds=None, **attributes):
    """A dataset with classes of some sizes: a, b, c …"""
    y = np.repeat([*"abcdefgh"][: len(sizes)], sizes)
    keys = {
        "path": np.array([f"{k:03d}.wav" for k in range(len(y))], dtype=object),
        "label": y.astype(object),
    }
    if seconds is not None:
        attributes["durations"] = dict(zip(keys["path"], map(float, seconds), strict=True))
    return dataset(keys, np.empty((len(y), 0)), **attributes)


def keyed(data, name, values, **attributes):
    values = np.array(values, dtype=object)
    return replace(data, table=data.table.with_key(name, values), **attributes)


@pytest.mark.parametrize(("sizes", "severity"), [((60, 20), "low"), ((100, 10, 40), "medium")])
def test_unbalanced_classes_are_reported_with_what_a_majority_vote_scores(sizes, severity):
    issue = one_issue("balance", sized(*sizes))
    assert issue.severity == severity
    assert issue.evidence["majority"] == max(sizes) / sum(sizes)
    assert issue.evidence["chance"] == 1 / len(sizes)


def test_balanced_datasets_have_no_issue():
    assert not issues_of(
        "balance", sized(20, 21, 30, seconds=np.linspace(4, 6, 71)[np.arange(71) * 5 % 71])
    )
    assert not issues_of("balance", sized(5))


def test_the_majority_of_each_group_is_scored():
    data = keyed(sized(30, 10), "artist", ["x"] * 20 + ["y"] * 20, group="artist")
    (issue,) = (one for one in issues_of("balance", data) if one.kind == "class sizes")
    assert issue.evidence["majority_by_group"] == (20 + 10) / 40
    assert "the majority of each artist has 0.750" in issue.message


def test_an_artist_who_makes_a_third_of_a_class_is_reported():
    artists = [*("x" if k < 8 else f"y{k}" for k in range(20)), *(f"z{k}" for k in range(20))]
    issue = one_issue("balance", keyed(sized(20, 20), "artist", artists, group="artist"))
    assert (issue.severity, issue.kind) == ("medium", "groups within classes")
    assert "'x' makes 40.0% of 'a' (8 of 20)" in issue.message
    assert [place.path for place in issue.places] == [f"{k:03d}.wav" for k in range(8)]
    tagged = sized(20, 20)
    tagged = replace(tagged, measured=with_tags(tagged, artist=np.array(artists)))
    assert "one artist of the tags makes" in one_issue("balance", tagged).message


def test_few_groups_of_equal_size_are_no_large_groups():
    artists = [f"{k % 2}{k // 20}" for k in range(40)]
    assert not issues_of("balance", keyed(sized(20, 20), "artist", artists, group="artist"))


def test_durations_that_distinguish_a_class_are_reported():
    seconds = np.concatenate([np.linspace(2, 3, 20), np.linspace(4, 6, 20)])
    issue = one_issue("balance", sized(20, 20, seconds=seconds))
    assert (issue.severity, issue.kind) == ("low", "class durations")
    assert {label: own["auc"] for label, own in issue.evidence["classes"].items()} == {"a": 1}
    assert "'a' 2.5 s in the median, all others 5 s" in issue.message


def test_recordings_of_extreme_length_are_one_issue():
    seconds = np.full(40, 5.0)
    seconds[[3, 30]] = 0.2, 0.1
    issue = one_issue("balance", sized(20, 20, seconds=seconds))
    assert (issue.severity, issue.kind) == ("low", "very short recordings")
    assert [place.path for place in issue.places] == ["030.wav", "003.wav"]


def test_classes_of_other_languages_are_reported():
    languages = ["de"] * 18 + ["en"] * 2 + ["de"] * 3 + ["en"] * 17
    issue = one_issue("balance", keyed(sized(20, 20), "language", languages))
    assert (issue.severity, issue.kind) == ("medium", "languages")
    assert "'a' 90.0% de, 'b' 85.0% en" in issue.message
    assert not issues_of("balance", keyed(sized(20, 20), "lang", ["de", "en"] * 20))


@pytest.mark.parametrize(
    ("column", "parts", "severity", "untrained"),
    [
        ("split", ["train"] * 10 + ["test"] * 10 + ["train"] * 20, "medium", []),
        ("split", ["train"] * 15 + ["eval"] * 5 + ["eval"] * 20, "high", ["b"]),
        ("fold", ["1", "2"] * 10 + ["2", "3"] * 10, "medium", []),
        ("fold", ["1", "2"] * 10 + ["3"] * 20, "high", ["b"]),
    ],
)
def test_parts_that_lack_classes_are_reported(column, parts, severity, untrained):
    data = keyed(sized(20, 20), column, parts, **{column: column})
    issue = one_issue("balance", data)
    assert (issue.severity, issue.kind) == (severity, "classes of parts")
    assert issue.evidence["untrained"] == untrained


def test_parts_with_all_classes_are_no_issue():
    data = keyed(sized(20, 20), "split", ["train", "test"] * 20, split="split")
    assert not issues_of("balance", data)


def test_intervals_of_annotated_recordings_are_counted_one_by_one():
    data = keyed(sized(30, 10), "path", ["long.wav"] * 40)
    table = replace(data.table, provenance={"annotated": True})
    issue = one_issue("balance", replace(data, table=table))
    assert issue.evidence["classes"] == {"a": 30, "b": 10}
    assert "'a' has 30 intervals" in issue.message
