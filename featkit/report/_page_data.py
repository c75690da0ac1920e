"""Data of the script of a page: names, values and colours of dots, and all judged rows."""

from __future__ import annotations

from typing import Any

from featkit.report._class_panels import dot_data
from featkit.report._context import Context
from featkit.report._judged import ROWS_AT_ONCE, judged_data


def script_data(context: Context) -> dict[str, Any]:
    """The data of the script of the page of a model."""
    if context.explanation is None:
        return {}
    dots = {} if context.shap is None else dot_data(context.shap)
    return {**dots, "judged": {**judged_data(context.explanation), "atOnce": ROWS_AT_ONCE}}
