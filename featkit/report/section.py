"""The contract of report sections, and the registry that finds them.

A section is one module in ``featkit/report/sections/`` that exports a `Section` as ``SECTION``,
and one template of the same name next to it: ``overview.py`` and ``overview.html.j2``. The template
gets the result of ``build`` as ``data``. Heading, number and line in the contents follow from the
registry.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from featkit._utils.registry import RegistryError, module_registry
from featkit.models.estimator import COLUMNS, SEQUENCES
from featkit.models.task import CLASSIFICATION

PAGES = ("model", "recording", "comparison", "evaluation", "audit")
"""Reports of a model, a recording, several trainings, models on other datasets, and an audit."""


@dataclass(frozen=True)
class Section:
    """A section of a page.

    Attributes
    ----------
    name : str
        Name of its module, and its anchor in the page.
    title : str
        Heading.
    order : int
        Sections are sorted by this number, then by name.
    build : callable
        ``build(inputs)`` returns the data for the template; None if there is nothing to show. The
        template then explains how to get it. The inputs are a `CrossEvaluation` for the page
        ``"evaluation"``, a `Comparison` for the page ``"comparison"``, `AuditInputs` for the page
        ``"audit"``, and a `Context` for the others.
    pages : tuple of str
        The pages that show it; see `PAGES`.
    tasks : tuple of str
        The tasks of models whose pages show it; see `featkit.models.task.TASKS`.
    inputs : tuple of str
        Inputs of the models whose pages show it; see `featkit.models.estimator.Estimator`.
    link : str
        Its name in the contents, which are one line on a wide screen; by default, the title.
    """

    name: str
    title: str
    order: int
    build: Callable[[Any], Any]
    pages: tuple[str, ...] = ("model",)
    tasks: tuple[str, ...] = (CLASSIFICATION,)
    inputs: tuple[str, ...] = (COLUMNS, SEQUENCES)
    link: str = ""

    def __post_init__(self) -> None:
        if not self.pages or not set(self.pages) <= set(PAGES):
            raise RegistryError(f"section {self.name!r}: pages must be of {PAGES}")

    @property
    def template(self) -> str:
        """File name of its template."""
        return f"{self.name}.html.j2"


SECTIONS = module_registry("report section", "featkit.report.sections", "SECTION", Section)


def sections_of(page: str, task: str = CLASSIFICATION, inputs: str = COLUMNS) -> list[Section]:
    """List the sections of a page.

    Parameters
    ----------
    page : {"model", "recording", "comparison", "evaluation", "audit"}
        The page.
    task : str
        The task of the model.
    inputs : {"columns", "sequences"}
        The inputs of the model.

    Returns
    -------
    list of Section
        The sections in their order.

    Raises
    ------
    RegistryError
        If a module in the folder of sections does not export a valid section.
    """
    shown = [
        section
        for section in SECTIONS.values()
        if page in section.pages and task in section.tasks and inputs in section.inputs
    ]
    return sorted(shown, key=lambda section: (section.order, section.name))
