"""Name stems: groups named by a part of the names of recordings."""

import pytest
from learning import people

import featkit
from featkit.errors import ParameterError
from featkit.table.name_stems import Stem, parse_stem


@pytest.mark.parametrize(
    ("group", "name", "stem"),
    [
        ("stem(name, 1-5)", "phon_R01_S01_2", "phon_R01_S01"),
        ("stem(name, 1)", "03a01Wa.wav", "03"),
        ("stem(name, 7)", "03-01-06-01-02-01-12.wav", "12"),
        ("stem(name, 2-3)", "1-F03-Å.wav", "F03"),
        ("stem(name, 9)", "a_1", "a_1"),
        ("folder(name)", "ann lee/7/1.wav", "ann lee/7"),
        ("folder(name)", r"ann\1.wav", "ann"),
        ("folder(name)", "1.wav", "1.wav"),
    ],
)
def test_stems_of_names(group, name, stem):
    parsed = parse_stem(group)
    assert parsed.of([name]).tolist() == [stem]
    assert str(parsed) == group
    assert parsed.column == "name"


def test_malformed_stems_are_errors():
    assert parse_stem("artist") is None
    assert parse_stem("stem") is None
    assert parse_stem("stem(a, b, 2)") == Stem("a, b", 2, 2)
    with pytest.raises(ParameterError, match="fields are counted from 1"):
        parse_stem("stem(name, 3-2)")
    data, _, _ = people()
    with pytest.raises(ParameterError, match="fields are counted from 1"):
        featkit.train(data, group="stem(name, 0)")
    with pytest.raises(ParameterError, match="unknown column 'nam'"):
        featkit.train(data.assign(name="a_1"), group="stem(nam, 1)")
