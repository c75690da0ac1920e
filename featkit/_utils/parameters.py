"""Validation of parameters: of single arguments, and of classes of parameters.

A single argument is checked where it is first used::

    timeout = check_parameter("timeout", timeout, float | None, above=0, at_most=1e7)

Several parameters that belong together are a subclass of `Parameters`. Each field states its
default, its meaning with the unit, and its bounds. The class is a frozen dataclass with
keyword-only arguments, and checks them when it is made::

    class Frames(Parameters):
        n_fft: int = parameter(2048, "samples of a frame", at_least=16)
        window: str = parameter("hann", "window function", choices=("hann", "hamming"))

Rules between parameters follow in ``__post_init__``, after ``super().__post_init__()``. For a name
that does not exist, `unknown` writes the message.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from numbers import Integral, Real
from operator import ge, gt, le, lt
from typing import Any, ClassVar, Self, TypedDict, Unpack, cast, dataclass_transform

from featkit.errors import ParameterError

MAX_NAMES = 60
"""Largest number of existing names that a message lists."""

COMPARISONS = {"at_least": ge, "above": gt, "at_most": le, "below": lt}

TYPE_NAMES = {int: "a whole number", float: "a number", str: "a string", bool: "True or False"}


class Rules(TypedDict, total=False):
    """Keyword arguments that restrict a value.

    Attributes
    ----------
    at_least, at_most : float, optional
        Bounds that the value may reach.
    above, below : float, optional
        Bounds that the value may not reach.
    choices : tuple of str
        Allowed strings; empty to allow any.
    convert : callable, optional
        ``convert(name, value)`` checks and returns a value that is neither a number nor a string.
        Type and other rules are then ignored.
    """

    at_least: float | None
    at_most: float | None
    above: float | None
    below: float | None
    choices: tuple[str, ...]
    convert: Callable[[str, Any], Any] | None


def parameter(default: Any, doc: str, **rules: Unpack[Rules]) -> Any:
    """Declare a field of a `Parameters` class.

    Parameters
    ----------
    default : object
        Default value.
    doc : str
        Meaning, with the unit.
    **rules
        See `Rules`.

    Returns
    -------
    object
        The field, for a class body.
    """
    return dataclasses.field(default=default, metadata={"doc": doc, **rules})


def file_parameter(doc: str) -> Any:
    """Declare a field whose value is the path of a file; empty by default.

    The path is where the file is on this machine. It is no part of what is stored, which has the
    name of the file only, and two objects are equal if only their paths differ. A digest of the
    content belongs in another field.

    Parameters
    ----------
    doc : str
        Meaning.

    Returns
    -------
    object
        The field, for a class body.
    """
    return dataclasses.field(default="", compare=False, metadata={"doc": doc, "is_file": True})


def table_parameter(doc: str, *, convert: Callable[[str, Any], Any]) -> Any:
    """Declare a field whose value is a table of names and values; empty by default.

    Parameters
    ----------
    doc : str
        Meaning.
    convert : callable
        ``convert(name, value)`` checks a value and returns it as a dict.

    Returns
    -------
    object
        The field, for a class body.
    """
    metadata = {"doc": doc, "convert": convert}
    return dataclasses.field(default_factory=dict, hash=False, metadata=metadata)


@dataclass_transform(
    kw_only_default=True,
    frozen_default=True,
    field_specifiers=(parameter, file_parameter, table_parameter),
)
class Parameters:
    """Base class of parameters that belong together: frozen, keyword-only, checked when made.

    Subclasses are dataclasses with the methods of this class. Methods that `dataclasses` generates
    take a millisecond for each class, which adds up when a process starts.

    Parameters
    ----------
    **values
        Values by field; missing fields have their defaults.

    Raises
    ------
    ParameterError
        If a value has another type, or is out of bounds.
    TypeError
        If there is no such field.
    """

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        _made_dataclass(cls)

    def __init__(self, **values: Any) -> None:
        for field in dataclasses.fields(self):
            if field.name in values:
                value = values.pop(field.name)
            elif field.default_factory is dataclasses.MISSING:
                value = field.default
            else:
                value = field.default_factory()
            object.__setattr__(self, field.name, value)
        if values:
            name = next(iter(values))
            raise TypeError(f"{type(self).__name__}() has no parameter {name!r}")
        self.__post_init__()

    def __post_init__(self) -> None:
        for name, kind, rules in _checks(type(self)):  # type: ignore[arg-type]  # it is hashable
            value = check_parameter(name, getattr(self, name), kind, **rules)
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        values = (f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self))
        return f"{type(self).__qualname__}({', '.join(values)})"

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(
            getattr(self, field.name) == getattr(other, field.name)
            for field in dataclasses.fields(self)
            if field.compare
        )

    def __hash__(self) -> int:
        return hash(
            tuple(
                getattr(self, field.name)
                for field in dataclasses.fields(self)
                if (field.compare if field.hash is None else field.hash)
            )
        )

    def __setattr__(self, name: str, value: object) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    @classmethod
    def file_fields(cls) -> list[str]:
        """Return the names of the fields that are paths of files.

        Returns
        -------
        list of str
        """
        return [field.name for field in dataclasses.fields(cls) if "is_file" in field.metadata]

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], *, where: str) -> Self:
        """Make the parameters from a dict or a TOML table.

        Parameters
        ----------
        mapping : mapping
            Values by field; missing fields have their defaults.
        where : str
            Description of the table, for error messages.

        Returns
        -------
        Parameters
            An instance of this class.

        Raises
        ------
        ParameterError
            If a key is unknown or a value is invalid; the message begins with `where`.
        """
        names = [field.name for field in dataclasses.fields(cls)]
        for key in mapping:
            if key not in names:
                raise ParameterError(f"{where}: {unknown('key', str(key), names)}")
        try:
            return cls(**mapping)
        except ParameterError as error:
            raise ParameterError(f"{where}: {error}") from None


_made_dataclass = dataclasses.dataclass(init=False, repr=False, eq=False)
_made_dataclass(Parameters)


@lru_cache
def _checks(kind: type[Parameters]) -> list[tuple[str, Any, Rules]]:
    """Name, type and rules of each field."""
    hints = typing.get_type_hints(kind)
    return [
        (
            field.name,
            hints[field.name],
            cast("Rules", {k: v for k, v in field.metadata.items() if k not in ("doc", "is_file")}),
        )
        for field in dataclasses.fields(kind)
    ]


def check_parameter(name: str, value: Any, expected: Any, **rules: Unpack[Rules]) -> Any:
    """Check a value, and convert NumPy numbers to Python numbers.

    Parameters
    ----------
    name : str
        Name of the parameter, for error messages.
    value : object
        The value.
    expected : type
        ``int``, ``float``, ``str`` or ``bool``, or one of them ``| None``. A whole number is a
        valid float, but a float is not a valid whole number, and True is not a number.
    **rules
        See `Rules`.

    Returns
    -------
    object
        The value as the expected type.

    Raises
    ------
    ParameterError
        If the value has another type, is not finite, or is out of bounds.
    TypeError
        If the name of a rule is misspelled.

    Examples
    --------
    >>> check_parameter("hop_length", 512, int, above=0)
    512
    >>> check_parameter("timeout", -1, float | None, above=0)
    Traceback (most recent call last):
    featkit.errors.ParameterError: timeout must be above 0, got -1.0
    """
    if misspelled := rules.keys() - Rules.__annotations__.keys():
        raise TypeError(f"unknown rules: {', '.join(sorted(misspelled))}")
    if convert := rules.get("convert"):
        return convert(name, value)
    value = _convert(name, value, expected)
    choices, bounds = rules.get("choices"), cast("Mapping[str, float]", rules)
    if isinstance(value, str) and choices and value not in choices:
        raise ParameterError(unknown(name, value, choices))
    for kind, is_within in COMPARISONS.items() if isinstance(value, int | float) else ():
        bound = bounds.get(kind)
        if bound is not None and not is_within(value, bound):
            raise ParameterError(f"{name} must be {kind.replace('_', ' ')} {bound}, got {value}")
    return value


def explained(parameters: type[Parameters]) -> list[tuple[str, str, str, str]]:
    """Describe a class of parameters, for the catalogue.

    Parameters
    ----------
    parameters : type
        A subclass of `Parameters`.

    Returns
    -------
    list of (str, str, str, str)
        Name, default, bounds and meaning of each field.
    """
    return [
        (field.name, _default_text(field.default), _bounds(field.metadata), field.metadata["doc"])
        for field in dataclasses.fields(parameters)
    ]


def _default_text(default: Any) -> str:
    if default in (None, "", dataclasses.MISSING):
        return ""
    return f"{default:g}" if isinstance(default, float) else json.dumps(default)


def _bounds(metadata: Mapping[str, Any]) -> str:
    bounds = [
        f"{kind.replace('_', ' ')} {metadata[kind]:,}"
        for kind in COMPARISONS
        if metadata.get(kind) is not None
    ]
    if metadata.get("choices"):
        bounds.append(f"one of {', '.join(metadata['choices'])}")
    return ", ".join(bounds)


def unknown(kind: str, name: object, names: Iterable[str]) -> str:
    """Message for a name that does not exist, with the closest existing name.

    Parameters
    ----------
    kind : str
        The kind of thing that is named, such as ``"column"``.
    name : object
        The unknown name.
    names : iterable of str
        The existing names.

    Returns
    -------
    str
        The message.

    Examples
    --------
    >>> unknown("column", "temop", ["rms", "tempo"])
    "unknown column 'temop': did you mean 'tempo'? available: rms, tempo"
    """
    import difflib

    names = list(names)
    close = difflib.get_close_matches(str(name), names, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return (
        f"unknown {kind} {name!r}: {hint}available: {', '.join(names[:MAX_NAMES]) or 'none'}{more}"
    )


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number, of Python or NumPy; True and False are not.

    Parameters
    ----------
    value : object
        The value.

    Returns
    -------
    bool
        True for ``int`` and NumPy integers.
    """
    return isinstance(value, Integral) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Whether a value is a real number, of Python or NumPy; True and False are not.

    Parameters
    ----------
    value : object
        The value.

    Returns
    -------
    bool
        True for ``int``, ``float`` and NumPy's real numbers, NaN included.
    """
    return isinstance(value, Real) and not isinstance(value, bool)


def _convert(name: str, value: Any, expected: Any) -> Any:
    """The value as the expected type; a float is never converted to a whole number."""
    if is_whole(value):
        value = int(value)
    elif is_number(value):
        value = float(value)
    allowed = typing.get_args(expected) or (expected,)
    if float in allowed and type(value) is int:
        value = float(value) if value.bit_length() < 1000 else math.inf
    if not isinstance(value, allowed) or (isinstance(value, bool) and bool not in allowed):
        kinds = [TYPE_NAMES[kind] for kind in allowed if kind in TYPE_NAMES]
        kinds += ["None"] * (types.NoneType in allowed)
        raise ParameterError(f"{name} must be {' or '.join(kinds)}, got {value!r}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ParameterError(f"{name} must be finite, got {value!r}")
    return value
