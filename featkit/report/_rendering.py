"""Pages as text: the sections of a page in their order, in one HTML file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from featkit.models.estimator import COLUMNS
from featkit.models.task import CLASSIFICATION
from featkit.report._assets import asset, environment, policy
from featkit.report._context import Folder
from featkit.report.section import sections_of
from featkit.storage.writing import replacing


def render(
    page: str,
    inputs: Any,
    *,
    subtitle: str,
    title: str,
    columns: Iterable[str] = (),
    task: str = CLASSIFICATION,
    model_inputs: str = COLUMNS,
    script_data: Mapping[str, Any] | None = None,
) -> str:
    """Render a page; `columns` are those whose definitions the page contains."""
    template = environment().get_template("page.html.j2")
    return template.render(
        policy=policy(),
        style=asset("style.css"),
        script=asset("script.js"),
        subtitle=subtitle,
        title=title,
        sections=[
            (section, section.build(inputs)) for section in sections_of(page, task, model_inputs)
        ],
        column_numbers={name: k for k, name in enumerate(columns, start=1)},
        script_data=script_data or {},
    )


def write(path: Folder, text: str) -> None:
    """Write a page atomically."""
    with replacing(path) as scratch:
        scratch.write_text(text, "utf-8", errors="backslashreplace")
