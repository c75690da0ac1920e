"""What a model needs from the world of sound; `featkit.sound_model` provides it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


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
