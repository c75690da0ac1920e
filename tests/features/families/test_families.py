"""The contract of every family: a new family is found and tested without an entry here."""

import pytest
from extras import FURTHER_PACKAGES

from featkit.features.family import FAMILIES, Family
from featkit.testing import FAMILY_CHECKS, check_family


@pytest.fixture(params=FAMILIES.values(), ids=FAMILIES)
def family(request):
    for package in (*request.param.packages, *FURTHER_PACKAGES.get(request.param.name, ())):
        pytest.importorskip(package)
    return request.param


def test_the_families_of_the_first_release_exist():
    expected = {"chroma", "mfcc", "onset_strength", "rms", "tempo", "wavelets"}
    expected |= {"zero_crossing_rate", "spectral_centroid", "spectral_bandwidth"}
    expected |= {"spectral_rolloff", "spectral_flatness", "spectral_contrast"}
    assert expected <= set(FAMILIES)


def test_every_family_is_a_family():
    assert all(isinstance(family, Family) for family in FAMILIES.values())


@pytest.mark.parametrize("check", FAMILY_CHECKS, ids=lambda check: check.__name__.strip("_"))
def test_a_family_meets_the_contract(family, check):
    check_family(family, [check])
