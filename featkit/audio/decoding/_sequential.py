"""Files that libsndfile reads from their beginning to their end."""

from __future__ import annotations

import soundfile


class Sequential(soundfile.SoundFile):  # type: ignore[misc]
    """A sound file that is not sought in after each block, as soundfile does to where it is."""

    def seekable(self) -> bool:
        return False
