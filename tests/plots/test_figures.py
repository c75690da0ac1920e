"""Figures show the computed numbers as vector graphics and change no global state."""

import dataclasses
import io
import itertools
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from featkit.errors import ParameterError
from featkit.explanation.explanation import Explanation
from featkit.explanation.ranking import BY, grid, rank
from featkit.models.curves import evaluate_curves
from featkit.models.serialization import to_dict

matplotlib = pytest.importorskip("matplotlib")

from matplotlib.colors import to_rgb  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402
from matplotlib.legend import Legend  # noqa: E402

from featkit import plots  # noqa: E402
from featkit.plots import _drawing, figures  # noqa: E402

COLUMNS = ["pitch", "x$_1$", "<script>", "_hidden", "level_std"]
CLASSES = ["$a$", "_b", "a<b>&\n"]
SCHEMA = {
    "pitch": {"family": "pitch", "descriptor": "pitch", "statistic": "mean", "unit": "Hz"},
    "level_std": {"family": "level", "descriptor": "level", "statistic": "std", "unit": "1"},
}
SCORES = {
    "model": "x$y$",
    "classes": CLASSES,
    "confusion": [[3, 1, 0], [0, 0, 0], [1, 1999, 8000]],
}


def curve_scores(classes=CLASSES, rows=60):
    """Scores with curves of made-up probabilities."""
    rng = np.random.default_rng(0)
    names = sorted(classes)
    y = np.array(names)[np.arange(rows) % len(names)]
    P = rng.dirichlet(np.ones(len(names)), rows) + 0.3 * (y[:, None] == np.array(names))
    curves = evaluate_curves(y, P / P.sum(axis=1, keepdims=True), names, np.arange(rows))
    return {"model": "x$y$", "classes": names, "curves": to_dict(curves)}


CURVES = curve_scores()


@pytest.fixture
def explanation():
    rng = np.random.default_rng(0)
    rows = 60
    values = rng.normal(size=(rows, 5, 3)) * np.array([3, 2, 1, 0.5, 0.1])[:, None]
    X = rng.normal(size=(rows, 5))
    X[:7, 0] = np.nan
    base = np.zeros((rows, 3))
    return Explanation(
        values=values,
        base=base,
        output=values.sum(axis=1),
        scale="log odds",
        X=X,
        columns=COLUMNS,
        classes=CLASSES,
        probabilities=np.full((rows, 3), 1 / 3),
        y=np.asarray(CLASSES)[np.arange(rows) % 3],
        keys={},
        folds=np.full(rows, ""),
        method="made up",
        rows_there=rows,
        schema=SCHEMA,
    )


DRAWN = {
    "importance": lambda e, **given: plots.importance(e, **given),
    "importance of a class": lambda e, **given: plots.importance(e, of_class="$a$", **given),
    "beeswarm": lambda e, **given: plots.beeswarm(e, of_class="_b", **given),
    "confusion": lambda e, **given: plots.confusion(SCORES, **given),
    "dependence": lambda e, **given: plots.dependence(e, "pitch", of_class="$a$", **given),
    "roc": lambda e, **given: plots.roc(CURVES, **given),
    "roc of a class": lambda e, **given: plots.roc(CURVES, of_class="$a$", **given),
    "precision_recall": lambda e, **given: plots.precision_recall(CURVES, **given),
    "family_heatmap": lambda e, **given: plots.family_heatmap(e, **given),
}
every_figure = pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)


def saved(ax, kind="svg", **metadata):
    stream = io.BytesIO()
    ax.figure.savefig(stream, format=kind, metadata=metadata or None)
    return stream.getvalue()


