"""What XGBoost models of classes and of numbers share: parameters, growth and storage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from featkit._utils.typing import Array


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
