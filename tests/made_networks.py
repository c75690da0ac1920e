"""Networks with given weights, and sequences in memory, for tests of explanations."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
from reporting import made

from featkit.explanation.gradients.network_explanation import NetworkExplanation
from featkit.models.estimator import Candidate
from featkit.models.leaderboard_types import LearningCurve
from featkit.table.sequences.sequences import SequenceArray, Sequences, base_name


class MadeClassifier:
    """A fitted network with the interface of `NetworkClassifier`, whose sequences are standard."""

    def __init__(self, module, classes, *, architecture="cnn", kinds=("mel",)):
        self.architecture = architecture
        self.classes_ = np.array(classes)
        self.kinds_ = {base_name(kind): kind for kind in kinds}
        self._module = module

    def module(self):
        return self._module.eval()

    def inputs(self, sequences):
        import torch

        arrays = {base: sequences.kinds[kind] for base, kind in self.kinds_.items()}
        return (
            {base: torch.from_numpy(array.read()) for base, array in arrays.items()},
            {base: torch.from_numpy(array.lengths) for base, array in arrays.items()},
        )


def sequences_of(**arrays):
    """Sequences in memory, ``(rows, channels, frames)`` of each kind, without padding."""
    kinds = {
        name: SequenceArray.of(values, np.full(len(values), values.shape[2]))
        for name, values in arrays.items()
    }
    return Sequences(kinds)


SEQUENCE_SET = {
    "name": "made",
    "version": 1,
    "sample_rate": 22050.0,
    "seconds": 5.0,
    "frames": 20,
    "length_rule": "resample",
    "spectra": {"hop_length": 512},
    "kinds": [
        {"name": "mel", "family": "mel_bands", "n_bands": 32},
        {"name": "mfcc8", "family": "mfcc", "n_mfcc": 8},
    ],
}
"""Definition of the sequences of `network_page`: 5 s in 20 frames."""

PROVENANCE = {"sequence_set": SEQUENCE_SET, "fingerprint": "made"}


def banded(rows=40, shape=(32, 16), bands=slice(20, 26), seed=0):
    """Noise of two classes, which differ by 3 dB in a few bands, and the classes."""
    rng = np.random.default_rng(seed)
    y = np.array(["a", "b"])[np.arange(rows) % 2]
    X = rng.normal(-40, 1, size=(rows, *shape)).astype(np.float32)
    X[y == "b", bands] += 3
    return replace(sequences_of(mel=X), provenance=PROVENANCE), y


@lru_cache
def plain(rows):
    """A model of columns; its scores take a second."""
    return made(rows=rows)


def network_page(rows=24, *, recurrent=False, seed=0, **options):
    """A model with scores, and an explanation, both made without training.

    Evidence is in the band 8 of `mel` at the frames 5 to 9, against the class in the band 25.
    """
    model, shap, table = made(rows=rows, **options) if options else plain(rows)
    rng = np.random.default_rng(seed)
    mel = rng.normal(-40, 5, size=(rows, 32, 20)).astype(np.float32)
    mfcc = rng.normal(size=(rows, 8, 20)).astype(np.float32)
    sequences = replace(sequences_of(mel=mel, mfcc8=mfcc), provenance=PROVENANCE)
    contributions = {"mel": np.zeros_like(mel), "mfcc8": 0.001 * mfcc}
    contributions["mel"][:, 8, 5:10] = 0.2
    contributions["mel"][:, 25, 5:10] = -0.1
    maps = np.zeros_like(mel)
    maps[:, 6:11, 4:11] = rng.uniform(1, 2, size=(rows, 1, 1))
    total = sum(values.sum(axis=(1, 2), dtype=np.float64) for values in contributions.values())
    explanation = NetworkExplanation(
        classes=shap.classes,
        probabilities=shap.probabilities,
        y=shap.y,
        keys={"row": np.arange(1, rows + 1), **shap.keys},
        folds=shap.folds,
        method="made up",
        rows_there=rows,
        explained=shap.predicted.astype(str),
        sequences=sequences.only(["mfcc8"]) if recurrent else sequences,
        contributions={"mfcc8": contributions["mfcc8"]} if recurrent else contributions,
        output=total + 0.5,
        base=np.full(rows, 0.5),
        maps=None if recurrent else maps,
        map_kind=None if recurrent else "mel",
        steps=8,
    )
    name = "lstm" if recurrent else "cnn"
    scores = replace(
        model.evaluation,
        model="cnn",
        models={"cnn": model.evaluation.models["xgboost"]}
        | {"baseline": model.evaluation.models["baseline"]},
        columns=0,
        chosen={"1": "cnn"},
        by_row=None,
        learning_curves=[curve(fold) for fold in ("1", "2")],
    )
    network = replace(
        model,
        name="cnn",
        columns=[],
        provenance=PROVENANCE,
        evaluation=scores,
        training_metadata=replace(
            model.training_metadata,
            settings=replace(model.training_metadata.settings, model="cnn"),
            candidate=name,
            kept=Candidate("cnn"),
            chosen={},
        ),
    )
    return network, explanation, replace(table, feature_names=[], values=table.values[:, :0])


def curve(fold, epochs=6):
    """A learning curve that falls, with its best validation loss at the fourth epoch."""
    epoch = np.arange(epochs)
    return LearningCurve(
        model="cnn",
        fold=fold,
        training_loss=(1 / (1 + epoch)).tolist(),
        training_accuracy=(1 - 0.5 / (1 + epoch)).tolist(),
        validation_loss=(0.5 + 0.1 * (epoch - 3) ** 2).tolist(),
        validation_accuracy=[0.5, 0.6, 0.7, 0.8, 0.75, 0.7],
        kept_epoch=4,
    )
