"""Parameters that know their own bounds: frozen dataclasses, checked when they are made.

A class of parameters lists its fields with `parameter`, which holds default, bounds and meaning in
one place. Whoever makes one, from Python, a dict or a TOML file, gets the same checks and an
error that names the key.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Any, Self, dataclass_transform, get_type_hints

from featkit.errors import ParameterError

MOST_NAMED = 60
"""Names that an error lists of what there is."""


def parameter(
    default: Any,
    doc: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    above: float | None = None,
    below: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    """A field of a `Parameters` class: its default, its meaning (with the unit) and its bounds."""
    bounds = {"at_least": at_least, "at_most": at_most, "above": above, "below": below}
    return dataclasses.field(default=default, metadata={"doc": doc, "choices": choices, **bounds})


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(parameter,))
@dataclasses.dataclass(frozen=True, kw_only=True)
class Parameters:
    """The base of all parameters: frozen, keyword only, validated on construction."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        dataclasses.dataclass(frozen=True, kw_only=True)(cls)

    def __post_init__(self) -> None:
        types = get_type_hints(type(self))
        for field in dataclasses.fields(self):
            value = _checked(field, types[field.name], getattr(self, field.name))
            object.__setattr__(self, field.name, value)

    @classmethod
    def from_mapping(cls, mapping: Mapping[str, Any], *, where: str) -> Self:
        """The parameters that `mapping` names; `where` says in an error which table it was."""
        known = [field.name for field in dataclasses.fields(cls)]
        for key in mapping:
            if key not in known:
                raise ParameterError(f"{where}: {unknown('key', str(key), known)}")
        try:
            return cls(**mapping)
        except ParameterError as error:
            raise ParameterError(f"{where}: {error}") from None


def explained(parameters: type[Parameters]) -> list[tuple[str, str, str, str]]:
    """Name, default, bounds and meaning of each parameter, as text."""
    return [
        (field.name, _said(field.default), _bounds(field.metadata), field.metadata["doc"])
        for field in dataclasses.fields(parameters)
    ]


def _said(default: Any) -> str:
    if default is None:
        return ""
    return f"{default:g}" if isinstance(default, float) else json.dumps(default)


def _bounds(metadata: Mapping[str, Any]) -> str:
    words = ("at_least", "above", "at_most", "below")
    bounds = [
        f"{word.replace('_', ' ')} {metadata[word]:,}"
        for word in words
        if metadata[word] is not None
    ]
    if metadata["choices"]:
        bounds.append(f"one of {', '.join(metadata['choices'])}")
    return ", ".join(bounds)


def unknown(what: str, name: object, known: Iterable[str]) -> str:
    """A sentence for a name that does not exist: what was meant, and what there is."""
    names = list(known)
    close = difflib.get_close_matches(str(name), names, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    said = ", ".join(names[:MOST_NAMED]) or "none"
    return f"unknown {what} {name!r}: {hint}known are {said}{more}"


def _checked(field: dataclasses.Field[Any], expected: Any, value: Any) -> Any:
    value = _typed(field.name, expected, value)
    if not isinstance(value, (int, float)):
        if field.metadata["choices"] and value not in field.metadata["choices"]:
            raise ParameterError(unknown(field.name, value, field.metadata["choices"]))
        return value
    bounds = field.metadata
    if bounds["at_least"] is not None and not value >= bounds["at_least"]:
        raise ParameterError(f"{field.name} must be at least {bounds['at_least']}, got {value}")
    if bounds["at_most"] is not None and not value <= bounds["at_most"]:
        raise ParameterError(f"{field.name} must be at most {bounds['at_most']}, got {value}")
    if bounds["above"] is not None and not value > bounds["above"]:
        raise ParameterError(f"{field.name} must be above {bounds['above']}, got {value}")
    if bounds["below"] is not None and not value < bounds["below"]:
        raise ParameterError(f"{field.name} must be below {bounds['below']}, got {value}")
    return value


def is_whole(value: Any) -> bool:
    """Whether it is a whole number, of Python or NumPy; True and False are not."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    """Whether it is a real number, of Python or NumPy; True and False are not."""
    return isinstance(value, Real) and not isinstance(value, bool)


def _typed(name: str, expected: Any, value: Any) -> Any:
    """`value` as the type that the annotation asks for; whole floats are no integers."""
    if is_whole(value):
        value = int(value)
    elif is_number(value):
        value = float(value)
    if expected in (float, float | None) and type(value) is int:
        value = float(value) if value.bit_length() < 1000 else math.inf
    if isinstance(value, bool) or not isinstance(value, expected):
        wanted = {int: "a whole number", float: "a number", str: "a text"}.get(expected, "a number")
        raise ParameterError(f"{name} must be {wanted}, got {value!r}")
    if isinstance(value, float) and not math.isfinite(value):
        raise ParameterError(f"{name} must be finite, got {value!r}")
    return value
