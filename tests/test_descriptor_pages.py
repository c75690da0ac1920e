"""The pages of descriptors, which the build of the site writes."""

import sys
from pathlib import Path

import numpy as np
import pytest

EXTENSIONS = Path(__file__).parent.parent / "docs" / "_extensions"


@pytest.fixture(scope="module")
def catalogue():
    sys.path.insert(0, str(EXTENSIONS))
    try:
        import catalogue
    finally:
        sys.path.remove(str(EXTENSIONS))
    return catalogue


@pytest.fixture(scope="module")
def pages(catalogue, tmp_path_factory):
    folder = tmp_path_factory.mktemp("descriptors")
    sounds, sets = catalogue.parts(), catalogue._sets()
    for name in ("spectral_centroid", "tempo", "spectral_contrast"):
        catalogue._write_family(folder, name, sounds, sets)
    return folder


def medians(page):
    """The values of the table of an example, by component."""
    rows = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| `")]
    return {row[0].strip("`"): row[1:] for row in rows}


def test_a_page_has_definition_formula_unit_and_columns(pages):
    page = (pages / "spectral_centroid.md").read_text("utf-8")
    assert "Mean frequency weighted by magnitude." in page
    assert "```text\nsum(f S) / sum(S)\n```" in page
    assert "| Unit | Hz |" in page
    assert "- genre75, 2 columns: `spectral_centroid_mean`, `spectral_centroid_std`" in page


def test_the_example_shows_the_values_of_the_sounds(pages):
    centroid = medians((pages / "spectral_centroid.md").read_text("utf-8"))["spectral_centroid"]
    glide, noise = float(centroid[0]), float(centroid[4])
    # The middle of a glide over an exponential from 200 to 4000 Hz is their geometric mean; the
    # centroid of white noise is half of the Nyquist frequency.
    assert glide == pytest.approx(np.sqrt(200 * 4000), rel=0.03)
    assert noise == pytest.approx(22050 / 4, rel=0.02)


def test_values_of_a_clip_are_those_of_the_parts(pages):
    tempo = medians((pages / "tempo.md").read_text("utf-8"))["tempo"]
    assert float(tempo[3]) == pytest.approx(120, rel=0.03)
    assert tempo[5] == "–"


def test_components_are_listed_and_drawn(pages):
    page = (pages / "spectral_contrast.md").read_text("utf-8")
    assert len(medians(page)) == 7
    assert (pages / "spectral_contrast.webp").read_bytes()[8:12] == b"WEBP"
    assert "spectral_contrast.webp" in page


@pytest.mark.parametrize(
    ("definition", "formula"),
    [
        ("mean frequency weighted by magnitude: sum(f S) / sum(S)", "sum(f S) / sum(S)"),
        ("mean duration of the pauses; 0 if there is none", ""),
        ("Ht: entropy of the shares of the squared envelope", ""),
    ],
)
def test_a_formula_is_parted_from_its_sentence(catalogue, definition, formula):
    assert catalogue._parted(definition)[1] == formula
