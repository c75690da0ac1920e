"""Feature sets are loaded from names, files and dicts; errors name the key."""

import re

import pytest

import featkit
from featkit.errors import ParameterError
from featkit.features import sets
from featkit.features.sets.loading import FEATURE_SETS, feature_set

MINE = """
name = "mine"
sample_rate = 16000

[spectra]
hop_length = 160
n_fft = 400

[[features]]
family = "mfcc"
n_mfcc = 40
statistics = ["mean", "p90"]

[[features]]
family = "chroma"
n_chroma = 24
statistics = ["mean"]

[[features]]
family = "tempo"
"""


def test_a_set_can_be_defined_in_a_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(MINE)
    chosen = feature_set(file)
    assert len(chosen.columns) == 2 * 40 + 24 + 1
    assert chosen.column_names[0] == "mfcc_1_mean"
    assert "chroma_24of24_mean" in chosen.column_names
    assert chosen == feature_set(str(file))


def test_a_set_without_a_name_is_named_after_its_file(tmp_path):
    file = tmp_path / "other.toml"
    file.write_text(MINE.replace('name = "mine"\n', ""))
    assert feature_set(file).name == "other"


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / "a.toml").write_bytes(b'\xef\xbb\xbf[[features]]\nfamily = "tempo"\n')
    assert feature_set(tmp_path / "a.toml").column_names == ("tempo",)


def test_an_unknown_set_is_refused_with_a_suggestion():
    with pytest.raises(ParameterError, match="did you mean 'genre75'"):
        feature_set("genre57")


