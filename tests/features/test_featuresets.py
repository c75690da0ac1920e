"""Feature sets: their columns, their files, and errors that name the key."""

import dataclasses
import itertools
import json
import pickle
import re

import numpy as np
import oracle
import pytest

import featkit
from featkit import signals
from featkit._utils.parameters import Parameters, parameter
from featkit.errors import ParameterError
from featkit.features.sets.registry import FeatureSet, feature_set, feature_sets

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


def test_genre75_has_its_75_columns_in_order():
    classes = ["c", "cs", "d", "ds", "e", "f", "fs", "g", "gs", "a", "as", "b"]
    expected = [f"mfcc_{k}_{s}" for s in ("mean", "std") for k in range(1, 21)]
    expected += [f"chroma_{c}_{s}" for s in ("mean", "std") for c in classes]
    singles = ["spectral_centroid", "spectral_bandwidth", "spectral_rolloff"]
    singles += ["zero_crossing_rate", "rms"]
    expected += [f"{name}_{s}" for name in singles for s in ("mean", "std")]
    assert [*expected, "tempo"] == list(feature_set("genre75").column_names)
    assert len(expected) + 1 == 75


# A frozen set may not change: a change of any number is a new name or version.
FROZEN = {
    "fma518": (1, "1e98cad7641f2c1a"),
    "genre75": (1, "c70cc3ebf35f122e"),
    "gtzan57": (1, "2516295fd356ec0f"),
    "standard": (1, "5ce757ef9502d651"),
}


@pytest.mark.parametrize("name", FROZEN)
def test_a_frozen_set_is_as_it_was(name):
    assert (feature_set(name).version, feature_set(name).fingerprint) == FROZEN[name]


def test_genre75_is_librosas_usual_analysis():
    chosen = feature_set("genre75")
    assert (chosen.sample_rate, chosen.spectra.n_fft, chosen.spectra.hop_length) == (
        22050,
        2048,
        512,
    )
    assert chosen.spectra.n_mels == 128


def test_standard_is_the_default_and_its_note_names_what_it_leaves_out():
    from featkit.features.family import families

    standard = feature_set("standard")
    held = {entry.family_name for entry in standard.entries}
    told = set(re.findall(r"\w+", standard.note))
    for name in set(families()) - held:
        assert name in told, name
    assert len(standard.columns) == 542
    assert featkit.FeatureExtractor().features == "standard"


def test_no_column_of_standard_is_another_one():
    tones = [signals.sine(f, 22050, 0.4) for f in (220.0, 330.0, 277.0)]
    noises = [signals.noise(22050, 0.7, seed=k, amplitude=0.3) for k in range(3)]
    silence = [signals.constant(22050, 0.4, value=0.0)]
    clips = [
        np.concatenate(parts)
        for parts in (
            tones,
            [*tones, *noises],
            [*noises, *tones[:1]],
            [*silence, *tones, *noises[:1]],
            [noise * np.linspace(0, 1, len(noise), dtype=np.float32) ** 4 for noise in noises],
        )
    ]
    values = featkit.analyse(clips, 22050)
    names = feature_set("standard").column_names
    alike = [
        (names[a], names[b])
        for a, b in itertools.combinations(range(len(names)), 2)
        if np.array_equal(values[:, a], values[:, b], equal_nan=True)
    ]
    assert not alike


@pytest.mark.parametrize("name", feature_sets())
def test_a_set_comes_back_from_its_dict(name):
    chosen = feature_set(name)
    again = FeatureSet.from_dict(chosen.as_dict())
    assert again == chosen
    assert again.fingerprint == chosen.fingerprint


