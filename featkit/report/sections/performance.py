"""How good the model is: the second section."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from featkit._utils.counting import counted
from featkit.models.result import BASELINE, ranked
from featkit.models.scores import METRICS, drawn_to_equal
from featkit.report import _svg
from featkit.report.words import NO_NUMBER, fixed, listed, percent, points, quoted

TITLES = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_f1": "Macro F1",
    "log_loss": "Log loss",
}


UNGROUPED = (
    "Rows were split one by one, and nothing was found that says which of them belong together. If"
    " several are of one person, piece or device, these scores are too high: name the column that"
    " says so as group."
)


@dataclass(frozen=True)
class ModelScore:
    """One score of one model."""

    model: str
    value: str
    low: str
    high: str
    std: str
    chart: Markup


@dataclass(frozen=True)
class Metric:
    """One score of all models."""

    title: str
    definition: str
    axis: tuple[str, str]
    rows: Sequence[ModelScore]


@dataclass(frozen=True)
class Good:
    """What the section shows."""

    lead: Sequence[str]
    metrics: Sequence[Metric]
    by_row: Sequence[tuple[str, str, str, str]]
    calibration: str
    reliability: Markup
    bins: Sequence[Mapping[str, str]]


def good(scores: Mapping[str, Any]) -> Good:
    """The section, of scores as training gives them."""
    return Good(
        lead=[_lead(scores), *_together(scores), *_likely_groups(scores), *_honesty(scores)],
        metrics=[_metric(scores, name) for name in METRICS],
        by_row=_by_row(scores),
        calibration=_calibration(scores["calibration"]),
        reliability=_svg.reliability(scores["calibration"]["reliability"]),
        bins=[
            {
                "range": f"{fixed(of['from'], 1)} to {fixed(of['to'], 1)}",
                "rows": str(of["rows"]),
                "confidence": fixed(of["confidence"]),
                "accuracy": fixed(of["accuracy"]),
            }
            for of in scores["calibration"]["reliability"]
        ],
    )


def judged_thing(scores: Mapping[str, Any]) -> str:
    """What a judged row is called: a recording, if each is one."""
    if scores["unit"] != "row" and scores["groups"] == scores["rows"]:
        return str(scores["unit"])
    return "row"


def _lead(scores: Mapping[str, Any]) -> str:
    right = sum(row[k] for k, row in enumerate(scores["confusion"]))
    of = scores["models"][scores["model"]]["accuracy"]
    text = (
        f"Of {counted(scores['judged'], judged_thing(scores))}, {right:,} ({percent(of['value'])};"
        f" 95\u00a0% interval {_points(of)}) were given their class, by a model that had not"
        " seen them."
    )
    if BASELINE in scores["models"]:
        commonest = scores["models"][BASELINE]["accuracy"]["value"]
        text += f" Always saying the commonest class would give {percent(commonest)}."
    return text


def _points(of: Mapping[str, float]) -> str:
    return f"{points(of['low'])} to {points(of['high'])}"


def _together(scores: Mapping[str, Any]) -> list[str]:
    if not scores.get("recordings"):
        return []
    of = scores["recordings"]["accuracy"]
    return [
        f"With all rows of a recording taken together, {percent(of['value'])} of the recordings"
        f" (95\u00a0% interval {_points(of)}) were given their class."
    ]


def _compared(scores: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What a split by row would have promised, as models tell since they tell how sure that is."""
    by_row: Mapping[str, Any] | None = scores.get("by_row")
    return by_row if by_row and "honest" in by_row else None


def _honesty(scores: Mapping[str, Any]) -> list[str]:
    if "by_row" not in scores:  # there was no split
        return []
    by_row = _compared(scores)
    if by_row is None:
        if scores["unit"] == "row" and any("split by row" in text for text in scores["warnings"]):
            return ["Rows were divided: this is the split by row, and says too much."]
        if scores["groups"] == scores["rows"]:
            return [] if scores.get("likely_groups") else [UNGROUPED]
        return ["No split by row was made for comparison."]
    honest, promised = by_row["honest"]["accuracy"], by_row["scores"]["accuracy"]
    more, low, high = (by_row["difference"][name] for name in ("accuracy", "low", "high"))
    verdict = "more than it deserves" if low > 0 else "less than it deserves"
    if low <= 0 <= high:
        verdict = "so no difference that can be told"
    return [
        f"A split that takes no care of what belongs together, row by row, would have said"
        f" {percent(promised)} where the honest one says {percent(honest)} of"
        f" {by_row['candidate']}: {_signed_points(more)} points (95\u00a0% interval"
        f" {_signed_points(low)} to {_signed_points(high)}), {verdict}."
    ]


