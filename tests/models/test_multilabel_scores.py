"""Scores of sets of labels equal those of scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics

from featkit.models import multilabel_scores as multilabel_scores_module
from featkit.models.bootstrap import draws
from featkit.models.multilabel_scores import (
    balanced_label_loss,
    co_occurrence,
    confidence_intervals,
    label_scores,
    metric_values,
    multilabel_scores,
)
from featkit.models.multilabel_types import METRICS
from featkit.models.scores import balanced_log_loss

LABELS = ["a", "b", "c", "d"]


@pytest.fixture(scope="module", params=[0, 1])
def arrays(request):
    """Y, P, D, groups and folds; with ties, rows without labels, and a label that is absent."""
    rng = np.random.default_rng(request.param)
    Y = rng.random((60, 4)) < [0.5, 0.2, 0.4, 0.0 if request.param else 0.1]
    P = np.round(0.4 * Y + 0.6 * rng.random(Y.shape), 1)
    return Y, P, P >= 0.5, rng.integers(0, 12, 60), np.repeat(["1", "2", "3"], 20)


def by_scikit_learn(Y, P, D):
    present = np.flatnonzero(Y.any(axis=0))
    mixed = present[~Y.all(axis=0)[present]]

    def average(metric, kind, **options):
        labels = present if kind == "macro" else None
        return metric(Y, D, average=kind, labels=labels, **{"zero_division": 0, **options})

    return {
        "mean_average_precision": metrics.average_precision_score(
            Y[:, present], P[:, present], average="macro"
        ),
        "macro_roc_auc": metrics.roc_auc_score(Y[:, mixed], P[:, mixed], average="macro"),
        "micro_roc_auc": metrics.roc_auc_score(Y, P, average="micro"),
        "macro_f1": average(metrics.f1_score, "macro"),
        "micro_f1": average(metrics.f1_score, "micro"),
        "samples_f1": average(metrics.f1_score, "samples", zero_division=1.0),
        "macro_precision": average(metrics.precision_score, "macro"),
        "micro_precision": average(metrics.precision_score, "micro"),
        "macro_recall": average(metrics.recall_score, "macro"),
        "micro_recall": average(metrics.recall_score, "micro"),
        "hamming_loss": metrics.hamming_loss(Y, D),
        "subset_accuracy": metrics.accuracy_score(Y, D),
    }


def test_every_metric_equals_scikit_learn(arrays):
    Y, P, D, *_ = arrays
    values = metric_values(Y, P, D)
    assert values.keys() == METRICS.keys()
    assert values == pytest.approx(by_scikit_learn(Y, P, D), abs=1e-12)


def test_scores_of_folds_and_their_spread(arrays):
    scores = multilabel_scores(*arrays)
    Y, P, D, _, folds = arrays
    for metric in METRICS:
        by_fold = {
            fold: by_scikit_learn(*(x[folds == fold] for x in (Y, P, D)))[metric] for fold in "123"
        }
        assert scores[metric].folds == pytest.approx(by_fold, abs=1e-12)
        assert scores[metric].std == pytest.approx(np.std(list(by_fold.values()), ddof=1))
        assert scores[metric].low <= scores[metric].value <= scores[metric].high


def test_a_fold_without_any_label_has_no_score_of_its_own(arrays):
    Y, P, D, groups, folds = arrays
    Y = Y & (folds != "3")[:, None]
    scores = multilabel_scores(Y, P, D, groups, folds)
    assert scores.mean_average_precision.folds.keys() == {"1", "2"}
    assert scores.hamming_loss.folds.keys() == {"1", "2", "3"}


def test_intervals_are_those_of_scikit_learn_over_drawn_groups(arrays, monkeypatch):
    Y, P, D, groups, _ = arrays
    names, place = np.unique(groups, return_inverse=True)
    drawn = next(draws(len(names), 20, at_once=20))
    monkeypatch.setattr(multilabel_scores_module, "draws", lambda *_, **__: iter([drawn]))
    low, high = confidence_intervals(Y, P, D, groups)
    repeated = [np.repeat(np.arange(len(Y)), times[place]) for times in drawn]
    values = [by_scikit_learn(Y[rows], P[rows], D[rows]) for rows in repeated]
    for metric in METRICS:
        ends = np.percentile([own[metric] for own in values], [2.5, 97.5])
        assert [low[metric], high[metric]] == pytest.approx(ends)


def test_scores_of_each_label(arrays):
    Y, P, D, *_ = arrays
    for k, own in enumerate(label_scores(Y, P, D, LABELS, [0.5] * 4)):
        true, answer = Y[:, k], D[:, k]
        assert (own.name, own.support, own.predicted) == (LABELS[k], true.sum(), answer.sum())
        assert own.missed == np.sum(true & ~answer)
        assert own.added == np.sum(answer & ~true)
        if not true.any():
            assert own.average_precision is own.roc_auc is own.recall is own.f1 is None
            continue
        assert own.average_precision == pytest.approx(
            metrics.average_precision_score(true, P[:, k])
        )
        assert own.roc_auc == pytest.approx(metrics.roc_auc_score(true, P[:, k]))
        assert own.recall == pytest.approx(metrics.recall_score(true, answer))
        assert own.precision == pytest.approx(metrics.precision_score(true, answer))
        assert own.f1 == pytest.approx(metrics.f1_score(true, answer))


def test_a_label_that_every_row_has_has_no_roc_curve():
    Y = np.ones((4, 1), dtype=bool)
    (own,) = label_scores(Y, np.full((4, 1), 0.9), ~Y, ["a"], [0.5])
    assert own.roc_auc is None
    assert own.average_precision == 1
    assert own.precision is None
    assert own.f1 == 0


def test_the_loss_is_the_mean_of_the_balanced_log_losses_of_the_labels(arrays):
    Y, P, *_ = arrays
    P = np.clip(P, 0.05, 0.95)
    losses = [
        balanced_log_loss(np.where(y, "1", "0"), np.column_stack([1 - p, p]), ["0", "1"])
        for y, p in zip(Y.T, P.T, strict=True)
        if y.any()
    ]
    assert balanced_label_loss(Y, P) == pytest.approx(np.mean(losses))


def test_labels_count_together():
    Y = np.array([[True, True], [True, False], [False, False]])
    assert co_occurrence(Y) == [[2, 1], [1, 1]]
