"""Compute sequences, the descriptors of recordings frame by frame, for networks to learn from.

The machine is that of `featkit.batch.extraction`: workers, checkpoint, resume and failures.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from featkit._utils.progress import ProgressOption, reporting
from featkit.audio.excerpt import Excerpt
from featkit.batch.extraction import extract_analysis
from featkit.batch.outcomes import Extraction
from featkit.batch.sequence_analysis import SequenceAnalysis
from featkit.executors.opening import open_executor
from featkit.features.sequences.loading import sequence_set
from featkit.features.sequences.sequence_set import SequenceSet

DEFAULT = "logmel128"
"""Name of the sequence set that is used by default."""


def sequences(
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None = None,
    *,
    output: str | os.PathLike[str] | None = None,
    fresh: bool = False,
    features: str | os.PathLike[str] | Sequence[str] | Mapping[str, Any] | SequenceSet = DEFAULT,
    frames: int | None = None,
    seconds: float | None = None,
    dtype: Literal["float32", "float16"] | None = None,
    labels: str | None = None,
    name_pattern: str | None = None,
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
    segment: float | None = None,
    segment_hop: float | None = None,
    segment_tail: Literal["drop", "keep", "pad"] = "drop",
    progress: ProgressOption = None,
) -> Extraction:
    """Compute the sequences of audio files, and of all audio files in folders.

    A sequence is a descriptor frame by frame, such as a mel spectrogram: an array ``(channels,
    frames)``. All recordings get the same number of frames of each kind.

    Parameters
    ----------
    inputs : path or sequence of paths
        Files, folders and URLs, as for `featkit.extract`.
    output : path, optional
        The folder to write, on this machine: ``index.parquet`` with a row for each recording, and
        one array ``<kind>.npy`` of shape ``(rows, channels, frames)`` for each kind. Failures,
        checkpoint and resume are as for `featkit.extract`. Without `output`, the sequences are kept
        in memory, and nothing is written.
    fresh : bool
        Whether to discard earlier results.
    features : str, path, sequence of str, mapping or SequenceSet
        Name of a sequence set; names of kinds, as a list or separated by commas, such as
        ``"mel,mfcc40"``; a TOML or JSON file; or a dict of the same structure. See
        `featkit.features.sequences.loading.sequence_set`.
    frames : int, optional
        Frames of each sequence: longer ones are cut at the end, shorter ones padded, unless the set
        states another rule. By default those of the set or of `seconds`, else as many as the
        longest recording has.
    seconds : float, optional
        Seconds of each recording, or segment, to analyse: longer ones are cut, shorter ones padded.
        By default those of the set.
    dtype : {"float32", "float16"}, optional
        Type of the stored values; by default that of the set.
    labels, name_pattern, manifest, where
        Columns of the index, as for `featkit.extract`.
    annotations, tier, annotation_label, background
        Labelled intervals, each of which is a row, as for `featkit.extract`.
    n_jobs, cluster, timeout
        Where recordings are analysed, as for `featkit.extract`. The result is the same.
    offset : float
        Seconds to skip at the start of each file.
    segment, segment_hop, segment_tail
        Segments, each of which is a row, as for `featkit.extract`.
    progress : callable, bool or None
        Receives a `featkit.Progress` at the start, whenever files are finished, and every second;
        True shows a bar, False nothing, and None a bar in notebooks.

    Returns
    -------
    Extraction
        The table, whose ``sequences`` hold the arrays, the failures and remarks.

    Raises
    ------
    ParameterError
        If there are no recordings, a parameter is out of range, the folder contains anything but
        sequences, the checkpoint was made with other settings, or the cluster cannot be reached. A
        problem with one recording is a failure, not an error.
    FeatkitError
        If workers of the cluster have other versions of featkit or of the packages that compute.
    TableError
        If the manifest is invalid; the message names file, line and field.
    WriteError
        If `output` or the checkpoint cannot be written, another process is writing it, or there is
        not enough space.

    See Also
    --------
    featkit.extract : A row of features for each recording.
    """
    chosen = sequence_set(features, frames=frames, seconds=seconds, dtype=dtype)
    excerpt = Excerpt(
        offset=offset, segment=segment, segment_hop=segment_hop, segment_tail=segment_tail
    )
    corpus = {
        "labels": labels,
        "name_pattern": name_pattern,
        "manifest": manifest,
        "where": where,
        "annotations": annotations,
        "tier": tier,
        "annotation_label": annotation_label,
        "background": background,
    }
    with open_executor(n_jobs, cluster) as executor, reporting(progress) as report:
        return extract_analysis(
            inputs,
            excerpt,
            analysis=SequenceAnalysis(chosen),
            output=output,
            fresh=fresh,
            corpus=corpus,
            executor=executor,
            timeout=timeout,
            progress=report,
        )
