"""List the recordings of a corpus, and check that no output replaces one of them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from featkit.audio.excerpt import Excerpt
from featkit.batch._provenance import corpus_options
from featkit.batch.checkpoint import checkpoint_path
from featkit.batch.shards.shares import Shard, share_places
from featkit.datasets.annotation_files import AnnotationLog
from featkit.datasets.files import Recording
from featkit.datasets.recordings import recordings
from featkit.datasets.skipped_files import SkippedFiles
from featkit.errors import ParameterError
from featkit.storage.writing import check_no_input, check_writable
from featkit.table.table_files import failures_file


@dataclass(frozen=True, eq=False)
class CorpusListing:
    """The recordings of a corpus.

    Attributes
    ----------
    recordings : sequence of Recording
        All recordings.
    places : sequence of int
        Ascending places in `recordings` of those to analyse: all, or those of a shard.
    selected : sequence of Recording
        The recordings to analyse.
    options : dict
        The options that select and label recordings, for the provenance.
    log : AnnotationLog
        Files of the annotations, and remarks on them.
    left_out : dict of str to int
        As in `featkit.batch.outcomes.BatchResult`.
    """

    recordings: Sequence[Recording]
    places: Sequence[int]
    selected: Sequence[Recording]
    options: dict[str, Any]
    log: AnnotationLog
    left_out: dict[str, int]

    @property
    def is_annotated(self) -> bool:
        """Whether rows are annotated intervals."""
        return any(recording.annotations is not None for recording in self.recordings)


def list_corpus(
    inputs: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None,
    options: Mapping[str, Any],
    excerpt: Excerpt,
    *,
    output: str | os.PathLike[str] | None = None,
    share: Shard | None = None,
) -> CorpusListing:
    """List the recordings of a corpus, and select those of a shard.

    Parameters
    ----------
    inputs : path or sequence of paths, optional
        As for `featkit.extract`.
    options : mapping
        The arguments `labels`, `name_pattern`, `recorder`, `manifest`, `where`, `annotations`,
        `tier`, `annotation_label` and `background` of `featkit.extract`.
    excerpt : Excerpt
        The part of each recording, and its segments.
    output : path, optional
        The table to write.
    share : Shard, optional
        The shard; None for all recordings.

    Returns
    -------
    CorpusListing

    Raises
    ------
    ParameterError
        If there are no recordings, an output cannot be written or would replace an input, or the
        excerpt cannot be used with annotations.
    TableError
        If the manifest is invalid.
    """
    if output is not None:
        check_writable(failures_file(output))
    skipped = SkippedFiles(output)
    log = AnnotationLog()
    listed = recordings(_as_list(inputs), **options, skipped=skipped, log=log)
    skipped.discount(log.files)
    if output is not None:
        _check_outputs(output, [*log.files, *_as_list(options.get("manifest"))], listed)
    places = range(len(listed)) if share is None else share_places(listed, share)
    listing = CorpusListing(
        recordings=listed,
        places=places,
        selected=listed if share is None else [listed[place] for place in places],
        options=corpus_options(**options),
        log=log,
        left_out=dict(skipped.counts.most_common()),
    )
    _check_excerpt(excerpt, listing)
    return listing


def _as_list(paths: Any) -> list[Any]:
    """One path or several as a list; None is an empty one."""
    if paths is None:
        return []
    return [paths] if isinstance(paths, str | os.PathLike) else list(paths)


def _check_outputs(
    output: str | os.PathLike[str], lists: Sequence[Any], listed: Sequence[Recording]
) -> None:
    """Refuse a table whose files would replace a list of recordings, or a recording."""
    inputs = [*map(os.fspath, lists), *(recording.file for recording in listed)]
    for written in (output, failures_file(output), checkpoint_path(output)):
        check_no_input(written, inputs)


def _check_excerpt(excerpt: Excerpt, listing: CorpusListing) -> None:
    """Refuse an excerpt of recordings that have annotations; segments of them are accepted."""
    given = [name for name in ("offset", "duration", "pad") if getattr(excerpt, name)]
    if given and listing.is_annotated:
        raise ParameterError(
            f"{' and '.join(given)} cannot be used with annotations, whose start and end are the"
            " part to analyse; segment cuts each interval into segments"
        )
