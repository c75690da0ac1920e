"""The contract of all annotation formats."""

import math

import pytest
from annotation_writers import read
from folders import write_file
from hypothesis import given
from hypothesis import strategies as st

from featkit._utils.registry import RegistryError
from featkit.datasets import annotation_formats
from featkit.datasets.annotation_files import annotated
from featkit.datasets.annotation_format import ANNOTATION_FORMATS
from featkit.datasets.files import recording_at
from featkit.errors import FeatkitError

NAMES = list(ANNOTATION_FORMATS)
EXAMPLES = {name: item.example for name, item in ANNOTATION_FORMATS.items()}


def test_the_formats_are_found_by_their_files():
    assert NAMES == ["audacity", "audformat", "birdnet", "raven", "textgrid"]


@pytest.mark.parametrize("name", NAMES)
def test_an_example_has_its_own_format_only(name):
    lines = EXAMPLES[name].splitlines()
    assert [key for key, item in ANNOTATION_FORMATS.items() if item.matches(lines)] == [name]


@pytest.mark.parametrize("name", NAMES)
def test_an_example_can_be_read(tmp_path, name):
    first, *_ = read(name, write_file(tmp_path / "b.wav.txt", EXAMPLES[name]))
    annotation = first.annotation
    assert 0 <= annotation.start < annotation.end < math.inf
    assert "wren" in annotation.fields["label"].lower()
    assert annotation.location.startswith(f"{tmp_path / 'b.wav.txt'}: line ")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_example_may_have_any_line_ends_and_encoding(tmp_path, name, end, encoding):
    text = EXAMPLES[name]
    (tmp_path / "b.txt").write_bytes(text.replace("\n", end).encode(encoding))
    (recording,) = annotated([recording_at("/x/a/b.wav", "a/b.wav")], tmp_path)
    assert len(recording.annotations) == len(read(name, write_file(tmp_path / "plain", text)))
    assert all("line " in item.location for item in recording.annotations)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lines", [["path,label", "a.wav,x"], ["a"], ["1\t2"], ["\x00\x01"], ["{"]])
def test_other_files_have_no_annotation_format(name, lines):
    assert not ANNOTATION_FORMATS[name].matches(lines)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_a_damaged_file_is_read_or_is_an_error_that_names_it(tmp_path_factory, name, data):
    content = bytearray(EXAMPLES[name].encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        length = data.draw(st.integers(0, 6))
        content[place : place + length] = data.draw(st.binary(max_size=6))
        content = content or bytearray(b" ")
    file = tmp_path_factory.mktemp("damaged") / "b.txt"
    file.write_bytes(content)
    try:
        (recording,) = annotated([recording_at("/x/a/b.wav", "a/b.wav")], file)
    except FeatkitError as error:
        message, annotations = str(error), ()
    else:
        message, annotations = "b.txt", recording.annotations
    assert "b.txt" in message
    assert all(math.isfinite(item.start) and item.end > -math.inf for item in annotations)


def test_a_file_without_a_format_is_an_error(tmp_path, monkeypatch):
    write_file(tmp_path / "broken.py", "FORMAT = 1\n")
    monkeypatch.setattr(
        annotation_formats, "__path__", [*annotation_formats.__path__, str(tmp_path)]
    )
    with pytest.raises(RegistryError, match="broken: must export FORMAT, a AnnotationFormat"):
        ANNOTATION_FORMATS["broken"]
