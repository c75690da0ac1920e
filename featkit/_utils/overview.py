"""Overviews: the short `repr` of results, and the cards that notebooks show instead.

A class inherits from `Overviewed` and describes itself by an `Overview`. The card is HTML with
small inline SVG, without script: all names are escaped, and colours follow the theme of JupyterLab,
VS Code, Colab and Sphinx, or of the system.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import NamedTuple

from featkit._utils.bidi import isolated, settled
from featkit._utils.formatting import counted, printable

MAX_NAME = 60
"""Greatest number of characters of a name or a value; longer ones are cut in the middle."""

MAX_BARS = 8
"""Greatest number of bars of a chart."""

MAX_FACT = 160
"""Greatest number of characters of a line."""

WIDTH, HEIGHT = 160, 12
"""Size of a bar in pixels."""


class Bar(NamedTuple):
    """A row of a chart.

    Attributes
    ----------
    name : str
        Its name.
    value : float
        Length of the bar.
    text : str
        The value in words.
    interval : tuple of float or None
        Ends of a confidence interval.
    """

    name: str
    value: float
    text: str
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Chart:
    """Horizontal bars from 0, or dots with intervals.

    Attributes
    ----------
    title : str
        The quantity.
    bars : sequence of Bar
        At most `MAX_BARS` are shown; a line states how many are not.
    is_zoomed : bool
        Whether the axis covers the values and intervals alone, with dots instead of bars.
    """

    title: str
    bars: Sequence[Bar]
    is_zoomed: bool = False


@dataclass(frozen=True)
class Overview:
    """A short description of an object.

    Attributes
    ----------
    title : str
        Kind and size, in one line.
    facts : sequence of str
        Lines below; empty ones are left out.
    charts : sequence of Chart
        Small figures of the card; their values are no part of the text.
    columns : sequence of str
        Names of the columns of the first rows, for the card.
    rows : sequence of sequence of str
        The first rows.
    following : str
        The most useful attributes and calls.
    """

    title: str
    facts: Sequence[str] = ()
    charts: Sequence[Chart] = ()
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    following: str = ""

    def text(self) -> str:
        """Return the overview as lines of text.

        Returns
        -------
        str
        """
        next_line = f"next: {self.following}" if self.following else ""
        lines = [_sentence(fact) for fact in (*self.facts, next_line) if fact]
        return "\n  ".join([_sentence(self.title), *lines])

    def html(self) -> str:
        """Return the overview as a card.

        Returns
        -------
        str
            One element with its own style.
        """
        facts = "".join(
            f"<div>{escape(settled(_sentence(fact)))}</div>" for fact in self.facts if fact
        )
        charts = "".join(_chart(chart) for chart in self.charts if chart.bars)
        following = f'<div class="fk-next">next: {escape(self.following)}</div>'
        return (
            f'<div class="featkit-overview"><style>{STYLE}</style>'
            f"<div><b>{escape(settled(_sentence(self.title)))}</b></div>{facts}"
            f'<div class="fk-charts">{charts}</div>{self._first_rows()}'
            f"{following if self.following else ''}</div>"
        )

    def _first_rows(self) -> str:
        if not self.rows:
            return ""
        head = "".join(f'<th scope="col">{_shown(name)}</th>' for name in self.columns)
        rows = "".join(
            f"<tr>{''.join(f'<td>{_shown(cell)}</td>' for cell in row)}</tr>" for row in self.rows
        )
        return (
            '<div class="fk-rows" tabindex="0" role="region" aria-label="first rows">'
            "<table><caption>first rows</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
        )


class Overviewed:
    """A result with a short `repr`, and a card in notebooks."""

    def _overview(self) -> Overview:
        raise NotImplementedError

    def __repr__(self) -> str:
        return self._overview().text()

    def _repr_html_(self) -> str:
        return self._overview().html()


def shortened(text: str, length: int = MAX_NAME) -> str:
    """Return a text without control characters, and cut in the middle if it is long.

    Parameters
    ----------
    text : str
        The text.
    length : int
        Greatest number of characters.

    Returns
    -------
    str

    Examples
    --------
    >>> shortened("recordings/a very long folder/song.wav", 20)
    'recordings…/song.wav'
    """
    text = printable(text)
    if len(text) <= length:
        return text
    end = (length - 1) // 2
    return f"{text[: length - 1 - end]}…{text[-end:]}"


def listed(names: Sequence[str], most: int = 6) -> str:
    """Return the first names, and the number of the others.

    Parameters
    ----------
    names : sequence of str
        The names.
    most : int
        Greatest number of names to show.

    Returns
    -------
    str

    Examples
    --------
    >>> listed(["path", "start", "end", "label"], 2)
    'path, start and 2 more'
    """
    shown = ", ".join(shortened(str(name), 40) for name in names[:most])
    rest = len(names) - most
    return f"{shown} and {rest:,} more" if rest > 0 else shown


def _sentence(text: str) -> str:
    """A line without control characters, cut at its end if it is long."""
    text = printable(text)
    return text if len(text) <= MAX_FACT else f"{text[: MAX_FACT - 1]}…"


def _shown(text: str) -> str:
    """A name as HTML, which cannot change the direction of the text around it."""
    return escape(isolated(shortened(text)))


# Charts


def _chart(chart: Chart) -> str:
    bars = chart.bars[:MAX_BARS]
    start, end = _axis(bars, is_zoomed=chart.is_zoomed)
    rows = "".join(
        f'<tr><th scope="row">{_shown(bar.name)}</th>'
        f"<td>{_svg(bar, start, end, is_dot=chart.is_zoomed)}</td><td>{_shown(bar.text)}</td></tr>"
        for bar in bars
    )
    rest = len(chart.bars) - len(bars)
    more = f"<div>and {counted(rest, 'other')}</div>" if rest else ""
    return (
        f"<div><table><caption>{_shown(chart.title)}</caption><tbody>{rows}</tbody></table>"
        f"{more}</div>"
    )


def _axis(bars: Sequence[Bar], *, is_zoomed: bool) -> tuple[float, float]:
    """Ends of the axis: from 0, or with a margin around all values."""
    values = [bar.value for bar in bars] + [end for bar in bars for end in bar.interval or ()]
    if not is_zoomed:
        return 0.0, max(*values, 0.0, 1e-300)
    low, high = min(values), max(values)
    margin = 0.06 * (high - low) or 0.5
    return low - margin, high + margin


def _svg(bar: Bar, start: float, end: float, *, is_dot: bool) -> str:
    """A bar, or a dot with its interval."""

    def x(value: float) -> str:
        return f"{WIDTH * (value - start) / (end - start):.1f}"

    marks = ""
    if not is_dot:
        marks = f'<rect class="fk-mark" fill="#0072b2" y="2" height="8" width="{x(bar.value)}"/>'
    if bar.interval is not None:
        low, high = bar.interval
        line = f"M{x(low)} 6H{x(high)}"
        marks += f'<path d="{line}" stroke="currentColor" stroke-width="1.5"/>'
    if is_dot:
        marks += f'<circle class="fk-mark" fill="#0072b2" cx="{x(bar.value)}" cy="6" r="3.5"/>'
    return (
        f'<svg width="{WIDTH}" height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}"'
        f' aria-hidden="true">{marks}</svg>'
    )


_DARK = ".featkit-overview .fk-mark{fill:#56b4e9}"

STYLE = (
    ".featkit-overview{font-size:13px;line-height:1.5;padding:.5em .8em;margin:.3em 0;"
    "border:1px solid #8888;border-radius:4px;max-width:64em;overflow-wrap:anywhere}"
    ".featkit-overview .fk-charts{display:flex;flex-wrap:wrap;gap:.2em 2em}"
    ".featkit-overview .fk-rows{overflow-x:auto}"
    ".featkit-overview table{border-collapse:collapse;margin:.5em 0;font-size:12px;width:auto;"
    "border:0;color:inherit;display:table}"
    ".featkit-overview caption{caption-side:top;text-align:left;padding:0;color:inherit;"
    "font-style:normal;opacity:.8}"
    ".featkit-overview th,.featkit-overview td{text-align:left;padding:1px 12px 1px 0;border:0;"
    "font-weight:400;background:none;color:inherit;max-width:none;overflow-wrap:normal}"
    ".featkit-overview tr{background:none}"
    ".featkit-overview thead th{border-bottom:1px solid #8888}"
    ".featkit-overview svg{display:block;max-width:none}"
    ".featkit-overview .fk-next{opacity:.8;font-family:monospace;font-size:12px}"
    # JupyterLab, VS Code, Colab and Sphinx name their theme; elsewhere, the system's counts.
    f'[data-jp-theme-light="false"] {_DARK}.vscode-dark {_DARK}html[theme="dark"] {_DARK}'
    f'[data-theme="dark"] {_DARK}'
    "@media (prefers-color-scheme:dark){"
    f'[data-theme="auto"] {_DARK}'
    f"body:not([data-jp-theme-light]):not([data-vscode-theme-kind]):not([data-theme]) {_DARK}}}"
)
"""Style of the card. The blue is that of the report and the plots."""
