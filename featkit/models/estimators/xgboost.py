"""Gradient-boosted trees by XGBoost, which deals with missing values itself.

A fitted one is held as XGBoost's own binary JSON (UBJ), so that a model file needs no pickle.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from featkit._utils.typing import Array
from featkit.errors import ParameterError
from featkit.models._model_validation import TREES_AT_ONCE, check_nodes, check_parts, is_array
from featkit.models._ubj import decode
from featkit.models.estimator import LOG_ODDS, Contributions, Estimator, in_log_odds

OBJECTIVE = "multi:softprob"

LEARNER = (
    "attributes",
    "feature_names",
    "feature_types",
    "gradient_booster",
    "learner_model_param",
    "objective",
)
"""What XGBoost writes of a learner, all of which is looked at before it is loaded."""

MODEL = ("gbtree_model_param", "iteration_indptr", "tree_info", "trees")

CATEGORIES = ("categories", "categories_nodes", "categories_segments", "categories_sizes")

NODES = {
    "base_weights": "f",
    "default_left": "u",
    "left_children": "i",
    "loss_changes": "f",
    "parents": "i",
    "right_children": "i",
    "split_conditions": "f",
    "split_indices": "i",
    "split_type": "u",
    "sum_hessian": "f",
}
"""Arrays with a number for each node, and of which kind, as NumPy calls it."""

TREE = frozenset({"id", "tree_param", *CATEGORIES, *NODES})
"""What XGBoost writes of a tree."""

LOOKED_AT = ("parents", "split_conditions", "split_indices", "split_type")
"""Arrays whose numbers could do harm, besides the children."""

NO_PARENT = 2**31 - 1

ROUNDING = 1e-6
"""Of the largest margin, or of 1: what sums in single precision may lose."""


class XGBoost(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Boosted trees with classes of equal weight.

    Parameters
    ----------
    n_estimators : int
        Trees for each class.
    learning_rate : float
        How much of each tree is added.
    max_depth : int
        Questions on the way to a leaf.
    subsample, colsample_bytree : float
        Share of the rows, and of the columns, that a tree sees.
    max_bin : int
        Values that are told apart in a column. More cost time, and add little to short tables.
    random_state : int

    Attributes
    ----------
    classes_ : array of str
    ubj_ : array of uint8
        The trees.
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

    def fit(self, X: Array, y: Array) -> Self:
        """Grow the trees."""
        import xgboost

        X, y = validate_data(self, X, y, dtype=np.float64, ensure_all_finite="allow-nan")
        check_classification_targets(y)
        # XGBoost wants classes 0 to k-1, and every fold may have others.
        self.classes_, encoded = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ParameterError(f"y must hold two classes at least, got one class: {y[0]!r}")
        rows = xgboost.DMatrix(X, encoded, weight=compute_sample_weight("balanced", y), nthread=1)
        settings = {
            "objective": OBJECTIVE,
            "num_class": len(self.classes_),
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
        return self

    def predict_proba(self, X: Array) -> Array:
        """Probability of each class, ``(rows, classes)``."""
        import xgboost

        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False, ensure_all_finite="allow-nan")
        return np.asarray(self.booster().predict(xgboost.DMatrix(X, nthread=1)), dtype=np.float64)

    def predict(self, X: Array) -> Array:
        """The class of each row."""
        P = self.predict_proba(X)
        return np.asarray(self.classes_[np.argmax(P, axis=1)])

    def booster(self) -> Any:
        """The trees as XGBoost's own object."""
        import xgboost

        booster = xgboost.Booster({"nthread": 1})
        booster.load_model(bytearray(self.ubj_.tobytes()))
        return booster

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def build(seed: int) -> XGBoost:
    return XGBoost(random_state=seed)


def check(model: Any, columns: int, classes: int) -> None:
    """Refuse trees whose nodes point outside of the tree, the columns or the classes.

    Before XGBoost loads them: it believes all that they say.
    """
    check_parts(model, XGBoost)
    if not is_array(model.ubj_, model.ubj_.size, kinds="u") or model.ubj_.itemsize > 1:
        raise ValueError("its trees are no bytes")
    document = decode(model.ubj_.tobytes())
    _check_same(document, "version", "learner")
    learner = document["learner"]
    _check_same(learner, *LEARNER)
    if any(len(learner[name]) for name in ("attributes", "feature_names", "feature_types")):
        raise ValueError("trees with names, which they have none of")
    objective = {"name": OBJECTIVE, "softmax_multiclass_param": {"num_class": str(classes)}}
    if learner["objective"] != objective or learner["gradient_booster"]["name"] != "gbtree":
        raise ValueError("trees for something else than classes")
    stated = learner["learner_model_param"]
    wanted = {"num_class": classes, "num_feature": columns, "num_target": 1}
    if any(stated[name] != str(number) for name, number in wanted.items()):
        raise ValueError("trees for other columns or classes")
    scores = [float(text) for text in stated["base_score"].strip("[]").split(",")]
    if len(scores) not in (1, classes) or not np.isfinite(scores).all():
        raise ValueError("trees for other classes")
    _check_trees(learner["gradient_booster"], columns, classes)


