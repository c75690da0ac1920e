"""An estimator that learns from sequences without torch, for tests of training."""

import dataclasses

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from featkit._utils.registry import JoinedRegistry
from featkit.errors import ParameterError
from featkit.models.estimator import SEQUENCES, Estimator
from featkit.models.networks.progress import report
from featkit.models.task import TASKS
from featkit.table.feature_table import FeatureTable
from featkit.table.sequences.sequences import SequenceArray, Sequences

EPOCHS = 3

PROVENANCE = {"sequence_set": {"name": "tiny", "version": 1}, "fingerprint": "f"}


class Curve:
    """Values of an epoch."""

    def __init__(self, epoch):
        self.training_loss, self.training_accuracy = 1 / epoch, 0.5
        self.validation_loss, self.validation_accuracy = float("nan"), float("nan")


FITS = []
"""Sequences, classes and groups of each fit in this process."""


class FakeNetwork(ClassifierMixin, BaseEstimator):
    """Logistic regression on the first frames of sequences, which it reads like a network."""

    def __init__(self, strength=1.0, seed=0):
        self.strength, self.seed = strength, seed

    def fit(self, X, y, groups=None):
        FITS.append((X, y, groups))
        self.model_ = LogisticRegression(C=self.strength).fit(_numbers(X), y)
        self.classes_ = self.model_.classes_
        self.history_ = [Curve(epoch) for epoch in range(1, EPOCHS + 1)]
        self.best_epoch_ = 2
        for epoch, own in enumerate(self.history_, start=1):
            report(epoch, EPOCHS, own.training_loss, own.training_accuracy)
        return self

    def predict_proba(self, X):
        return self.model_.predict_proba(_numbers(X))


def _numbers(X):
    kind = X.kinds[X.named("mel")]
    return np.nan_to_num(kind.read()[:, :, 0].astype(np.float64))


def _check_parameters(parameters):
    for name, value in parameters.items():
        if name != "strength" or not isinstance(value, float):
            raise ParameterError(f"fake: unknown parameter {name}={value!r}")


def add_fake_network(monkeypatch):
    """Let classifications use the estimator ``fake``; return its list of fits."""
    fake = Estimator(
        name="fake",
        title="logistic regression on the first frames",
        build=lambda seed: FakeNetwork(seed=seed),
        grid={},
        check=lambda *_: None,
        types=frozenset(),
        check_parameters=_check_parameters,
        imputed=False,
        scaled=False,
        inputs=SEQUENCES,
    )
    own = TASKS["classification"]
    estimators = JoinedRegistry("model", own.estimators, {"fake": fake})
    changed = dataclasses.replace(own, estimators=estimators)
    monkeypatch.setitem(TASKS._loaded, "classification", changed)
    FITS.clear()
    return FITS


def recordings(n_rows=36, *, columns=(), seed=0, shape=(3, 4), **keys):
    """A table whose classes both the sequences and the first column give away."""
    rng = np.random.default_rng(seed)
    number = np.arange(n_rows) % 3
    mel = rng.normal(size=(n_rows, *shape)).astype(np.float32)
    mel[:, 0] += 3 * number[:, None]
    values = rng.normal(size=(n_rows, len(columns)))
    if columns:
        values[:, 0] += 2 * number
    own = {
        "path": [f"{k:02d}.wav" for k in range(n_rows)],
        "label": np.array(["high", "low", "mid"], dtype=object)[number],
        **keys,
    }
    lengths = np.full(n_rows, shape[1])
    sequences = Sequences({"mel": SequenceArray.of(mel, lengths)}, PROVENANCE)
    return FeatureTable(own, list(columns), values, {}, sequences=sequences)
