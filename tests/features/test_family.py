"""The contract refuses malformed families, and the registry finds new modules."""

import dataclasses
import sys

import pytest

import featkit
from featkit._utils.registry import RegistryError
from featkit.errors import ParameterError
from featkit.features import families as families_package
from featkit.features.family import FAMILIES, FamilyError, check_contract, descriptors_by_name

MFCC = FAMILIES["mfcc"]


def duplicated(p):
    return [*MFCC.descriptors(p), *MFCC.descriptors(p)]


def undocumented(p):
    return [dataclasses.replace(d, definition="") for d in MFCC.descriptors(p)]


def misnamed(p):
    return [dataclasses.replace(d, name="Mfcc") for d in MFCC.descriptors(p)]


def needs_unknown_quantity(p, *, phase_of_the_moon):
    return phase_of_the_moon


def needs_frames_and_clips(p, *, power, onset_strength):
    return power


def finishes_with_frames(p, values, *, log_mel):
    return values


def computes_frames(p, *, power):
    return power


def returns_own_frames(p, *, clips):
    return clips


def computes_clips(p, *, segments):
    return segments.lengths[None]


def finishes_clips(p, values, *, segments):
    return segments.sum(values)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "other"}, "its module is named 'mfcc'"),
        ({"descriptors": lambda p: []}, "it has no descriptors"),
        ({"descriptors": duplicated}, "duplicate descriptor name"),
        ({"descriptors": undocumented}, "needs a unit, a definition, a reference"),
        ({"descriptors": misnamed}, "must be lower-case words"),
        ({"compute": needs_unknown_quantity}, "unknown quantities: phase_of_the_moon"),
        ({"compute": needs_frames_and_clips}, "of a few frames and of whole clips"),
        ({"finish": finishes_with_frames}, "finish may only need quantities of whole clips"),
        ({"reference_cases": ()}, "it has no reference case"),
        ({"per": "clip", "compute": computes_frames}, "must have a finish if, and only if,"),
        (
            {"per": "clip", "compute": computes_clips, "finish": finishes_clips},
            "must have a finish if, and only if,",
        ),
        ({"own_frames": True}, "own_frames is for families per frame that need whole clips"),
        (
            {"own_frames": True, "compute": returns_own_frames, "undefined_in_silence": True},
            "decide themselves",
        ),
        (
            {"per": "clip", "compute": computes_clips, "undefined_in_silence": True},
            "returns NaN itself",
        ),
    ],
)
def test_a_malformed_family_is_refused(change, message):
    with pytest.raises(FamilyError, match=message):
        check_contract(dataclasses.replace(MFCC, **change), "mfcc")


@pytest.fixture
def write_module(tmp_path, monkeypatch):
    """Writes a module that the registry finds in addition to the families of the package."""
    monkeypatch.setattr(families_package, "__path__", [*families_package.__path__, str(tmp_path)])
    monkeypatch.delitem(sys.modules, "featkit.features.families.extra", raising=False)
    descriptors_by_name.cache_clear()
    FAMILIES.clear()
    yield lambda text: (tmp_path / "extra.py").write_text(text)
    descriptors_by_name.cache_clear()
    FAMILIES.clear()


def test_a_duplicate_descriptor_is_refused(write_module):
    write_module(
        "import dataclasses\n"
        "from featkit.features.families.rms import FAMILY as RMS\n"
        "FAMILY = dataclasses.replace(RMS, name='extra')\n"
    )
    with pytest.raises(FamilyError, match="duplicate descriptor 'rms' in families 'extra' and 'rm"):
        descriptors_by_name()


def test_a_module_without_a_family_is_refused(write_module):
    write_module("FAMILIY = None\n")
    with pytest.raises(RegistryError, match=r"extra: must export FAMILY, a Family, got None"):
        descriptors_by_name()


def test_an_unknown_family_is_refused_with_a_suggestion():
    with pytest.raises(ParameterError, match="unknown family 'mfc': did you mean 'mfcc'"):
        featkit.feature_set({"features": [{"family": "mfc"}]})
