"""Clips of one source recording: by names and features, and how the split treats them."""

import numpy as np
import pytest
from audited import dataset, issues_of, one_issue

CHECK = "source_recordings"


def clips(sources=40, takes=(1, 2, 3), *, alike=True, seed=0, name="{source}-{take}.wav"):
    """Clips named by source and take; those of a source resemble each other, or do not."""
    rng = np.random.default_rng(seed)
    source = np.concatenate([[k] * takes[k % len(takes)] for k in range(sources)])
    X = 3 * rng.standard_normal((sources, 8))[source] if alike else 0
    X = X + rng.standard_normal((len(source), 8))
    take = np.concatenate([np.arange(takes[k % len(takes)]) for k in range(sources)])
    numbers = rng.permutation(90000)[:sources] + 10000
    paths = [
        f"{'ab'[s % 2]}/{name.format(source=numbers[s], take='ABC'[t])}"
        for s, t in zip(source, take, strict=True)
    ]
    labels = np.array([path[0] for path in paths], object)
    return {"path": np.array(paths, object), "label": labels}, X, source


def test_clips_are_counted_and_joined_by_source():
    keys, X, source = clips()
    issue = one_issue(CHECK, dataset(keys, X))
    several = [np.flatnonzero(source == k) for k in range(40) if np.sum(source == k) > 1]
    assert issue.kind == "same source"
    assert issue.severity == "medium"
    assert issue.evidence["sources"] == len(several)
    assert issue.evidence["clips"] == sum(map(len, several))
    expected = {frozenset(keys["path"][rows].tolist()) for rows in several}
    assert set(map(frozenset, issue.groups)) == expected
    assert issue.evidence["clips_per_source"] == {"2 clips": 13, "3 clips": 13}
    assert "65 of 79 recordings are cut from 26 source recordings" in issue.message


def test_names_alone_are_no_evidence():
    keys, X, _ = clips(alike=False)
    assert issues_of(CHECK, dataset(keys, X)) == []


def test_speakers_in_several_classes_are_no_sources():
    keys, X, source = clips(takes=(3,))
    keys["label"] = np.array(["ab"[k % 2] for k in range(len(source))], object)
    assert issues_of(CHECK, dataset(keys, X)) == []


@pytest.mark.parametrize(("divided", "severity"), [(False, "low"), (True, "high")])
def test_the_published_split_keeps_or_divides_sources(divided, severity):
    keys, X, source = clips()
    part = np.arange(len(source)) if divided else source
    keys["fold"] = np.array([str(k % 5) for k in part], object)
    issue = one_issue(CHECK, dataset(keys, X, fold="fold"))
    assert issue.severity == severity
    assert ("divided by the split" in issue.message) == divided


def test_groups_of_the_user_that_keep_sources_together_lower_the_severity():
    keys, X, source = clips()
    keys["place"] = np.array([f"p{k % 7}" for k in source], object)
    assert one_issue(CHECK, dataset(keys, X, group="place")).severity == "low"
