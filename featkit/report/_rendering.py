"""Pages as text: the sections of a page in their order, in one HTML file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from featkit._utils.progress import Activity, ProgressCallback
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
    report: ProgressCallback | None = None,
) -> str:
    """Render a page; `columns` are those whose definitions the page contains."""
    template = environment().get_template("page.html.j2")
    sections = sections_of(page, task, model_inputs)
    activity = Activity("writing the report", "sections", report)
    contents = []
    for k, section in enumerate(sections, start=1):
        contents.append((section, section.build(inputs)))
        activity.report(k, len(sections))
    return template.render(
        policy=policy(),
        style=asset("style.css"),
        script=asset("script.js"),
        subtitle=subtitle,
        title=title,
        sections=contents,
        column_numbers={name: k for k, name in enumerate(columns, start=1)},
        script_data=script_data or {},
    )


def write(path: Folder, text: str) -> None:
    """Write a page atomically."""
    with replacing(path) as scratch:
        scratch.write_text(text, "utf-8", errors="backslashreplace")
