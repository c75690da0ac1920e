"""Display of a leaderboard: scores, time and size of each model, and differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from featkit._utils.data_sizes import data_size
from featkit._utils.formatting import duration
from featkit.cli._console import show_table
from featkit.report.formatting import fixed

if TYPE_CHECKING:
    from featkit.models.fit_summary import Effort
    from featkit.models.leaderboard_types import ModelDifference


def show_models(
    titles: Sequence[str],
    rows: Sequence[tuple[str, Sequence[str]]],
    effort: Mapping[str, Effort] | None,
) -> None:
    """Print the scores of each model, with processor time and size if these are known.

    Parameters
    ----------
    titles : sequence of str
        Heads of the columns of metrics.
    rows : sequence of (str, sequence of str)
        Name of each model, and the text of its metrics.
    effort : mapping of str to Effort or None
        Time and size of each model.
    """
    added = ["time", "size"] if effort else []
    show_table(
        ["model", *titles, *added],
        [[name, *cells, *(_effort_cells(effort, name) if effort else [])] for name, cells in rows],
    )


def _effort_cells(effort: Mapping[str, Effort], name: str) -> list[str]:
    if name not in effort:  # the baseline
        return ["", ""]
    own = effort[name]
    return [duration(own.processor_seconds), data_size(own.model_bytes)]


def show_differences(kept: str, differences: Sequence[ModelDifference] | None) -> None:
    """Print the paired differences between the kept model and each other one.

    Parameters
    ----------
    kept : str
        Name of the kept model.
    differences : sequence of ModelDifference or None
        None unless several models were named.
    """
    if not differences:
        return
    unit = "recordings" if differences[0].per == "recording" else "rows"
    click.echo(
        f"\naccuracy of {kept} minus that of each other model on the same"
        f" {differences[0].count} {unit} [95 % confidence interval], {unit} that only one of the"
        " two classifies correctly, and McNemar's exact test:"
    )
    show_table(
        ["model", "difference", f"only {kept}", "only the other", "p"],
        [
            [
                one.model,
                f"{one.accuracy:+.3f} [{one.low:+.3f}, {one.high:+.3f}]",
                str(one.only_kept),
                str(one.only_other),
                fixed(one.p_value) if one.p_value >= 0.0005 else f"{one.p_value:.0e}",
            ]
            for one in differences
        ],
    )