def test_a_set_without_some_columns_has_the_others_in_order():
    whole = {"features": [{"family": "rms", "statistics": ["mean", "std", "max"]}]}
    chosen = feature_set({**whole, "exclude": ["rms_std"]})
    assert chosen.column_names == ("rms_mean", "rms_max")
    assert feature_set(chosen.as_dict()) == chosen
    assert chosen.fingerprint != feature_set(whole).fingerprint
    clip = [signals.noise(22050)]
    np.testing.assert_array_equal(
        featkit.analyse(clip, 22050, chosen), featkit.analyse(clip, 22050, whole)[:, [0, 2]]
    )


def test_a_note_decides_nothing():
    one, other = (feature_set({"features": [RMS], "note": note}) for note in ("", "Mind the gap."))
    assert other.note == "Mind the gap."
    assert one == other
    assert one.fingerprint == other.fingerprint
    assert "note" not in other.as_dict()
    assert pickle.loads(pickle.dumps(other)).note == other.note


@pytest.mark.parametrize("name", feature_sets())
def test_a_set_comes_back_from_a_worker_and_is_made_there_once(name):
    chosen = feature_set(name)
    again = [pickle.loads(pickle.dumps(chosen)) for _ in range(2)]
    assert again[0] == chosen
    assert again[0] is again[1]


@pytest.mark.parametrize("name", feature_sets())
def test_every_column_is_described(name):
    for column in feature_set(name).columns:
        assert column.unit
        assert column.definition
        assert column.reference
        # The published table's tempo is not the tempo that is called so here.
        if (name, column.name) != ("gtzan57", "tempo"):
            assert featkit.describe(column.name) == column


def test_fma518_has_the_published_tables_columns_in_order():
    names = feature_set("fma518").column_names
    assert names == tuple("_".join(key) for key in oracle.fma_keys())
    assert len(names) == 518
    assert names[:2] == ("chroma_cens_kurtosis_01", "chroma_cens_kurtosis_02")
    assert names[-1] == "zcr_std_01"


def test_the_columns_of_fma518_are_what_their_names_say():
    for column, (feature, statistic, number) in zip(
        feature_set("fma518").columns, oracle.fma_keys(), strict=True
    ):
        own = {"chroma_stft": "chroma", "rmse": "spectral_rms", "tonnetz": "tonnetz_cens"}
        own |= {"zcr": "zero_crossing_rate"}
        assert column.descriptor == own.get(feature, feature)
        assert column.statistic == statistic
        if feature == "mfcc":
            assert int(column.index) == int(number)
        if feature == "spectral_contrast":
            assert int(column.index) == int(number) - 1


def test_gtzan57_has_the_published_tables_columns_in_order():
    names = ["chroma_stft", "rms", "spectral_centroid", "spectral_bandwidth", "rolloff"]
    names += ["zero_crossing_rate", "harmony", "perceptr"]
    expected = [f"{name}_{s}" for name in names for s in ("mean", "var")] + ["tempo"]
    expected += [f"mfcc{k}_{s}" for k in range(1, 21) for s in ("mean", "var")]
    assert list(feature_set("gtzan57").column_names) == expected
    assert len(expected) == 57


def test_a_renamed_column_keeps_its_meaning():
    columns = {column.name: column for column in feature_set("gtzan57").columns}
    assert columns["mfcc3_var"] == dataclasses.replace(
        featkit.describe("mfcc_3_var"), name="mfcc3_var"
    )
    assert columns["tempo"].family == "beat_tempo"
    assert featkit.describe("tempo").family == "tempo"
    assert featkit.describe("harmony_var").unit == "(full scale)²"


def test_names_and_order_survive_metadata_whose_keys_are_sorted():
    chosen = feature_set("gtzan57")
    text = json.dumps(chosen.as_dict(), sort_keys=True)
    again = feature_set(json.loads(text))
    assert again == chosen
    assert again.column_names == chosen.column_names
    assert again.fingerprint == chosen.fingerprint


