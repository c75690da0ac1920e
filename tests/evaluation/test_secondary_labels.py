"""Secondary labels: the published numbers, counts by hand, and intervals."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from featkit.evaluation.secondary_labels import secondary_label_scores
from featkit.models.scores import model_scores

TRACKS, HITS, WITH_SECONDARY, RESCUED = 4046, 1887, 625, 208


def numbered(count):
    """A group of its own for each row."""
    return np.array([f"{k:05d}" for k in range(count)])


def published():
    """A dataset with the published counts: primary labels, secondary labels, predictions."""
    y, answer = np.full(TRACKS, "rock"), np.full(TRACKS, "disco")
    answer[:HITS] = "rock"
    secondary = np.full(TRACKS, "", dtype="<U5")
    secondary[HITS : HITS + RESCUED] = "disco"
    secondary[TRACKS - (WITH_SECONDARY - RESCUED) :] = "pop"
    return y, secondary, answer


def test_a_dataset_with_the_published_counts_gives_the_published_scores():
    """A GTZAN model on 4,046 tracks of MTG-Jamendo.

    github.com/shylaagrawal/Genre-Music-Classification-Research, README, figure 1. Its share of
    errors that are rescued, 0.049926, is 202 / 4046. By its definition, "fraction of wrong
    predictions rescued only by the secondary label", the other published numbers give 208 / 2159.
    """
    scores = secondary_label_scores(*published(), numbered(TRACKS))
    assert round(scores.share, 6) == 0.154474
    assert round(scores.primary_accuracy.value, 6) == 0.466387
    assert round(scores.either_accuracy.value, 6) == 0.517795
    assert round(scores.gain.value, 6) == 0.051409
    assert scores.gain.value == 208 / 4046
    assert (scores.errors, scores.rescued) == (2159, 208)
    assert scores.rescue_rate == 208 / 2159
    assert scores.rescue_rate_with_secondary == 208 / 625


def test_the_accuracy_by_the_primary_label_is_that_of_the_model():
    y, secondary, answer = published()
    P = np.where((answer == "disco")[:, None], [0.9, 0.1], [0.1, 0.9])
    groups = numbered(TRACKS // 2 + 1)[np.arange(TRACKS) // 2]
    ours = secondary_label_scores(y, secondary, answer, groups).primary_accuracy
    model = model_scores(y, P, ["disco", "rock"], groups, np.zeros(TRACKS, int)).accuracy
    assert (ours.value, ours.low, ours.high) == (model.value, model.low, model.high)


LABELS = st.sampled_from(["jazz", "pop", "rock"])
ROWS = st.lists(
    st.tuples(LABELS, st.sampled_from(["", "jazz", "pop", "rock"]), LABELS, st.sampled_from("abc")),
    min_size=1,
    max_size=40,
)


@given(rows=ROWS)
def test_counts_are_those_by_hand(rows):
    scores = secondary_label_scores(*np.array(rows).T)
    two = [row for row in rows if row[1] and row[1] != row[0]]
    errors = [row for row in rows if row[2] != row[0]]
    rescued = [row for row in two if row[2] == row[1]]
    assert (scores.rows, scores.with_secondary) == (len(rows), len(two))
    assert (scores.errors, scores.rescued) == (len(errors), len(rescued))
    assert scores.primary_accuracy.value == pytest.approx(1 - len(errors) / len(rows))
    either = sum(answer in (primary, second) for primary, second, answer, _ in rows)
    assert scores.either_accuracy.value == pytest.approx(either / len(rows))
    assert scores.gain.value == pytest.approx(
        scores.either_accuracy.value - scores.primary_accuracy.value
    )
    assert scores.rescue_rate == (len(rescued) / len(errors) if errors else None)
    open_errors = [row for row in errors if row in two]
    expected = len(rescued) / len(open_errors) if open_errors else None
    assert scores.rescue_rate_with_secondary == expected
    for share in (scores.primary_accuracy, scores.either_accuracy, scores.gain):
        if len({row[3] for row in rows}) == 1:
            assert (share.low, share.high) == (None, None)
        else:
            assert 0 <= share.low <= share.high <= 1


def test_without_rescued_errors_the_interval_of_the_gain_is_the_exact_one():
    y, answer = np.full(40, "rock"), np.full(40, "pop")
    scores = secondary_label_scores(y, np.full(40, ""), answer, numbered(40))
    upper = 1 - 0.025 ** (1 / 40)
    assert (scores.gain.low, scores.gain.high) == (0, pytest.approx(upper))
    assert (scores.primary_accuracy.low, scores.either_accuracy.low) == (0, 0)
    perfect = secondary_label_scores(y, np.full(40, "rock"), y, numbered(40))
    assert perfect.with_secondary == 0
    assert perfect.rescue_rate is None
    assert (perfect.primary_accuracy.low, perfect.primary_accuracy.high) == (
        pytest.approx(1 - upper),
        1,
    )
