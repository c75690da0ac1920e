"""Overviews of models, of the results of trainings, and of predictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from featkit._utils.formatting import counted, significant
from featkit._utils.overview import Bar, Chart, Overview, listed, shortened
from featkit.errors import FeatkitError
from featkit.models.task import MULTILABEL, REGRESSION

if TYPE_CHECKING:
    from featkit.models.model import Model
    from featkit.models.predictions import Predictions
    from featkit.models.result import Result

RANKED_BY = {REGRESSION: "rmse", MULTILABEL: "mean_average_precision"}
"""The metric by which the models of a task are ranked; classes by the balanced accuracy."""

BASELINE = "baseline"

MAX_LINES = 3
"""Warnings and failures that are shown."""

MAX_READ = 10_000
"""Most predictions that are read from a file for an overview."""

FIRST_ROWS = 3

SHOWN_COLUMNS = ("path", "start", "row", "predicted", "probability")


def result_overview(result: Result) -> Overview:
    """The overview of the result of a training."""
    evaluation, task = result.evaluation, result.model.task
    warnings = list(evaluation.warnings)
    return Overview(
        f"Result: {evaluation.model}, {_score_text(evaluation, task)}",
        [
            _split_text(evaluation),
            f"trained on {_model_size(result.model)}",
            f"{counted(len(warnings), 'warning')}:" if warnings else "",
            *(f"- {text}" for text in warnings[:MAX_LINES]),
        ],
        [_leaderboard(evaluation, task)],
        following=(
            ".leaderboard, .predictions, .warnings, .model.save(path),"
            " featkit.explain(result.model, table)"
        ),
    )


def model_overview(model: Model) -> Overview:
    """The overview of a model."""
    training, evaluation = model.training_metadata, model.evaluation
    candidate = model.name if training is None else training.candidate
    extras = [
        ("calibrated probabilities", model.calibrator),
        ("prediction sets", model.sets),
        ("novelty", model.novelty),
        ("normalised columns", model.normalization),
    ]
    has = [name for name, part in extras if part is not None]
    scored = evaluation is not None
    features = model.provenance.get("feature_set", {}).get("name", "")
    return Overview(
        f"Model: {shortened(candidate)} of {_model_size(model)}",
        [
            f"{'predicts' if model.task == REGRESSION else 'classes'}: {listed(model.classes)}",
            f"features of the set {features}" if features else "",
            f"{_score_text(evaluation, model.task)}; {_split_text(evaluation)}" if scored else "",
            f"with {', '.join(has)}" if has else "",
            "predicts from tables only: read it with featkit.load_model to predict from sound"
            if model.sound is None
            else "",
        ],
        [] if not scored else [_leaderboard(evaluation, model.task)],
        following=".predict(files or table), .save(path), featkit.explain(model, table)",
    )


def predictions_overview(predictions: Predictions) -> Overview:
    """The overview of predictions; large ones in a file are not read."""
    data = _data(predictions)
    failures, warnings = predictions.failures, predictions.warnings
    chart = None if data is None else _prediction_chart(data)
    columns, rows = ([], []) if data is None else _first_predictions(data)
    classes = [] if chart is None else [f"{bar.name} {bar.text}" for bar in chart.bars]
    return Overview(
        f"Predictions: {counted(predictions.rows, 'row')}, {len(failures):,} failed",
        [
            f"predicted: {listed(classes)}" if classes else "",
            *(
                f"failed: {shortened(one.path)}: {one.stage}: {one.message}"
                for one in failures[:MAX_LINES]
            ),
            *(f"warning: {text}" for text in warnings[:MAX_LINES]),
        ],
        [] if chart is None else [chart],
        columns,
        rows,
        following=".data (a DataFrame), .failures, .warnings",
    )


def _model_size(model: Model) -> str:
    training = model.training_metadata
    columns = "sequences" if model.reads_sequences else counted(len(model.columns), "column")
    rows = "" if training is None else f"{counted(training.rows, 'row')}, "
    outputs = "" if model.task == REGRESSION else f", {_outputs(model)}"
    return f"{rows}{columns}{outputs}"


def _outputs(model: Model) -> str:
    noun = "label" if model.task == MULTILABEL else "class"
    return counted(len(model.classes), noun)


def _split_text(evaluation: Any) -> str:
    rows = counted(evaluation.scored_rows, "row")
    units = "" if evaluation.unit == "row" else f" of {counted(evaluation.groups, evaluation.unit)}"
    return f"scored by {evaluation.protocol}: {rows}{units}"


def _score_text(evaluation: Any, task: str) -> str:
    """The score with its interval against the baseline."""
    metric = RANKED_BY.get(task, "balanced_accuracy")
    own, baseline = evaluation.kept[metric], evaluation.models.get(BASELINE)
    text = f"{metric.replace('_', ' ')} {_number(own.value)}"
    if own.low is not None and own.high is not None:
        text += f" (95 % interval {_number(own.low)} to {_number(own.high)})"
    return text if baseline is None else f"{text}, baseline {_number(baseline[metric].value)}"


def _number(value: float | None) -> str:
    if value is None:
        return "undefined"
    return f"{value:.3f}" if abs(value) <= 1 else significant(float(value))


def _leaderboard(evaluation: Any, task: str) -> Chart:
    metric = RANKED_BY.get(task, "balanced_accuracy")
    scores = [(name, own[metric]) for name, own in evaluation.ranking]
    bars = [
        Bar(
            f"{name} (kept)" if name == evaluation.model else name,
            own.value,
            _number(own.value),
            None if own.low is None or own.high is None else (own.low, own.high),
        )
        for name, own in scores
        if own.value is not None
    ]
    return Chart(f"{metric.replace('_', ' ')} with 95 % interval", bars, is_zoomed=True)


def _data(predictions: Predictions) -> Any:
    if predictions.rows > MAX_READ and "data" not in vars(predictions):
        return None
    try:
        return predictions.data
    except (FeatkitError, OSError, ValueError):  # the file of the predictions is gone
        return None


def _prediction_chart(data: Any) -> Chart:
    predicted = data["predicted"]
    if predicted.dtype.kind == "f":
        return Chart("predicted numbers", [])
    counts = Counter(predicted.tolist()).most_common()
    return Chart("rows by predicted class", [Bar(str(name), n, f"{n:,}") for name, n in counts])


def _first_predictions(data: Any) -> tuple[list[str], list[list[str]]]:
    columns = [name for name in SHOWN_COLUMNS if name in data.columns]
    first: Sequence[Any] = data[columns].head(FIRST_ROWS).to_numpy(dtype=object).tolist()
    return columns, [[_cell(value) for value in row] for row in first]


def _cell(value: Any) -> str:
    return significant(value) if isinstance(value, float) else str(value)