def test_names_may_change_places():
    chosen = feature_set(
        {
            "features": [{"family": "rms", "statistics": ["mean", "std"]}],
            "names": {"rms_mean": "rms_std", "rms_std": "rms_mean"},
        }
    )
    assert chosen.column_names == ("rms_std", "rms_mean")
    y = signals.square(100.0, 22050)
    (row,) = featkit.analyse([y], 22050, chosen)
    assert row[0] > 0.9
    assert row[1] < 0.1


def test_components_can_be_pooled():
    y = [signals.noise(22050, duration=0.4 + k, seed=k) for k in range(3)]
    statistics = ["mean", "var", "max", "median", "skew"]
    chroma = {"family": "chroma", "statistics": statistics, "pooled": True}
    chosen = feature_set({"features": [{"family": "rms", "statistics": ["mean"]}, chroma]})
    assert chosen.column_names[1:] == tuple(f"chroma_all_{name}" for name in statistics)
    assert featkit.describe("chroma_all_var").definition.endswith(
        "variance over components and frames (ddof 0)"
    )
    apart = {**chroma, "statistics": ["mean", "var", "max"], "pooled": False}
    whole = featkit.analyse(y, 22050, chosen)[:, 1:]
    mean, var, greatest = np.split(
        featkit.analyse(y, 22050, feature_set({"features": [apart]})), 3, axis=1
    )
    np.testing.assert_allclose(whole[:, 0], mean.mean(axis=1))
    np.testing.assert_allclose(whole[:, 1], (var + mean**2).mean(axis=1) - whole[:, 0] ** 2)
    np.testing.assert_array_equal(whole[:, 2], greatest.max(axis=1))
    alone = [featkit.analyse([each], 22050, chosen)[0, 1:] for each in y]
    np.testing.assert_array_equal(whole, alone)


def test_a_set_can_be_rebuilt_from_column_names_alone():
    names = ["tempo", "chroma_fs_std", "mfcc_3_mean", "mfcc_25_mean", "rms_p10"]
    names += ["chroma_all_var", "mfcc_all_mean", "harmonic_waveform_var"]
    names += ["mfcc_delta_3_mean", "mfcc_delta2_21_std", "gfcc_41of64_mean", "mel_band_50of64_p90"]
    names += ["dwt_periodised_ratio_d12", "dwch_skewness_a6", "wavelet_packet_energy_share_33of64"]
    names += ["dwt_std_d9", "dwt_energy_share_d9of9", "spectral_contrast_4of4_mean"]
    names += ["tempo_candidate_1", "tempo_candidate_strength_2", "pulse_clarity", "onset_rate"]
    names += ["spectral_rolloff_25_mean", "spectral_rolloff_mean", "band_energy_share_low_std"]
    assert FeatureSet.from_columns(names).column_names == tuple(names)


@pytest.mark.parametrize(
    "names",
    [
        ["mel_band_3_mean", "mel_band_3of20_mean"],
        ["chroma_c_mean", "chroma_1of24_mean"],
        ["dwt_std_a3", "dwt_std_d9"],
        ["mel_band_41_mean"],
        ["gfcc_41_mean"],
        ["wavelet_packet_energy_share_3of20"],
    ],
)
def test_names_of_no_one_resolution_are_refused(names):
    with pytest.raises(ParameterError):
        FeatureSet.from_columns(names)


def test_a_users_own_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(MINE)
    chosen = feature_set(file)
    assert len(chosen.columns) == 2 * 40 + 24 + 1
    assert chosen.column_names[0] == "mfcc_1_mean"
    assert "chroma_24of24_mean" in chosen.column_names
    assert chosen == feature_set(str(file))


def test_a_file_without_a_name_is_called_after_itself(tmp_path):
    file = tmp_path / "other.toml"
    file.write_text(MINE.replace('name = "mine"\n', ""))
    assert feature_set(file).name == "other"


def test_chosen_columns_in_chosen_order():
    chosen = feature_set(
        {
            "features": [{"family": "mfcc", "statistics": ["mean"]}, {"family": "tempo"}],
            "columns": ["tempo", "mfcc_2_mean"],
        }
    )
    assert chosen.column_names == ("tempo", "mfcc_2_mean")


