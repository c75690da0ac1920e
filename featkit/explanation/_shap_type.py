"""Explanations as the type of the package shap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from featkit.explanation.explanation import Explanation


def to_shap(explanation: Explanation, of_class: str | float | None) -> Any:
    """The SHAP values as a `shap.Explanation`: of one class or number, or of all classes."""
    import shap

    if of_class is None and len(explanation.classes) > 1:
        k: Any = slice(None)
        names = [str(name) for name in explanation.classes]
    else:
        k = 0 if of_class is None else explanation.place_of_class(of_class)
        names = explanation.classes[k]
    errors = None if explanation.error is None else np.array(explanation.error[:, :, k])
    return shap.Explanation(
        values=np.array(explanation.values[:, :, k]),
        base_values=np.array(explanation.base[:, k]),
        data=np.array(explanation.X),
        display_data=None,
        feature_names=list(explanation.columns),
        output_names=names,
        error_std=errors,
    )
