"""The recordings of issues with pictures and players, as far as the size of the page allows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from markupsafe import Markup

from featkit._utils.bidi import isolated
from featkit._utils.formatting import counted
from featkit.audio.loading import open_checked
from featkit.auditing.defect import DEFECTS
from featkit.auditing.issue import Issue, Place
from featkit.auditing.result import Audit
from featkit.errors import AudioError
from featkit.report._recording_pictures import (
    SAMPLES,
    SPECTROGRAM,
    Picture,
    draw,
    marks,
    peak_time,
    playable,
    played_bar,
)
from featkit.report._windows import (
    MAX_PICTURE,
    Window,
    aligned_windows,
    longest,
    picture_window,
    played_common_part,
    played_part,
    zoomed_window,
)

PAGE_BYTES = 9_700_000
"""Size of a page with its pictures and sounds, so that it stays below 10 MB."""

TEXT_BYTES = 3_000
"""Size of the text of an issue, on average."""

MIN_MEDIA_BYTES = 2_000_000
"""Room for pictures and sounds, however many issues there are."""

MAX_CLIPS = 4
"""Recordings of an issue that have a picture and a player."""


@dataclass(frozen=True)
class Clip:
    """A recording of an issue.

    Attributes
    ----------
    path : str
        The recording.
    label : str
        Its label; "" if it has none.
    times : str
        The parts concerned; "" for the whole recording.
    picture : Picture or None
        A picture; None without sound.
    marks, played : Markup or None
        The parts concerned, and the part that is played, as layers of the picture.
    axis : pair of str
        Ends of the time axis.
    audio : str
        The sound; "" without sound.
    caption : str
        What picture and player show.
    error : str
        Why it has no picture; "" if it has one, or the dataset has no sound.
    same_as : int
        Number of the issue that has this picture; 0 for none.
    """

    path: str
    label: str = ""
    times: str = ""
    picture: Picture | None = None
    marks: Markup | None = None
    played: Markup | None = None
    axis: tuple[str, str] = ("", "")
    audio: str = ""
    caption: str = ""
    error: str = ""
    same_as: int = 0


@dataclass(frozen=True)
class _Part:
    """What a clip shows: the window of its picture, the part that is played, and marks."""

    path: str
    kind: str
    window: Window
    played: Window
    ranges: tuple[Window, ...]


def room(n_issues: int) -> int:
    """Characters of pictures and sounds in a page with a number of issues."""
    return max(MIN_MEDIA_BYTES, PAGE_BYTES - TEXT_BYTES * n_issues)


class ClipMaker:
    """Makes the clips of issues until the page is full.

    Parameters
    ----------
    audit : Audit
        The result of the audit.
    limit : int
        Characters of all pictures and sounds.

    Attributes
    ----------
    without_sound : list of int
        Numbers of the issues for which there was no room.
    """

    def __init__(self, audit: Audit, limit: int = PAGE_BYTES) -> None:
        dataset = audit.dataset
        self.without_sound: list[int] = []
        self._labels = dataset.by_recording(dataset.label)
        self._files = {recording.path: recording.file for recording in dataset.recordings}
        self._durations = dict(dataset.durations)
        self._left = limit
        self._shown: dict[_Part, int] = {}
        self._pictures = {defect.title: defect.picture for defect in DEFECTS.values()}

    def clips(self, issue: Issue, number: int) -> list[Clip]:
        """The first recordings of an issue, with pictures if there is room."""
        ranges = dict(list(_ranges_by_path(issue.places).items())[:MAX_CLIPS])
        clips = [
            Clip(path, self._labels.get(path, ""), times_text(own)) for path, own in ranges.items()
        ]
        if not self._files or not clips:
            return clips
        readable = {path: own for path, own in ranges.items() if path in self._files}
        parts = {part.path: part for part in self._parts(issue, readable)}
        is_new = any(part not in self._shown for part in parts.values())
        if is_new and not self._left:
            return self._without_room(clips, number)
        made = [self._with_media(clip, parts.get(clip.path), number) for clip in clips]
        size = sum(len(clip.audio) + (clip.picture.size if clip.picture else 0) for clip in made)
        if size > self._left:
            return self._without_room(clips, number)
        self._left -= size
        pictured = [parts[clip.path] for clip in made if clip.picture]
        self._shown |= dict.fromkeys(pictured, number)
        return made

    def _without_room(self, clips: list[Clip], number: int) -> list[Clip]:
        """The clips of an issue for which there is no room, nor for later ones."""
        self._left = 0
        self.without_sound.append(number)
        return clips

    def _parts(self, issue: Issue, ranges: Mapping[str, Sequence[Window]]) -> list[_Part]:
        """What the clips of an issue show; those of copies are aligned."""
        kind = self._pictures.get(issue.kind, SPECTROGRAM)
        durations = [self._duration(path) for path in ranges]
        if issue.together and _are_aligned(ranges.values()):
            common = [own[0] for own in ranges.values()]
            windows = aligned_windows(common, durations)
            played = [played_common_part(*pair) for pair in zip(common, durations, strict=True)]
        else:
            pairs = list(zip(ranges.values(), durations, strict=True))
            windows = [picture_window(own, duration) for own, duration in pairs]
            if kind == SAMPLES:
                windows = [self._zoomed(path, own) for path, own in ranges.items()]
            played = [played_part(own, duration) for own, duration in pairs]
        return [
            _Part(path, kind, window, part, tuple(own))
            for (path, own), window, part in zip(ranges.items(), windows, played, strict=True)
        ]

    def _zoomed(self, path: str, ranges: Sequence[Window]) -> Window:
        """The part of a recording in which single samples show a defect."""
        marked = longest(ranges or [Window(0.0, self._duration(path))])
        part = Window(marked.start, min(marked.end, marked.start + MAX_PICTURE))
        try:
            peak = peak_time(self._files[path], part)
        except (AudioError, ValueError):
            peak = marked.start
        return zoomed_window(marked, peak)

    def _duration(self, path: str) -> float:
        """Seconds of a recording: measured, or else as its header states."""
        if path not in self._durations:
            try:
                with open_checked(self._files[path]) as reader:
                    stated = reader.stated_frames
                    seconds = MAX_PICTURE if stated is None else stated / reader.rate
            except (AudioError, OSError, ValueError):
                seconds = 0.0
            self._durations[path] = seconds
        return self._durations[path]

    def _with_media(self, clip: Clip, part: _Part | None, number: int) -> Clip:
        if part is None:
            return replace(clip, error="the dataset has no such recording")
        if self._shown.get(part, number) != number:
            return replace(clip, same_as=self._shown[part])
        file = self._files[clip.path]
        try:
            picture = draw(file, part.window, part.kind)
            audio = playable(file, part.played)
        except AudioError as error:
            return replace(clip, error=f"{error.stage}: {error.cause}")
        except (OSError, ValueError) as error:
            return replace(clip, error=str(error))
        return replace(
            clip,
            picture=picture,
            marks=marks(part.ranges, part.window),
            played=played_bar(part.played, part.window),
            axis=axis_texts(part.window),
            audio=audio,
            caption=f"{picture.axis}; plays {rounded_text(part.played)}",
        )


def _ranges_by_path(places: Sequence[Place]) -> dict[str, list[Window]]:
    """The parts concerned of each recording, in the order of the places."""
    ranges: dict[str, list[Window]] = {}
    for place in places:
        own = ranges.setdefault(place.path, [])
        if place.start is not None and place.end is not None:
            own.append(Window(float(place.start), float(place.end)))
    return ranges


def other_places(places: Sequence[Place]) -> list[str]:
    """Recordings after those of the clips, with the parts concerned."""
    others = list(_ranges_by_path(places).items())[MAX_CLIPS:]
    return [
        f"{isolated(path)}: {times_text(own)}" if own else isolated(path) for path, own in others
    ]


def _are_aligned(ranges: Iterable[Sequence[Window]]) -> bool:
    """Whether the places are the common parts of several recordings."""
    counts = [len(own) for own in ranges]
    return len(counts) > 1 and set(counts) == {1}


def seconds_text(seconds: float, places: int = 3) -> str:
    """A time, by default with enough digits to find it in an editor."""
    return f"{seconds + 0.0:.{places}f}".rstrip("0").rstrip(".").replace("-", "−") + "\u00a0s"


def axis_texts(window: Window) -> tuple[str, str]:
    """The ends of a time axis, with more digits on a short one."""
    places = 2 if window.duration >= 1 else 4
    return seconds_text(window.start, places), seconds_text(window.end, places)


def rounded_text(part: Window) -> str:
    """A part of a recording with two decimal places."""
    return f"{seconds_text(part.start, 2)} to {seconds_text(part.end, 2)}"


def times_text(ranges: Sequence[Window]) -> str:
    """The first range, and the number of others."""
    if not ranges:
        return ""
    first = f"{seconds_text(ranges[0].start)} to {seconds_text(ranges[0].end)}"
    more = counted(len(ranges) - 1, "other part") if len(ranges) > 1 else ""
    return f"{first} and {more}" if more else first