RMS = {"family": "rms", "statistics": ["mean"]}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"features": []}, "at least one family"),
        ({"feature": [RMS]}, "unknown key 'feature': did you mean 'features'"),
        ({"features": [{"family": "mfc", "statistics": ["mean"]}]}, "did you mean 'mfcc'"),
        ({"features": [{"statistics": ["mean"]}]}, r"features\[0\]: must name its family"),
        ({"features": [{"family": "rms"}]}, "'rms' needs statistics"),
        ({"features": [{"family": "tempo", "statistics": ["mean"]}]}, "no statistics"),
        ({"features": [{"family": "rms", "statistics": "mean"}]}, "must be a list"),
        ({"features": [{"family": "rms", "statistics": ["meen"]}]}, "did you mean 'mean'"),
        ({"features": [RMS, RMS]}, r"'rms_mean' stands twice: in features\[0\] and features\[1\]"),
        (
            {"features": [{"family": "rms", "statistics": ["mean", "mean"]}]},
            r"features\[0\]: statistics: 'mean' stands twice",
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
        ({"features": [RMS], "columns": "rms_mean"}, "columns must be a list of names"),
        ({"features": [RMS], "columns": ["rms_mean", "rms_mean"]}, "a column stands twice"),
        ({"features": [RMS], "columns": [1]}, "columns must be a list of names"),
        ({"features": [{**RMS, "statistics": [1]}]}, "unknown statistic '1'"),
        ({"features": [{**RMS, 2: 3}]}, "unknown key '2'"),
        ({"features": [RMS], 5: 6}, "unknown key '5'"),
        ({"features": [RMS], "spectra": {"fmin": 11025}}, "fmin must be"),
        ({"features": [RMS], "spectra": {"n_fft": 2**40}}, "n_fft must be at most"),
        ({"features": [RMS], "names": {"rms_std": "loud"}}, "names: unknown column 'rms_std'"),
        ({"features": [RMS], "names": "loud"}, "names must be a table of texts"),
        ({"features": [RMS], "names": {"rms_mean": 3}}, "names must be a table of texts"),
        ({"features": [RMS], "names": {"rms_mean": "path"}}, "no feature may be called 'path'"),
        (
            {"features": [RMS], "names": {"rms_mean": "quality_peak"}},
            "may be called 'quality_peak'",
        ),
        ({"features": [RMS], "names": {"rms_mean": ""}}, "no feature may be called ''"),
        ({"features": [RMS], "version": -1}, "version must be a whole number from 0, got -1"),
        ({"features": RMS}, "features must be a list of tables, each headed"),
        ({"features": [RMS], "sample_rate": None}, "or 'native', got None"),
        ({"features": [{"familly": "rms"}]}, "must name its family.*familly"),
        ({"features": [{"family": "rms", "statistic": ["mean"]}]}, "did you mean 'statistics'"),
        ({"features": [RMS], "exclude": ["rms_std"]}, "exclude: unknown column 'rms_std'"),
        ({"features": [RMS], "exclude": ["rms_mean"] * 2}, "exclude: a column stands twice"),
        ({"features": [RMS], "exclude": ["rms_mean"]}, "exclude leaves no column"),
        (
            {"features": [RMS], "columns": ["rms_mean"], "exclude": ["rms_mean"]},
            "columns and exclude: give one of them",
        ),
        (
            {
                "features": [{**RMS, "statistics": ["mean", "std"]}],
                "names": {"rms_mean": "rms_std"},
            },
            "two columns would be called alike",
        ),
        (
            {
                "features": [{**RMS, "statistics": ["mean", "std"]}],
                "columns": ["rms_mean"],
                "names": {"rms_std": "loud"},
            },
            "names: unknown column 'rms_std'",
        ),
        ({"features": [{**RMS, "pooled": True}]}, "no components over time to be pooled"),
        ({"features": [{"family": "wavelets", "pooled": True}]}, "no components over time"),
        (
            {"features": [{"family": "chroma", "statistics": ["diff_std"], "pooled": True}]},
            "components have no order",
        ),
        (
            {"features": [{"family": "chroma", "statistics": ["mean"], "pooled": 1}]},
            "pooled must be true or false, got 1",
        ),
        (None, "must be a name, a file or a dict"),
    ],
)
def test_what_is_wrong_is_named(wrong, message):
    with pytest.raises(ParameterError, match=message):
        feature_set(wrong)


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
def test_a_wrong_file_is_named(tmp_path, content, message):
    file = tmp_path / "wrong.toml"
    file.write_bytes(content)
    with pytest.raises(ParameterError, match=f"{re.escape(str(file))}: .*{message}"):
        feature_set(file)


