"""Names that look alike but are different values."""

import unicodedata

import pytest

from featkit.table.lookalikes import lookalike_warnings


@pytest.mark.parametrize(
    ("other", "shown"),
    [
        ("rock\u200b", r"'rock\u200b'"),
        ("rock\ufeff", r"'rock\ufeff'"),
        ("ro\u00adck", r"'ro\xadck'"),
        ("rock\u00a0", r"'rock\xa0'"),
        ("rock\u2060", r"'rock\u2060'"),
        ("rock\ufe0f", r"'rock\ufe0f'"),
        ("rock ", "'rock '"),
        ("rock\t", r"'rock\t'"),
        ("Rock", "'Rock'"),
        ("ｒock", r"'\uff52ock'"),
    ],
)
def test_invisible_differences_are_shown_escaped(other, shown):
    (warning,) = lookalike_warnings("label", ["rock", other, "rock"])
    assert warning == (
        f"label: 'rock', {shown} look alike but are different values (in 2, 1 rows):"
        " spell them in the same way if they mean the same"
    )


def test_unicode_forms_are_shown_apart():
    composed, parts = (unicodedata.normalize(form, "café") for form in ("NFC", "NFD"))
    (warning,) = lookalike_warnings("label", [composed, parts])
    assert r"'caf\xe9', 'cafe\u0301' look alike" in warning
    (warning,) = lookalike_warnings("label", ["日本", "日本 "])
    assert "'日本', '日本 ' look alike" in warning


def test_names_that_differ_visibly_do_not_look_alike():
    assert not list(lookalike_warnings("label", ["rock", "rocks", "r ock", "", "日本", "日木"]))
