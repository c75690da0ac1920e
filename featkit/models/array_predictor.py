"""Predictions for clips in memory: little overhead, and the bits of a prediction of files.

Clips that several threads give at the same time are analysed as one stack: the overhead of Python
and NumPy, during which other threads wait, is then paid once. The row of a clip does not depend on
the others, and the rows of each call are predicted by themselves, so that the bits stay the same.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from featkit._utils.combining import Combiner
from featkit._utils.typing import Array
from featkit.errors import AudioError, ModelError, ParameterError
from featkit.models.class_priors import resolve_prior
from featkit.models.prepared_pipeline import PreparedPipeline
from featkit.models.probabilities import multiplies_matrices
from featkit.models.row_predictions import row_problems
from featkit.models.task import TASKS

if TYPE_CHECKING:
    from featkit.models.class_priors import ClassPrior
    from featkit.models.model import Model
    from featkit.models.sound_extractor import ClipAnalyser
    from featkit.table.feature_table import FeatureTable

T = TypeVar("T")

NEEDS_GROUPS = (
    "the model normalises columns within groups, so that a prediction depends on the other"
    " recordings of a group: predict all of them together with `Model.predict`"
)


SAMPLES_TOGETHER = 2**21
"""Samples of the requests of several threads that are analysed together: a stack of clips."""

SAMPLES_ALONE = 2**19
"""From so many samples on, about 20 s, a request is computed at once by its own thread. Then most
of the work is in compiled loops, which run in parallel; and short clips do not wait for it."""


class _Request(NamedTuple):
    """Clips of one call, with their names and sample rate, and the shares of the classes."""

    names: Sequence[str]
    clips: Sequence[Any]
    sr: float
    prior: ClassPrior | None


class _Segments(NamedTuple):
    """A request, and the segments of each of its clips."""

    request: _Request
    clips: list[Sequence[Any]]


class ArrayPredictor:
    """State of a model that is prepared once for all clips; several threads may use it.

    Parameters
    ----------
    model : Model
        The model.
    clips : ClipAnalyser
        Its analysis of clips.

    Raises
    ------
    ModelError
        If the model normalises columns within groups.
    TableError
        If the analysis lacks a column of the model.
    """

    def __init__(self, model: Model, clips: ClipAnalyser) -> None:
        if model.normalization is not None:
            raise ModelError(NEEDS_GROUPS)
        self._model, self._clips = model, clips
        self._is_checked = False
        self._combiner: Combiner[_Request, Array] = Combiner(self._answers, SAMPLES_TOGETHER)
        self._pipeline = model.pipeline
        # The last bit of a matrix product depends on the number of rows. That of trees does not.
        self._needs_blocks = model.reads_sequences or multiplies_matrices(model.pipeline)
        if not model.reads_sequences:
            self._pipeline = PreparedPipeline(model.pipeline)

    def predict(self, y: Any, sr: float, class_prior: Any = None) -> Array:
        """Predict clips; see `Model.predict_arrays`.

        Parameters
        ----------
        y : array, or sequence of arrays
            One clip, or several.
        sr : float
            Sample rate in Hz.
        class_prior : {"balanced", "training"}, path or mapping of str to float, optional
            As for `Model.predict`.

        Returns
        -------
        array of float64, shape ``(outputs,)`` or ``(clips, outputs)``

        Raises
        ------
        AudioError, ParameterError, ModelError, TableError
            As for `Model.predict_arrays`.
        """
        prior = None if class_prior is None else resolve_prior(self._model, class_prior)
        names, clips, is_single = _named_clips(y)
        if not len(clips):
            return np.empty((0, len(self._model.classes)))
        if text := self._clips.rate_warning(sr):
            warnings.warn(text, stacklevel=3)
        size = sum(map(np.size, clips))
        request = _Request(names, clips, sr, prior)
        if size < SAMPLES_ALONE:
            P = self._combiner(request, size)
        else:
            (P,) = map(_raised, self._answers([request]))
        return P[0] if is_single else P

    def _answers(self, requests: Sequence[_Request]) -> list[Array | Exception]:
        """Predictions of the clips of each request, or its error."""
        read = [_result(self._segments, request) for request in requests]
        valid = [own for own in read if not isinstance(own, Exception)]
        joint = iter(self._predictions(valid)) if valid else iter(())
        return [own if isinstance(own, Exception) else next(joint) for own in read]

    def _segments(self, request: _Request) -> _Segments:
        clips = zip(request.names, request.clips, strict=True)
        return _Segments(request, [self._clips.segments(name, y, request.sr) for name, y in clips])

    def _predictions(self, read: Sequence[_Segments]) -> list[Array | Exception]:
        """Predictions of the clips of each request, from one table of their segments."""
        by_clip = [*chain.from_iterable(own.clips for own in read)]
        table = self._clips.table([*chain.from_iterable(by_clip)])
        if not self._is_checked:  # all tables of the analysis have the same columns
            self._model.check_schema(table)
            self._is_checked = True
        P, problems = self._row_predictions(table, read)
        owner, possible = np.repeat(np.arange(len(by_clip)), [*map(len, by_clip)]), problems == ""
        joint = np.full((len(by_clip), P.shape[1]), np.nan)
        if possible.any():
            clips, means = TASKS[self._model.task].combine(owner[possible], P[possible])
            joint[clips] = means
        failed = np.bincount(owner[possible], minlength=len(by_clip)) == 0
        answers: list[Array | Exception] = []
        start = 0
        for names, *_ in (own.request for own in read):
            end = start + len(names)
            answers.append(joint[start:end])
            if failed[start:end].any():
                k = start + int(np.argmax(failed[start:end]))
                cause = str(problems[owner == k][0])
                answers[-1] = AudioError(names[k - start], "predict", cause)
            start = end
        return answers

    def _row_predictions(
        self, table: FeatureTable, read: Sequence[_Segments]
    ) -> tuple[Array, Array]:
        """Predictions and problems of all rows; those of a row with a problem have no meaning."""
        model, values = self._model, self._model.values(table)
        problems = row_problems(values, model.columns)
        P = np.zeros((len(problems), len(model.classes)))
        if not model.reads_sequences:
            values[problems != ""] = 0.0
        if not self._needs_blocks:
            P = self._probabilities(values)
        start = 0
        for request, clips in read:
            rows = slice(start, start + sum(map(len, clips)))
            start = rows.stop
            if self._needs_blocks:
                P[rows] = self._block(values, rows, problems)
            if request.prior is not None:
                P[rows] = request.prior.apply(P[rows], model.calibrator)
        return P, problems

    def _block(self, values: Any, rows: slice, problems: Array) -> Array:
        """Predictions for the rows of one request, as if they were the only ones."""
        if not self._model.reads_sequences:
            return self._probabilities(values[rows])
        P = np.zeros((rows.stop - rows.start, len(self._model.classes)))
        possible = problems[rows] == ""
        if possible.any():
            P[possible] = self._probabilities(values.rows(rows.start + np.flatnonzero(possible)))
        return P

    def _probabilities(self, X: Any) -> Array:
        model = self._model
        P = TASKS[model.task].predict(self._pipeline, X, model.classes)
        return P if model.calibrator is None else model.calibrator.apply(P)


def _result(function: Callable[..., T], *args: Any) -> T | Exception:
    """The result of a function, or its error: other requests must not fail with this one."""
    try:
        return function(*args)
    except Exception as error:
        return error


def _raised(answer: Array | Exception) -> Array:
    if isinstance(answer, Exception):
        raise answer
    return answer


def _named_clips(y: Any) -> tuple[Sequence[str], Sequence[Any], bool]:
    """Names of clips in error messages, the clips, and whether it is one clip by itself."""
    is_array = hasattr(y, "__array__")
    if is_array:
        y = np.asarray(y)
        if y.ndim not in (1, 2):
            raise ParameterError(
                "y must be one clip, (samples,), or have a clip in each row, (clips, samples);"
                f" got an array of shape {y.shape}"
            )
    elif not isinstance(y, Sequence) or isinstance(y, str | bytes):
        raise ParameterError(f"y must be an array or a list of arrays, got {type(y).__name__}")
    if (is_array and y.ndim == 1) or (not is_array and len(y) and np.isscalar(y[0])):
        clip = np.asarray(y)
        return [f"array of shape {clip.shape}"], [clip], True
    return [f"clip {k}" for k in range(len(y))], y, False
