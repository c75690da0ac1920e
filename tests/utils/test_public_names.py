"""Listings of public modules."""

import importlib

import pytest

import featkit


@pytest.mark.parametrize("name", ["", ".models", ".plots", ".explanation", ".testing"])
def test_dir_lists_public_names_only(name):
    module = importlib.import_module(f"featkit{name}")
    names = dir(module)
    assert names
    assert not [one for one in names if one.startswith("_")]
    assert all(hasattr(module, one) for one in names)


def test_submodules_and_helpers_are_not_listed():
    assert dir(featkit.models) == ["AUTO", "pipeline"]
    assert "np" not in dir(featkit.signals)
    assert {"sine", "noise", "vowel"} <= {*dir(featkit.signals)}
