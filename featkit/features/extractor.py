"""`FeatureExtractor`, a scikit-learn transformer from recordings to a matrix of features.

Input is a sequence of recordings, output an array of shape ``(recordings, columns)``.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Self

import numpy as np
from joblib import Parallel, delayed
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from featkit._utils.parameters import is_number
from featkit._utils.typing import Array
from featkit.audio import loading
from featkit.audio.excerpt import Excerpt
from featkit.audio.rates import check_target_sr
from featkit.dsp.disk_array import Clip
from featkit.errors import ParameterError
from featkit.features.analysis import analyse_loaded
from featkit.features.sets.loading import DEFAULT, FeatureSet, feature_set

BATCH_SIZE = 16
"""Recordings that a worker processes at a time."""


class FeatureExtractor(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Transformer from recordings to rows of features.

    Its only fitted state is the feature set. It can be the first step of a `Pipeline`, whose
    parameters can be searched. A recording that cannot be read raises an error, because the matrix
    has one row per input. `featkit.extract` skips such recordings instead.

    Parameters
    ----------
    features : str, path, mapping or FeatureSet
        Name of a feature set, a TOML file, or a dict.
    sr : float, optional
        Sample rate in Hz of arrays given without one.
    offset, duration : float
        Seconds to skip at the beginning of each recording, and seconds to read at most.
    pad : bool
        Whether shorter recordings are padded with zeros to `duration`.
    sensitivity, gain, full_scale_voltage : float, optional
        Calibration of the recorder; see `FeatureSet.calibrated`.
    n_jobs : int or None
        Number of worker processes. As in scikit-learn, None means one, unless a context of joblib
        (``joblib.parallel_config``) sets it, and -1 one per processor.

    Attributes
    ----------
    feature_set_ : FeatureSet
        The feature set in use.

    Examples
    --------
    >>> from featkit import signals
    >>> clips = [(signals.sine(440.0, 22050), 22050), (signals.noise(22050), 22050)]
    >>> extractor = FeatureExtractor(features="genre75").set_output(transform="pandas")
    >>> table = extractor.fit_transform(clips)
    >>> table.shape
    (2, 75)
    """

    def __init__(
        self,
        features: str | os.PathLike[str] | Mapping[str, Any] | FeatureSet = DEFAULT,
        *,
        sr: float | None = None,
        offset: float = 0.0,
        duration: float | None = None,
        pad: bool = False,
        sensitivity: float | None = None,
        gain: float | None = None,
        full_scale_voltage: float | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.features = features
        self.sr = sr
        self.offset = offset
        self.duration = duration
        self.pad = pad
        self.sensitivity = sensitivity
        self.gain = gain
        self.full_scale_voltage = full_scale_voltage
        self.n_jobs = n_jobs

    def fit(self, X: Sequence[loading.Source] | Array, y: Any = None) -> Self:
        """Load the feature set.

        Parameters
        ----------
        X : sequence of recordings
            As for `transform`; checked, but not read.
        y : object
            Ignored.

        Returns
        -------
        FeatureExtractor
            This object.

        Raises
        ------
        ParameterError
            If the feature set or another parameter is invalid, or `X` is not a list of recordings.
        """
        self._recordings(X)
        Excerpt(offset=self.offset, duration=self.duration, pad=self.pad)
        check_target_sr(self.sr)
        self.feature_set_ = feature_set(self.features).calibrated(
            sensitivity=self.sensitivity,
            gain=self.gain,
            full_scale_voltage=self.full_scale_voltage,
        )
        return self

    def transform(self, X: Sequence[loading.Source] | Array) -> Array:
        """Compute the features of each recording.

        Parameters
        ----------
        X : sequence of recordings
            Paths, pairs ``(y, sr)``, or arrays at the rate `sr`; or a matrix with a clip in each
            row.

        Returns
        -------
        array of float64, shape ``(recordings, columns)``
            NaN where a descriptor is undefined.

        Raises
        ------
        AudioError
            For the first recording that cannot be read.
        """
        check_is_fitted(self)
        recordings = self._recordings(X)
        excerpt = Excerpt(offset=self.offset, duration=self.duration, pad=self.pad)
        results = Parallel(n_jobs=self.n_jobs)(
            delayed(_rows)(recordings[k : k + BATCH_SIZE], self.feature_set_, excerpt)
            for k in range(0, len(recordings), BATCH_SIZE)
        )
        for text in sorted(set(chain.from_iterable(texts for _, texts in results))):
            warnings.warn(text, stacklevel=3)  # scikit-learn wraps this method
        return np.concatenate([rows for rows, _ in results])

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """Return the names of the columns.

        Parameters
        ----------
        input_features : object
            Ignored.

        Returns
        -------
        array of object, shape ``(columns,)``
        """
        check_is_fitted(self)
        return np.array(self.feature_set_.column_names, dtype=object)

    def _recordings(self, X: Any) -> list[Any]:
        """Recordings as a list; arrays are paired with the sample rate `sr`."""
        if hasattr(X, "__array__"):
            X = np.asarray(X)
            if X.dtype.kind in "OUT" and X.ndim == 2 and X.shape[1] == 1:
                X = X[:, 0]  # a column of paths in a DataFrame
        if isinstance(X, tuple) and len(X) == 2 and is_number(X[1]):
            raise ParameterError("X must be a list of recordings, got one pair: pass [(y, sr)]")
        if hasattr(X, "tocsr"):
            raise ParameterError("sparse X is not supported: samples are dense")
        if isinstance(X, str | os.PathLike) or not hasattr(X, "__len__"):
            raise ParameterError(f"X must be a list of recordings, got {type(X).__name__}")
        if isinstance(X, np.ndarray) and X.dtype.kind in "biufc":
            _check_matrix(X)
            if self.sr is None:
                raise ParameterError("X contains samples without a sample rate: pass sr")
        if not len(X):
            raise ParameterError("X contains no recordings: 0 samples, a minimum of 1 is required")
        if self.sr is None:
            return list(X)
        return [(x, self.sr) if isinstance(x, np.ndarray | list) else x for x in X]

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.allow_nan = False
        return tags


def _check_matrix(X: Array) -> None:
    """Raise an error for a matrix whose rows are not clips."""
    if X.dtype.kind == "c":
        raise ParameterError("Complex data not supported: samples are real numbers")
    if X.ndim != 2:
        raise ParameterError(
            f"X must have a clip in each row, got an array of shape {X.shape}."
            " Reshape your data: one clip is X.reshape(1, -1)"
        )
    if not X.shape[1]:
        raise ParameterError(
            f"the clips are empty: 0 feature(s) (shape={X.shape}) while a minimum of 1 is required."
        )
    if not np.isfinite(X).all():
        raise ParameterError("X contains NaN or infinity: every sample must be finite")


def _rows(
    recordings: Sequence[Any], features: FeatureSet, excerpt: Excerpt
) -> tuple[Array, set[str]]:
    """Rows of some recordings, and warnings; clips of one rate are analysed as one stack."""
    rates: set[float] = set()
    clips = _clips(recordings, features.sample_rate, excerpt, rates)
    rows = np.concatenate(list(analyse_loaded(clips, features)))
    return rows, {text for rate in rates if (text := features.rate_warning(rate))}


def _clips(
    recordings: Sequence[Any], sr: float | None, excerpt: Excerpt, rates: set[float]
) -> Iterator[tuple[Clip, float]]:
    """Yield the clips, and collect their sample rates before resampling."""
    for source in recordings:
        with loading.opening(source, sr=sr, excerpt=excerpt) as sound:
            rates.add(sound.source.rate)
            if isinstance(sound, loading.Stream):
                with sound.samples() as clip:
                    yield clip, sound.sr
            else:
                yield sound.y, sound.sr
