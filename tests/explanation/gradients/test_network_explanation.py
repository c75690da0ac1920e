"""Explanations of networks: rows, residuals, kinds and axes."""

from dataclasses import replace

import numpy as np
import pytest
from made_networks import network_page

from featkit.errors import ParameterError


def test_rows_are_selected_in_all_arrays():
    explanation = network_page()[1]
    part = explanation.of_rows(np.array([5, 2]))
    assert len(part) == len(part.sequences) == 2
    assert part.keys["path"].tolist() == ["0005.wav", "0002.wav"]
    np.testing.assert_array_equal(part.maps, explanation.maps[[5, 2]])
    for kind, values in explanation.contributions.items():
        np.testing.assert_array_equal(part.contributions[kind], values[[5, 2]])
        np.testing.assert_array_equal(
            part.sequences.kinds[kind].read(), explanation.sequences.kinds[kind].read()[[5, 2]]
        )
    assert part.explained.tolist() == explanation.explained[[5, 2]].tolist()
    assert len(explanation.of_rows(np.empty(0, int))) == 0


def test_complete_contributions_have_no_flaw_and_others_do():
    explanation = network_page()[1]
    assert np.abs(explanation.residual).max() < 1e-6
    assert explanation.flaw == ""
    wrong = explanation.output.copy()
    wrong[3] += 1
    flaw = replace(explanation, output=wrong).flaw
    assert "In 1 of 24 rows" in flaw
    assert "More than 8 steps" in flaw
    undefined = replace(explanation, output=np.full(24, np.nan))
    assert "In 24 of 24 rows" in undefined.flaw


def test_the_main_kind_is_that_of_the_maps_or_the_first():
    assert network_page()[1].kind() == "mel"
    recurrent = network_page(recurrent=True)[1]
    assert recurrent.kind() == "mfcc8"
    with pytest.raises(ParameterError, match="'mel'"):
        recurrent.kind("mel")


def test_shares_of_kinds_add_up_to_1():
    shares = network_page()[1].shares
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["mel"] > 0.8


def test_times_follow_from_the_sequence_set_or_the_duration_of_the_row():
    explanation = network_page()[1]
    assert explanation.seconds("mel", 0) == 5.0
    definition = {**explanation.sequences.provenance["sequence_set"], "seconds": None}
    sequences = replace(explanation.sequences, provenance={"sequence_set": definition})
    assert replace(explanation, sequences=sequences).seconds("mel", 0) == 2.0  # start 0, end 2


def test_predictions_are_those_of_the_probabilities():
    explanation = network_page()[1]
    assert explanation.predicted.tolist() == explanation.explained.tolist()
    assert explanation.n_columns == 0
    assert not explanation.held_out.any()
