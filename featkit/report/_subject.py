"""What a report is on: a model, the result of a training, or the scores that it wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class Subject(Protocol):
    """What is known of a model, as far as a report tells it; see `Classifier`."""

    @property
    def name(self) -> str: ...
    @property
    def classes(self) -> list[str]: ...
    @property
    def columns(self) -> list[str]: ...
    @property
    def provenance(self) -> Mapping[str, Any]: ...
    @property
    def training(self) -> Mapping[str, Any]: ...
    @property
    def scores(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True)
class Scored:
    """A model of which there are only its scores."""

    name: str
    classes: list[str]
    scores: Mapping[str, Any]
    columns: list[str] = field(default_factory=list)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
