"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from featkit.executors.executor import Executor

QUIET_KEY = "featkit.quiet"
"""Key of ``--quiet`` in the metadata of click's context."""

JSON_KEY = "featkit.json"
"""Key of ``--json`` in the metadata of click's context."""

C = TypeVar("C", bound=Callable[..., Any])


def _store_quiet(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    context.meta[QUIET_KEY] = value


def _store_json(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    context.meta[JSON_KEY] = value


def _jobs_or_cluster(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    other = {"jobs": "cluster", "cluster": "jobs"}[str(parameter.name)]
    if value is not None and context.params.get(other) is not None:
        raise click.UsageError(
            "--jobs and --cluster exclude each other: the number of workers is that of the cluster"
        )
    return value


jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    callback=_jobs_or_cluster,
    help="Number of worker processes.  [default: one per processor]",
)

cluster_option = click.option(
    "--cluster",
    metavar="ADDRESS|FILE|local:N",
    callback=_jobs_or_cluster,
    help="Work on a Dask cluster: the address of its scheduler, such as tcp://host:8786, its"
    " scheduler file, or local:8 for eight processes.",
)

quiet_option = click.option(
    "-q",
    "--quiet",
    is_flag=True,
    expose_value=False,
    callback=_store_quiet,
    help="Hide progress and summary; failures are still reported.",
)

label_map_option = click.option(
    "--label-map",
    metavar="FILE",
    help="TOML or CSV file that sends the labels of each dataset to common labels.",
)

group_from_option = click.option(
    "--group-from",
    metavar="C|folder[:N]|PATTERN",
    help="Which rows belong together, if the model normalises within groups: a column, the folder,"
    " or a pattern of names such as {speaker}_{take}.  [default: the column of the training]",
)

sequences_option = click.option(
    "--sequences",
    multiple=True,
    metavar="DIR",
    help="Folder of `featkit sequences` for the rows of TABLE, which networks read; once for all"
    " tables, or once for each.",
)

json_option = click.option(
    "--json",
    is_flag=True,
    expose_value=False,
    callback=_store_json,
    help="Print the result as JSON.",
)

_exclude_option = click.option(
    "--exclude",
    multiple=True,
    metavar="C,C",
    help="Columns that are not features, separated by commas.",
)

_exclude_from_option = click.option(
    "--exclude-from",
    metavar="FILE",
    help="Text file of columns that are not features, one name per line.",
)


def exclude_options(command: C) -> C:
    """Add ``--exclude`` and ``--exclude-from`` to a command."""
    return _exclude_option(_exclude_from_option(command))


def _accepted_values(
    context: click.Context, parameter: click.Parameter, conditions: Sequence[str]
) -> dict[str, list[str]]:
    """Parse the values of ``--where``: accepted values by column."""
    accepted: dict[str, list[str]] = {}
    for condition in conditions:
        column, equals, values = condition.partition("=")
        if not column or not equals:
            raise click.BadParameter(f"{condition!r} is not COLUMN=VALUE")
        accepted.setdefault(column, []).extend(values.split(","))
    return accepted


_labels_option = click.option(
    "--labels",
    metavar="folder[:N]",
    help="Use the name of the parent folder as label; with folder:2, that of the folder above it.",
)

_name_pattern_option = click.option(
    "--name-pattern",
    metavar="PATTERN",
    help='Read columns from file and folder names: "{fold}-{take}", "{speaker}/{label}/{take}" or,'
    ' for folders only, "{machine}-{label}/".',
)


def name_options(command: C) -> C:
    """Add ``--labels`` and ``--name-pattern`` to a command."""
    return _labels_option(_name_pattern_option(command))


recorder_option = click.option(
    "--recorder",
    metavar="NAME",
    help="Read time, place and state of the recorder from names and headers: audiomoth, songmeter,"
    " raven (names with a time), or auto.",
)

offset_option = click.option(
    "--offset", type=float, default=0.0, metavar="S", help="Skip S seconds at the start."
)

_sensitivity_option = click.option(
    "--sensitivity",
    type=float,
    metavar="DB",
    help="Sensitivity of the microphone in dB re 1 V/Pa, for sound pressure levels.",
)

_gain_option = click.option(
    "--gain",
    type=float,
    metavar="DB",
    help="Gain between microphone and converter in dB.",
)

_full_scale_voltage_option = click.option(
    "--full-scale-voltage",
    type=float,
    metavar="V",
    help="Voltage of a sample of full scale.",
)


def calibration_options(command: C) -> C:
    """Add ``--sensitivity``, ``--gain`` and ``--full-scale-voltage`` to a command."""
    return _sensitivity_option(_gain_option(_full_scale_voltage_option(command)))


_segment_option = click.option(
    "--segment", type=float, metavar="S", help="One row per segment of S seconds."
)

_segment_hop_option = click.option(
    "--segment-hop",
    type=float,
    metavar="S",
    help="Seconds between the starts of segments.  [default: --segment]",
)

_segment_tail_option = click.option(
    "--segment-tail",
    type=click.Choice(["drop", "keep", "pad"]),
    default="drop",
    show_default=True,
    help="Treatment of a shorter last segment. With drop, a file shorter than one segment fails.",
)


def segment_options(command: C) -> C:
    """Add ``--segment``, ``--segment-hop`` and ``--segment-tail`` to a command."""
    return _segment_option(_segment_hop_option(_segment_tail_option(command)))


_manifest_option = click.option(
    "--manifest", metavar="FILE|mirdata:NAME", help="List of the recordings and their metadata."
)

_where_option = click.option(
    "--where",
    multiple=True,
    metavar="COLUMN=VALUE[,VALUE...]",
    callback=_accepted_values,
    help="Keep only recordings with one of these values; repeatable.",
)


_annotations_option = click.option(
    "--annotations",
    multiple=True,
    metavar="FILE|FOLDER",
    callback=lambda context, parameter, values: list(values) or None,
    help="Analyse the labelled intervals of Raven, Audacity, Praat, audformat or BirdNET files;"
    " repeatable.",
)

_tier_option = click.option("--tier", metavar="T", help="Tier of the TextGrids to read.")

_annotation_label_option = click.option(
    "--annotation-label", metavar="C", help="Column of the annotation files that is the label."
)

_background_option = click.option(
    "--background",
    metavar="LABEL",
    help="Also analyse the time between the intervals of a recording, with this label.",
)


def annotation_options(command: C) -> C:
    """Add ``--annotations``, its options and ``--background`` to a command."""
    options = (_annotations_option, _tier_option, _annotation_label_option, _background_option)
    for option in reversed(options):
        command = option(command)
    return command


def manifest_options(command: C) -> C:
    """Add ``--manifest`` and ``--where`` to a command."""
    return _manifest_option(_where_option(command))


class_prior_option = click.option(
    "--class-prior",
    metavar="balanced|training|FILE",
    help="How common each class is here: equally, as in training, or shares in a CSV or TOML file.",
)

_timeout_option = click.option(
    "--timeout", type=float, metavar="S", help="Fail a file that takes over S seconds."
)

max_failures_option = click.option(
    "--max-failures",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="N",
    help="Accept up to N failures before exit status 3.",
)

_fresh_option = click.option("--fresh", is_flag=True, help="Discard earlier results.")


def batch_options(command: C) -> C:
    """Add ``--timeout``, ``--max-failures`` and ``--fresh`` to a command."""
    return _timeout_option(max_failures_option(_fresh_option(command)))


def command_executor(jobs: int | None, cluster: str | None) -> Executor:
    """Open the executor of the running command, which is closed when the command ends."""
    from featkit.executors.opening import open_executor

    return click.get_current_context().with_resource(open_executor(jobs, cluster))


def is_quiet() -> bool:
    """Whether the running command has the option ``--quiet``."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(QUIET_KEY))


def is_json() -> bool:
    """Whether the running command has the option ``--json``."""
    context = click.get_current_context(silent=True)
    return context is not None and bool(context.meta.get(JSON_KEY))


def sequence_folders(folders: Sequence[str]) -> str | Sequence[str] | None:
    """The value of `sequences_option` as an argument: None, one for all tables, or one for each."""
    if not folders:
        return None
    return folders[0] if len(folders) == 1 else folders
