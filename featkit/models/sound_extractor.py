"""What a model needs from the world of sound; `featkit.sound_model` provides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from featkit.schema import Failure
    from featkit.table.feature_table import FeatureTable


class ClipAnalyser(Protocol):
    """Analysis of clips in memory, prepared once; several threads may use it."""

    def rate_warning(self, sr: float, /) -> str:
        """Return a warning for clips of a low sample rate.

        Parameters
        ----------
        sr : float
            Sample rate in Hz.

        Returns
        -------
        str
            "" if the rate is high enough.
        """

    def segments(self, name: str, y: Any, sr: float, /) -> Sequence[Any]:
        """Mix and resample a clip, and cut it as the training data were cut.

        Parameters
        ----------
        name : str
            Name of the clip in error messages.
        y : array, shape ``(samples,)`` or ``(channels, samples)``
            Samples.
        sr : float
            Sample rate in Hz.

        Returns
        -------
        sequence
            The segments, for `table`.
        """

    def table(self, segments: Sequence[Any], /) -> FeatureTable:
        """Compute the rows of segments, each of which depends on its segment alone.

        Parameters
        ----------
        segments : sequence
            Segments of any clips.

        Returns
        -------
        FeatureTable
            A row for each segment, without keys.
        """

    def recordings(
        self, sources: Sequence[tuple[str, Any]], /
    ) -> tuple[FeatureTable, list[Failure]]:
        """Compute the table of recordings in memory.

        Parameters
        ----------
        sources : sequence of (str, object)
            Name of each recording; and a pair of samples and sample rate in Hz, or a binary file
            object that holds an encoded sound file.

        Returns
        -------
        table : FeatureTable
            A row for each segment, with the keys ``path``, ``start`` and ``end``.
        failures : list of Failure
            Recordings that could not be read.
        """


class SoundExtractor(Protocol):
    """Extraction of a model's features, or sequences, from sound.

    Models work on tables only; `featkit.sound_model` adds the extraction.
    """

    def feature_set(self, provenance: Mapping[str, Any], /) -> Any:
        """Build the feature set of a table.

        Parameters
        ----------
        provenance : mapping
            Provenance of the table.

        Returns
        -------
        FeatureSet
        """

    def clip_analyser(self, provenance: Mapping[str, Any], /) -> ClipAnalyser:
        """Prepare the analysis of clips in memory.

        Parameters
        ----------
        provenance : mapping
            Provenance of the table.

        Returns
        -------
        ClipAnalyser
        """

    def extract(self, provenance: Mapping[str, Any], /, inputs: Any, **options: Any) -> Any:
        """Extract the features, or sequences, of a table from sound files.

        Parameters
        ----------
        provenance : mapping
            Provenance of the table.
        inputs : path or sequence of paths
            Sound files and folders.
        **options
            Further parameters of `featkit.batch.extraction.extract_analysis`.

        Returns
        -------
        Extraction
        """

    def process(
        self, provenance: Mapping[str, Any], /, inputs: Any, target: Any, **options: Any
    ) -> Any:
        """Extract the features, or sequences, of a table from sound files, for a target.

        Parameters
        ----------
        provenance : mapping
            Provenance of the table.
        inputs : path or sequence of paths
            Sound files and folders.
        target : TableTarget
            Receives tables of features, or tables with `FeatureTable.sequences` in memory.
        **options
            Further parameters of `featkit.batch.extraction.process_recordings`.

        Returns
        -------
        BatchResult
        """
