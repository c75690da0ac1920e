"""Frames of MPEG audio are counted exactly, with any bytes around and between them."""

import io
import time

import mpeg
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from featkit.audio.decoding._mpeg_frames import scan
from featkit.audio.decoding.mpeg_headers import parse_header, parse_tag

WHOLE = mpeg.mp3(mpeg.sound(0.6), mode="VARIABLE")
FRAMES = mpeg.frames(WHOLE)[1:]
STEREO = mpeg.frames(mpeg.mp3(mpeg.sound(0.4, channels=2)))[1:]
TAGS = (b"", mpeg.id3v1(), mpeg.id3v2(), mpeg.id3v2(footer=True), mpeg.ape(), mpeg.lyrics())


def scanned(data, **options):
    return scan(io.BytesIO(data), 0, len(data), **options)


@pytest.mark.parametrize(
    ("four", "version", "layer", "rate", "channels", "samples", "size"),
    [
        # By the tables of ISO 11172-3 and 13818-3.
        ("fffb9064", 3, 3, 44100, 2, 1152, 417),
        ("fffb92c4", 3, 3, 44100, 1, 1152, 418),
        ("fffbe844", 3, 3, 32000, 2, 1152, 1440),
        ("fff380c4", 2, 3, 22050, 1, 576, 208),
        ("ffe318c4", 0, 3, 8000, 1, 576, 72),
        ("fffd8044", 3, 2, 44100, 2, 1152, 417),
        ("fff594c4", 2, 2, 24000, 1, 1152, 480),
        ("ffff9644", 3, 1, 48000, 2, 384, 292),
    ],
)
def test_a_header_gives_format_and_size(four, version, layer, rate, channels, samples, size):
    head = parse_header(bytes.fromhex(four))
    assert head is not None
    assert head.format[:4] == (version, layer, rate, channels)
    assert (head.format.samples, head.size) == (samples, size)


@pytest.mark.parametrize("four", ["fffbf064", "fffb9c64", "ffeb9064", "fff99064", "fffb9066", "ff"])
def test_reserved_values_are_not_a_header(four):
    assert parse_header(bytes.fromhex(four)) is None


def test_a_tag_gives_the_values_that_lame_wrote():
    # LAME delays by 576 samples; with its padding, the recording fills complete frames.
    tag = parse_tag(WHOLE)
    assert tag is not None
    assert (tag.frames, tag.delay, tag.silent) == (len(FRAMES), 576, False)
    assert tag.delay + tag.padding + len(mpeg.sound(0.6)) == 1152 * len(FRAMES)
    assert parse_tag(mpeg.vbri(17)) == (17, False, -1, -1)
    assert parse_tag(FRAMES[0] + b"Xing") is None


@given(
    parts=st.lists(st.tuples(st.integers(2, len(FRAMES)), st.sampled_from(TAGS)), min_size=1),
    before=st.sampled_from(TAGS),
    zeros=st.sampled_from([0, 7, 5000]),
)
@example(parts=[(len(FRAMES), mpeg.id3v1())] * 3, before=mpeg.id3v2(mpeg.cover()), zeros=9)
def test_joined_frames_are_counted_with_any_tags_between_them(parts, before, zeros):
    data = before + b"".join(b"".join(FRAMES[:count]) + tags for count, tags in parts)
    result = scanned(data + bytes(zeros))
    assert result.frames == sum(count for count, _ in parts)
    assert [len(run.parts) > 0 for run in result.runs] == [True]
    assert not any((result.damaged, result.other_bytes, result.partial))


@given(cut=st.integers(len(FRAMES[0]) + 4, len(WHOLE) - len(WHOLE[: WHOLE.index(FRAMES[0])])))
def test_only_complete_frames_of_a_truncated_file_are_counted(cut):
    ends = np.cumsum([len(frame) for frame in FRAMES])
    result = scanned(b"".join(FRAMES)[:cut])
    assert result.frames == np.count_nonzero(ends <= cut)
    within = cut - max(ends[ends <= cut], default=0)
    assert result.partial == (within >= 4)  # less than a header is not recognised


