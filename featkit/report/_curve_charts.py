"""Charts of ROC and precision-recall curves as inline SVG."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape

from featkit._utils.bidi import isolated
from featkit.models.curve_types import Curve, OperatingPoint
from featkit.report import _svg
from featkit.report.formatting import fixed, percent

Points = Sequence[tuple[float, float]]


def roc_chart(curve: Curve, title: str) -> Markup:
    """True positive rate against false positive rate; the diagonal is chance."""
    left, top, right, bottom = _svg.AXES_BOX
    points = [(0.0, 0.0), *zip(curve.false_positive_rate, curve.recall, strict=True)]
    best = curve.points[0]
    area = curve.roc_auc
    return _svg.plot(
        _svg.element("path", class_="rule against", d=f"M{left} {bottom}L{right} {top}"),
        _line(points),
        _marked(best, best.false_positive_rate, best.recall),
        *_svg.axes(("0", "1"), ("0", "1"), "false positive rate", "recall"),
        title=f"ROC curve: {isolated(title)}",
        description=f"The area is {fixed(area.value)}, 95 % interval {fixed(area.low)} to"
        f" {fixed(area.high)}. The diagonal is chance.",
        kind="curve",
    )


def precision_recall_chart(curve: Curve, title: str) -> Markup:
    """Precision against recall, in steps; the dashed line is the share of the class."""
    left, top, right, bottom = _svg.AXES_BOX
    share = curve.positives / (curve.positives + curve.negatives)
    level = bottom - share * (bottom - top)
    corners: list[tuple[float, float]] = []
    before = 0.0
    for recall, precision in zip(curve.recall, curve.precision, strict=True):
        corners += [(before, precision), (recall, precision)]
        before = recall
    best = curve.points[0]
    area = curve.average_precision
    return _svg.plot(
        _svg.element("path", class_="rule against", d=f"M{left} {level:.1f}H{right}"),
        _line(corners),
        _marked(best, best.recall, best.precision),
        *_svg.axes(("0", "1"), ("0", "1"), "recall", "precision"),
        title=f"Precision-recall curve: {isolated(title)}",
        description=f"The average precision is {fixed(area.value)}, 95 % interval"
        f" {fixed(area.low)} to {fixed(area.high)}. The class has {percent(share)} of the rows.",
        kind="curve",
    )


def _place(x: float, y: float) -> tuple[float, float]:
    left, top, right, bottom = _svg.AXES_BOX
    return left + x * (right - left), bottom - y * (bottom - top)


def _line(points: Points) -> Markup:
    """A line through points, in tenths of a unit; points in the middle of a line are left out."""
    places = [(round(x, 1), round(y, 1)) for x, y in (_place(*point) for point in points)]
    kept: list[tuple[float, float]] = []
    for x, y in places:
        if kept and (x, y) == kept[-1]:
            continue
        if len(kept) > 1 and _is_between(kept[-2], kept[-1], (x, y)):
            kept.pop()
        kept.append((x, y))
    path = "L".join(f"{x:g} {y:g}" for x, y in kept)
    return _svg.element("path", class_="median", d=f"M{path}")


def _is_between(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    """Whether b is on the horizontal or vertical line from a to c."""
    horizontal = a[1] == b[1] == c[1] and (b[0] - a[0]) * (c[0] - b[0]) >= 0
    vertical = a[0] == b[0] == c[0] and (b[1] - a[1]) * (c[1] - b[1]) >= 0
    return horizontal or vertical


def _marked(point: OperatingPoint, x: float, y: float) -> Markup:
    """The threshold with the greatest F1."""
    cx, cy = _place(x, y)
    text = f"Greatest F1, {fixed(point.f1)}, at a threshold of {fixed(point.threshold)}"
    return _svg.element(
        "circle",
        _svg.element("title", escape(text)),
        class_="reliable",
        cx=round(cx, 1),
        cy=round(cy, 1),
        r=4,
    )
