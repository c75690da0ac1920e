"""Figures of sequences: pictures, outlines, axes and profiles."""

import io
import re

import numpy as np
import pytest
from made_networks import network_page
from PIL import Image

from featkit.report._sequence_axes import channel_ticks, time_ticks
from featkit.report._sequence_pictures import BELOW, BOX, SIDE, legend, png_of, sequence_picture


def pixels(*arguments, **options):
    picture = Image.open(io.BytesIO(png_of(*arguments, **options)))
    return np.asarray(picture).astype(int)


def test_the_highest_channel_is_at_the_top_and_loud_parts_are_bright():
    values = np.full((4, 3), -60.0)
    values[3, 1] = 0
    grey = pixels(values, None, is_level=True)
    assert grey.shape == (4, 3)
    assert np.unravel_index(grey.argmax(), grey.shape) == (0, 1)


def test_the_map_is_orange_where_it_is_strong_and_grey_where_it_is_0():
    cam = np.zeros((4, 3))
    cam[0, 2] = 7.0
    rgb = pixels(np.zeros((4, 3)), cam, is_level=False)
    red, green, blue = rgb[3, 2]
    assert red > green > blue
    assert red - blue > 100
    assert (rgb[0, 0] == rgb[0, 0, 0]).all()


def test_orange_differs_from_grey_for_readers_without_red_or_green_cones():
    # Viénot, Brettel and Mollon, Color Res. Appl. 24, 1999: linear red and green are mixed
    for red_share in (0.11238, 0.29275):
        shades = np.asarray(Image.open(io.BytesIO(_decoded(legend()))))[0] / 255
        linear = shades**2.2
        mixed = (red_share * linear[:, 0] + (1 - red_share) * linear[:, 1]) ** (1 / 2.2)
        difference = mixed - shades[:, 2]
        assert np.abs(difference[0]) < 0.01
        assert difference[-1] > 0.2
        assert (np.diff(difference) > -0.01).all()


def _decoded(address):
    import base64

    return base64.b64decode(address.partition(",")[2])


def test_long_sequences_are_narrowed_by_means():
    values = np.tile([0.0, 1.0], (2, 500))
    grey = pixels(values, None, is_level=False)
    assert grey.shape[1] <= 420
    assert pixels(np.zeros((2, 1000)), np.ones((2, 1000)), is_level=True).shape[1] <= 420


def test_frequencies_are_placed_on_the_mel_scale():
    explanation = network_page()[1]
    edges = explanation.edges("mel")
    name, ticks = channel_ticks(32, edges)
    assert name == "Hz"
    texts = [text for _, text in ticks]
    assert texts == ["100", "200", "500", "1k", "2k", "5k", "10k"]
    for share, text in ticks:
        hertz = float(text.replace("k", "")) * (1000 if "k" in text else 1)
        band = int(share * 32)
        assert edges[band] <= hertz <= edges[band + 1]


def test_other_channels_are_numbered():
    assert channel_ticks(8, None) == ("channel", [(0.0625, "1"), (0.9375, "8")])


@pytest.mark.parametrize(
    ("end", "expected"),
    [(5.0, [0, 1, 2, 3, 4, 5]), (0.3, [0, 0.1, 0.2, 0.3]), (30.0, [0, 10, 20, 30]), (1.0, 6)],
)
def test_times_are_round(end, expected):
    ticks = time_ticks(end)
    assert len(ticks) == expected if isinstance(expected, int) else ticks == expected


def numbers(path):
    return np.array([float(text) for text in re.findall(r"-?[0-9.]+", path)]).reshape(-1, 2)


def test_profiles_have_the_signs_and_places_of_contributions():
    explanation = network_page()[1]
    figure = str(sequence_picture(explanation, 0, "mel", "x").figure)
    side_for, low_for = (numbers(path) for path in re.findall(r'class="for" d="([^"]+)"', figure))
    (side_against, *_) = (
        numbers(path) for path in re.findall(r'class="against" d="([^"]+)', figure)
    )
    left, top, right, bottom = BOX
    height = (bottom - top) / 32
    furthest = side_for[side_for[:, 0] == side_for[:, 0].max()]
    assert furthest[0, 0] == SIDE[1]
    assert set(furthest[:, 1]) == {bottom - 8 * height, round(bottom - 9 * height, 1)}
    against = side_against[side_against[:, 0] == side_against[:, 0].min()]
    assert set(against[:, 1]) == {round(bottom - 25 * height, 1), round(bottom - 26 * height, 1)}
    high = low_for[low_for[:, 1] == low_for[:, 1].min()]
    assert high[0, 1] == BELOW[0]
    assert (high[:, 0].min(), high[:, 0].max()) == pytest.approx(
        (left + 0.25 * (right - left), left + 0.5 * (right - left)), abs=0.1
    )


def test_a_line_surrounds_the_parts_above_half_of_the_maximum():
    explanation = network_page()[1]
    figure = str(sequence_picture(explanation, 0, "mel", "x").figure)
    line = numbers(re.search(r'class="marked outline over" d="([^"]+)"', figure)[1])
    left, top, right, bottom = BOX
    x, y = (line[:, 0] - left) / (right - left) * 20, (bottom - line[:, 1]) / (bottom - top) * 32
    # cells 4 to 10 and 6 to 10; half of the way to the neighbours is at their edges
    assert (x.min(), x.max()) == pytest.approx((4, 11), abs=0.1)
    assert (y.min(), y.max()) == pytest.approx((6, 11), abs=0.15)


def test_a_map_without_evidence_has_no_line_and_says_so():
    explanation = network_page(rows=3)[1]
    explanation.maps[0] = 0
    picture = sequence_picture(explanation, 0, "mel", "x")
    assert "outline" not in picture.figure
    assert "The Grad-CAM map is 0" in picture.caption


def test_the_caption_says_where_the_evidence_lies():
    caption = sequence_picture(network_page()[1], 0, "mel", "x").caption
    assert "The middle half of the Grad-CAM map is at" in caption
    assert "1.4 to 2.3 s" in caption


def test_other_sequences_have_no_map():
    picture = sequence_picture(network_page()[1], 0, "mfcc8", "x")
    assert "Grad-CAM" not in picture.caption
    assert "at channels" in picture.caption
    assert ">channel<" in picture.figure
