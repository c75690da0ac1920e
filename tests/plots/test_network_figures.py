"""Figures of networks."""

import numpy as np
import pytest
from made_networks import network_page

pytest.importorskip("matplotlib")

from featkit import plots
from featkit.errors import ParameterError


@pytest.fixture(scope="module")
def network():
    return network_page()


def drawn(ax):
    """Draw the figure, and return the axes."""
    ax.figure.draw_without_rendering()
    return ax


def test_evidence_is_a_map_over_the_spectrogram(network):
    _, explanation, _ = network
    ax = drawn(plots.evidence(explanation, 3))
    grey, coloured = (image.get_array() for image in ax.images)
    np.testing.assert_array_equal(grey, explanation.sequences.kinds["mel"].read()[3])
    shares = explanation.maps[3] / explanation.maps[3].max()
    np.testing.assert_allclose(coloured[..., 3], 0.75 * shares, rtol=1e-6)
    assert ax.get_xlim() == (0, 5)
    assert ax.get_xlabel() == "time in s"
    texts = [label.get_text() for label in ax.get_yticklabels()]
    assert texts == ["100", "500", "1000", "2000", "5000", "10000"]


def test_sequences_without_a_map_show_contributions(network):
    _, explanation, _ = network
    ax = drawn(plots.evidence(explanation, 0, kind="mfcc8"))
    own = explanation.contributions["mfcc8"][0]
    coloured = ax.images[1].get_array()
    np.testing.assert_allclose(coloured[..., 3], np.abs(own) / np.abs(own).max(), rtol=1e-6)
    assert (coloured[..., 2] > coloured[..., 0])[own > 0].all()  # blue
    assert (coloured[..., 2] < coloured[..., 0])[own < 0].all()  # orange
    assert ax.get_ylabel() == "channel"


def test_bars_of_bands_are_at_their_frequencies(network):
    _, explanation, _ = network
    ax = drawn(plots.bands(explanation, of_class="a"))
    bars = ax.patches
    assert len(bars) == 32
    assert bars[8].get_height() == pytest.approx(1.0)
    assert bars[25].get_height() == pytest.approx(-0.5)
    assert bars[8].get_x() == pytest.approx(explanation.edges("mel")[8])
    assert len(plots.bands(explanation, width=4).patches) == 8
    assert plots.bands(explanation, kind="mfcc8").get_xlabel() == "channel"


def test_learning_curves_have_a_line_for_each_fold_and_part(network):
    model, _, _ = network
    ax = drawn(plots.learning_curves(model.scores, measure="accuracy"))
    lines = [line for line in ax.lines if len(line.get_xdata()) == 6]
    assert len(lines) == 4
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "training rows",
        "validation rows",
    ]


def test_wrong_arguments_are_refused(network):
    model, explanation, _ = network
    with pytest.raises(ParameterError, match="row must be from 0 to 23"):
        plots.evidence(explanation, 24)
    with pytest.raises(ParameterError, match="'x'"):
        plots.bands(explanation, kind="x")
    with pytest.raises(ParameterError, match="measure"):
        plots.learning_curves(model.scores, measure="area")
    with pytest.raises(ParameterError, match="'lstm'"):
        plots.learning_curves(model.scores, model="lstm")
