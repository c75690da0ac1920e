"""`NetworkClassifier`: a network with the interface of a scikit-learn classifier.

Everything that is learned from data is learned in `fit`, hence from training rows only: the
standardisation of each kind of sequence, the weights, and, on groups that are set aside, the
number of epochs. A fit runs on one thread with its own seed, so that it gives the same bits in any
process. Rows are predicted one by one, so that a prediction is the same, to the bit, whichever
other rows are predicted with it.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from featkit._utils.parameters import unknown
from featkit._utils.typing import Array
from featkit.errors import ModelError, ParameterError
from featkit.models.estimator import FitWarning
from featkit.models.networks.architecture import ARCHITECTURES, Architecture
from featkit.models.networks.estimators import network_parameters
from featkit.models.networks.extra import missing_extra
from featkit.models.networks.parameters import NetworkParameters
from featkit.models.networks.scaling import fit_scale
from featkit.models.networks.validation_part import validation_part
from featkit.models.networks.weights import frozen, start_weights
from featkit.table.sequences.sequences import SequenceArray, Sequences

if TYPE_CHECKING:
    from featkit.models.networks.training.loop import Trained

NAMES = tuple(field.name for field in dataclasses.fields(NetworkParameters))
"""Names of the parameters of all networks."""


class Epoch(NamedTuple):
    """Losses and accuracies after one pass over the training rows.

    Attributes
    ----------
    training_loss, training_accuracy : float
        Mean over the training rows, with augmentation.
    validation_loss, validation_accuracy : float
        Of the rows that are set aside; NaN without any.
    """

    training_loss: float
    training_accuracy: float
    validation_loss: float
    validation_accuracy: float


class NetworkClassifier(ClassifierMixin, BaseEstimator):
    """A network that learns classes from sequences.

    Parameters
    ----------
    architecture : str
        Name of an architecture; see `featkit.models.networks.architecture.ARCHITECTURES`.
    seed : int
        Seed of weights, order and augmentation.
    **parameters
        Fields of `NetworkParameters`; by default those of the architecture.

    Attributes
    ----------
    classes_ : array of str, shape ``(classes,)``
        The classes, sorted.
    kinds_ : dict of str to str
        Name of the kind of sequence of each base name in use.
    shapes_ : dict of str to (int, int)
        Channels and frames of each base name.
    scales_ : dict of str to Scale
        Mean and standard deviation of each channel, float32 ``(channels,)``, by base name.
    state_ : dict of str to array
        Weights and running statistics by their names in the module.
    history_ : list of Epoch
        Learning curve.
    best_epoch_ : int
        Number of the epoch whose weights are kept, counted from 1.
    """

    def __init__(self, architecture: str = "cnn", *, seed: int = 0, **parameters: Any) -> None:
        _check_names(parameters, NAMES)
        self.architecture = architecture
        self.seed = seed
        self._parameters = dict(parameters)

    def __sklearn_clone__(self) -> Self:
        """An unfitted copy; parameters that were not set remain those of the architecture."""
        return type(self)(self.architecture, seed=self.seed, **self._parameters)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters: the architecture, the seed, and all of `NetworkParameters`.

        Parameters
        ----------
        deep : bool
            Ignored.

        Returns
        -------
        dict of str to object
        """
        defaults = dataclasses.asdict(network_parameters(self.architecture, {}))
        own = {"architecture": self.architecture, "seed": self.seed}
        return {**own, **defaults, **self._parameters}

    def set_params(self, **parameters: Any) -> Self:
        """Set parameters.

        Parameters
        ----------
        **parameters
            Parameters by name.

        Returns
        -------
        NetworkClassifier
            This object.

        Raises
        ------
        ParameterError
            If a parameter does not exist. Values are checked by `fit`.
        """
        _check_names(parameters, ("architecture", "seed", *NAMES))
        self.architecture = parameters.pop("architecture", self.architecture)
        self.seed = parameters.pop("seed", self.seed)
        self._parameters |= parameters
        return self

    @property
    def settings(self) -> NetworkParameters:
        """All parameters of the training."""
        return network_parameters(self.architecture, self._parameters)

    def fit(self, X: Sequences, y: Array, groups: Array | None = None) -> Self:
        """Train the network.

        Parameters
        ----------
        X : Sequences
            Sequences of the training rows.
        y : array of str, shape ``(rows,)``
            Class of each row.
        groups : array of str, shape ``(rows,)``, optional
            Group of each row, which the validation part does not divide; by default each row is a
            group.

        Returns
        -------
        NetworkClassifier
            This object.

        Raises
        ------
        ParameterError
            If a parameter is invalid, a kind of sequence is missing, there is one class only, or
            the extra ``deep`` is not installed.
        FeatkitError
            If a loss is not finite.

        Warns
        -----
        FitWarning
            If classes have too few groups for early stopping, see
            `featkit.models.networks.validation_part`; or if not all weights are those of the file
            that the network starts from.
        """
        _require_extra()
        settings = self.settings
        y, groups = _checked_rows(X, y, groups)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ParameterError(f"y must hold at least two classes, got one class: {str(y[0])!r}")
        self.kinds_ = _kinds(X, ARCHITECTURES[self.architecture])
        self.shapes_ = {base: X.kinds[name].shape for base, name in self.kinds_.items()}
        validated, warning = validation_part(y, groups, settings.validation, seed=self.seed)
        _warn([warning] if warning else [])
        shared = settings.standardisation == "kind"
        arrays = self._arrays(X.rows(~validated))
        self.scales_ = {base: fit_scale(array, shared=shared) for base, array in arrays.items()}
        trained = self._train(X, numbers, validated)
        self.state_ = {name: value.contiguous().numpy() for name, value in trained.state.items()}
        self.history_, self.best_epoch_ = trained.history, trained.best_epoch
        return self

    def _train(self, X: Sequences, numbers: Array, validated: Array) -> Trained:
        from featkit.models.networks.training.loop import Labelled, Training
        from featkit.models.networks.training.rows import MAX_IN_MEMORY, Rows
        from featkit.models.networks.training.session import one_thread

        def labelled(which: Array) -> Labelled:
            arrays = self._arrays(X.rows(which))
            return Labelled(Rows(arrays, self.scales_, max_bytes=MAX_IN_MEMORY), numbers[which])

        settings, architecture = self.settings, ARCHITECTURES[self.architecture]
        with one_thread(self.seed):
            module = architecture.build(self.shapes_, len(self.classes_), settings)
            start = start_weights(module, architecture, settings)
            _warn(["; ".join(start.notes)] if start.notes else [])
            training = Training(
                module,
                settings,
                scales=self.scales_,
                n_classes=len(self.classes_),
                name=self.architecture,
                seed=self.seed,
                frozen=frozen(module, architecture, settings.freeze, start.random),
            )
            return training.run(labelled(~validated), labelled(validated))

    def predict_proba(self, X: Sequences) -> Array:
        """Return the probability of each class.

        Parameters
        ----------
        X : Sequences
            Sequences of some rows, with the kinds, channels and frames of the training rows.

        Returns
        -------
        array of float64, shape ``(rows, classes)``
            The probabilities of a row are the same, to the bit, for any other rows.

        Raises
        ------
        ParameterError
            If a kind of sequence is missing or has another shape, or the extra ``deep`` is not
            installed.
        ModelError
            If a probability is not finite.
        """
        module = self.module()
        from featkit.models.networks.training.loop import row_logits
        from featkit.models.networks.training.rows import Rows
        from featkit.models.networks.training.session import one_thread

        self._check_shapes(X)
        if not len(X):
            return np.empty((0, len(self.classes_)))
        with one_thread():
            logits = row_logits(module, Rows(self._arrays(X), self.scales_))
            P = np.asarray(logits.double().softmax(dim=1).numpy())
        if not np.isfinite(P).all():
            row = int(np.flatnonzero(~np.isfinite(P).all(axis=1))[0])
            raise ModelError(
                f"{self.architecture} gives no finite probability for row {row + 1} of"
                f" {len(P)}: its weights are too large; train again with a smaller learning rate"
            )
        return P

    def predict(self, X: Sequences) -> Array:
        """Return the class of each row.

        Parameters
        ----------
        X : Sequences
            Sequences of some rows.

        Returns
        -------
        array of str, shape ``(rows,)``
        """
        return np.asarray(self.classes_[np.argmax(self.predict_proba(X), axis=1)])

    def module(self) -> Any:
        """Return the fitted network as a `torch.nn.Module` in evaluation mode.

        Returns
        -------
        torch.nn.Module

        Raises
        ------
        ParameterError
            If the extra ``deep`` is not installed.
        """
        check_is_fitted(self)
        _require_extra()
        import torch

        from featkit.models.networks.training.session import one_thread

        with one_thread():
            architecture = ARCHITECTURES[self.architecture]
            module = architecture.build(self.shapes_, len(self.classes_), self.settings)
        module.load_state_dict({name: torch.tensor(v) for name, v in self.state_.items()})
        return module.eval()

    def inputs(self, X: Sequences) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the standardised tensors that the module takes.

        Parameters
        ----------
        X : Sequences
            Sequences of some rows.

        Returns
        -------
        inputs, lengths : dict of str to torch.Tensor
            Tensors ``(rows, channels, frames)`` and ``(rows,)`` by base name.

        Raises
        ------
        ParameterError
            If a kind of sequence is missing or has another shape, or the extra ``deep`` is not
            installed.
        """
        check_is_fitted(self)
        _require_extra()
        from featkit.models.networks.training.rows import Rows

        self._check_shapes(X)
        return Rows(self._arrays(X), self.scales_).batch(np.arange(len(X)))

    def _arrays(self, X: Sequences) -> dict[str, SequenceArray]:
        return {base: X.kinds[name] for base, name in self.kinds_.items()}

    def _check_shapes(self, X: Sequences) -> None:
        for base, name in self.kinds_.items():
            if name not in X.kinds:
                raise ParameterError(
                    f"{self.architecture} was trained with the sequences {name!r}, and these rows"
                    f" have {_listed(X.kinds)}: make them with the same sequence set"
                )
            if X.kinds[name].shape != tuple(self.shapes_[base]):
                raise ParameterError(
                    f"{self.architecture} was trained with {_size(self.shapes_[base])} of {name!r},"
                    f" and these rows have {_size(X.kinds[name].shape)}: make them with the same"
                    " sequence set"
                )


def _warn(texts: Iterable[str]) -> None:
    for text in texts:
        warnings.warn(text, FitWarning, stacklevel=4)


def _require_extra() -> None:
    if message := missing_extra():
        raise ParameterError(message)


def _check_names(parameters: Iterable[str], names: Iterable[str]) -> None:
    for name in parameters:
        if name not in names:
            raise ParameterError(unknown("parameter of a network", name, names))


def _checked_rows(X: Sequences, y: Array, groups: Array | None) -> tuple[Array, Array]:
    """Classes and groups, as arrays of one length with the sequences."""
    y = np.asarray(y)
    groups = np.arange(len(y)) if groups is None else np.asarray(groups)
    if not len(X) == len(y) == len(groups):
        raise ParameterError(
            f"X, y and groups must have the same rows, got {len(X)}, {len(y)} and {len(groups)}"
        )
    return y, groups


def _kinds(X: Sequences, architecture: Architecture) -> dict[str, str]:
    """Name of the kind of each base name that a network reads."""
    names = {base: X.named(base) for base in (*architecture.kinds, *architecture.optional_kinds)}
    for base in architecture.kinds:
        if names[base] is None:
            raise ParameterError(
                f"{architecture.name} needs the sequences {_listed(architecture.kinds)}; there are"
                f" {_listed(X.kinds)}"
            )
    return {base: name for base, name in names.items() if name is not None}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))


def _size(shape: tuple[int, int]) -> str:
    return f"{shape[0]} channels and {shape[1]} frames"
