"""`SequenceSet`: a named list of kinds of sequences, and how recordings become equally long."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from featkit._utils.lazy import cached_property
from featkit._utils.overview import Overview, Overviewed
from featkit._utils.parameters import check_parameter, is_number, is_whole
from featkit.audio.excerpt import LONGEST
from featkit.audio.rates import samples_before
from featkit.errors import ParameterError
from featkit.features._definitions import (
    COMMON_KEYS,
    Key,
    checked_keys,
    definition_hash,
    is_list,
)
from featkit.features.sequences._kinds import kind_from_table
from featkit.features.sets.entries import Entry, check_families
from featkit.features.spectra.parameters import SpectraParameters
from featkit.schema import Column

LENGTH_RULES = ("cut", "resample")

DTYPES = ("float32", "float16")

Files = Literal["name", "path", "none"]
"""How files that parameters name are given in a dict, see `Entry.as_dict`."""

MOST_FRAMES = 2**24
"""Largest number of frames of a sequence; larger ones are rejected as mistakes."""


def _is_one_of(choices: Sequence[str]) -> Key:
    return Key(choices[0], " or ".join(map(repr, choices)), lambda value: value in choices)


KEYS: Mapping[str, Key] = {
    **COMMON_KEYS,
    "kinds": Key((), "a list of names or of tables, each headed [[kinds]] in TOML", is_list),
    "seconds": Key(None, "a number of seconds", lambda v: v is None or is_number(v)),
    "frames": Key(None, "a whole number", lambda v: v is None or is_whole(v)),
    "length_rule": _is_one_of(LENGTH_RULES),
    "dtype": _is_one_of(DTYPES),
}
"""Keys of a sequence set."""


@dataclass(frozen=True, kw_only=True, repr=False)
class SequenceSet(Overviewed):
    """Kinds of sequences that are computed together, and their length.

    Attributes
    ----------
    name : str
        Name of the set.
    version : int
        0 while the set may still change; from 1 on it is frozen.
    title : str
        Purpose.
    sample_rate : float or None
        Sample rate in Hz to which recordings are resampled; None keeps the rate of each.
    spectra : SpectraParameters
        Frames, windows and mel bands.
    kinds : mapping of str to Entry
        Families with one value per frame, by the name of their kind. They have no statistics.
    seconds : float or None
        Seconds of a recording that are analysed: longer ones are cut, shorter ones padded with
        zeros before the analysis. None for all.
    frames : int or None
        Frames of each sequence; None for as many as `seconds` or, without, the longest recording
        has. A kind with a frame rate of its own has this number of frames only if the rule is
        ``"resample"``; if it is ``"cut"``, it has as many as the same samples give.
    length_rule : {"cut", "resample"}
        How a sequence gets `frames` frames. ``"cut"``: it is cut at its end, or padded there with
        the values of silence (see `featkit.features.sequences.analysis.padding_values`).
        ``"resample"``: each new frame is the mean over an equal span of the old ones, weighted by
        overlap.
    dtype : {"float32", "float16"}
        Type of the stored values.

    Notes
    -----
    Values are those of the families, frame by frame. Where a family defines none, such as the pitch
    of an unvoiced frame, the value is that of silence; and 0 if silence has none, either.
    """

    name: str
    version: int = 0
    title: str = ""
    sample_rate: float | None
    spectra: SpectraParameters
    kinds: Mapping[str, Entry] = field(hash=False)
    seconds: float | None = None
    frames: int | None = None
    length_rule: str = "cut"
    dtype: str = "float32"

    def _overview(self) -> Overview:
        from featkit.features._overviews import sequence_set_overview

        return sequence_set_overview(self)

    def __post_init__(self) -> None:
        if not self.kinds:
            raise ParameterError("kinds must name at least one kind of sequence")
        for name, entry in self.kinds.items():
            twin = next(other for other in self.kinds if self.kinds[other] == entry)
            if twin != name:
                raise ParameterError(f"kinds: {twin!r} and {name!r} are the same: keep one of them")
        checks: dict[str, tuple[Any, dict[str, Any]]] = {
            "seconds": (float | None, {"above": 0, "at_most": LONGEST}),
            "frames": (int | None, {"at_least": 1, "at_most": MOST_FRAMES}),
            "length_rule": (str, {"choices": LENGTH_RULES}),
            "dtype": (str, {"choices": DTYPES}),
        }
        for name, (expected, rules) in checks.items():
            value = check_parameter(name, getattr(self, name), expected, **rules)
            object.__setattr__(self, name, value)
        if self.length_rule == "resample" and self.frames is None:
            raise ParameterError("length_rule 'resample' needs frames: give their number, too")
        self.spectra.check_rate(self.sample_rate)
        check_families(self.entries, self.spectra, self.sample_rate)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Families of the kinds, in order."""
        return tuple(self.kinds.values())

    @property
    def silent_frames(self) -> str:
        """Silent frames keep the values that librosa gives for them, as in a feature set."""
        return "keep"

    def n_samples(self, sr: float) -> int | None:
        """Return the largest number of samples that are analysed.

        Parameters
        ----------
        sr : float
            Sample rate in Hz.

        Returns
        -------
        int or None
            None for all. Without `seconds`, it is the number that `frames` frames cover.
        """
        if self.seconds is not None:
            return max(1, samples_before(self.seconds, sr))
        if self.frames is None or self.length_rule == "resample":
            return None
        return (self.frames - 1) * self.spectra.hop_length + self.spectra.n_fft // 2

    @property
    def excerpt_seconds(self) -> float | None:
        """Seconds of a recording that must be read, at most; None for all of it."""
        if self.seconds is not None:
            return self.seconds
        if self.sample_rate is None:
            return None
        samples = self.n_samples(self.sample_rate)
        return None if samples is None else samples / self.sample_rate

    @cached_property
    def channels(self) -> dict[str, tuple[Column, ...]]:
        """Name, unit and definition of each channel, by the name of the kind."""
        return {name: entry.columns for name, entry in self.kinds.items()}

    @property
    def n_channels(self) -> dict[str, int]:
        """Number of channels of each kind."""
        return {name: len(channels) for name, channels in self.channels.items()}

    @cached_property
    def n_frames(self) -> dict[str, int | None]:
        """Number of frames of each kind; None if it depends on the recording, or on a model."""
        samples = self.n_samples(self.sample_rate) if self.sample_rate else None
        longest = None if samples is None else 1 + samples // self.spectra.hop_length
        own = self.frames if self.length_rule == "resample" else None
        return {
            name: own if entry.family.own_frames else self.frames or longest
            for name, entry in self.kinds.items()
        }

    def as_dict(self) -> dict[str, Any]:
        """Return the set as a dict with all defaults.

        Returns
        -------
        dict
            `sequence_set` turns it back into an equal set.
        """
        return self._as_dict("name")

    def _as_dict(self, files: Files) -> dict[str, Any]:
        kinds = {name: entry.as_dict(files=files) for name, entry in self.kinds.items()}
        return {
            "name": self.name,
            "version": self.version,
            "title": self.title,
            "sample_rate": self.sample_rate or "native",
            "spectra": dataclasses.asdict(self.spectra),
            "kinds": [{"name": name} | entry for name, entry in kinds.items()],
            "seconds": self.seconds,
            "frames": self.frames,
            "length_rule": self.length_rule,
            "dtype": self.dtype,
        }

    @cached_property
    def deciding(self) -> dict[str, Any]:
        """The set as a dict, without texts, names of files and the stored type."""
        mapping = self._as_dict("none")
        return {k: v for k, v in mapping.items() if k not in ("name", "title", "dtype")}

    @cached_property
    def fingerprint(self) -> str:
        """Hash of `deciding`: two sets with the same fingerprint give the same values."""
        return definition_hash(self.deciding)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as text, so that a worker builds the set once, however often it is sent."""
        return _from_text, (json.dumps(self._as_dict("path")),)

    @classmethod
    def from_dict(
        cls, mapping: Mapping[str, Any], *, where: str = "sequence set", folder: str = ""
    ) -> SequenceSet:
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
        SequenceSet

        Raises
        ------
        ParameterError
            If a key is unknown or has an invalid value; the message names it.
        """
        given = checked_keys(mapping, KEYS, where=where)
        rate = given.pop("sample_rate")
        spectra = SpectraParameters.from_mapping(given.pop("spectra"), where=f"{where}: spectra")
        kinds: dict[str, Entry] = {}
        for k, table in enumerate(given.pop("kinds")):
            name, entry = kind_from_table(table, where=f"{where}: kinds[{k}]", folder=folder)
            if name in kinds:
                raise ParameterError(f"{where}: kinds[{k}]: duplicate name {name!r}")
            kinds[name] = entry
        sr = None if rate == "native" else float(rate)
        try:
            return cls(sample_rate=sr, spectra=spectra, kinds=kinds, **given)
        except ParameterError as error:
            raise ParameterError(f"{where}: {error}") from None


@lru_cache(maxsize=16)
def _from_text(text: str) -> SequenceSet:
    return SequenceSet.from_dict(json.loads(text))
