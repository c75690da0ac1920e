"""The catalogue: every descriptor of every family on one page of Markdown, from the code.

The page is `docs/features.md`; ``featkit features --catalogue`` writes it, and a test
holds the file to the code. Costs are measured, so that they alone may differ from machine to
machine.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from pathlib import Path

from featkit._utils.parameters import Parameters, explained
from featkit.features.costs import SECONDS, Costs, cost_text
from featkit.features.family import Descriptor, Family, families
from featkit.features.spectra import SpectraParameters
from featkit.features.statistics import STATISTICS

HEAD = """\
# Catalogue of descriptors

All {descriptors} descriptors of the {families} families, with the parameters they have by default.
This page is generated: `featkit features --catalogue > docs/features.md` writes it anew.

A descriptor over frames becomes columns by statistics, `<descriptor>[_<index>]_<statistic>`; one of
clips is a column itself: see [Statistics](#statistics). What all families share is set by the
parameters of [Spectra](#spectra). `featkit describe COLUMN` says what a column means.

Costs are milliseconds for {seconds:g} s of sound at 22,050 Hz, one thread, beyond what spectra
share (transform, magnitudes and their moments, power, mel bands), which costs {shared:.1f} ms.
`featkit features --cost` measures them on your machine. Measured on: {machine}.
"""

STATISTICS_HEAD = """\
## Statistics

Of a descriptor over frames. A unit is that of the descriptor where it says {}.

| statistic | unit | definition |
| --- | --- | --- |
"""

SPECTRA_HEAD = """\
## Spectra

What all families share; the table `[spectra]` of a feature set.

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
        descriptors=sum(len(each.usual) for each in found),
        families=len(found),
        seconds=SECONDS,
        shared=costs.shared,
        machine=machine,
    )
    overview = _table(
        ["family", "what", "descriptors", "cost, ms"],
        [_overview(each, costs.families[each.name]) for each in found],
    )
    sections = [_section(each, costs.families[each.name]) for each in found]
    spectra = SPECTRA_HEAD + _parameters(SpectraParameters)
    return "\n".join([head, overview, STATISTICS_HEAD + _statistics(), spectra, *sections])


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
    about = f"Cost: {cost_text(cost)} ms; {values}. {family.summary}"
    table = _table(HEADER, [_row(d) for d in family.usual])
    parameters = _parameters(family.parameters)
    return "\n".join(
        part for part in (f"## {family.name}\n", f"{about}\n", table, parameters) if part
    )


def _overview(family: Family, cost: float) -> tuple[str, ...]:
    names = [f"`{d.name}`" for d in family.usual]
    link = f"[{family.name}](#{family.name})"
    return link, family.summary, ", ".join(names), cost_text(cost)


def _statistics() -> str:
    rows = [(name, unit, text) for name, (_, text, unit) in STATISTICS.items()]
    rows.append(("p0 to p100", "{}", "percentile over frames (linear)"))
    return "".join(f"| {name} | {unit} | {text} |\n" for name, unit, text in rows)


def _parameters(parameters: type[Parameters]) -> str:
    """A line for each parameter: its default, its meaning, its bounds."""
    lines = [
        f"- `{name}`{f' = {default}' if default else ''}: {doc}{f' ({bounds})' if bounds else ''}\n"
        for name, default, bounds, doc in explained(parameters)
    ]
    return "".join(lines)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    ruled = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in ruled)


def _row(d: Descriptor) -> tuple[str, ...]:
    cells = (d.unit, _range(d), d.definition, d.reference, d.undefined)
    indices = summed_up([f"`{index}`" for index in d.indices])
    return (f"`{d.name}`", indices, *map(_escaped, cells))


def summed_up(names: Sequence[str]) -> str:
    """Names one by one, or how many and some of them."""
    if len(names) <= 7:
        return ", ".join(names)
    return f"{len(names)}: {names[0]}, {names[1]} … {names[-1]}"


def _range(d: Descriptor) -> str:
    low, high = (f"{value:g}".replace("inf", "∞").replace("-", "−") for value in (d.low, d.high))
    return f"{low} to {high}"


def _escaped(text: str) -> str:
    """Text in which Markdown sees no markup."""
    for mark in ("\\", "|", "*", "<", "`"):
        text = text.replace(mark, f"\\{mark}")
    return text
