"""Classes that are absent from the training or test rows of a fold, and what scores do with them.

If every fold leaves out one group, such as a speaker, a class may be absent from the group. Scores
of the fold then are of the other classes. If a class occurs in one group only, it is absent from
the training rows when this group is left out: its test rows are *unpredictable*, since no model can
predict a class that it was not trained on. The rule for these rows, in each fold and over all
folds:

- accuracy counts them as errors;
- balanced accuracy and macro F1 leave their class out of the mean over classes, but a prediction
  for such a row still counts against the precision of the predicted class;
- the log loss leaves them out, since the probability of their class is 0.

`UnpredictableRows` states their number, and the means over classes with 0 for their classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from featkit._utils.formatting import counted
from featkit._utils.typing import Array
from featkit.models.absent_class_types import FoldClasses, UnpredictableRows

if TYPE_CHECKING:
    from featkit.models.outer_folds import OuterFold
    from featkit.models.problem import Problem


def fold_classes(y: Array, folds: Sequence[OuterFold], classes: Sequence[str]) -> list[FoldClasses]:
    """List the classes that each fold lacks.

    Parameters
    ----------
    y : array of str, shape ``(rows,)``
        The class of each row of the table.
    folds : sequence of OuterFold
        The folds.
    classes : sequence of str
        All classes, in order.

    Returns
    -------
    list of FoldClasses
        One for each fold.
    """
    return [_fold_classes(fold.name, y[fold.train], y[fold.test], classes) for fold in folds]


def _fold_classes(name: str, train: Array, test: Array, classes: Sequence[str]) -> FoldClasses:
    trained, tested = set(train.tolist()), set(test.tolist())
    return FoldClasses(
        fold=name,
        rows=len(test),
        not_in_training=sorted(tested - trained),
        unpredictable_rows=int(np.sum(~np.isin(test, train))),
        not_in_test=[own for own in classes if own not in tested],
    )


def unpredictable_rows(problem: Problem, folds: Sequence[OuterFold]) -> Array:
    """Find the test rows whose class no training row of their fold has.

    Parameters
    ----------
    problem : Problem
        The rows of the table; those without classes are all predictable.
    folds : sequence of OuterFold
        The folds.

    Returns
    -------
    array of bool, shape ``(test rows,)``
        For the test rows of all folds, one after the other.
    """
    if not problem.has_classes:
        return np.zeros(sum(len(fold.test) for fold in folds), dtype=bool)
    y = problem.y
    return np.concatenate([~np.isin(y[fold.test], y[fold.train]) for fold in folds])


def unpredictable_warnings(unpredictable: UnpredictableRows | None) -> list[str]:
    """State the rule for unpredictable rows, if there are any.

    Parameters
    ----------
    unpredictable : UnpredictableRows or None
        Of an `Evaluation`.

    Returns
    -------
    list of str
        Empty, or one warning.
    """
    if unpredictable is None:
        return []
    names = [repr(name) for name in unpredictable.classes]
    return [
        f"{counted(len(names), 'class occurs', 'classes occur')} in one fold only, so no model of"
        f" that fold can predict {'it' if len(names) == 1 else 'them'}: {', '.join(names)}."
        f" Accuracy counts {counted(unpredictable.rows, 'such test row')} as"
        f" {'an error' if unpredictable.rows == 1 else 'errors'}; balanced accuracy, macro F1 and"
        " log loss leave them out"
    ]


def folds_without_class(folds: Sequence[FoldClasses]) -> dict[str, list[str]]:
    """List the folds without a test row of each class that models could predict.

    Parameters
    ----------
    folds : sequence of FoldClasses
        Of an `Evaluation`.

    Returns
    -------
    dict of str to list of str
        Names of folds by class, without the classes that occur in one fold only.
    """
    single = {name for own in folds for name in own.not_in_training}
    absent: dict[str, list[str]] = {}
    for own in folds:
        for name in own.not_in_test:
            if name not in single:
                absent.setdefault(name, []).append(own.fold)
    return dict(sorted(absent.items()))
