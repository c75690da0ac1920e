"""`FeatureSet`: a named, versioned choice of columns."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from featkit._utils.parameters import unknown
from featkit.errors import ParameterError
from featkit.features.sets._column_names import entries_of
from featkit.features.sets._keys import checked_keys
from featkit.features.sets.entries import Entry
from featkit.features.spectra import SpectraParameters
from featkit.schema import Column, is_taken


@dataclass(frozen=True, kw_only=True)
class FeatureSet:
    """A named, versioned choice of columns.

    Attributes
    ----------
    name : str
        What the set is called.
    version : int
        0 while the set may still change; from 1 on it is frozen, and a change of any number is
        a new version.
    title, reference, note : str
        What it is for, where it comes from, and what its users must know.
    sample_rate : float or None
        Rate in Hz that recordings are resampled to; None keeps each one's own.
    silent_frames : {"keep", "skip"}
        Whether a frame of digital silence enters the statistics of a descriptor that silence does
        not have with the value that librosa gives it, or is left out. A clip of nothing else is NaN
        in either case.
    spectra : SpectraParameters
        Frames, windows, mel bands.
    entries : tuple of Entry
        The families.
    selected : tuple of str
        If not empty, only these columns, in this order.
    excluded : tuple of str
        Columns that the entries would give, and that are left out.
    renamed : dict of str to str
        What columns are called instead, as in a published table.
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

    def __post_init__(self) -> None:
        if not self.entries:
            raise ParameterError("features must name at least one family")
        names = [column.name for column in self._all_columns]
        if twice := [name for name, count in Counter(names).items() if count > 1]:
            both = [
                f"features[{k}]"
                for k, entry in enumerate(self.entries)
                if twice[0] in [column.name for column in entry.columns]
            ]
            raise ParameterError(f"column {twice[0]!r} stands twice: in {' and '.join(both)}")
        if self.selected and self.excluded:
            raise ParameterError("columns and exclude: give one of them")
        for key, chosen, known in (
            ("", self.selected, names),
            ("exclude: ", self.excluded, names),
            ("names: ", tuple(self.renamed), self.selected or names),
        ):
            if len(set(chosen)) < len(chosen):
                raise ParameterError(f"{key}a column stands twice")
            for name in chosen:
                if name not in known:
                    raise ParameterError(f"{key}{unknown('column', name, known)}")
        if not self.columns:
            raise ParameterError("exclude leaves no column")
        for name in self.renamed.values():
            if is_taken(name):
                raise ParameterError(f"names: no feature may be called {name!r}: choose another")
        if len(set(self.column_names)) < len(self.column_names):
            raise ParameterError("names: two columns would be called alike")
        self._check_together()

    def _check_together(self) -> None:
        half = self.sample_rate / 2 if self.sample_rate else math.inf
        fmin, fmax = self.spectra.fmin, self.spectra.fmax
        if fmin >= half:
            rule = f"fmin must be below half the sample rate ({half:g} Hz), got {fmin:g}"
            raise ParameterError(f"spectra: {rule}")
        if fmax is not None and fmax > half:
            rule = f"fmax must be at most half the sample rate ({half:g} Hz), got {fmax:g}"
            raise ParameterError(f"spectra: {rule}")
        for entry in self.entries:
            if check := entry.family.check:
                try:
                    check(entry.parameters, self.spectra, self.sample_rate)
                except ParameterError as error:
                    raise ParameterError(f"{entry.family_name}: {error}") from None

    @cached_property
    def _all_columns(self) -> tuple[Column, ...]:
        return tuple(column for entry in self.entries for column in entry.columns)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns, in order, by the names that they have in the table."""
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
        """Where each column stands among all that the entries give."""
        place = {column.name: k for k, column in enumerate(self._all_columns)}
        wanted = self.selected or [name for name in place if name not in self.excluded]
        return [place[name] for name in wanted]

    def as_dict(self) -> dict[str, Any]:
        """The set but its note as a dict, with every default; `feature_set` takes it back."""
        everything: dict[str, Any] = {
            "name": self.name,
            "version": self.version,
            "title": self.title,
            "reference": self.reference,
            "sample_rate": self.sample_rate or "native",
            "silent_frames": self.silent_frames,
            "spectra": dataclasses.asdict(self.spectra),
            "features": [entry.as_dict() for entry in self.entries],
        }
        everything |= {"columns": list(self.selected)} if self.selected else {}
        everything |= {"exclude": list(self.excluded)} if self.excluded else {}
        return everything | ({"names": dict(self.renamed)} if self.renamed else {})

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel to a worker as text, to be made once there however often it arrives."""
        return _from_text, (self._text,)

    @cached_property
    def _text(self) -> str:
        return json.dumps(self.as_dict() | {"note": self.note})

    @cached_property
    def deciding(self) -> dict[str, Any]:
        """The set as a dict, but what is only said of it: all that decides the numbers."""
        return {k: v for k, v in self.as_dict().items() if k not in ("title", "reference")}

    @cached_property
    def fingerprint(self) -> str:
        """Hash of all that decides the numbers: two sets with the same one give the same."""
        text = json.dumps(self.deciding, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @classmethod
    def from_dict(cls, mapping: Mapping[str, Any], *, where: str = "feature set") -> FeatureSet:
        """A set from a dict of the TOML file's shape.

        Raises
        ------
        ParameterError
            That names the key.
        """
        given = checked_keys(mapping, where)
        rate = given["sample_rate"]
        spectra = SpectraParameters.from_mapping(given["spectra"], where=f"{where}: spectra")
        entries = tuple(
            Entry.from_mapping(features, where=f"{where}: features[{k}]")
            for k, features in enumerate(given["features"])
        )
        try:
            return cls(
                name=given["name"],
                version=given["version"],
                title=given["title"],
                reference=given["reference"],
                note=given["note"],
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
        """The set that gives the columns of these names, with default parameters.

        Names tell how many components there are where another number of them gives other numbers:
        ``mel_band_3of20_mean`` is of 20 bands, ``gfcc_3of64_mean`` a coefficient of 64 bands,
        ``dwt_std_a9`` of 9 levels. They tell nothing else. `SpectraParameters` and all other
        parameters of the families, such as ``wavelet``, ``roll_percent`` and ``bins_per_octave``,
        have their defaults, whichever set the names come from. So has the number of components
        behind a pooled column, ``mel_band_all_mean``; and so have the levels behind
        ``dwt_entropy``, ``wavelet_packet_entropy`` and detail bands such as ``dwt_std_d3``, unless
        the name of another column of the family tells them: the entropies are others then, and the
        details NaN in clips of other lengths. A set itself comes back from its `as_dict`.

        Raises
        ------
        ParameterError
            For a name that no family gives, and for names that tell different numbers.
        """
        given: dict[str, Any] = {"features": entries_of(names), "columns": list(names)}
        given["sample_rate"] = "native" if sample_rate is None else sample_rate
        try:
            return cls.from_dict(given, where="columns")
        except ParameterError as error:  # what is wrong is a name, not a key
            raise ParameterError(str(error).removeprefix("columns: ")) from None


@lru_cache(maxsize=16)
def _from_text(text: str) -> FeatureSet:
    return FeatureSet.from_dict(json.loads(text))
