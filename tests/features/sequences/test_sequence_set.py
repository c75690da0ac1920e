"""Sequence sets: definitions, names of kinds, presets, round trips and errors."""

import dataclasses
import json
import pickle

import pytest

import featkit
from featkit import SequenceSet, sequence_set
from featkit.errors import ParameterError
from featkit.features.family import FAMILIES
from featkit.features.sequences.loading import SEQUENCE_SETS

PER_FRAME = [
    family.name for family in FAMILIES.values() if family.per == "frame" and not family.example
]


def test_the_presets_are_those_of_the_documentation():
    assert SEQUENCE_SETS.names == ["logmel128", "series4"]


def test_logmel128_has_128_bands_and_frames_of_5_seconds():
    chosen = sequence_set("logmel128")
    assert chosen.n_channels == {"mel": 128}
    assert chosen.n_frames == {"mel": 128}
    assert (chosen.seconds, chosen.excerpt_seconds, chosen.sample_rate) == (5.0, 5.0, 22050.0)
    assert (chosen.spectra.n_fft, chosen.spectra.hop_length) == (2048, 512)
    assert chosen.length_rule == "resample"


def test_series4_has_four_kinds_of_whole_recordings():
    chosen = sequence_set("series4")
    assert chosen.n_channels == {"mel": 128, "mfcc40": 40, "chroma24": 24, "wavelet": 8}
    assert set(chosen.n_frames.values()) == {None}
    assert chosen.excerpt_seconds is None
    assert chosen.kinds["wavelet"].parameters.wavelet == "db4"


@pytest.mark.parametrize("name", SEQUENCE_SETS.names)
def test_a_preset_has_a_version_and_a_title(name):
    assert SEQUENCE_SETS[name].version >= 1
    assert SEQUENCE_SETS[name].title


def test_names_of_kinds_give_their_channels():
    names = "mel,mel64,mfcc,mfcc13,gfcc26,chroma,chroma24,wavelet,wavelet5,rms,pitch"
    counts = (128, 64, 20, 13, 26, 12, 24, 8, 5, 1, 3)
    chosen = sequence_set(names)
    assert chosen.n_channels == dict(zip(names.split(","), counts, strict=True))
    assert sequence_set(names.split(",")) == chosen
    assert sequence_set(names.replace(",", " , ")) == chosen


@pytest.mark.parametrize("name", PER_FRAME)
def test_every_family_with_a_value_per_frame_is_a_kind(name):
    chosen = sequence_set(name)
    columns = chosen.channels[name]
    assert len(columns) == chosen.n_channels[name] > 0
    assert all(column.unit and column.definition for column in columns)


def test_channels_are_named_as_columns_without_a_statistic():
    channels = sequence_set("mel64,chroma").channels
    assert [c.name for c in channels["mel64"][:2]] == ["mel_band_1of64", "mel_band_2of64"]
    assert [c.name for c in channels["chroma"][:2]] == ["chroma_c", "chroma_cs"]
    assert {c.unit for c in channels["mel64"]} == {"dB"}


TOML = """
sample_rate = "native"
seconds = 3
frames = 40
length_rule = "resample"
dtype = "float16"

[spectra]
hop_length = 256

[[kinds]]
name = "bands"
family = "mel_bands"
n_bands = 30

[[kinds]]
family = "rms"
"""