@given(cut=st.integers(1, len(FRAMES[0]) + len(FRAMES[1])))
def test_a_file_that_begins_within_a_frame_has_the_frames_after_it(cut):
    starts = np.cumsum([0] + [len(frame) for frame in FRAMES])[:-1]
    result = scanned(b"".join(FRAMES)[cut:])
    assert result.frames == np.count_nonzero(starts >= cut)
    assert not any((result.damaged, result.partial))
    assert result.other_bytes < len(FRAMES[0]) + len(FRAMES[1])


@given(lost=st.integers(2, len(FRAMES) - 4), junk=st.binary(min_size=1, max_size=3000))
def test_scanning_continues_after_damage(lost, junk):
    data = b"".join(FRAMES[:lost]) + junk + b"".join(FRAMES[lost + 1 :])
    result = scanned(data)
    assert result.damaged
    assert result.frames == len(FRAMES) - 1
    assert [run.frames for run in result.runs] == [lost, len(FRAMES) - lost - 1]


@given(at=st.integers(1, len(FRAMES) - 4), byte=st.integers(0, 3), bit=st.integers(0, 7))
def test_a_flipped_bit_in_a_header_loses_few_frames(at, byte, bit):
    data = bytearray(b"".join(FRAMES))
    data[sum(map(len, FRAMES[:at])) + byte] ^= 1 << bit
    result = scanned(bytes(data))
    assert result.frames >= len(FRAMES) - 2
    assert result.damaged or result.frames == len(FRAMES)


def test_a_change_of_the_format_begins_another_run():
    low = mpeg.mp3(mpeg.sound(0.5, 22050), 22050)
    result = scanned(WHOLE + b"".join(STEREO) + low)
    formats = [(run.format.rate, run.format.channels) for run in result.runs]
    assert formats == [(44100, 1), (44100, 2), (22050, 1)]
    assert [run.silent for run in result.runs] == [0, 0, 1]
    assert not result.damaged


def test_only_the_first_frame_can_hold_the_tag_of_the_file():
    result = scanned(WHOLE + WHOLE)
    assert result.tag is not None
    assert result.frames == 2 * len(FRAMES) + 1
    assert scanned(b"".join(FRAMES) + WHOLE).tag is None
    assert scanned(WHOLE, tagged=False).frames == len(FRAMES) + 1


def test_a_free_bit_rate_is_derived_from_the_next_frame():
    # At 48 kHz all frames have one size; here their headers state no bit rate.
    data = bytearray(b"".join(mpeg.frames(mpeg.mp3(mpeg.sound(0.5, 48000), 48000), 48000)[1:]))
    size = len(mpeg.frames(bytes(data), 48000)[0])
    for at in range(2, len(data), size):
        data[at] &= 0x0F
    result = scanned(bytes(data))
    assert result.frames == len(data) // size
    assert result.runs[0].format.free


def test_other_bytes_are_counted():
    sound = b"".join(FRAMES)
    junk = np.random.default_rng(0).bytes(50_000)
    for data in (junk + sound, sound + junk):
        result = scanned(data)
        assert (result.frames, result.other_bytes) == (len(FRAMES), len(junk))
    assert not scanned(sound + bytes(50_000)).other_bytes


def test_a_tag_of_a_wrong_size_hides_no_frame():
    too_long = b"ID3\x03\0\0\x7f\0\0\0" + bytes(100)
    too_short = b"ID3\x03\0\0\0\0\0\x20" + mpeg.cover()[417 * 5 :]
    for before in (too_long, too_short):
        assert scanned(before + b"".join(FRAMES)).frames == len(FRAMES)


@given(data=st.binary(max_size=4000))
def test_scanning_any_bytes_ends(data):
    result = scanned(data)
    assert all(run.frames > 0 for run in result.runs)


@pytest.mark.parametrize(
    "pattern", [b"\xff", b"\xff\xfb\x90\x64", b"\xff\xfb\x00\x00", b"ID3\x04\0\0\0\0\0\0", b"TAG"]
)
def test_bytes_that_look_like_many_headers_take_seconds_at_most(pattern):
    begin = time.process_time()
    scanned(pattern * (500_000 // len(pattern)))
    assert time.process_time() - begin < 5


def test_scanning_a_file_that_becomes_shorter_ends():
    class Shrinking(io.BytesIO):
        def read(self, count=-1):
            self.truncate(len(WHOLE) // 2)
            return super().read(count)

    assert scan(Shrinking(WHOLE), 0, len(WHOLE)).frames < len(FRAMES)
