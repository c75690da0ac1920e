"""Extract features or sequences from many files into one table, or hand them to another target.

Each recording ends as rows or as one `Failure`; no recording ends the batch. Workers are processes;
they receive paths and return rows, never audio. With an output file, finished rows are stored in a
checkpoint at once, so that a killed run can be resumed. The table is the same for any number of
workers, in one go or resumed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Any, Literal

from featkit._utils.formatting import counted
from featkit._utils.progress import Activity, ProgressCallback, ProgressOption, reporting
from featkit.audio.excerpt import Excerpt
from featkit.batch._batch_run import BatchRun
from featkit.batch._provenance import computation_settings, provenance
from featkit.batch.analysis import Analysis, FeatureAnalysis
from featkit.batch.checkpoint import (
    Checkpoint,
    checkpoint_path,
    memory_checkpoint,
    open_checkpoint,
)
from featkit.batch.corpus_listing import CorpusListing, list_corpus
from featkit.batch.outcomes import BatchResult, Extraction
from featkit.batch.shards.shares import Shard, parse_shard
from featkit.batch.targets import ALL_ROWS, TableInMemory, TableTarget
from featkit.errors import ParameterError
from featkit.executors.executor import Executor, check_timeout
from featkit.executors.opening import open_executor
from featkit.features.sets.loading import DEFAULT, FeatureSet, feature_set
from featkit.schema import Failure
from featkit.table.failure_list import write_failures
from featkit.table.feature_table import FeatureTable

__all__ = ["Excerpt", "Extraction", "Failure", "extract", "extract_excerpt"]


def extract(
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    *,
    output: str | os.PathLike[str] | None = None,
    fresh: bool = False,
    shard: str | None = None,
    features: str | os.PathLike[str] | Mapping[str, Any] | FeatureSet = DEFAULT,
    sensitivity: float | None = None,
    gain: float | None = None,
    full_scale_voltage: float | None = None,
    labels: str | None = None,
    name_pattern: str | None = None,
    recorder: str | None = None,
    manifest: str | os.PathLike[str] | None = None,
    where: Mapping[str, str | Sequence[str]] | None = None,
    annotations: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    tier: str | None = None,
    annotation_label: str | None = None,
    background: str | None = None,
    n_jobs: int | None = 1,
    cluster: Any = None,
    timeout: float | None = None,
    offset: float = 0.0,
    duration: float | None = None,
    pad: bool = False,
    segment: float | None = None,
    segment_hop: float | None = None,
    segment_tail: Literal["drop", "keep", "pad"] = "drop",
    progress: ProgressOption = None,
) -> Extraction:
    """Compute the features of audio files, and of all audio files in folders.

    Parameters
    ----------
    inputs : path or sequence of paths
        Files, and folders that are searched at every depth; see `featkit.datasets.files.find`.
        Also URLs of stores, such as ``s3://bucket/songs`` or ``zip://FOLDER::ARCHIVE.zip``: each
        file is fetched to the worker that decodes it.
        With a manifest: empty, or the folder that its paths are relative to.
    output : path, optional
        The table to write; its suffix selects CSV or Parquet. A name that ends in ``/`` is a folder
        of Parquet files with a fixed number of rows each. Failures are listed in
        ``<output>.failures.csv``. Finished rows are stored in the checkpoint ``<output>.parts``,
        from which another call resumes: it computes only new and changed files. The checkpoint may
        be deleted. If `output` is a symbolic link, all files are written next to its target. For a
        table in a store, such as ``s3://bucket/t.parquet``, the checkpoint is ``t.parquet.parts``
        in the current folder. A single recording needs no checkpoint, and creates none. Without
        `output`, the table is kept in memory, and nothing is written.
    fresh : bool
        Whether to discard earlier results.
    shard : str, optional
        Number of a shard and number of shards, such as ``"3/40"``: only the recordings of this
        share are analysed, and `output` must be a Parquet file. All shards must be given the same
        recordings and options; `featkit.merge` joins their tables. See `featkit.batch.shards`.
    features : str, path, mapping or FeatureSet
        Name of a feature set, a TOML file, or a dict; see
        `featkit.features.sets.loading.feature_set`.
    sensitivity, gain, full_scale_voltage : float, optional
        Calibration of the recorder, with which levels are sound pressure levels: sensitivity of the
        microphone in dB re 1 V/Pa, gain in dB, and voltage of a sample of full scale in V (by
        default 0 dB, 0 dB and 1 V). If the set has no family of calibrated values, the families
        ``sound_level`` and ``third_octave_levels`` are added to it; see
        `featkit.features.sets.feature_set.FeatureSet.calibrated`.
    labels : str, optional
        ``"folder"`` to take the name of the folder that contains a file as its ``label``;
        ``"folder:2"`` for the folder one level above, and so on.
    name_pattern : str, optional
        Pattern of file names, such as ``"{fold}-{recording}-{take}"``, and of the folders that
        contain them, such as ``"{speaker}/{label}/{take}"`` or ``"{machine}-{label}/"``: each
        field becomes a text column. See `featkit.datasets.recordings.with_name_fields`.
    recorder : str, optional
        Recorder whose file names and headers give the text columns ``recorded_at`` (start of the
        file, also in rows of its segments), ``recorder``, ``recorder_id``, ``site``, ``latitude``,
        ``longitude``, ``temperature``, ``battery`` and ``recorder_gain``, which models do not use:
        ``"audiomoth"``, ``"songmeter"``, ``"raven"`` (names with a time), or ``"auto"``. See
        `featkit.datasets.recorder`.
    manifest : path or str, optional
        A CSV file with a column ``path``, the index of a published dataset, or ``"mirdata:NAME"``.
        It lists the recordings, and its other columns become text columns. With columns ``start``
        and ``end`` in seconds, each of its rows is an interval of a recording, and a row of the
        table; ``low_hz`` and ``high_hz`` are copied. See
        `featkit.datasets.recordings.read_manifest`.
    where : mapping of str to str or sequence of str, optional
        Columns with their allowed values; other recordings, or intervals, are skipped.
    annotations : path or sequence of paths, optional
        Files with labelled intervals of the recordings, and folders of them: selection tables of
        Raven, labels of Audacity, TextGrids of Praat, tables of audformat, or results of BirdNET.
        Each interval is a row of the table. See `featkit.datasets.annotation_files.annotated`.
    tier : str, optional
        Name of the tier of the TextGrids, if they have several.
    annotation_label : str, optional
        Column of the annotation files that is the label, if they have several.
    background : str, optional
        Label of the time between the intervals of a recording, which is then analysed, too. Without
        it, recordings without annotations are left out.
    n_jobs : int or None
        Number of worker processes; -1 or None for one per processor. If a recording crashes its
        worker, it is listed as a failure like any other. A single recording is analysed in the
        calling process, and so are all recordings with ``n_jobs=1`` but neither `output` nor
        `timeout`; a crash then ends that process, too. (If the process has no other thread, as in
        the command line, a single recording is analysed in a forked child.) A process that cannot
        start others, such as a worker of `multiprocessing.Pool`, analyses everything itself.
    cluster : str, path or distributed.Client, optional
        A Dask cluster that analyses the recordings instead of local processes; `n_jobs` is then
        ignored. The address of a scheduler, such as ``"tcp://scheduler:8786"``, a scheduler file,
        ``"local:8"`` for eight processes of this machine, or a client. The workers must find the
        recordings under the same paths. The table is the same.
    timeout : float, optional
        Seconds for each file; a file that takes longer is a failure.
    offset : float
        Seconds to skip at the start of each file.
    duration : float, optional
        Seconds to analyse at most; None for the whole rest.
    pad : bool
        Whether to pad shorter files with zeros to `duration`.
    segment : float, optional
        Seconds of a segment: each segment gives a row, as if it were a file of its own.
    segment_hop : float, optional
        Seconds from the start of one segment to the next; by default `segment`.
    segment_tail : {"drop", "keep", "pad"}
        Drop a shorter last segment, keep it, or pad it with zeros. With ``"drop"``, a file shorter
        than one segment is a failure.
    progress : callable, bool or None
        Receives a `featkit.Progress` at the start, whenever files are finished, and every second;
        True shows a bar, False nothing, and None a bar in notebooks.

    Returns
    -------
    Extraction
        The table, the failures and remarks.

    Raises
    ------
    ParameterError
        If there are no recordings, a parameter is out of range, an output would replace an input,
        the checkpoint was made with other settings, or the cluster cannot be reached. A problem
        with one recording is a failure, not an error.
    FeatkitError
        If workers of the cluster have other versions of featkit or of the packages that compute.
    TableError
        If the manifest is invalid; the message names file, line and field.
    WriteError
        If `output` or the checkpoint cannot be written, another process is writing it, or
        ``<output>.parts`` is not a checkpoint.

    See Also
    --------
    featkit.analyse : Features of samples in memory.
    """
    excerpt = Excerpt(
        offset=offset,
        duration=duration,
        pad=pad,
        segment=segment,
        segment_hop=segment_hop,
        segment_tail=segment_tail,
    )
    corpus = {
        "labels": labels,
        "name_pattern": name_pattern,
        "recorder": recorder,
        "manifest": manifest,
        "where": where,
        "annotations": annotations,
        "tier": tier,
        "annotation_label": annotation_label,
        "background": background,
    }
    calibrated = feature_set(features).calibrated(
        sensitivity=sensitivity, gain=gain, full_scale_voltage=full_scale_voltage
    )
    with open_executor(n_jobs, cluster) as executor, reporting(progress) as report:
        return extract_excerpt(
            inputs,
            excerpt,
            features=calibrated,
            output=output,
            fresh=fresh,
            shard=shard,
            corpus=corpus,
            executor=executor,
            timeout=timeout,
            progress=report,
        )


def extract_excerpt(
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None,
    excerpt: Excerpt,
    *,
    features: str | os.PathLike[str] | Mapping[str, Any] | FeatureSet,
    output: str | os.PathLike[str] | None = None,
    **options: Any,
) -> Extraction:
    """Extract features from an excerpt of each recording.

    Parameters
    ----------
    inputs, features, output
        As for `extract`.
    excerpt : Excerpt
        The part of each recording, and its segments.
    **options
        Further parameters of `process_recordings`.

    Returns
    -------
    Extraction

    Raises
    ------
    ParameterError, TableError, WriteError
        As for `extract`.
    """
    analysis = FeatureAnalysis(feature_set(features))
    return extract_analysis(inputs, excerpt, analysis=analysis, output=output, **options)


def extract_analysis(
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None,
    excerpt: Excerpt,
    *,
    analysis: Analysis,
    output: str | os.PathLike[str] | None = None,
    **options: Any,
) -> Extraction:
    """Compute the values of recordings, and keep or write them.

    Parameters
    ----------
    inputs
        As for `extract`.
    excerpt : Excerpt
        The part of each recording, and its segments.
    analysis : Analysis
        The values to compute: features, or sequences.
    output : path, optional
        The table, or the folder of sequences, to write.
    **options
        Further parameters of `process_recordings`.

    Returns
    -------
    Extraction

    Raises
    ------
    ParameterError, TableError, WriteError
        As for `extract`.
    """
    target = TableInMemory() if output is None else analysis.target(output)
    result = process_recordings(
        inputs, excerpt, target, analysis=analysis, output=output, **options
    )
    return Extraction(**vars(result), load=target.load)


def process_recordings(
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None,
    excerpt: Excerpt,
    target: TableTarget,
    *,
    analysis: Analysis,
    output: str | os.PathLike[str] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    fresh: bool = False,
    shard: str | None = None,
    corpus: Mapping[str, Any] = MappingProxyType({}),
    executor: Executor,
    timeout: float | None = None,
    progress: ProgressCallback | None = None,
) -> BatchResult:
    """Compute the values of recordings, and hand them to a target, table by table.

    Memory does not grow with the number of recordings, unless the target keeps the tables or there
    is no output.

    Parameters
    ----------
    inputs, fresh, shard, timeout, progress
        As for `extract`.
    excerpt : Excerpt
        The part of each recording, and its segments.
    target : TableTarget
        Receives the rows when all recordings are analysed.
    analysis : Analysis
        The values to compute: features, or sequences.
    output : path, optional
        The file that the target writes. The checkpoint and the list of failures are written next
        to it.
    checkpoint : path, optional
        Without `output`: finished rows are stored in ``<checkpoint>.parts``; no other file is
        written. Without both, none is.
    corpus : mapping
        The arguments `labels`, `name_pattern`, `recorder`, `manifest`, `where`, `annotations`,
        `tier`, `annotation_label` and `background` of `extract`.
    executor : Executor
        Where the recordings are analysed.

    Returns
    -------
    BatchResult
        Its failures are those of the recordings, then those of the target.

    Raises
    ------
    ParameterError, TableError, WriteError
        As for `extract`.
    """
    check_timeout(timeout)
    share = None if shard is None else parse_shard(shard)
    if share is not None:
        from featkit.batch.shards.shard_file import check_shard_target

        check_shard_target(output, share, fresh=fresh)
    listing = list_corpus(inputs, corpus, excerpt, output=output, share=share)
    resumable = checkpoint if output is None else output
    obstacle = executor.obstacle(isolate=timeout is not None or resumable is not None)
    if obstacle and timeout is not None:
        raise ParameterError(
            f"timeout needs worker processes, which this process cannot start: {obstacle}. Omit"
            " timeout, or call from a process that can start them"
        )
    is_single = len(listing.selected) <= 1
    settings = computation_settings(analysis, excerpt)
    with _open_storage(resumable, settings, fresh=fresh, is_single=is_single) as storage:
        isolate = timeout is not None or storage.is_persistent
        suited = executor.suited(len(listing.selected), isolate=isolate)
        activity = Activity("extracting", "files", progress)
        run = BatchRun(listing.selected, listing.recordings, storage, suited, timeout, activity)
        run.resume()
        run.compute(analysis, excerpt if listing.is_annotated else analysis.needed(excerpt))
        analysis = analysis.settled(
            rows for *_, rows in run.stored_rows(analysis.layout) if rows is not None
        )
        tables = _tables(run, listing, share, analysis, excerpt, target.max_rows)
        target_failures = target.write(tables)
        failures = [*run.failures, *target_failures]
        if output is not None:
            write_failures(output, failures)
        if storage.is_persistent:
            storage.delete_unreferenced()
    remarks = [*listing.log.remarks, *storage.remarks, *_rate_remarks(analysis, run.rates)]
    if obstacle and not is_single:
        remarks.append(f"all recordings were analysed in the calling process: {obstacle}")
    return BatchResult(
        failures=failures,
        files=run.files,
        resumed=run.resumed,
        rows=run.rows,
        columns=analysis.n_columns,
        seconds=run.seconds,
        elapsed=run.elapsed,
        remarks=remarks,
        left_out=listing.left_out,
    )


def _rate_remarks(analysis: Analysis, rates: Mapping[float, int]) -> Iterator[str]:
    """Warnings for low sample rates, with the number of recordings that have them."""
    for sr in sorted(rates):
        if text := analysis.rate_warning(sr):
            yield f"{counted(rates[sr], 'recording')}: {text}"


def _open_storage(
    resumable: str | os.PathLike[str] | None,
    settings: Mapping[str, Any],
    *,
    fresh: bool,
    is_single: bool,
) -> AbstractContextManager[Checkpoint]:
    """The checkpoint of a table; in memory without one, or for a new table of one recording."""
    if resumable is None or (is_single and not checkpoint_path(resumable).exists()):
        return memory_checkpoint()
    return open_checkpoint(resumable, settings, fresh=fresh)


def _tables(
    run: BatchRun,
    listing: CorpusListing,
    share: Shard | None,
    analysis: Analysis,
    excerpt: Excerpt,
    max_rows: int,
) -> Iterator[FeatureTable]:
    """The rows of a finished run with their provenance, and the record of a shard."""
    origin = provenance(
        analysis,
        excerpt,
        decoded=run.decoded,
        corpus=listing.options,
        annotated=listing.is_annotated,
    )
    metadata = {}
    if share is not None:
        from featkit.batch.shards.shard_record import METADATA_KEY, shard_record

        metadata[METADATA_KEY] = shard_record(run, share, listing, origin).to_bytes()
    if max_rows != ALL_ROWS:
        max_rows = min(max_rows, analysis.rows_at_once)
    return run.tables(analysis, origin, max_rows, metadata)
