"""Languages of recordings and their association with the class."""

import numpy as np
import pytest
from audited import voices, with_tags

from featkit.auditing.leaks.languages import cramers_v, recording_languages, script


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Tanz der Vampire", "Latin"),
        ("Мой мир", "Cyrillic"),
        ("さくら A", "Hiragana"),
        ("12 – 3", ""),
    ],
)
def test_the_script_is_that_of_most_letters(text, name):
    assert script(text) == name


def test_association_is_1_for_equal_and_0_for_independent_columns():
    y = np.repeat(["a", "b", "c"], 40)
    assert cramers_v(y, np.char.upper(y)) == pytest.approx(1)
    assert cramers_v(y, np.tile(["x", "y"], 60)) == 0
    assert cramers_v(y, np.full(120, "x")) == 0


def test_association_follows_the_formula_of_bergsma():
    from scipy.stats.contingency import association

    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 500)
    values = np.where(rng.random(500) < 0.4, y, rng.integers(0, 3, 500))
    counts = np.zeros((3, 3), dtype=int)
    np.add.at(counts, (y, values), 1)
    phi2 = 2 * association(counts) ** 2  # V of a 3 x 3 table is sqrt(phi2 / 2)
    corrected = phi2 - 4 / 499
    expected = np.sqrt(corrected / (3 - 4 / 499 - 1))
    assert cramers_v(y.astype(str), values.astype(str)) == pytest.approx(expected)


def test_a_column_comes_before_tags_and_these_before_titles():
    data, _ = voices(4, 3)
    tagged = with_tags(data, title=np.full(12, "Мир"))
    data = type(data)("x", data.table, measured=tagged)
    source, languages = recording_languages(data)
    assert source == "script of the tag 'title'"
    assert set(languages.values()) == {"Cyrillic"}
    named = type(data)("x", data.table.with_key("Lang", np.full(12, "de")), measured=tagged)
    assert recording_languages(named)[0] == "column 'Lang'"
