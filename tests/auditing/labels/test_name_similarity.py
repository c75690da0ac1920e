"""Names that probably mean the same."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit.auditing.labels.name_similarity import (
    LOOKALIKE,
    PLURAL,
    TYPO,
    appearance,
    similar_names,
)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Rock", "rock"),
        ("rock", "rock "),
        ("hip hop", "Hip-Hop"),
        ("hip_hop", "hip hop"),
        ("música", "musica"),
        ("rock", "ro\u200bck"),
        ("rock", "r\u043eck"),  # Cyrillic о
        ("rock", "\uff52ock"),  # full width
        ("7", "07"),
        ("7", "7.0"),
        ("0.5", "0.50"),
        ("take 1-2", "take_1 2"),
    ],
)
def test_names_that_look_alike_have_one_appearance(first, second):
    assert appearance(first) == appearance(second)
    assert similar_names({first: 5, second: 5}) == {(first, second): LOOKALIKE}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("\u0440\u043e\u043a", "poker"),
        ("c", "c++"),
        ("1", "10"),
        ("a1", "a01"),
        ("-0.122", "0.122"),
        ("1.5", "15"),
        ("1-1", "11"),
        ("take 1_2", "take 12"),
    ],
)
def test_different_names_have_different_appearances(first, second):
    assert appearance(first) != appearance(second)


def test_words_of_another_alphabet_keep_their_letters():
    assert appearance("\u0440\u043e\u043a") != appearance("pok")


@pytest.mark.parametrize(
    ("counts", "kind"),
    [
        ({"dog": 20, "dogs": 20}, PLURAL),
        ({"church": 9, "churches": 3}, PLURAL),
        ({"classical": 90, "clasical": 2}, TYPO),
        ({"classical": 90, "classicall": 2}, TYPO),
        ({"classical": 90, "clasiscal": 1}, TYPO),
        ({"classical": 90, "klassical": 9}, TYPO),
    ],
)
def test_plurals_and_typing_errors_are_similar(counts, kind):
    assert [*similar_names(counts).values()] == [kind]


@pytest.mark.parametrize(
    "counts",
    [
        {"house": 20, "mouse": 20},  # both common
        {"cat": 90, "bat": 1},  # short
        {"drum1": 90, "drum2": 1},  # numbers
        {"male": 90, "female": 9},
        {"speaker": 1, "speakes": 1},  # neither is the common one
        {"classical": 90, "clsicla": 1},  # more than one letter
    ],
)
def test_names_that_differ_are_not_similar(counts):
    assert not similar_names(counts)


@given(st.lists(st.text(max_size=8), unique=True, max_size=6))
@settings(max_examples=50)
def test_any_names_are_paired_among_themselves(names):
    pairs = similar_names(dict.fromkeys(names, 10))
    assert {name for pair in pairs for name in pair} <= {*names}
    for first, second in pairs:
        assert first != second


@given(st.text(min_size=6, max_size=12, alphabet="abcdefgh"), st.integers(0, 5))
def test_any_single_letter_left_out_is_a_typing_error(name, place):
    other = name[:place] + name[place + 1 :]
    ((pair, kind),) = similar_names({name: 50, other: 1}).items()
    assert {*pair} == {name, other}
    assert kind == TYPO


def test_thousands_of_names_take_little_time():
    names = {f"speaker {k:05}": 5 for k in range(5000)}
    assert not similar_names(names)