def _likely_groups(scores: Mapping[str, Any]) -> list[str]:
    """What may belong together, where no group was named, and the score that it would give."""
    if by_group := scores.get("by_group"):
        own, unseen = by_group["own"]["accuracy"], by_group["scores"]["accuracy"]
        more, low, high = (by_group["difference"][name] for name in ("accuracy", "low", "high"))
        unit = quoted(by_group["unit"])
        return [
            f"Rows of one {unit} are both in training and in test. With all rows of each {unit} on"
            f" one side, {percent(unseen)} would be given their class by {by_group['candidate']},"
            f" where this split says {percent(own)}: {_signed_points(more)} points (95\u00a0%"
            f" interval {_signed_points(low)} to {_signed_points(high)}). Train again with the"
            f" group {quoted(by_group['group'])}."
        ]
    if likely := scores.get("likely_groups"):
        groups = listed([quoted(each["group"]) for each in likely])
        return [f"Rows may belong together by {groups}: if they do, these scores are too high."]
    return []


def _signed_points(share: float) -> str:
    return f"{'+' if share > 0 else '−' if share < 0 else ''}{points(abs(share))}"


def _by_row(scores: Mapping[str, Any]) -> list[tuple[str, str, str, str]]:
    by_row = _compared(scores)
    if by_row is None:
        return []
    honest, promised = by_row["honest"], by_row["scores"]
    more = {name: promised[name] - honest[name] for name in METRICS}
    return [
        (
            TITLES[name],
            fixed(honest[name]),
            fixed(promised[name]),
            ("+" if more[name] > 0 else "") + fixed(more[name]),
        )
        for name in METRICS
    ]


def _metric(scores: Mapping[str, Any], name: str) -> Metric:
    models = {each: of[name] for each, of in ranked(scores)}
    if scores.get("recordings"):
        kept = scores["model"]
        models[f"{kept}, whole recordings"] = scores["recordings"][name]
    top = 1.0 if name != "log_loss" else 1.05 * max(of["high"] for of in models.values())
    against = models[BASELINE]["value"] if BASELINE in models else None
    rows = [
        ModelScore(
            model=each,
            value=fixed(of["value"]),
            low=fixed(of["low"]),
            high=fixed(of["high"]),
            std=fixed(of["std"]).replace(NO_NUMBER, ""),
            chart=_svg.interval(of["value"], of["low"], of["high"], top=top, against=against),
        )
        for each, of in models.items()
    ]
    return Metric(TITLES[name], METRICS[name], ("0", fixed(top, 0 if top == 1 else 2)), rows)


def _calibration(of: Mapping[str, Any]) -> str:
    off, classwise = of["expected_error"], of["classwise_error"]
    return (
        f"The model says how sure it is. Over {counted(_rows(of), 'row')} the probability of the"
        f" class that it chose is off by {points(off)} points on average (expected calibration"
        f" error {fixed(off)}), those of all classes by {points(classwise)}; {_verdict(of)}. The"
        f" Brier score is {fixed(of['brier'])}, from 0 (perfect) to 2."
    )


def _verdict(of: Mapping[str, Any]) -> str:
    """Whether probabilities can be taken at their word: class by class, then of what it chose."""
    if drawn := drawn_to_equal(of["classes"]):
        return (
            "they are as if all classes were equally common, and here they are not: that of"
            f" {quoted(drawn['class'])} is {percent(drawn['probability'])} on average, where"
            f" {percent(drawn['share'])} of the rows are of it"
        )
    bias = sum(b["rows"] * (b["confidence"] - b["accuracy"]) for b in of["reliability"])
    if abs(bias / max(_rows(of), 1)) < 0.01:
        return "on the whole it is as sure as it should be"
    way = "surer than it should be" if bias > 0 else "less sure than it could be"
    return f"on the whole it is {way}"


def _rows(of: Mapping[str, Any]) -> int:
    return sum(b["rows"] for b in of["reliability"])