def _check_same(table: Any, *keys: str) -> None:
    if not isinstance(table, dict) or set(table) != set(keys):
        raise ValueError("trees in another form than XGBoost writes")


def _check_trees(booster: Any, columns: int, classes: int) -> None:
    """Refuse other than one tree for each class in turn."""
    _check_same(booster, "model", "name")
    grown = booster["model"]
    trees = grown["trees"]
    _check_same(grown | {"cats": {}}, "cats", *MODEL)
    if any(len(each) for each in grown.get("cats", {}).values()):
        raise ValueError("trees with categories, which there are none of")
    stated = grown["gbtree_model_param"]
    if (stated["num_trees"], stated["num_parallel_tree"]) != (str(len(trees)), "1"):
        raise ValueError("another number of trees than it says")
    if not trees or list(grown["tree_info"]) != [k % classes for k in range(len(trees))]:
        raise ValueError("a tree for a class that there is not")
    if list(grown["iteration_indptr"]) != list(range(0, len(trees) + 1, classes)):
        raise ValueError("another number of trees than it says")
    for place, tree in enumerate(trees):
        _check_sizes(tree, place, columns)
    for start in range(0, len(trees), TREES_AT_ONCE):
        _check_nodes(trees[start : start + TREES_AT_ONCE], columns)


def _check_sizes(tree: dict[str, Any], place: int, columns: int) -> None:
    _check_same(tree, *TREE)
    if tree["id"] != place or any(len(tree[name]) for name in CATEGORIES):
        raise ValueError("a tree in another's place, or with categories")
    size, stated = len(tree["left_children"]), tree["tree_param"]
    wanted = {"num_nodes": size, "num_feature": columns, "num_deleted": 0}
    if any(stated[name] != str(number) for name, number in wanted.items()):
        raise ValueError("a tree has other nodes than it says")
    if stated["size_leaf_vector"] not in ("0", "1"):
        raise ValueError("leaves of another shape than the classes")
    for name, kinds in NODES.items():
        if not is_array(tree[name], size, kinds=kinds):
            raise ValueError("a tree has other nodes than it says")


def _check_nodes(trees: Sequence[dict[str, Any]], columns: int) -> None:
    left, right = ([tree[f"{side}_children"] for tree in trees] for side in ("left", "right"))
    nodes = check_nodes(left, right)
    held = {name: np.concatenate([tree[name] for tree in trees]) for name in LOOKED_AT}
    if np.any(held["parents"] != np.where(nodes.parents < 0, NO_PARENT, nodes.parents)):
        raise ValueError("a node of a tree has another parent than it says")
    if np.any(held["split_indices"] < 0) or np.any(held["split_indices"] >= columns):
        raise ValueError("a node of a tree asks for a column that there is not")
    if np.any(held["split_type"]):
        raise ValueError("a node of a tree asks for categories, which there are none of")
    if not np.isfinite(held["split_conditions"][~nodes.inner]).all():
        raise ValueError("leaves that hold no numbers")


def contributions(model: Any, Z: Array) -> Contributions:
    """XGBoost's own TreeSHAP: in log odds, up to what is added to those of all classes alike.

    Of two classes, whose scores are a softmax here, too, the difference is the log odds.
    """
    import xgboost

    rows, booster = xgboost.DMatrix(Z, nthread=1), model.booster()
    found = booster.predict(rows, pred_contribs=True).astype(np.float64).transpose(0, 2, 1)
    output = booster.predict(rows, output_margin=True).astype(np.float64)
    values, base = found[:, :-1], found[0, -1]
    # All of it is in single precision: what rounding leaves is no difference.
    rounding = ROUNDING * np.abs(output).max(initial=1)
    if len(model.classes_) == 2:
        values, base, output = (x - x[..., ::-1] for x in (values, base, output))
    total = base + values.sum(axis=1)
    output = np.where(np.abs(output - total) <= rounding, total, output)
    return Contributions(values, base, output)


ESTIMATOR = Estimator(
    name="xgboost",
    title="gradient-boosted trees (XGBoost)",
    build=build,
    grid={"max_depth": (3, 6), "learning_rate": (0.1, 0.05)},
    check=check,
    contributions=contributions,
    scale=LOG_ODDS,
    meaning=in_log_odds,
    types=frozenset({f"{__name__}.XGBoost"}),
    imputed=False,
    scaled=False,
    step=0.0,
)
