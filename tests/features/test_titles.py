"""Plain names of columns."""

import pytest
from extras import FURTHER_PACKAGES

from featkit import describe
from featkit.features.family import FAMILIES
from featkit.features.sets.entries import Entry
from featkit.features.sets.loading import FEATURE_SETS


@pytest.mark.parametrize(
    ("column", "title"),
    [
        (
            "spectral_contrast_3_mean",
            "spectral contrast, band 3 (800 to 1600 Hz), mean over frames, dB",
        ),
        (
            "spectral_contrast_0_std",
            "spectral contrast, band 0 (0 to 200 Hz), standard deviation over frames, dB",
        ),
        (
            "spectral_contrast_6_mean",
            "spectral contrast, band 6 (6400 Hz to half the sample rate), mean over frames, dB",
        ),
        ("mfcc_3_p10", "MFCC 3, percentile 10 over frames, dB"),
        (
            "mel_band_3of20_mean",
            "mel band, 3 of 20 from 0 Hz to half the sample rate, mean over frames, dB",
        ),
        ("chroma_cs_mean", "chroma, pitch class C♯, mean over frames"),
        (
            "band_energy_share_midlow_mean",
            "band energy share, midlow (150 to 800 Hz), mean over frames",
        ),
        ("third_octave_level_31p5", "third-octave level, band at 31.5 Hz, dB re 20 µPa"),
        ("dwt_energy_share_d2", "wavelet energy share, detail 2 (1/8 to 1/4 of the sample rate)"),
        ("tempo", "tempo, BPM"),
    ],
)
def test_titles_name_component_statistic_and_unit(column, title):
    assert describe(column).title == title


@pytest.mark.parametrize("name", FEATURE_SETS)
def test_titles_of_a_set_are_plain_and_tell_its_columns_apart(name):
    titles = [column.title for column in FEATURE_SETS[name].columns]
    assert len(set(titles)) == len(titles)
    assert not [title for title in titles if "_" in title or not title]


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_has_titles(name):
    family = FAMILIES[name]
    for package in FURTHER_PACKAGES.get(name, ()):
        pytest.importorskip(package)
    statistics = {"statistics": ["mean"]} if family.per == "frame" else {}
    entry = Entry.from_mapping({"family": name, **family.example, **statistics}, where=name)
    titles = [column.title for column in entry.columns]
    assert len(set(titles)) == len(titles)
    assert not [title for title in titles if "_" in title]
    units = {column.unit for column in entry.columns} - {"1"}
    assert all(any(title.endswith(unit) for title in titles) for unit in units)
