"""Contract tests of families, feature sets and formats, for packages that add their own.

Each check takes an item and raises an `AssertionError` that names the fault. `check_family` runs
all checks of a family; with pytest, one test for each check shows more::

    import pytest
    from featkit.testing import FAMILY_CHECKS, check_family
    from my_package.band_balance import FAMILY

    @pytest.mark.parametrize("check", FAMILY_CHECKS)
    def test_contract(check):
        check_family(FAMILY, [check])

The families of featkit pass the same checks. A family must be registered, by a file of featkit or
by an entry point of an installed package.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from featkit._utils.public_names import public_dir
from featkit._utils.typing import Array
from featkit.datasets.recordings import DatasetFormat, read_manifest
from featkit.dsp import disk_array, signals
from featkit.dsp.disk_array import DiskArray
from featkit.errors import ParameterError
from featkit.features import analysis, statistics
from featkit.features.analysis import analyse, frame_values
from featkit.features.family import FAMILIES, Descriptor, Family, check_contract
from featkit.features.sets.column_description import describe
from featkit.features.sets.feature_set import FeatureSet
from featkit.features.sets.loading import feature_set
from featkit.features.spectra import stack as stack_module
from featkit.features.spectra.parameters import SpectraParameters
from featkit.features.spectra.stack import Stack
from featkit.table.feature_table import FeatureTable
from featkit.table.table_files import TableFormat

__all__ = [
    "FAMILY_CHECKS",
    "check_dataset_format",
    "check_family",
    "check_feature_set",
    "check_table_format",
    "family_features",
]

__dir__ = public_dir(__name__)

SR = 22050

SILENCE = re.compile("silen|nothing begins")
"""Words in the text for undefined values of descriptors that silence does not define."""

AMBIGUOUS = {"dwt_entropy", "wavelet_packet_entropy"}
"""Columns whose number of levels only other columns contain, see `FeatureSet.from_columns`."""


def family_features(
    family: Family,
    statistics: Sequence[str] = ("mean", "std"),
    parameters: Mapping[str, Any] | None = None,
) -> FeatureSet:
    """Return the feature set of a single family.

    Parameters
    ----------
    family : Family
        A registered family.
    statistics : sequence of str
        Statistics over time, for a family per frame.
    parameters : mapping, optional
        Parameters that differ from the defaults, or from those of its example.

    Returns
    -------
    FeatureSet
    """
    entry = {"family": family.name, **family.example, **(parameters or {})}
    if family.per == "frame":
        entry["statistics"] = list(statistics)
    return FeatureSet.from_dict({"features": [entry]})


def _spectra(**parameters: Any) -> SpectraParameters:
    return SpectraParameters.from_mapping(parameters, where="spectra")


def assert_that(condition: bool, message: str) -> None:
    """Raise an error if a condition does not hold.

    Parameters
    ----------
    condition : bool
    message : str
        The fault.

    Raises
    ------
    AssertionError
        With the message.
    """
    if not condition:
        raise AssertionError(message)


@dataclass(frozen=True)
class _Values:
    """Values of a family over time or per clip, with the names and descriptors of the rows."""

    values: Array
    lengths: list[int]
    names: list[str]
    descriptors: list[Descriptor]

    @classmethod
    def of(
        cls, family: Family, clips: Sequence[Array], sr: float, parameters: Any = None
    ) -> _Values:
        features = family_features(family, parameters=parameters)
        (computed,) = frame_values(Stack(clips, sr, _spectra()), features)
        rows = [(name, d) for d in features.entries[0].descriptors for name, _ in d.names]
        names, descriptors = zip(*rows, strict=True)
        lengths = computed.segments.lengths.tolist()
        return cls(computed.values, lengths, [*names], [*descriptors])


def _meets_the_declared_contract(family: Family) -> None:
    check_contract(family, family.name)
    assert_that(bool(family.summary), "its module has no docstring")
    for descriptor in family.default_descriptors:
        assert_that(descriptor.low < descriptor.high, f"{descriptor.name}: low must be below high")
        texts = (descriptor.definition, descriptor.reference, descriptor.undefined)
        one_line = all(text and "\n" not in text for text in texts)
        assert_that(one_line, f"{descriptor.name}: texts must be one line each")
    for parameter in dataclasses.fields(family.parameters):
        assert_that(bool(parameter.metadata["doc"]), f"parameter {parameter.name} has no text")


def _has_the_values_of_its_reference_cases(family: Family) -> None:
    for case in family.reference_cases:
        computed = _Values.of(family, [case.signal(SR)], SR, case.parameters)
        middle = computed.values[:, computed.values.shape[1] // 2]
        for name, expected in case.expected.items():
            assert_allclose(
                middle[computed.names.index(name)],
                expected,
                rtol=0,
                atol=case.tolerance,
                err_msg=f"{case.name}: {name}",
            )


def _returns_a_row_for_each_name(family: Family) -> None:
    clips = [signals.noise(SR), signals.sine(440.0, SR, duration=0.7)]
    computed = _Values.of(family, clips, SR)
    frames = [1 + SR // 512, 1 + round(0.7 * SR) // 512]
    if not family.own_frames:
        assert_that(computed.lengths == frames, f"frames of the clips: {computed.lengths}")
    columns = sum(computed.lengths) if family.per == "frame" else 2
    shape = (len(computed.names), columns)
    assert_that(computed.values.shape == shape, f"shape {computed.values.shape}, not {shape}")
    dtypes = (np.float32, np.float64)
    assert_that(computed.values.dtype in dtypes, f"values of type {computed.values.dtype}")


def _values_lie_within_their_range(family: Family) -> None:
    clips = [signals.noise(SR, amplitude=0.2), signals.square(150.0, SR), signals.clicks(90, SR)]
    clips += [signals.impulse(SR), signals.sine(SR / 8, SR)]
    computed = _Values.of(family, clips, SR)
    for row, name, d in zip(computed.values, computed.names, computed.descriptors, strict=True):
        defined = row[~np.isnan(row)]
        assert_that(bool(len(defined)), f"{name} is undefined for noise, tones and clicks")
        slack = 1e-6 * max(1.0, float(np.max(np.abs(defined))))
        lowest, highest = float(np.min(defined)), float(np.max(defined))
        assert_that(lowest >= d.low - slack, f"{name}: {lowest} is below {d.low}")
        assert_that(highest <= d.high + slack, f"{name}: {highest} is above {d.high}")


def _odd_clips() -> dict[str, Array]:
    return {
        "silence": signals.constant(SR, value=0.0),
        "one sample": signals.constant(SR, duration=1 / SR, value=0.5),
        "one silent sample": signals.constant(SR, duration=1 / SR, value=0.0),
        "one frame": signals.noise(SR, duration=100 / SR),
        "a constant": signals.constant(SR, value=0.7),
        "full scale": signals.square(1000.0, SR),
        "clipped noise": np.clip(10 * signals.noise(SR), -1, 1),
        "almost silence": signals.noise(SR) * np.float32(1e-30),
        "noise far above full scale": signals.noise(SR) * np.float32(1e4),
    }


def _no_clip_gives_infinity(family: Family) -> None:
    features = family_features(family)
    for name, clip in _odd_clips().items():
        row = analyse([clip], SR, features)[0]
        assert_that(not np.isinf(row).any(), f"{name} gives infinity")


def _any_rate_gives_a_row_or_is_refused(family: Family) -> None:
    y = np.random.default_rng(0).standard_normal(300).astype(np.float32)
    features = dataclasses.replace(family_features(family), sample_rate=None)
    for sr in (1, 2, 5, 30, 100, 441, 1000, 4000):
        with contextlib.suppress(ParameterError):
            row = analyse([y], sr, features)
            assert_that(not np.isinf(row).any(), f"infinity at a rate of {sr} Hz")
    # Pitch needs long frames at a high rate.
    features = dataclasses.replace(features, spectra=_spectra(n_fft=8192))
    for sr, samples in itertools.product((16000, 48000, 192000), (1, 3, 7)):
        row = analyse([signals.noise(sr)[:samples]], sr, features)
        assert_that(not np.isinf(row).any(), f"infinity for {samples} samples at {sr} Hz")


def _silence_is_undefined_where_documented(family: Family) -> None:
    computed = _Values.of(family, [signals.constant(SR, value=0.0)], SR)
    for row, name, d in zip(computed.values, computed.names, computed.descriptors, strict=True):
        undefined = not d.undefined.startswith("never") and SILENCE.search(d.undefined)
        if undefined:
            assert_that(bool(np.isnan(row).all()), f"{name} is documented as undefined in silence")
        else:
            assert_that(bool(np.isfinite(row).all()), f"{name} is not documented as undefined")


def _amplitude_changes_only_families_that_measure_level(family: Family) -> None:
    quiet = signals.noise(SR, amplitude=0.05, seed=3) + signals.sine(700.0, SR, amplitude=0.05)
    quiet = np.concatenate([quiet, signals.sine(700.0, SR, amplitude=0.05)])  # has a pitch, too
    once, twice = (_Values.of(family, [y], SR) for y in (quiet, 2 * quiet))
    largest: dict[str, float] = {}
    for row, d in zip(once.values, once.descriptors, strict=True):
        value = float(np.nanmax(np.abs(row), initial=0))
        largest[d.name] = max(value, largest.get(d.name, 0.0))
    changed = [
        name
        for name, d, a, b in zip(
            once.names, once.descriptors, once.values, twice.values, strict=True
        )
        if not np.isclose(b, a, rtol=1e-3, atol=1e-3 * largest[d.name], equal_nan=True).all()
    ]
    rule = f"measures_level is {family.measures_level}, but twice the amplitude changes {changed}"
    assert_that(bool(changed) == family.measures_level, rule)


def _is_the_same_alone_and_among_others(family: Family) -> None:
    clips = [signals.noise(SR, seed=k, duration=0.2 + 0.31 * k) for k in range(4)]
    clips[2] += signals.pulses([1 / 150] * 123, SR)  # a voice of 0.82 s
    features = family_features(family, statistics=("mean", "std", "median", "skew"))
    together = analyse(clips, SR, features)
    assert_array_equal(together, analyse(clips, SR, features), err_msg="not deterministic")
    alone = np.concatenate([analyse([clip], SR, features) for clip in clips])
    assert_array_equal(together, alone, err_msg="a clip has other values among others")


class _InAFile(DiskArray):
    """Samples that can only be read a few small blocks at a time."""

    def __init__(self, y: Array) -> None:
        self._y = y

    def __len__(self) -> int:
        return len(self._y)

    def read(self, start: int, stop: int) -> Array:
        # A block of 7 frames and its neighbours, 18 on each side for separation.
        assert_that(stop - start <= (6 + 36) * 512 + 2048, "reads a long clip at once")
        return self._y[start:stop]


@contextlib.contextmanager
def _small_blocks() -> Iterator[None]:
    """Blocks of 7 frames, and pieces of 3,000 samples."""
    from unittest.mock import patch

    with ExitStack() as patches:
        for module, name, value in (
            (stack_module, "BLOCK_FRAMES", 7),
            (stack_module, "KEPT_BYTES", 0),
            (disk_array, "PIECE_SAMPLES", 3000),
            (statistics, "SUMMARISED_VALUES", 1),
        ):
            patches.enter_context(patch.object(module, name, value))
        yield


def _is_the_same_from_a_file_in_small_blocks(family: Family) -> None:
    beats = signals.clicks(100, SR, duration=3.0) + signals.noise(SR, 3.0, amplitude=0.01)
    y = np.concatenate([beats, signals.constant(SR, 0.3, 0.0), signals.sine(445.0, SR, 0.4321)])
    features = family_features(family, statistics=("mean", "std", "median", "skew", "diff_std"))
    for pad_mode in ("constant", "reflect"):
        padded = dataclasses.replace(features, spectra=_spectra(pad_mode=pad_mode))
        whole = analyse([y], SR, padded)
        with _small_blocks():
            (from_file,) = analysis.analyse_loaded([(_InAFile(y), SR)], padded)
        assert_allclose(from_file, whole, rtol=1e-9, atol=1e-12)


def _invalid_parameters_are_named(family: Family) -> None:
    names = ["no_such_key", *(field.name for field in dataclasses.fields(family.parameters))]
    for name in names:
        try:
            family_features(family, parameters={name: [1]})
        except ParameterError as error:
            assert_that(name in str(error), f"the error does not name {name}: {error}")
        else:
            raise AssertionError(f"{name} = [1] is accepted")


def _column_names_can_be_read_back(family: Family) -> None:
    features = family_features(family, statistics=("mean", "diff_std", "p90"))
    if family.example:  # the example's file is not in the names
        try:
            FeatureSet.from_columns(features.column_names)
        except ParameterError as error:
            assert_that(str(error).startswith(f"{family.name}: "), f"unclear error: {error}")
        else:
            raise AssertionError("columns of a family without usable defaults can be read back")
        return
    for column in features.columns:
        assert_that(
            describe(column.name) == column, f"{column.name} is described as another column"
        )
    restored = FeatureSet.from_columns(features.column_names)
    assert_that(restored.columns == features.columns, "columns are read back as others")


def _column_names_contain_the_number_of_components(family: Family) -> None:
    clip = signals.noise(SR) + signals.sine(440.0, SR)
    fields = [f for f in dataclasses.fields(family.parameters) if type(f.default) is int]
    for field in fields:
        for features in itertools.islice(_sets_with_other_components(family, field), 2):
            names = features.column_names
            (row,) = analyse([clip], SR, features)
            (restored,) = analyse([clip], SR, FeatureSet.from_columns(names))
            assert_allclose(restored, row, rtol=1e-6, atol=1e-9)
            for name, value in zip(names, row, strict=True):
                if name not in AMBIGUOUS:
                    (alone,) = analyse([clip], SR, FeatureSet.from_columns([name]))
                    assert_allclose(alone, [value], rtol=1e-6, atol=1e-9, err_msg=name)


def _sets_with_other_components(family: Family, field: Any) -> Iterator[FeatureSet]:
    """Feature sets of the family with other values of a parameter that change its components."""
    default = family_features(family, statistics=("mean",))
    for value in (field.default // 2, field.default + 1, 2 * field.default):
        with contextlib.suppress(ParameterError):
            features = family_features(family, ("mean",), {field.name: value})
            if features.column_names != default.column_names:
                yield features


FAMILY_CHECKS: tuple[Callable[[Family], None], ...] = (
    _meets_the_declared_contract,
    _has_the_values_of_its_reference_cases,
    _returns_a_row_for_each_name,
    _values_lie_within_their_range,
    _no_clip_gives_infinity,
    _any_rate_gives_a_row_or_is_refused,
    _silence_is_undefined_where_documented,
    _amplitude_changes_only_families_that_measure_level,
    _is_the_same_alone_and_among_others,
    _is_the_same_from_a_file_in_small_blocks,
    _invalid_parameters_are_named,
    _column_names_can_be_read_back,
    _column_names_contain_the_number_of_components,
)
"""The checks of `check_family`, one function each."""


def check_family(
    family: Family, checks: Sequence[Callable[[Family], None]] = FAMILY_CHECKS
) -> None:
    """Check that a family meets the contract of families.

    Parameters
    ----------
    family : Family
        A registered family.
    checks : sequence of callable
        The checks to run; by default, all.

    Raises
    ------
    AssertionError
        If it does not; the message names the check and the fault.
    FeatkitError
        If it cannot be computed.

    Examples
    --------
    >>> from featkit.features.family import FAMILIES
    >>> check_family(FAMILIES["rms"])
    """
    assert_that(
        family.name in FAMILIES and FAMILIES[family.name] == family,
        f"family {family.name!r} is not registered, or another one is: install its package again,"
        " with an entry point of the group featkit.families",
    )
    for check in checks:
        try:
            check(family)
        except AssertionError as error:
            rule = check.__name__.strip("_").replace("_", " ")
            raise AssertionError(f"family {family.name!r}: check {rule!r}: {error}") from error


def check_feature_set(features: str | Mapping[str, Any] | FeatureSet) -> None:
    """Check that a feature set can be stored, read back and computed.

    Parameters
    ----------
    features : str, mapping or FeatureSet
        As for `featkit.feature_set`.

    Raises
    ------
    AssertionError
        If it cannot; the message names the fault.
    ParameterError
        If it is invalid.

    Examples
    --------
    >>> check_feature_set("genre75")
    """
    chosen = feature_set(features)
    restored = FeatureSet.from_dict(chosen.as_dict())
    assert_that(restored.columns == chosen.columns, "columns differ after a round trip")
    assert_that(restored.fingerprint == chosen.fingerprint, "the fingerprint differs")
    assert_that(bool(chosen.title), "it has no title")
    sr = chosen.sample_rate or 44100.0
    clips = [signals.noise(sr), signals.sine(440.0, sr, 0.7), signals.constant(sr, value=0.0)]
    rows = analyse(clips, sr, chosen)
    assert_that(rows.shape == (3, len(chosen.columns)), f"shape {rows.shape}")
    assert_that(not np.isinf(rows).any(), "a column is infinite")
    alone = np.concatenate([analyse([clip], sr, chosen) for clip in clips])
    assert_array_equal(rows, alone, err_msg="a clip has other values among others")


def check_table_format(table_format: TableFormat) -> None:
    """Check that a table format reads the tables that it writes.

    Parameters
    ----------
    table_format : TableFormat
        A registered format of files.

    Raises
    ------
    AssertionError
        If it does not; the message names the fault.

    Examples
    --------
    >>> from featkit.table.table_files import TABLE_FORMATS
    >>> check_table_format(TABLE_FORMATS["csv"])
    """
    suffix = table_format.written_suffix
    assert_that(suffix in table_format.suffixes, "written_suffix must be one of suffixes")
    keys = {"path": ["a.wav", "ä, b.wav", "NA"], "label": ["1", "x", "None"]}
    values = np.array([[1 / 3, np.nan], [-0.0, 5e-324], [np.finfo(float).max, 1e5]])
    table = FeatureTable(keys, ["rms_mean", "tempo"], values)
    with tempfile.TemporaryDirectory() as folder:
        first, second = Path(folder, f"first{suffix}"), Path(folder, f"second{suffix}")
        for path in (first, second):
            table.write(path)
        assert_that(first.read_bytes() == second.read_bytes(), "the same table gives other bytes")
        names = ["path", "label", "rms_mean", "tempo"]
        assert_that(table_format.column_names(first) == names, "column_names gives other names")
        restored = FeatureTable.read(first)
    assert_array_equal(restored.values, values, err_msg="values")
    for name, expected in keys.items():
        assert_that([*restored.keys[name]] == expected, f"column {name} has other texts")


def check_dataset_format(dataset_format: DatasetFormat) -> None:
    """Check that a dataset format recognises and reads its example, and no other text.

    Parameters
    ----------
    dataset_format : DatasetFormat
        A registered format.

    Raises
    ------
    AssertionError
        If it does not; the message names the fault.
    """
    assert_that(bool(dataset_format.title), "it has no title")
    assert_that(dataset_format.matches(dataset_format.example.splitlines()), "example is no match")
    for lines in ([""], ["a"], ['"'], ["\t"], [","] * 3, ["", "", ""]):
        assert_that(not dataset_format.matches(lines), f"{lines} is a match")
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder, "index")
        index.write_text(dataset_format.example, encoding="utf-8")
        recordings = read_manifest(index)
        assert_that(bool(recordings), "the example has no recordings")
        for recording in recordings:
            assert_that(bool(recording.path), "a recording has no path")
            texts = all(isinstance(value, str) for value in recording.fields.values())
            assert_that(texts, f"fields of {recording.path} must be text")