def test_a_file_defines_a_set(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(TOML, "utf-8")
    chosen = sequence_set(file)
    assert chosen.name == "mine"
    assert chosen.sample_rate is None
    assert chosen.spectra.hop_length == 256
    assert chosen.n_channels == {"bands": 30, "rms": 1}
    assert chosen.n_frames == {"bands": 40, "rms": 40}
    assert (chosen.seconds, chosen.dtype) == (3.0, "float16")
    assert sequence_set(str(file)) == chosen


@pytest.mark.parametrize("spec", ["logmel128", "series4", "mfcc13,rms"])
def test_a_set_survives_as_dict_file_and_pickle(spec, tmp_path):
    chosen = sequence_set(spec)
    file = tmp_path / "set.json"
    file.write_text(json.dumps(chosen.as_dict()), "utf-8")
    copies = (
        sequence_set(chosen.as_dict()),
        sequence_set(file),
        pickle.loads(pickle.dumps(chosen)),
    )
    for copy in copies:
        assert copy == chosen
        assert copy.fingerprint == chosen.fingerprint
        assert list(copy.kinds) == list(chosen.kinds)


def test_the_fingerprint_depends_on_what_determines_the_values_only():
    chosen = sequence_set("logmel128")
    assert sequence_set("logmel128", dtype="float16").fingerprint == chosen.fingerprint
    assert dataclasses.replace(chosen, title="other").fingerprint == chosen.fingerprint
    for changes in ({"frames": 64}, {"seconds": 4}):
        assert sequence_set("logmel128", **changes).fingerprint != chosen.fingerprint


def test_arguments_replace_values_of_the_set():
    changed = sequence_set("logmel128", frames=64, seconds=2, dtype="float16")
    assert changed.n_frames == {"mel": 64}
    assert changed.excerpt_seconds == 2.0
    assert changed.dtype == "float16"
    assert changed.length_rule == "resample"
    assert sequence_set(changed) is changed


def test_seconds_determine_the_number_of_frames():
    assert sequence_set("mel", seconds=5).n_frames == {"mel": 216}


def test_as_much_is_read_as_the_frames_cover():
    chosen = sequence_set("mel", frames=10)
    assert chosen.n_samples(22050) == 9 * 512 + 1024
    assert chosen.excerpt_seconds == pytest.approx((9 * 512 + 1024) / 22050)
    assert (
        sequence_set({"kinds": ["mel"], "frames": 10, "length_rule": "resample"}).n_samples(22050)
        is None
    )


def test_two_kinds_may_have_one_base_name():
    assert list(sequence_set("mel64,mel128").kinds) == ["mel64", "mel128"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("logmel12", "did you mean 'logmel128'"),
        ("chrom24", "did you mean 'chroma'"),
        ("mel,chrom24", r"kinds\[1\].*did you mean 'chroma'"),
        ("tempo", "'tempo' has one value per clip"),
        ("rms3", "leave out the number in 'rms3'"),
        ("mel0", "n_bands must be at least 1"),
        ("mel" + "9" * 9, "are too many"),
        ("chroma25", "must be a multiple of 12"),
        ("mfcc200", "n_mfcc must be at most n_mels"),
        ("wavelet10", "level must be at most 8 for db4 in frames of 2048 samples"),
        ("mel,logmel128", "'logmel128' is a preset: use it alone"),
        ("mel,mel", "duplicate name 'mel'"),
        ("mel,mel128", "'mel' and 'mel128' are the same"),
        ("", "unknown sequence set ''"),
        ([], "at least one kind"),
        ({}, "at least one kind"),
        (7, "must be a preset, names of kinds"),
        (["mel", 7], "must be a preset, names of kinds"),
        ("missing.toml", "missing.toml: cannot read the sequence set"),
        ({"kinds": ["mel"], "frame": 3}, "unknown key 'frame': did you mean 'frames'"),
        ({"kinds": ["mel"], "seconds": "5"}, "seconds must be a number of seconds"),
        ({"kinds": ["mel"], "frames": 2.5}, "frames must be a whole number"),
        ({"kinds": ["mel"], "length_rule": "crop"}, "length_rule must be 'cut' or 'resample'"),
        ({"kinds": ["mel"], "length_rule": "resample"}, "'resample' needs frames"),
        ({"kinds": ["mel"], "dtype": "int8"}, "dtype must be 'float32' or 'float16'"),
        ({"kinds": ["mel"], "sample_rate": 1}, "sample_rate must be a rate in Hz"),
        ({"kinds": ["mel"], "spectra": {"fmax": 2e4}}, "fmax must be at most half"),
        ({"kinds": [{"name": "x"}]}, "a name or a table with its family"),
        ({"kinds": [{"family": "rm"}]}, r"kinds\[0\] \(rm\): unknown family 'rm'"),
        ({"kinds": [{"family": "mfcc", "n": 3}]}, r"kinds\[0\] \(mfcc\): unknown key 'n'"),
        ({"kinds": [{"family": "rms", "name": "../a"}]}, "name must be lower-case letters"),
        ({"kinds": [{"family": "rms", "name": "x" * 99}]}, "name must be lower-case letters"),
    ],
)
def test_an_invalid_set_is_refused_with_its_fault(spec, message):
    with pytest.raises(ParameterError, match=message):
        sequence_set(spec)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frames": 0}, "frames must be at least 1, got 0"),
        ({"frames": 1.5}, "frames must be a whole number"),
        ({"seconds": 0}, "seconds must be above 0"),
        ({"seconds": float("nan")}, "seconds must be finite"),
        ({"dtype": "float64"}, "unknown dtype 'float64'"),
    ],
)
def test_invalid_arguments_are_refused(changes, message):
    with pytest.raises(ParameterError, match=message):
        sequence_set("mel", **changes)


def test_the_names_are_public():
    assert {"SequenceSet", "sequence_set", "sequences_of"} <= set(featkit.__all__)
    assert isinstance(featkit.sequence_set("rms"), SequenceSet)
