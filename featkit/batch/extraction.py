"""Many files to one table, whatever happens on the way.

Every recording ends as its rows or as one `Failure`; none ends the batch. Workers are processes,
and between them travel paths and rows, not sound. What is finished is kept at once, if the table is
to be written to a file, so that a run that was killed goes on where it was. The table is the same
for any number of workers, in one go or resumed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

from featkit._utils.io import check_no_input, check_writable
from featkit._utils.workers import why_no_processes, worker_count
from featkit.audio.excerpt import Excerpt
from featkit.batch._checkpoint import kept_parts, parts_file, passing_parts
from featkit.batch._pool import check_timeout
from featkit.batch._run import Run
from featkit.batch._settings import computed_by, corpus_named, provenance
from featkit.batch.outcomes import Extraction, Failure, Progress, write_failures
from featkit.datasets.recordings import recordings
from featkit.datasets.skipped_files import LeftOut
from featkit.errors import ParameterError
from featkit.features.sets.registry import DEFAULT, FeatureSet, feature_set
from featkit.table.feature_table import (
    FeatureTable,
    check_target,
    failures_file,
    rows_at_once,
    write_tables,
)

__all__ = ["Excerpt", "Extraction", "Failure", "Progress", "extract"]


def extract(
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    *,
    output: str | os.PathLike[str] | None = None,
    fresh: bool = False,
    features: str | os.PathLike[str] | Mapping[str, Any] | FeatureSet = DEFAULT,
    labels: str | None = None,
    name_pattern: str | None = None,
    manifest: str | os.PathLike[str] | None = None,
    where: Mapping[str, str | Sequence[str]] | None = None,
    n_jobs: int | None = 1,
    timeout: float | None = None,
    offset: float = 0.0,
    duration: float | None = None,
    pad: bool = False,
    segment: float | None = None,
    segment_hop: float | None = None,
    segment_tail: Literal["drop", "keep", "pad"] = "drop",
    progress: Callable[[Progress], None] | None = None,
) -> Extraction:
    """The features of files and folders of files.

    Parameters
    ----------
    inputs : path or sequence of paths
        Files, and folders that are searched at every depth. See `featkit.datasets.files.find`. With
        a manifest nothing, or the one folder that its paths are relative to.
    output : path, optional
        The table to write, Parquet or CSV by its ending, and beside it the failures, if any, as
        ``<output>.failures.csv``. What is finished is kept in ``<output>.parts`` meanwhile and
        afterwards: another call does only what is missing or was changed. That file may be deleted.
        Of a symbolic link the target is written, and the other files lie beside that.
        A single recording is not kept where there is no such file yet. Left out, the table is in
        memory and nothing is written.
    fresh : bool
        Whether what an earlier call finished is forgotten.
    features : str, path, mapping or FeatureSet
        Name of a feature set, a TOML file, or a dict. See
        `featkit.features.sets.registry.feature_set`.
    labels : str, optional
        ``"folder"`` if the name of the folder that a file lies in becomes its ``label``;
        ``"folder:2"`` if that of the folder above it does, and so on.
    name_pattern : str, optional
        Pattern of the names of files, such as ``"{fold}-{recording}-{take}"``, and of the folders
        that hold them, such as ``"{speaker}/{label}/{take}"`` or ``"{machine}-{label}/"``:
        each field becomes a column of text. See `featkit.datasets.recordings.with_name_fields`.
    manifest : path or str, optional
        A CSV file with a column ``path``, the index of a published dataset, or ``"mirdata:NAME"``:
        names the recordings, and its other columns become columns of text. See
        `featkit.datasets.recordings.read_manifest`.
    where : mapping of str to str or sequence of str, optional
        Columns and the values that they may have: other recordings are left out.
    n_jobs : int, optional
        Worker processes; None for one for each processor. A recording at which its process dies is
        a failure like others. Only a single recording, or with ``n_jobs=1`` and neither `output`
        nor `timeout` all, are analysed in the calling process, which then dies of it, too; the
        former in a child of it, if it has no other thread, as the command line's has not. A process
        that may start no others, such as a worker of `multiprocessing.Pool`, does all itself.
    timeout : float, optional
        Seconds for each file, after which its process is ended and it is a failure.
    offset, duration : float
        Seconds to leave out at the beginning of each file, and to take at most.
    pad : bool
        Whether shorter files are filled up with zeros to `duration`.
    segment, segment_hop : float, optional
        Seconds of a segment, and from one to the next (left out, they follow each other): a row
        for each. A segment is analysed as if it were a file of its own.
    segment_tail : {"drop", "keep", "pad"}
        What becomes of a last segment that is shorter: nothing, a row of the shorter one, or of one
        filled up with zeros. If short ones are dropped, a file shorter than one segment fails.
    progress : callable, optional
        Called with a `Progress` at the beginning, as files are finished, and every second in
        between.

    Returns
    -------
    Extraction
        With ``.table`` and ``.failures``, and ``.remarks`` on what else there is to know.

    Raises
    ------
    ParameterError
        If the inputs hold no recording, a parameter is out of range, what would be written is an
        input, or what an earlier call finished was made with other settings. What is wrong with a
        single recording is a failure, not an error.
    TableError
        If the manifest is wrong; it names file, line and field.
    WriteError
        If `output` or what is finished cannot be written, another process is writing it, or
        ``<output>.parts`` is a file of another kind.
    """
    excerpt = Excerpt(
        offset=offset,
        duration=duration,
        pad=pad,
        segment=segment,
        segment_hop=segment_hop,
        segment_tail=segment_tail,
    )
    chosen = feature_set(features)
    check_timeout(timeout)
    if output is not None:
        check_target(output)
        check_writable(failures_file(output))
    known: dict[str, Any] = {
        "labels": labels,
        "name_pattern": name_pattern,
        "manifest": manifest,
        "where": where,
    }
    paths = (
        [inputs]
        if isinstance(inputs, str | os.PathLike)
        else list(() if inputs is None else inputs)
    )
    left_out = LeftOut(output)
    found = recordings(paths, **known, left_out=left_out)
    if output is not None:
        read = [recording.file for recording in found]
        for written in (output, failures_file(output), parts_file(output)):
            check_no_input(written, read if manifest is None else [os.fspath(manifest), *read])
    alone = len(found) == 1
    here = timeout is None and output is None and (alone or n_jobs == 1)
    cause = "" if here else why_no_processes()
    if cause and timeout is not None:
        raise ParameterError(
            f"timeout needs worker processes, which this process cannot start: {cause}. Leave"
            " timeout out, or call from a process that can"
        )
    workers = worker_count(n_jobs, items=len(found))
    settings = computed_by(chosen, excerpt)
    if output is None or (alone and not parts_file(output).exists()):
        keeping = passing_parts()
    else:
        keeping = kept_parts(output, settings, fresh=fresh)
    with keeping as parts:
        here = bool(cause) or (timeout is None and not parts.kept and (alone or workers == 1))
        processes = 0 if here else workers
        run = Run(found, parts, processes=processes, timeout=timeout, progress=progress)
        run.resume()
        run.compute(chosen, excerpt)
        about = provenance(chosen, excerpt, decoded=run.decoded, corpus=corpus_named(**known))
        if output is None:
            whole = next(run.tables(chosen, about, sys.maxsize))
        else:
            write_tables(output, run.tables(chosen, about, rows_at_once(len(chosen.columns))))
            write_failures(output, run.failures)
            parts.forget_unnamed()
    return Extraction(
        failures=run.failures,
        files=run.files,
        resumed=run.resumed,
        rows=run.rows,
        columns=len(chosen.columns),
        seconds=run.seconds,
        elapsed=run.elapsed,
        remarks=[*parts.remarks, *([_done_here(cause)] if cause and not alone else [])],
        left_out=dict(left_out.counts.most_common()),
        load=(lambda: whole) if output is None else partial(_read, output, about),
    )


def _done_here(cause: str) -> str:
    return f"all recordings were analysed in one process, the calling one: {cause}"


def _read(path: str | os.PathLike[str], provenance: dict[str, Any]) -> FeatureTable:
    """The table as it was written; CSV does not hold where its numbers came from."""
    return FeatureTable.read(path, provenance=provenance)
