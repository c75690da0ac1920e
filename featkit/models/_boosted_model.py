"""What XGBoost models of classes and of numbers share: parameters, growth, storage and export."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator

from featkit._utils.typing import Array
from featkit.table.disk_matrix import check_space

if TYPE_CHECKING:
    from featkit.models.onnx_export.tensor import Tensor
    from featkit.models.out_of_core.block_fitting import TrainingBlocks


class BoostedModel(BaseEstimator):  # type: ignore[misc]
    """Boosted trees of any objective.

    Parameters
    ----------
    n_estimators : int
        Number of trees, for each class if there are several.
    learning_rate : float
        Factor of each tree.
    max_depth : int
        Depth of the trees.
    subsample, colsample_bytree : float
        Shares of the rows and of the columns that a tree is grown on.
    max_bin : int
        Bins of the histogram of a column. More take longer, and add little for short tables.
    random_state : int
        Seed.

    Attributes
    ----------
    ubj_ : array of uint8
        The trees, as XGBoost's binary JSON.
    """

    def __init__(
        self,
        n_estimators: int = 200,
        learning_rate: float = 0.1,
        max_depth: int = 3,
        subsample: float = 0.8,
        colsample_bytree: float = 0.5,
        max_bin: int = 32,
        random_state: int = 0,
    ) -> None:
        self.n_estimators = n_estimators
        self.learning_rate = learning_rate
        self.max_depth = max_depth
        self.subsample = subsample
        self.colsample_bytree = colsample_bytree
        self.max_bin = max_bin
        self.random_state = random_state

    def grow(self, rows: Any, objective: Mapping[str, Any]) -> None:
        """Grow the trees.

        Parameters
        ----------
        rows : xgboost.DMatrix
            Feature values and targets.
        objective : mapping of str to object
            The objective and its parameters, as XGBoost names them.
        """
        import xgboost

        settings = {
            **objective,
            "tree_method": "hist",
            "learning_rate": self.learning_rate,
            "max_depth": self.max_depth,
            "subsample": self.subsample,
            "colsample_bytree": self.colsample_bytree,
            "max_bin": self.max_bin,
            "seed": self.random_state,
            "nthread": 1,
        }
        booster = xgboost.train(settings, rows, num_boost_round=self.n_estimators)
        self.ubj_: Array = np.frombuffer(booster.save_raw("ubj"), dtype=np.uint8)

    def booster(self) -> Any:
        """Return the trees as an object of XGBoost.

        Returns
        -------
        xgboost.Booster
        """
        import xgboost

        booster = xgboost.Booster({"nthread": 1})
        booster.load_model(bytearray(self.ubj_.tobytes()))
        return booster

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def first_trees(model: Any, n_estimators: int) -> Any:
    """Return the boosted model of the first rounds of a fitted one.

    Parameters
    ----------
    model : BoostedModel
        A fitted model.
    n_estimators : int
        Rounds to keep.

    Returns
    -------
    BoostedModel
        The same as a fit of so few rounds, to the bit.
    """
    part = copy(model)
    part.n_estimators = n_estimators
    part.ubj_ = np.frombuffer(model.booster()[:n_estimators].save_raw("ubj"), dtype=np.uint8)
    return part


def external_matrix(
    rows: TrainingBlocks, labels: Array, weights: Array | None, max_bin: int
) -> Any:
    """Make a matrix of XGBoost of rows that do not fit in memory; its pages are on disk.

    The model is the one of rows in memory, except that bins of columns may differ in the last
    digits if there are so many rows that XGBoost summarises the values of each block.

    Parameters
    ----------
    rows : TrainingBlocks
        The rows.
    labels : array of float64, shape ``(rows,)``
        Targets, as XGBoost needs them.
    weights : array of float64, shape ``(rows,)``, or None
        Weights of the rows.
    max_bin : int
        Bins of the histogram of a column.

    Returns
    -------
    xgboost.DMatrix
        It reads `rows` now, and its pages until it is deleted.

    Raises
    ------
    WriteError
        If the folder for temporary files has too little space: XGBoost would end the process.
    """
    import xgboost

    class Pages(xgboost.DataIter):
        """The blocks, in the interface of XGBoost."""

        def __init__(self) -> None:
            self.blocks: Iterator[tuple[int, Array]] = iter(())
            super().__init__(cache_prefix=str(rows.folder / "pages"))

        def reset(self) -> None:
            self.blocks = _with_starts(rows)

        def next(self, input_data: Callable[..., None]) -> bool:
            start, block = next(self.blocks, (-1, None))
            if block is None:
                return False
            own = slice(start, start + len(block))
            options = {} if weights is None else {"weight": weights[own]}
            input_data(data=block, label=labels[own], **options)
            return True

    has_quantile_pages = hasattr(xgboost, "ExtMemQuantileDMatrix")  # from XGBoost 3.0 on
    check_space(rows.folder, rows.nbytes * (1 if has_quantile_pages else 2))
    if has_quantile_pages:
        return xgboost.ExtMemQuantileDMatrix(Pages(), max_bin=max_bin, nthread=1)
    return xgboost.DMatrix(Pages(), nthread=1)


def _with_starts(rows: TrainingBlocks) -> Iterator[tuple[int, Array]]:
    """Each block, with the number of its first row."""
    start = 0
    for block, _ in rows:
        yield start, block
        start += len(block)


def margins_to_onnx(model: BoostedModel, Z: Tensor, n_outputs: int) -> Tensor:
    """Return the sums over the trees in an ONNX graph.

    Parameters
    ----------
    model : BoostedModel
        A fitted model.
    Z : Tensor
        Rows; NaN where missing.
    n_outputs : int
        Number of classes; 1 for a number.

    Returns
    -------
    Tensor
        Float32, ``(rows, outputs)``.
    """
    from featkit.models._ubj import decode
    from featkit.models.onnx_export.trees import boosted_margins

    return boosted_margins(decode(model.ubj_.tobytes()), Z, n_outputs)
