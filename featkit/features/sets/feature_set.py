"""`FeatureSet`: a named, versioned list of columns, made by families and statistics."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from featkit._utils.lazy import cached_property
from featkit._utils.overview import Overview, Overviewed
from featkit._utils.parameters import unknown
from featkit.errors import ParameterError
from featkit.features._definitions import checked_keys, definition_hash
from featkit.features.calibration import CalibrationParameters
from featkit.features.sets._keys import KEYS
from featkit.features.sets.entries import Entry, check_families
from featkit.features.spectra.parameters import SpectraParameters
from featkit.schema import Column, is_reserved

CALIBRATED = "_calibrated"
"""Suffix of the name of a set with the calibration of a recorder."""


@dataclass(frozen=True, kw_only=True, repr=False)
class FeatureSet(Overviewed):
    """A named, versioned list of columns.

    Attributes
    ----------
    name : str
        Name of the set.
    version : int
        0 while the set may still change; from 1 on it is frozen, and any change of its values needs
        a new version.
    title, reference, note : str
        Purpose, source and caveats.
    sample_rate : float or None
        Sample rate in Hz to which recordings are resampled; None keeps the rate of each.
    least_rate : float or None
        Least sample rate in Hz of a recording for which the columns are defined; below it, they
        are computed with a warning. None if there is no such rate.
    silent_frames : {"keep", "skip"}
        Treatment of digitally silent frames by descriptors that are undefined in silence:
        statistics include the values that librosa gives for them, or skip them. A clip of silence
        is NaN in both cases.
    spectra : SpectraParameters
        Frames, windows and mel bands.
    entries : tuple of Entry
        The families, with parameters and statistics.
    selected : tuple of str
        If not empty, only these columns, in this order.
    excluded : tuple of str
        Columns of the entries that are left out.
    renamed : dict of str to str
        Other names of columns, as in a published table.
    """

    name: str
    version: int
    title: str
    reference: str
    sample_rate: float | None
    silent_frames: str
    spectra: SpectraParameters
    entries: tuple[Entry, ...]
    selected: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict, hash=False)
    note: str = field(default="", compare=False)
    least_rate: float | None = field(default=None, compare=False)

    def _overview(self) -> Overview:
        from featkit.features._overviews import feature_set_overview

        return feature_set_overview(self)

    def __post_init__(self) -> None:
        if not self.entries:
            raise ParameterError("features must name at least one family")
        if self.selected and self.excluded:
            raise ParameterError("columns and exclude are both given: use one of them")
        names = [column.name for column in self._all_columns]
        self._check_no_duplicates(names)
        _check_columns(self.selected, names)
        _check_columns(self.excluded, names, where="exclude: ")
        _check_columns(tuple(self.renamed), self.selected or names, where="names: ")
        if not self.columns:
            raise ParameterError("exclude leaves no column")
        for name in self.renamed.values():
            if is_reserved(name):
                raise ParameterError(f"names: {name!r} is a reserved name: choose another")
        if len(set(self.column_names)) < len(self.column_names):
            raise ParameterError("names: two columns would have the same name")
        self.spectra.check_rate(self.sample_rate)
        check_families(self.entries, self.spectra, self.sample_rate)

    def _check_no_duplicates(self, names: Sequence[str]) -> None:
        if duplicates := [name for name, count in Counter(names).items() if count > 1]:
            owners = [
                f"features[{k}]"
                for k, entry in enumerate(self.entries)
                if duplicates[0] in [column.name for column in entry.columns]
            ]
            raise ParameterError(f"duplicate column {duplicates[0]!r}: in {' and '.join(owners)}")

    @cached_property
    def _all_columns(self) -> tuple[Column, ...]:
        return tuple(column for entry in self.entries for column in entry.columns)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Columns in the order and with the names of the table."""
        columns = [self._all_columns[k] for k in self.positions]
        names = [self.renamed.get(column.name, column.name) for column in columns]
        return tuple(
            dataclasses.replace(column, name=name)
            for column, name in zip(columns, names, strict=True)
        )

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def positions(self) -> list[int]:
        """Position of each column among all columns of the entries."""
        positions = {column.name: k for k, column in enumerate(self._all_columns)}
        names = self.selected or [name for name in positions if name not in self.excluded]
        return [positions[name] for name in names]

    def as_dict(self) -> dict[str, Any]:
        """Return the set as a dict with all defaults, but without its note.

        Returns
        -------
        dict
            `feature_set` turns it back into an equal set.
        """
        return self._as_dict([entry.as_dict() for entry in self.entries])

    def _as_dict(self, entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        mapping: dict[str, Any] = {
            "name": self.name,
            "version": self.version,
            "title": self.title,
            "reference": self.reference,
            "sample_rate": self.sample_rate or "native",
            "silent_frames": self.silent_frames,
            "spectra": dataclasses.asdict(self.spectra),
            "features": list(entries),
        }
        mapping |= {"least_rate": self.least_rate} if self.least_rate else {}
        mapping |= {"columns": list(self.selected)} if self.selected else {}
        mapping |= {"exclude": list(self.excluded)} if self.excluded else {}
        return mapping | ({"names": dict(self.renamed)} if self.renamed else {})

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as text, so that a worker builds the set once, however often it is sent."""
        return _from_text, (self._text,)

    @cached_property
    def _text(self) -> str:
        entries = [entry.as_dict(files="path") for entry in self.entries]
        return json.dumps(self._as_dict(entries) | {"note": self.note})

    @cached_property
    def deciding(self) -> dict[str, Any]:
        """The set as a dict, without texts and names of files: all that determines the values."""
        mapping = self._as_dict([entry.as_dict(files="none") for entry in self.entries])
        return {k: v for k, v in mapping.items() if k not in ("title", "reference", "least_rate")}

    @cached_property
    def fingerprint(self) -> str:
        """Hash of `deciding`: two sets with the same fingerprint give the same values."""
        return definition_hash(self.deciding)

    def calibrated(
        self,
        *,
        sensitivity: float | None = None,
        gain: float | None = None,
        full_scale_voltage: float | None = None,
    ) -> FeatureSet:
        """Return the set with the calibration of a recorder.

        All families whose parameters include the calibration get these values. If there is none,
        the families ``sound_level`` and ``third_octave_levels`` are added to the set.

        Parameters
        ----------
        sensitivity : float, optional
            Sensitivity of the microphone in dB re 1 V/Pa.
        gain : float, optional
            Gain between microphone and converter in dB.
        full_scale_voltage : float, optional
            Voltage of a sample of full scale, in V.

        Returns
        -------
        FeatureSet
            A set with another name, ``<name>_calibrated``. Without any argument, this set. An
            argument that is None keeps the values that the set has.

        Raises
        ------
        ParameterError
            If a value is out of range.

        Examples
        --------
        >>> from featkit import feature_set
        >>> levels = feature_set("genre75").calibrated(sensitivity=-38, gain=20)
        >>> levels.column_names[75:79]
        ('laeq', 'lceq', 'lzeq', 'leq')
        """
        given = {"sensitivity": sensitivity, "gain": gain, "full_scale_voltage": full_scale_voltage}
        values = {name: value for name, value in given.items() if value is not None}
        if not values:
            return self
        entries, added = self._calibrated_entries(values)
        columns = tuple(column.name for entry in added for column in entry.columns)
        return dataclasses.replace(
            self,
            name=f"{self.name.removesuffix(CALIBRATED)}{CALIBRATED}",
            entries=(*entries, *added),
            selected=(*self.selected, *columns) if self.selected else (),
        )

    def _calibrated_entries(self, values: Mapping[str, float]) -> tuple[list[Entry], list[Entry]]:
        """The entries with a calibration, and those that are added."""
        entries = [
            dataclasses.replace(entry, parameters=dataclasses.replace(entry.parameters, **values))
            if isinstance(entry.parameters, CalibrationParameters)
            else entry
            for entry in self.entries
        ]
        if any(isinstance(entry.parameters, CalibrationParameters) for entry in entries):
            return entries, []
        from featkit.features.sets._level_entries import level_entries

        return entries, level_entries(values, self.sample_rate)

    def rate_warning(self, sr: float) -> str:
        """Return a warning for recordings of a low sample rate.

        Parameters
        ----------
        sr : float
            Sample rate of a recording in Hz, before any resampling.

        Returns
        -------
        str
            A sentence without a full stop; "" if the rate is not below `least_rate`.
        """
        if self.least_rate is None or sr >= self.least_rate:
            return ""
        return (
            f"the feature set {self.name} is defined for recordings of at least"
            f" {self.least_rate:,g} Hz, got {sr:,g} Hz: columns of higher frequencies are undefined"
            " or not comparable"
        )

    @classmethod
    def from_dict(
        cls, mapping: Mapping[str, Any], *, where: str = "feature set", folder: str = ""
    ) -> FeatureSet:
        """Create a set from a dict with the structure of a TOML file.

        Parameters
        ----------
        mapping : mapping
            The definition.
        where : str
            Location of the definition, for error messages.
        folder : str
            Folder in which files that the definition names are looked for first.

        Returns
        -------
        FeatureSet

        Raises
        ------
        ParameterError
            If a key is unknown or has an invalid value; the message names it.
        """
        given = checked_keys(mapping, KEYS, where=where)
        rate = given["sample_rate"]
        spectra = SpectraParameters.from_mapping(given["spectra"], where=f"{where}: spectra")
        entries = tuple(
            Entry.from_mapping(features, where=f"{where}: features[{k}]", folder=folder)
            for k, features in enumerate(given["features"])
        )
        try:
            return cls(
                name=given["name"],
                version=given["version"],
                title=given["title"],
                reference=given["reference"],
                note=given["note"],
                least_rate=None if given["least_rate"] is None else float(given["least_rate"]),
                sample_rate=None if rate == "native" else float(rate),
                silent_frames=given["silent_frames"],
                spectra=spectra,
                entries=entries,
                selected=tuple(given["columns"]),
                excluded=tuple(given["exclude"]),
                renamed=dict(given["names"]),
            )
        except ParameterError as error:
            raise ParameterError(f"{where}: {error}") from None

    @classmethod
    def from_columns(cls, names: Sequence[str], *, sample_rate: float | None = 22050) -> FeatureSet:
        """Create the set of some columns, with default parameters.

        Parameters
        ----------
        names : sequence of str
            Names of columns.
        sample_rate : float, optional
            Sample rate in Hz; None keeps the rate of each recording.

        Returns
        -------
        FeatureSet

        Raises
        ------
        ParameterError
            If no family has such a column, or names give different numbers of components.

        Notes
        -----
        A name contains the number of components if the values depend on it and it is not the
        default: ``mel_band_3of20_mean`` is a band of 20, ``gfcc_3of64_mean`` a coefficient of 64
        bands, ``dwt_std_a9`` a band of 9 levels. All other parameters have their defaults,
        whichever set the names come from: `SpectraParameters`, and parameters of families such as
        ``wavelet``, ``roll_percent`` and ``bins_per_octave``. The number of components is also the
        default for a pooled column, ``mel_band_all_mean``; and for the levels of ``dwt_entropy``,
        ``wavelet_packet_entropy`` and detail bands such as ``dwt_std_d3``, unless another column of
        the family contains it. (With other levels the entropies differ, and details are NaN in
        clips of other lengths.) `as_dict` and `from_dict` restore a set completely.
        """
        from featkit.features.sets._column_names import entries_from_columns

        given: dict[str, Any] = {"features": entries_from_columns(names), "columns": list(names)}
        given["sample_rate"] = "native" if sample_rate is None else sample_rate
        try:
            return cls.from_dict(given, where="columns")
        except ParameterError as error:  # the user gave names, not a table of columns
            raise ParameterError(str(error).removeprefix("columns: ")) from None


def _check_columns(names: Sequence[str], choices: Sequence[str], *, where: str = "") -> None:
    """Raise an error for duplicate names, and for a name that is not among the choices."""
    if len(set(names)) < len(names):
        duplicate, _ = Counter(names).most_common(1)[0]
        raise ParameterError(f"{where}duplicate column {duplicate!r}")
    for name in names:
        if name not in choices:
            raise ParameterError(f"{where}{unknown('column', name, choices)}")


@lru_cache(maxsize=16)
def _from_text(text: str) -> FeatureSet:
    return FeatureSet.from_dict(json.loads(text))
