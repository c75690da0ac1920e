"""Predictions rebuilt from published true and predicted counts give the published scores.

A ten-genre model, trained on GTZAN, on 4,046 tracks of MTG-Jamendo:
github.com/shylaagrawal/Genre-Music-Classification-Research, README, figure 2 (counts) and section
5.1 (accuracy, precision and recall).
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit.models.scores import class_scores, confusion_matrix, metric_values

COUNTS = {
    "blues": (89, 165),
    "classical": (1384, 1355),
    "country": (42, 189),
    "disco": (26, 354),
    "hiphop": (154, 103),
    "jazz": (328, 85),
    "metal": (115, 206),
    "pop": (1182, 548),
    "reggae": (38, 142),
    "rock": (688, 887),
}
"""Published true and predicted counts."""

GENRES = list(COUNTS)

TRACKS, HITS = 4046, 1887
"""The true counts add up to the tracks, the predicted counts to twelve less; accuracy 0.466387."""

OTHER = "other"
"""Prediction of the tracks that are not in the predicted counts."""

PUBLISHED = {"classical": (0.845, 0.827), "metal": (0.291, 0.522)}
"""Precision and recall, where both are published."""

AT_MOST = 0.032
"""Upper bound of the precision of disco, blues and country."""


def rebuilt(true, predicted, hits):
    """Build labels and predictions from the counts of each class.

    Errors are paired one by one. The class with the most true and predicted errors left comes
    first, with the class that has most of the others, so that none is left with itself alone.
    """
    pairs = [(name, name) for name, count in hits.items() for _ in range(count)]
    row = {name: true.get(name, 0) - hits.get(name, 0) for name in {**true, **predicted}}
    column = {name: predicted.get(name, 0) - hits.get(name, 0) for name in row}
    assert sum(row.values()) == sum(column.values())
    while sum(row.values()):
        by_size = sorted(row, key=lambda name: row[name] + column[name], reverse=True)
        first = by_size[0]
        own, others = (row, column) if row[first] else (column, row)
        second = next(name for name in by_size[1:] if others[name])
        own[first] -= 1
        others[second] -= 1
        pairs.append((first, second) if own is row else (second, first))
    y, answer = np.array(pairs).T
    return y, answer


def whole_numbers(name):
    """Hits of a class that give its published precision and recall to three decimal places."""
    true, predicted = COUNTS[name]
    precision, recall = PUBLISHED[name]
    return [
        h
        for h in range(min(true, predicted) + 1)
        if (round(h / predicted, 3), round(h / true, 3)) == (precision, recall)
    ]


@st.composite
def possible_hits(draw):
    """Hits of each class that agree with everything that is published."""
    hits = {name: whole_numbers(name)[0] for name in PUBLISHED}
    for name in ("blues", "country", "disco"):
        hits[name] = draw(st.integers(0, int(AT_MOST * COUNTS[name][1])))
    for name in ("hiphop", "jazz", "reggae"):
        hits[name] = draw(st.integers(0, min(COUNTS[name])))
    rest = HITS - sum(hits.values())
    least, most = rest - min(COUNTS["rock"]), min(rest, *COUNTS["pop"])
    hits["pop"] = draw(st.integers(max(least, 0), most))
    hits["rock"] = rest - hits["pop"]
    return hits


def test_published_precision_and_recall_determine_the_hits():
    assert whole_numbers("classical") == [1145]
    assert whole_numbers("metal") == [60]


@settings(max_examples=20)
@given(hits=possible_hits())
def test_rebuilt_predictions_give_the_published_scores(hits):
    true = {name: counts[0] for name, counts in COUNTS.items()}
    predicted = {name: counts[1] for name, counts in COUNTS.items()}
    predicted[OTHER] = TRACKS - sum(predicted.values())
    assert predicted[OTHER] == 12
    y, answer = rebuilt(true, predicted, hits)
    assert round(float(np.mean(y == answer)), 6) == 0.466387
    scores = {own.name: own for own in class_scores(y, answer, GENRES)}
    for name, own in scores.items():
        assert (own.support, own.predicted) == COUNTS[name]
        assert own.precision == pytest.approx(hits[name] / predicted[name])
        assert own.recall == pytest.approx(hits[name] / true[name])
    for name, values in PUBLISHED.items():
        assert (round(scores[name].precision, 3), round(scores[name].recall, 3)) == values
    for name in ("disco", "blues", "country"):
        assert scores[name].precision < AT_MOST
    for name in ("pop", "jazz"):
        assert scores[name].precision > scores[name].recall or not hits[name]
    matrix = np.array(confusion_matrix(y, answer, [*GENRES, OTHER]))
    assert matrix.sum(axis=1).tolist() == [*true.values(), 0]
    assert matrix.sum(axis=0).tolist() == list(predicted.values())
    assert np.diagonal(matrix).tolist() == [*(hits[name] for name in GENRES), 0]


LABELS = st.sampled_from(["jazz", "pop", "rock", "ska"])


@given(pairs=st.lists(st.tuples(LABELS, LABELS), min_size=1, max_size=60))
def test_any_counts_give_the_scores_that_they_determine(pairs):
    """Precision, recall, F1 and accuracy depend on true counts, predicted counts and hits only."""
    classes = sorted({name for pair in pairs for name in pair})
    columns = list(zip(*pairs, strict=True))
    true, predicted = ({name: column.count(name) for name in classes} for column in columns)
    hits = {name: pairs.count((name, name)) for name in classes}
    y, answer = rebuilt(true, predicted, hits)
    for own in class_scores(y, answer, classes):
        n, m, h = (counts[own.name] for counts in (true, predicted, hits))
        assert (own.support, own.predicted) == (n, m)
        assert own.precision == (pytest.approx(h / m) if m else None)
        assert own.recall == (pytest.approx(h / n) if n else None)
        assert own.f1 == (pytest.approx(2 * h / (n + m)) if n else None)
    if len(classes) > 1:
        P = np.eye(len(classes))[np.searchsorted(classes, answer)]
        values = metric_values(y, P, classes)
        assert values.accuracy == pytest.approx(sum(hits.values()) / len(pairs))
        recalls = [hits[name] / true[name] for name in classes if true[name]]
        assert values.balanced_accuracy == pytest.approx(np.mean(recalls))
