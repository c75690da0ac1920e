"""The catalogue: every descriptor of every family on one page of Markdown, from the code.

The page is `FEATURES.md` in the package; ``featkit features --catalogue`` writes it, and a test
holds the file to the code. Costs are measured, so that they alone may differ from machine to
machine.
"""

from __future__ import annotations

import platform
from pathlib import Path

from featkit.costs import SECONDS, Costs, cost_text
from featkit.families import Descriptor, Family, families

HEAD = """\
# Catalogue of descriptors

All {descriptors} descriptors of the {families} families, with the parameters they have by default.
This page is generated: `featkit features --catalogue > featkit/FEATURES.md` writes it anew.

A descriptor over frames becomes columns by statistics, `<descriptor>[_<index>]_<statistic>`; one of
clips is a column itself. `featkit describe COLUMN` says what a column means.

Costs are milliseconds for {seconds:g} s of sound at 22,050 Hz, one thread, beyond what spectra
share (transform, magnitudes, power, mel bands), which costs {shared:.1f} ms.
`featkit features --cost` measures them on your machine. Measured on: {machine}.
"""

HEADER = ("descriptor", "components", "unit", "range", "definition", "reference", "undefined")


def page(costs: Costs, machine: str) -> str:
    """The catalogue.

    Parameters
    ----------
    costs : Costs
        Of every family.
    machine : str
        What they were measured on.
    """
    found = families().values()
    head = HEAD.format(
        descriptors=sum(len(each.descriptors(each.parameters())) for each in found),
        families=len(found),
        seconds=SECONDS,
        shared=costs.shared,
        machine=machine,
    )
    return "\n".join([head, *(_section(each, costs.families[each.name]) for each in found)])


def this_machine() -> str:
    """Processor, system and Python."""
    python = f"Python {platform.python_version()}"
    return f"{_processor()}, {platform.system()}, {python}"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8").splitlines() if cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(models), platform.processor() or platform.machine())


def _section(family: Family, cost: float) -> str:
    values = "one value a frame" if family.per == "frame" else "one value a clip"
    rows = [HEADER, ("---",) * len(HEADER)]
    rows += [_row(d) for d in family.descriptors(family.parameters())]
    table = [f"| {' | '.join(row)} |" for row in rows]
    title = f"## {family.name}"
    return "\n".join([title, "", f"Cost: {cost_text(cost)} ms; {values}.", "", *table, ""])


def _row(d: Descriptor) -> tuple[str, ...]:
    cells = (d.unit, _range(d), d.definition, d.reference, d.undefined)
    return (f"`{d.name}`", _components(d), *map(_escaped, cells))


def _components(d: Descriptor) -> str:
    if len(d.indices) <= 7:
        return ", ".join(f"`{index}`" for index in d.indices)
    return f"{len(d.indices)}: `{d.indices[0]}`, `{d.indices[1]}` … `{d.indices[-1]}`"


def _range(d: Descriptor) -> str:
    low, high = (f"{value:g}".replace("inf", "∞").replace("-", "−") for value in (d.low, d.high))
    return f"{low} to {high}"


def _escaped(text: str) -> str:
    """Text in which Markdown sees no markup."""
    for mark in ("\\", "|", "*", "<", "`"):
        text = text.replace(mark, f"\\{mark}")
    return text
