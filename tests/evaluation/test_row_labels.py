"""Labels of rows in the classes of a model: spelling, label maps, several labels in a cell."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import featkit
from featkit.evaluation.row_labels import LabelMapping, row_labels
from featkit.table.label_map import LabelMap

CLASSES = ["hiphop", "jazz", "rock"]
MAP = LabelMap.from_plain(
    {"drop": ["spoken"], "labels": {"hiphop": ["rap"], "rock": ["metal", "punk"]}}
)


def labels_of(cells, mapping=None, **options):
    mapping = mapping or LabelMapping(CLASSES)
    return row_labels("korean", np.array(cells, dtype=str), mapping, **options)


def test_labels_get_the_spelling_of_the_classes():
    labels = labels_of(["Hip-Hop", "hip hop", "ROCK", "jazz", "Jäzz"])
    assert labels.primary.tolist() == ["hiphop", "hiphop", "rock", "jazz", "jazz"]
    assert labels.secondary is None


def test_rows_without_a_label_and_unknown_labels_are_told_apart():
    labels = labels_of(["", "nan", " ", "polka", "rock"])
    assert labels.unlabelled.tolist() == [True, True, True, False, False]
    assert labels.unknown.tolist() == ["", "", "", "polka", ""]
    assert "'nan' (1)" in labels.note


def test_a_label_map_sends_several_labels_to_one_and_drops_others():
    labels = labels_of(["rap", "Metal", "punk", "spoken", "rock", ""], LabelMapping(CLASSES, MAP))
    assert labels.primary.tolist() == ["hiphop", "rock", "rock", "", "rock", ""]
    assert labels.dropped.tolist() == ["", "", "", "spoken", "", ""]
    assert not (labels.unknown != "").any()


def test_a_label_that_the_map_of_the_user_does_not_name_is_an_error():
    with pytest.raises(
        featkit.TableError, match=r"does not name 1 label of korean: 'polka' \(2 rows\)"
    ):
        labels_of(["rap", "polka", "polka"], LabelMapping(CLASSES, MAP))


def test_the_message_on_labels_that_the_map_does_not_name_counts_their_rows():
    cells = np.array(["polka", "rap;polka", "rap;waltz", "polka"])
    with pytest.raises(featkit.TableError, match=r"'polka' \(3 rows\), 'waltz' \(1 row\)"):
        labels_of(cells, LabelMapping(CLASSES, MAP), separator=";")


def test_the_map_of_the_training_leaves_other_labels_as_they_are():
    labels = labels_of(["rap", "polka", "jazz"], LabelMapping(CLASSES, None, MAP))
    assert labels.primary.tolist() == ["hiphop", "", "jazz"]
    assert labels.unknown.tolist() == ["", "polka", ""]


def test_the_first_known_label_of_a_cell_is_primary_and_the_next_different_one_secondary():
    cells = ["polka;rock;jazz", "rap; hip-hop ;rock", "rock", ";;", "spoken", "spoken;polka"]
    tolerant = LabelMap.from_plain({**MAP.to_plain(), "unmapped": "keep"})
    labels = labels_of(cells, LabelMapping(CLASSES, tolerant), separator=";")
    assert labels.primary.tolist() == ["rock", "hiphop", "rock", "", "", ""]
    assert labels.secondary.tolist() == ["jazz", "rock", "", "", "", ""]
    assert labels.unlabelled.tolist() == [False, False, False, True, False, False]
    assert labels.dropped.tolist() == ["", "", "", "", "spoken", ""]
    assert labels.unknown.tolist() == ["", "", "", "", "", "polka"]


def test_a_secondary_label_that_is_unknown_or_equal_to_the_primary_counts_as_none():
    seconds = np.array(["Jazz", "rock", "polka", "", "nan", " jazz "])
    labels = labels_of(["rock"] * 6, secondary_cells=seconds)
    assert labels.secondary.tolist() == ["jazz", "", "", "", "", "jazz"]


@given(
    st.lists(
        st.lists(st.sampled_from(["", "rap", "Metal", "rock", "spoken", "jazz", "nan"]), max_size=3)
    )
)
def test_each_row_has_a_class_or_one_reason_for_having_none(rows):
    cells = [";".join(labels) for labels in rows]
    labels = labels_of(cells, LabelMapping(CLASSES, None, MAP), separator=";")
    states = zip(
        labels.primary != "",
        labels.unlabelled,
        labels.dropped != "",
        labels.unknown != "",
        strict=True,
    )
    assert all(sum(map(bool, state)) == 1 for state in states)
    assert set(labels.primary.tolist()) <= {*CLASSES, ""}
    assert not ((labels.secondary != "") & (labels.secondary == labels.primary)).any()
    assert Counter(labels.primary.tolist()) == Counter(
        labels_of(cells[::-1], LabelMapping(CLASSES, None, MAP), separator=";").primary.tolist()
    )
