"""Texts of figures neither overlap nor are cut off, with few or long names."""

import dataclasses
import itertools

import numpy as np
import pytest
from reporting import made

pytest.importorskip("matplotlib")

from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from featkit import plots

LONG = "a_name_that_goes_on_and_on_" * 4


def explained(columns, classes=("a", "b"), rows=60):
    """An explanation in which the first column has gaps."""
    model, explanation, _ = made(rows=rows, number=columns, classes=classes)
    X = explanation.X.copy()
    X[:9, 0] = np.nan
    return model, dataclasses.replace(explanation, X=X)


def check(ax):
    """Assert that no texts overlap or leave the figure."""
    figure = ax.figure
    FigureCanvasAgg(figure).draw()
    texts = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    unseen = [label for axis in figure.findobj(Axis) for label in out_of_view(axis)]
    boxes = [
        (text.get_text(), text.get_window_extent())
        for text in texts
        if text not in unseen and not turned(text)
    ]
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        assert not a.overlaps(b), f"{one!r} and {other!r} overlap"
    for text, box in boxes:
        inside = figure.bbox.padded(1)
        assert inside.x0 <= box.x0 <= box.x1 <= inside.x1, f"{text!r} is cut off"
        assert inside.y0 <= box.y0 <= box.y1 <= inside.y1, f"{text!r} is cut off"


def out_of_view(axis):
    """Labels of ticks beyond the ends of an axis. They are not drawn."""
    low, high = sorted(axis.get_view_interval())
    ticks = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=True)
    return [label for place, label in ticks if not low <= place <= high]


def turned(text):
    """Whether the text is slanted, so that its box is larger than the text."""
    return text.get_rotation() % 90 != 0


@pytest.mark.parametrize("columns", [1, 2, 3, 20])
@pytest.mark.parametrize("classes", [("a", "b"), (LONG + "1", LONG + "2", "0")])
def test_no_text_of_a_beeswarm_covers_another(columns, classes):
    _, explanation = explained(columns, classes)
    check(plots.beeswarm(explanation, of_class=explanation.classes[-1], top=20))


@pytest.mark.parametrize("columns", [1, 3, 20])
def test_no_text_of_bars_covers_another(columns):
    _, explanation = explained(columns, ("a", LONG, "c"))
    check(plots.importance(explanation, of_class=LONG, top=20))
    check(plots.importance(explanation, by="family"))


def test_no_text_of_points_covers_another():
    _, explanation = explained(2, ("a", LONG))
    long = dataclasses.replace(explanation, columns=[LONG, "y"])
    check(plots.dependence(long, LONG, of_class=LONG))


@pytest.mark.parametrize("classes", [("0", "1"), (LONG + "1", LONG + "2"), [*map(str, range(30))]])
@pytest.mark.parametrize("shares", [True, False])
def test_no_text_of_a_confusion_matrix_covers_another(classes, shares):
    model, _ = explained(1, classes)
    check(plots.confusion(model.scores, shares=shares))


def test_the_title_counts_one_column_in_the_singular():
    _, explanation = explained(1)
    assert plots.beeswarm(explanation, of_class="a").get_title() == "a: 1 column"
