"""Overview of the evaluation of models on other datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from featkit._utils.formatting import counted
from featkit._utils.overview import Bar, Chart, Overview, shortened

if TYPE_CHECKING:
    from featkit.evaluation.evaluate import EvaluationResult
    from featkit.evaluation.result import DatasetEvaluation

MAX_LINES = 4

METRIC = "balanced_accuracy"


def evaluation_overview(result: EvaluationResult) -> Overview:
    """The overview of an evaluation."""
    evaluations, warnings = result.evaluation.evaluations, result.warnings
    datasets = {one.dataset for one in evaluations}
    models = {one.model for one in evaluations}
    bars = []
    for one in evaluations:
        own = one.scores[METRIC]
        bars.append(Bar(_name(one), own.value, f"{own.value:.3f}", (own.low, own.high)))
    return Overview(
        f"EvaluationResult: {counted(len(models), 'model')} on {counted(len(datasets), 'dataset')},"
        f" {len(result.failures):,} recordings failed",
        [
            *(_line(one) for one in evaluations[:MAX_LINES]),
            *(f"warning: {text}" for text in warnings[:MAX_LINES]),
        ],
        [Chart("balanced accuracy with 95 % interval", bars, is_zoomed=True)],
        following=(
            ".scores, .predictions, .warnings, featkit.write_evaluation_report(path, result)"
        ),
    )


def _name(one: DatasetEvaluation) -> str:
    return f"{shortened(one.model, 25)} on {shortened(one.dataset, 25)}"


def _line(one: DatasetEvaluation) -> str:
    own = one.scores[METRIC]
    home = "" if one.home is None else f", at home {one.home.metrics[METRIC].value:.3f}"
    return (
        f"{_name(one)}: balanced accuracy {own.value:.3f} (95 % interval {own.low:.3f} to"
        f" {own.high:.3f}), most common class {one.majority[METRIC]:.3f}{home}"
    )
