"""A shared quantity is added in one place: as a property of `Block` or `Stack`."""

import pytest

from featkit.features.spectra import scopes
from featkit.features.spectra.block import Block
from featkit.features.spectra.dependencies import GATHERED, REUSED
from featkit.features.spectra.stack import Stack


def test_every_quantity_has_one_scope():
    names = [*scopes.SETTINGS, *scopes.FIRST_PASS, *scopes.SECOND_PASS, *scopes.WHOLE_CLIPS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", sorted(scopes.FIRST_PASS | scopes.SECOND_PASS))
def test_a_quantity_of_frames_is_documented(name):
    assert getattr(Block, name).__doc__


@pytest.mark.parametrize("name", sorted(scopes.WHOLE_CLIPS - {"clips", "segments"}))
def test_a_quantity_of_clips_is_documented(name):
    assert getattr(Stack, name).__doc__


@pytest.mark.parametrize("name", sorted(GATHERED))
def test_a_dependency_exists(name):
    assert GATHERED[name] in scopes.FIRST_PASS | scopes.SECOND_PASS
    assert name in scopes.SECOND_PASS | scopes.WHOLE_CLIPS


@pytest.mark.parametrize("name", sorted(REUSED))
def test_a_reused_quantity_is_one_of_the_first_pass(name):
    assert REUSED[name] in scopes.FIRST_PASS
    assert name in scopes.SECOND_PASS
