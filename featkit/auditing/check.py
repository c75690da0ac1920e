"""The contract of checks, and the registry that finds them.

A check is one module in ``featkit/auditing/checks/`` that exports a `Check` as ``CHECK``. It gets
the audited dataset and yields issues. It is skipped, with the reason, if the dataset lacks what it
needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from featkit._utils.registry import RegistryError, module_registry
from featkit.auditing.dataset import NEEDS, AuditedDataset
from featkit.auditing.issue import Issue


@dataclass(frozen=True)
class Check:
    """A check of a dataset.

    Attributes
    ----------
    name : str
        Name of its module.
    title : str
        Heading of its issues, such as ``"Near copies"``.
    description : str
        What it looks for, as a sentence; for help and documents.
    order : int
        Checks run and are listed in this order, then by name.
    run : callable
        ``run(dataset)`` yields issues, in any order.
    needs : tuple of str
        Of `featkit.auditing.dataset.NEEDS`: what the dataset must have.
    measures : tuple of str
        Measures of sound that it reads, of `featkit.auditing.measure.MEASURES`. A check that also
        works without sound leaves ``"sound"`` out of `needs`; the measures are then missing.
    weaker_than : tuple of str
        Checks that say more: an issue is left out if one issue of theirs has all of its recordings.
        They have a lower `order`.
    limits : callable, optional
        ``limits(dataset)`` returns a sentence on parts that cannot be checked, or None.
    """

    name: str
    title: str
    description: str
    order: int
    run: Callable[[AuditedDataset], Iterable[Issue]]
    needs: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    weaker_than: tuple[str, ...] = ()
    limits: Callable[[AuditedDataset], str | None] | None = None

    def __post_init__(self) -> None:
        if unknown := set(self.needs) - set(NEEDS):
            raise RegistryError(f"check {self.name!r} needs {sorted(unknown)}, which is unknown")


CHECKS = module_registry("check", "featkit.auditing.checks", "CHECK", Check)
"""All checks by name."""
