"""Summaries of explanations of networks."""

import numpy as np
import pytest
from made_networks import network_page

from featkit.errors import ParameterError
from featkit.explanation.gradients.summaries import (
    channel_importance,
    channel_shares,
    middle_half,
    row_summary,
)


@pytest.fixture(scope="module")
def explanation():
    return network_page()[1]


def test_the_importance_of_a_band_is_the_mean_size_of_its_summed_contributions(explanation):
    table = channel_importance(explanation)
    sums = explanation.contributions["mel"].sum(axis=2, dtype=np.float64)
    np.testing.assert_allclose(table["mean_abs_contribution"], np.abs(sums).mean(axis=0))
    np.testing.assert_allclose(table["mean_contribution"], sums.mean(axis=0))
    assert table["mean_contribution"][8] == pytest.approx(1.0)
    assert table["mean_contribution"][25] == pytest.approx(-0.5)
    assert table["map_share"][6:11].sum() == pytest.approx(1.0)
    assert (table["low_hz"] < table["high_hz"]).all()


def test_neighbouring_bands_are_added_up(explanation):
    single, wide = (channel_importance(explanation, width=width) for width in (1, 5))
    assert wide["channel"].tolist() == [1, 6, 11, 16, 21, 26, 31]
    for name in ("mean_contribution", "map_share"):
        expected = [single[name][k : k + 5].sum() for k in range(0, 32, 5)]
        np.testing.assert_allclose(wide[name], expected)
    assert wide["high_hz"].tolist() == [*single["low_hz"][5::5], single["high_hz"][31]]
    with pytest.raises(ParameterError, match="width"):
        channel_importance(explanation, width=0)


def test_rows_of_a_class_are_those_that_are_explained_for_it(explanation):
    rows = explanation.explained == "b"
    own = channel_importance(explanation, "mfcc8", of_class="b")
    expected = channel_importance(explanation.of_rows(np.flatnonzero(rows)), "mfcc8")
    np.testing.assert_array_equal(own, expected)
    assert "low_hz" not in own
    assert "map_share" not in own


def test_unknown_kinds_and_classes_are_refused(explanation):
    with pytest.raises(ParameterError, match=r"'mfcc9'.*mfcc8"):
        channel_importance(explanation, "mfcc9")
    with pytest.raises(ParameterError, match="'z'"):
        channel_importance(explanation, of_class="z")


def test_shares_of_nothing_are_0():
    assert channel_shares(np.zeros((2, 3, 4))).tolist() == [[0.0] * 3] * 2


def test_the_middle_half_of_even_values_is_the_middle_half_of_the_axes():
    channels, frames = middle_half(np.ones((5, 8)))
    np.testing.assert_allclose(channels, [0.25, 0.75])
    np.testing.assert_allclose(frames, [0.25, 0.75])


def test_the_summary_of_a_row_says_where_its_evidence_lies(explanation):
    table = row_summary(explanation)
    assert len(table) == len(explanation)
    edges = explanation.edges("mel")
    assert (table["map_low_hz"] >= edges[6]).all()
    assert (table["map_high_hz"] <= edges[11]).all()
    # frames 4 to 10 of 20 in 5 s: from 1.0 to 2.75 s
    np.testing.assert_allclose(table["map_from_s"], 1.0 + 1.75 / 4)
    np.testing.assert_allclose(table["map_to_s"], 2.75 - 1.75 / 4)
    np.testing.assert_allclose(table["logit"] - table["base"], explanation.output - 0.5)
    assert table["explained"].tolist() == explanation.explained.tolist()


def test_channels_that_are_no_bands_are_numbered(explanation):
    table = row_summary(explanation, "mfcc8")
    assert ((table["low_channel"] > 0.5) & (table["high_channel"] < 8.5)).all()
    assert "map_from_s" not in table


def test_a_row_without_evidence_has_no_place():
    explanation = network_page(rows=3)[1]
    explanation.contributions["mel"][0] = 0
    table = row_summary(explanation)
    assert table["low_hz"].isna().tolist() == [True, False, False]