def texts(ax):
    """All texts of the SVG file of a figure."""
    with matplotlib.rc_context({"svg.fonttype": "none"}):
        root = ET.fromstring(saved(ax))
    return ["".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")]


def labels(axis):
    return [label.get_text() for label in axis.get_ticklabels()]


@every_figure
def test_a_new_figure_is_made_without_axes(explanation, draw):
    ax = draw(explanation)
    assert ax.figure.axes == [ax]
    assert "matplotlib.pyplot" not in type(ax.figure.canvas).__module__


@every_figure
def test_given_axes_are_drawn_on(explanation, draw):
    figure = Figure(layout="constrained")
    left, right = figure.subplots(1, 2)
    assert draw(explanation, ax=right) is right
    assert right.has_data()
    assert not left.has_data()
    assert figure.axes == [left, right]


@every_figure
def test_figures_are_vector_graphics(explanation, draw):
    ax = draw(explanation)
    assert not ax.figure.findobj(lambda artist: artist.get_rasterized())
    assert b"<image" not in saved(ax)
    assert b"/Subtype /Image" not in saved(ax, "pdf")


@every_figure
def test_drawing_is_deterministic(explanation, draw):
    with matplotlib.rc_context({"svg.hashsalt": "featkit"}):
        one, other = (saved(draw(explanation), Date=None) for _ in range(2))
    assert one == other


@every_figure
def test_nothing_is_cut_off(explanation, draw):
    ax = draw(explanation)
    ax.figure.draw_without_rendering()
    inside, box = ax.figure.bbox.padded(1), ax.get_tightbbox()
    assert inside.x0 <= box.x0 < box.x1 <= inside.x1
    assert inside.y0 <= box.y0 < box.y1 <= inside.y1


@every_figure
def test_settings_are_left_alone(explanation, draw):
    before = dict.copy(matplotlib.rcParams)  # RcParams.copy would load a backend
    saved(draw(explanation))
    assert dict.copy(matplotlib.rcParams) == before


def test_matplotlib_is_loaded_lazily_and_pyplot_never():
    code = """
import sys, featkit, featkit.plots as plots
assert "matplotlib" not in sys.modules
ax = plots.confusion({"classes": ["a", "b"], "confusion": [[1, 0], [0, 1]]})
ax.figure.savefig("/dev/null", format="svg")
assert "matplotlib" in sys.modules and "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("of_class", [None, "_b"])
def test_bars_are_as_long_as_columns_are_important(explanation, by, of_class):
    table = rank(explanation, by=by, of_class=of_class).table.head(3)
    ax = plots.importance(explanation, by=by, of_class=of_class, top=3)
    assert [bar.get_width() for bar in ax.patches] == table["mean_abs_shap"].tolist()
    ends = np.array([line[:, 0] for line in ax.collections[0].get_segments()])
    np.testing.assert_array_equal(ends, table[["low", "high"]])
    assert labels(ax.yaxis) == table["feature"].tolist()
    assert ax.get_ylim()[0] > ax.get_ylim()[1]


def test_means_of_folds_are_dots(explanation):
    folds = np.arange(60) % 3
    of_folds = dataclasses.replace(explanation, folds=folds.astype(str))
    ax = plots.importance(of_folds, of_class="_b", top=2)
    expected = [[np.abs(explanation.values[folds == f, k, 1]).mean() for f in range(3)]
                for k in range(2)]  # fmt: skip
    at = ax.collections[1].get_offsets()
    np.testing.assert_allclose(at, np.stack([np.ravel(expected), np.repeat([0, 1], 3)], axis=1))
    assert ax.get_xlabel().endswith("; dots: folds")
    assert len(plots.importance(explanation).collections) == 1


def test_labels_show_scale_units_class_and_count(explanation):
    ax = plots.importance(explanation, of_class="$a$", top=2)
    assert ax.get_title() == "$a$: 2 of 5 columns"
    assert "log odds" in ax.get_xlabel()
    assert "summed" not in ax.get_xlabel()
    assert "summed over 3 classes" in plots.importance(explanation).get_xlabel()
    ax = plots.dependence(explanation, "pitch", of_class="_b")
    assert (ax.get_title(), ax.get_xlabel()) == ("_b: undefined in 7 of 60 rows", "pitch [Hz]")
    assert ax.get_ylabel() == "contribution, in log odds"
    assert plots.dependence(explanation, "level_std", of_class="_b").get_xlabel() == "level_std"


def test_each_point_of_a_swarm_is_a_contribution_and_a_rank(explanation):
    ax = plots.beeswarm(explanation, of_class="_b", top=2)
    assert labels(ax.yaxis) == ["pitch", "x$_1$"]
    points, crosses = ax.collections
    k = CLASSES.index("_b")
    expected = explanation.values[:, :2, k]
    defined = ~np.isnan(explanation.X[:, :2])
    at = points.get_offsets()
    np.testing.assert_array_equal(at[:, 0], expected[defined])
    np.testing.assert_array_equal(crosses.get_offsets()[:, 0], expected[~defined])
    assert (np.round(at[:, 1]) == np.nonzero(defined)[1]).all()
    own = defined[:, 1]
    shades = points.get_array()[np.nonzero(defined)[1] == 1]
    order = np.argsort(explanation.X[own, 1])
    np.testing.assert_allclose(shades[order], np.linspace(0, 1, own.sum()))
    (legend,) = ax.findobj(Legend)
    assert [text.get_text() for text in legend.get_texts()] == ["undefined"]


@pytest.mark.parametrize("size", [1, 0.0011, 1e-4])
def test_ticks_of_a_swarm_are_apart(explanation, size):
    small = dataclasses.replace(explanation, values=explanation.values * size)
    ax = plots.beeswarm(small, of_class="_b", top=2)
    ax.figure.draw_without_rendering()
    left, right = ax.get_xlim()
    ticks = [tick.label1 for tick in ax.xaxis.get_major_ticks() if left <= tick.get_loc() <= right]
    boxes = [tick.get_window_extent() for tick in ticks]
    assert len(boxes) >= 3
    assert all(one.x1 + 6 < other.x0 for one, other in itertools.pairwise(boxes))


def test_points_of_a_swarm_are_moved_by_its_seed_alone(explanation):
    one, same, other = (
        plots.beeswarm(explanation, of_class="_b", seed=seed).collections[0].get_offsets()
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert (one != other).any()


def test_points_without_a_difference_are_drawn(explanation):
    still = dataclasses.replace(explanation, values=np.zeros((60, 5, 3)), X=np.ones((60, 5)))
    for draw in DRAWN.values():
        assert saved(draw(still)).endswith(b"</svg>\n")
    undefined = dataclasses.replace(explanation, X=np.full((60, 5), np.nan))
    for draw in DRAWN.values():
        assert saved(draw(undefined)).endswith(b"</svg>\n")


def test_one_row_is_drawn(explanation):
    of_rows = ("values", "base", "output", "X", "probabilities", "y", "folds")
    few = {name: getattr(explanation, name)[:1] for name in of_rows}
    for draw in DRAWN.values():
        assert saved(draw(dataclasses.replace(explanation, **few))).endswith(b"</svg>\n")


def test_cells_are_numbers_of_rows():
    ax = plots.confusion(SCORES, shares=False)
    assert [text.get_text() for text in ax.texts] == ["3", "1", "", "", "", "", "1", "1999", "8000"]
    np.testing.assert_array_equal(ax.collections[0].get_array(), SCORES["confusion"])
    assert labels(ax.yaxis) == labels(ax.xaxis) == ["$a$", "_b", "a<b>&�"]
    assert ax.get_title() == "x$y$: 8,003 of 10,004 rows correct\ncells in rows"


def test_cells_are_shares_of_the_true_class():
    ax = plots.confusion(SCORES)
    shown = [text.get_text() for text in ax.texts]
    assert shown == ["75", "25", "", "", "", "", "<0.1", "20", "80"]
    assert labels(ax.yaxis) == ["$a$ (4)", "_b (0)", "a<b>&� (10000)"]
    ax = plots.confusion({"classes": ["a", "b"], "confusion": [[9999, 1], [1, 7]]})
    assert [text.get_text() for text in ax.texts] == [">99.9", "<0.1", "12.5", "87.5"]


def test_dependence_is_value_against_contribution(explanation):
    ax = plots.dependence(explanation, "pitch", of_class="$a$")
    others, own = (points.get_offsets() for points in ax.collections)
    defined = ~np.isnan(explanation.X[:, 0])
    pairs = np.stack([explanation.X[:, 0], explanation.values[:, 0, 0]], axis=1)
    np.testing.assert_array_equal(own, pairs[defined & (explanation.y == "$a$")])
    np.testing.assert_array_equal(others, pairs[defined & (explanation.y != "$a$")])
    unlabelled = dataclasses.replace(explanation, y=None)
    ax = plots.dependence(unlabelled, "pitch", of_class="$a$")
    np.testing.assert_array_equal(ax.collections[0].get_offsets(), pairs[defined])


def test_heatmap_is_the_grid(explanation):
    ax = plots.family_heatmap(explanation)
    table = grid(explanation)
    assert labels(ax.yaxis) == table.index.tolist()
    assert labels(ax.xaxis) == table.columns.tolist()
    np.testing.assert_array_equal(ax.collections[0].get_array(), table.to_numpy())
    for text, value in zip(ax.texts, table.to_numpy().flat, strict=True):
        assert float(text.get_text() or 0) == pytest.approx(value, abs=0.06)


def test_names_are_shown_as_they_are(explanation):
    shown = texts(plots.importance(explanation))
    assert set(COLUMNS) <= set(shown)
    assert "_b: 5 columns" in texts(plots.beeswarm(explanation, of_class="_b"))
    ax = plots.dependence(explanation, "x$_1$", of_class="a<b>&\n")
    assert {"x$_1$", "a<b>&�"} <= set(texts(ax))
    assert {"$a$ (4)", "_b"} <= set(texts(plots.confusion(SCORES)))


@pytest.mark.filterwarnings("ignore:Glyph")
@pytest.mark.parametrize("name", ["a" * 5000, "\x00\x1b[31m\u202e\n", "", "$" * 99, "\\frac"])
def test_any_name_is_drawn(explanation, name):
    odd = dataclasses.replace(
        explanation,
        columns=[name, *COLUMNS[1:]],
        classes=[name, *CLASSES[1:]],
        schema={name: dict.fromkeys(("family", "descriptor", "statistic", "unit"), name)},
    )
    for ax in (
        plots.importance(odd, of_class=name),
        plots.importance(odd, by="statistic"),
        plots.beeswarm(odd, of_class=name),
        plots.dependence(odd, name, of_class=name),
        plots.family_heatmap(odd),
        plots.confusion(SCORES | {"model": f"{name}\ud800", "classes": odd.classes}),
    ):
        ET.fromstring(saved(ax))
        width, height = ax.figure.get_size_inches()
        assert width < 12
        assert height < 12


def luminances(shades):
    weights = [0.2126, 0.7152, 0.0722]
    return np.array([np.dot(np.asarray(to_rgb(shade)) ** 2.2, weights) for shade in shades])


@pytest.mark.parametrize("ramp", [_drawing.CELL_COLOURS, figures.POINT_COLOURS])
def test_more_is_darker(ramp):
    colours = _drawing.colour_map(*ramp)
    grey = luminances(colours(k) for k in range(128))
    assert (np.diff(grey) < 0).all()
    assert grey[0] - grey[-1] > 0.5


def test_the_text_of_a_cell_has_contrast():
    counts = [[100, k] for k in range(0, 100, 5)]
    square = {"classes": [str(k) for k in range(20)], "confusion": np.resize(counts, (20, 20))}
    ax = plots.confusion(square, shares=False)
    faces = luminances(ax.collections[0].to_rgba(ax.collections[0].get_array().ravel())[:, :3])
    letters = luminances(text.get_color() for text in ax.texts)
    contrast = (np.maximum(faces, letters) + 0.05) / (np.minimum(faces, letters) + 0.05)
    assert contrast.min() > 4.4


def test_wrong_arguments_of_figures_are_refused(explanation):
    with pytest.raises(ParameterError, match="unknown class '_c': available:"):
        plots.importance(explanation, of_class="_c")
    with pytest.raises(ParameterError, match="unknown class"):
        plots.beeswarm(explanation, of_class="_c")
    with pytest.raises(ParameterError, match="unknown class"):
        plots.dependence(explanation, "pitch", of_class="_c")
    with pytest.raises(ParameterError, match=r"unknown column 'picth': did you mean 'pitch'\?"):
        plots.dependence(explanation, "picth", of_class="_b")
    with pytest.raises(ParameterError, match="unknown value of by"):
        plots.importance(explanation, by="colour")
    with pytest.raises(ParameterError, match="top must be at least 1, got 0"):
        plots.beeswarm(explanation, of_class="_b", top=0)
    with pytest.raises(ParameterError, match="have no confusion matrix"):
        plots.confusion({"classes": ["a"]})
    none = dataclasses.replace(explanation, values=np.empty((0, 5, 3)))
    for name, draw in DRAWN.items():
        if name.split()[0] not in ("confusion", "roc", "precision_recall"):
            with pytest.raises(ParameterError, match="empty"):
                draw(none)


def test_predictions_are_drawn_against_their_targets():
    scores = {
        "true_values": [1.0, 2, 4],
        "predicted_values": [1.5, 2, 3],
        "target": "valence",
        "model": "ridge",
    }
    ax = plots.predictions(scores)
    points = ax.collections[0].get_offsets()
    assert points.tolist() == [[1, 1.5], [2, 2], [4, 3]]
    assert ax.get_title().startswith("ridge")
    with pytest.raises(ParameterError, match="not those of a regression"):
        plots.predictions({"confusion": []})