def test_a_missing_file_is_named():
    with pytest.raises(ParameterError, match=r"nowhere.toml: cannot read .*No such file"):
        feature_set("nowhere.toml")


@pytest.mark.parametrize("shape", ["mfcc_{}_mean", "mel_band_3of{}_mean", "dwt_std_d{}"])
def test_a_number_without_end_is_no_column(shape):
    with pytest.raises(ParameterError, match="unknown column"):
        featkit.describe(shape.format("9" * 5000))


@pytest.mark.parametrize(
    ("column", "meant"),
    [("mfcc", "mfcc_1_mean"), ("mfcc_3", "mfcc_1_mean"), ("rms", "rms_mean"), ("tempo_x", "tempo")],
)
def test_what_a_name_lacks_is_shown(column, meant):
    with pytest.raises(ParameterError, match=f"unknown column '{column}': is one like '{meant}'"):
        featkit.describe(column)


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / "a.toml").write_bytes(b'\xef\xbb\xbf[[features]]\nfamily = "tempo"\n')
    assert feature_set(tmp_path / "a.toml").column_names == ("tempo",)


def test_numbers_may_be_numpys():
    entry = {"family": "mfcc", "n_mfcc": np.int64(3), "statistics": ["mean"]}
    chosen = feature_set({"features": [entry], "spectra": {"fmin": np.float32(20)}})
    assert len(chosen.columns) == 3
    assert json.loads(json.dumps(chosen.as_dict())) == chosen.as_dict()


def test_an_unknown_set_names_the_close_one():
    with pytest.raises(ParameterError, match="did you mean 'genre75'"):
        feature_set("genre57")


@pytest.mark.parametrize(
    "column",
    [
        "mfcc_99999999999_mean",
        "mfcc",
        "mfcc_mean",
        "mfcc_x_mean",
        "mfcc_0_mean",
        "tempo_mean",
        "rms",
        "rms_all_mean",
        "chroma_all",
        "chroma_all_diff_mean",
        "dwt_std_all",
        "x",
        "",
    ],
)
def test_what_is_no_column_is_refused(column):
    with pytest.raises(ParameterError):
        featkit.describe(column)


def test_units_follow_the_statistic():
    units = {
        "spectral_centroid_mean": "Hz",
        "spectral_centroid_var": "(Hz)²",
        "spectral_centroid_skew": "1",
        "spectral_centroid_diff_std": "Hz per frame",
        "zero_crossing_rate_var": "1",
        "tempo": "BPM",
    }
    assert {name: featkit.describe(name).unit for name in units} == units


class Example(Parameters):
    """For the test below."""

    share: float = parameter(0.5, "a share", above=0, below=1)


def test_parameters_are_keyword_only_frozen_and_checked():
    assert Example(share=0.25).share == 0.25
    with pytest.raises(TypeError):
        Example(0.25)
    with pytest.raises(AttributeError):
        Example().share = 0.1
    for wrong in (0, 1, float("nan"), True, "half"):
        with pytest.raises(ParameterError, match="share"):
            Example(share=wrong)
