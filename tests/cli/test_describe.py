"""``featkit describe``: columns, families, descriptors and sets."""

import json

import pytest
from command_line import error_line, run

from featkit.features.family import FAMILIES


def fields(name):
    """The first lines of a description, by name."""
    lines = run("describe", name).stdout.partition("\n\n")[0].splitlines()
    return dict(line.split("\t") for line in lines)


def test_a_column_is_described():
    text = run("describe", "tempo").stdout
    assert text.startswith("name ")
    assert "BPM" in text


def test_a_family_is_described():
    text = run("describe", "loudness").stdout
    assert fields("loudness")["statistics"] == "none: a column is DESCRIPTOR[_INDEX]"
    for descriptor in FAMILIES["loudness"].default_descriptors:
        assert descriptor.name in text
        assert descriptor.definition in text
        assert descriptor.reference in text
    assert "[[features]] with family = 'loudness'" in text


def test_a_family_of_frames_has_statistics_quantities_sets_and_parameters():
    described = fields("mfcc")
    assert described["statistics"].startswith("mean, ")
    assert described["computed from"] == "cepstrum"
    assert "genre75" in described["feature sets"].split(", ")
    assert "n_mfcc\t20\tnumber of coefficients" in run("describe", "mfcc").stdout


def test_a_descriptor_is_described_with_its_family():
    assert fields("chroma_cens")["family"] == "constant_q"


def test_a_set_is_described_as_by_features():
    assert run("describe", "genre75").stdout == run("features", "genre75").stdout


def test_infinite_ends_of_a_range_are_null():
    document = json.loads(run("describe", "mfcc", "--json").stdout)
    assert document["descriptors"][0]["low"] is None
    assert document["parameters"][0]["name"] == "n_mfcc"


@pytest.mark.parametrize("name", ["embedding", "speech_contours", "wavelet_packets", "constant_q"])
def test_families_of_any_kind_can_be_described(name):
    assert run("describe", name).stdout


@pytest.mark.parametrize(
    ("name", "close"),
    [("loudnes", "loudness"), ("standrad", "standard"), ("mfcc_3_maen", "mfcc_3_mean")],
)
def test_a_misspelled_name_gets_a_suggestion(name, close):
    assert error_line("describe", name).endswith(f"did you mean {close!r}?")