RMS = {"family": "rms", "statistics": ["mean"]}


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"features": []}, "at least one family"),
        ({"feature": [RMS]}, "unknown key 'feature': did you mean 'features'"),
        ({"features": [{"family": "mfc", "statistics": ["mean"]}]}, "did you mean 'mfcc'"),
        ({"features": [{"statistics": ["mean"]}]}, r"features\[0\]: must name its family"),
        ({"features": [{"family": "rms"}]}, "'rms' needs statistics"),
        ({"features": [{"family": "tempo", "statistics": ["mean"]}]}, "no statistics"),
        ({"features": [{"family": "rms", "statistics": "mean"}]}, "must be a list"),
        ({"features": [{"family": "rms", "statistics": ["meen"]}]}, "did you mean 'mean'"),
        (
            {"features": [RMS, RMS]},
            r"duplicate column 'rms_mean': in features\[0\] and features\[1\]",
        ),
        (
            {"features": [{"family": "rms", "statistics": ["mean", "mean"]}]},
            r"features\[0\]: statistics: duplicate 'mean'",
        ),
        ({"features": [{**RMS, "n_mfcc": 3}]}, "unknown key 'n_mfcc'"),
        (
            {"features": [{"family": "mfcc", "n_mfcc": 0, "statistics": ["mean"]}]},
            "n_mfcc must be at least 1, got 0",
        ),
        (
            {"features": [{"family": "mfcc", "n_mfcc": 2.5, "statistics": ["mean"]}]},
            "n_mfcc must be a whole number, got 2.5",
        ),
        (
            {"features": [{"family": "mfcc", "n_mfcc": 200, "statistics": ["mean"]}]},
            r"n_mfcc must be at most n_mels \(128\)",
        ),
        (
            {"features": [{"family": "chroma", "n_chroma": 13, "statistics": ["mean"]}]},
            "n_chroma must be a multiple of 12",
        ),
        ({"features": [RMS], "spectra": {"hop": 3}}, "spectra: unknown key 'hop'"),
        ({"features": [RMS], "spectra": {"hop_length": 0}}, "hop_length must be at least 1"),
        ({"features": [RMS], "spectra": {"hop_length": 10**30}}, "hop_length must be at most"),
        ({"features": [RMS], "spectra": {"fmin": 10**400}}, "fmin must be finite"),
        ({"features": [RMS], "spectra": {"n_fft": 401}}, "n_fft must be even"),
        ({"features": [RMS], "spectra": {"window": "hamm"}}, "did you mean 'hamming'"),
        ({"features": [RMS], "spectra": {"fmin": 900, "fmax": 800}}, "fmax must be above fmin"),
        ({"features": [RMS], "spectra": {"fmax": 12000}}, "fmax must be at most half"),
        ({"features": [RMS], "sample_rate": 0}, "sample_rate must be a rate in Hz"),
        ({"features": [RMS], "sample_rate": True}, "sample_rate must be a rate in Hz"),
        ({"features": [RMS], "silent_frames": "drop"}, "silent_frames"),
        ({"features": [RMS], "columns": ["rms_std"]}, "did you mean|unknown column 'rms_std'"),
        ({"features": "rms"}, "features"),
        ({"features": [RMS], "columns": "rms_mean"}, "columns must be a list of column names"),
        ({"features": [RMS], "columns": ["rms_mean", "rms_mean"]}, "duplicate column 'rms_mean'"),
        ({"features": [RMS], "columns": [1]}, "columns must be a list of column names"),
        ({"features": [{**RMS, "statistics": [1]}]}, "unknown statistic '1'"),
        ({"features": [{**RMS, 2: 3}]}, "unknown key '2'"),
        ({"features": [RMS], 5: 6}, "unknown key '5'"),
        ({"features": [RMS], "spectra": {"fmin": 11025}}, "fmin must be"),
        ({"features": [RMS], "spectra": {"n_fft": 2**40}}, "n_fft must be at most"),
        ({"features": [RMS], "names": {"rms_std": "loud"}}, "names: unknown column 'rms_std'"),
        ({"features": [RMS], "names": "loud"}, "names must be a table of strings"),
        ({"features": [RMS], "names": {"rms_mean": 3}}, "names must be a table of strings"),
        ({"features": [RMS], "names": {"rms_mean": "path"}}, "'path' is a reserved name"),
        (
            {"features": [RMS], "names": {"rms_mean": "quality_peak"}},
            "'quality_peak' is a reserved name",
        ),
        ({"features": [RMS], "names": {"rms_mean": ""}}, "'' is a reserved name"),
        ({"features": [RMS], "version": -1}, "version must be a whole number from 0, got -1"),
        ({"features": RMS}, "features must be a list of tables, each headed"),
        ({"features": [RMS], "sample_rate": None}, "or 'native', got None"),
        ({"features": [{"familly": "rms"}]}, "must name its family.*familly"),
        ({"features": [{"family": "rms", "statistic": ["mean"]}]}, "did you mean 'statistics'"),
        ({"features": [RMS], "exclude": ["rms_std"]}, "exclude: unknown column 'rms_std'"),
        ({"features": [RMS], "exclude": ["rms_mean"] * 2}, "exclude: duplicate column 'rms_mean'"),
        ({"features": [RMS], "exclude": ["rms_mean"]}, "exclude leaves no column"),
        (
            {"features": [RMS], "columns": ["rms_mean"], "exclude": ["rms_mean"]},
            "columns and exclude are both given",
        ),
        (
            {
                "features": [{**RMS, "statistics": ["mean", "std"]}],
                "names": {"rms_mean": "rms_std"},
            },
            "two columns would have the same name",
        ),
        (
            {
                "features": [{**RMS, "statistics": ["mean", "std"]}],
                "columns": ["rms_mean"],
                "names": {"rms_std": "loud"},
            },
            "names: unknown column 'rms_std'",
        ),
        (
            {"features": [{**RMS, "pooled": True}]},
            "only descriptors over time with several components",
        ),
        ({"features": [{"family": "wavelets", "pooled": True}]}, "only descriptors over time"),
        (
            {"features": [{"family": "chroma", "statistics": ["diff_std"], "pooled": True}]},
            "pooled components have no order",
        ),
        (
            {"features": [{"family": "chroma", "statistics": ["mean"], "pooled": 1}]},
            "pooled must be true or false, got 1",
        ),
        (None, "must be a name, a file or a dict"),
    ],
)
def test_an_invalid_definition_is_refused_with_the_reason(definition, message):
    with pytest.raises(ParameterError, match=message):
        feature_set(definition)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"name = ", "not valid TOML"),
        (b"\xff\xfe", "not UTF-8"),
        (b'[[features]]\nfamily = "rms"\nstatistics = ["meen"]', "features.0.: unknown statistic"),
        (b'[spectra]\nfmax = 12000.0\n[[features]]\nfamily = "tempo"', "spectra: fmax must be at"),
        (b'exclude = ["tempi"]\n[[features]]\nfamily = "tempo"', "exclude: unknown column 'tempi'"),
    ],
)
def test_an_invalid_file_is_named(tmp_path, content, message):
    file = tmp_path / "invalid.toml"
    file.write_bytes(content)
    with pytest.raises(ParameterError, match=f"{re.escape(str(file))}: .*{message}"):
        feature_set(file)


def test_a_missing_file_is_named():
    with pytest.raises(ParameterError, match=r"nowhere.toml: cannot read .*No such file"):
        feature_set("nowhere.toml")


def test_a_feature_set_is_added_by_one_file(tmp_path, monkeypatch):
    text = 'name = "toy"\nsample_rate = 22050\n[[features]]\nfamily = "tempo"\n'
    (tmp_path / "toy.toml").write_text(text, "utf-8")
    monkeypatch.setattr(sets, "__path__", [*sets.__path__, str(tmp_path)])
    assert "toy" in featkit.feature_sets()
    assert featkit.feature_set("toy").column_names == ("tempo",)
    FEATURE_SETS.clear()
