"""The tutorials: notebooks and scripts of the pages, checked commands, their recordings."""

import ast
import hashlib
import json
import re
import runpy
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "docs" / "tutorials"

PAGES = sorted(path.name for path in FOLDER.glob("*.md") if path.name != "index.md")

CHECKED_STATUS = re.compile(r"^test ", re.MULTILINE)


@pytest.fixture(scope="module")
def as_notebook():
    return runpy.run_path(str(FOLDER / "as_notebook.py"))


@pytest.fixture
def made_data(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    monkeypatch.delitem(sys.modules, "made_data", raising=False)
    import made_data

    yield made_data
    monkeypatch.delitem(sys.modules, "made_data")


def code_cells(as_notebook, page):
    text = (FOLDER / page).read_text("utf-8")
    return [cell.text for cell in as_notebook["cells"](text) if cell.kind == "code"]


@pytest.mark.parametrize("page", PAGES)
def test_the_notebook_has_all_cells_of_the_page(as_notebook, page):
    text = (FOLDER / page).read_text("utf-8")
    cells = as_notebook["notebook"](text)["cells"]
    assert sum(cell["cell_type"] == "code" for cell in cells) == text.count("```{code-cell}")
    assert not any("{code-cell}" in "".join(cell["source"]) for cell in cells)


@pytest.mark.parametrize("page", PAGES)
def test_the_script_is_python(as_notebook, page):
    script = as_notebook["script"]((FOLDER / page).read_text("utf-8"))
    calls = [node for node in ast.walk(ast.parse(script)) if isinstance(node, ast.Assert)]
    assert calls, "the text makes claims about results, so a cell must check them"


@pytest.mark.parametrize("page", PAGES)
def test_a_failing_command_fails_the_page(as_notebook, page):
    shell = [cell for cell in code_cells(as_notebook, page) if cell.startswith("%%bash")]
    assert shell
    for cell in shell:
        assert cell.startswith("%%bash -e\n") or CHECKED_STATUS.search(cell), cell
    assert not any(re.search("^!", cell, re.MULTILINE) for cell in code_cells(as_notebook, page))


def test_the_index_lists_all_pages():
    index = (FOLDER / "index.md").read_text("utf-8")
    assert [page for page in PAGES if f"]({page})" not in index] == []


def test_files_of_a_page_are_written(as_notebook, monkeypatch, tmp_path):
    arguments = ["as_notebook.py", str(FOLDER / "get-started.md"), "-o", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", arguments)
    as_notebook["main"]()
    assert json.loads((tmp_path / "get-started.ipynb").read_text("utf-8"))["nbformat"] == 4
    assert "run_cell_magic('bash', '-e'" in (tmp_path / "get-started.py").read_text("utf-8")


def digests(folder):
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).digest()
        for path in files
    }


@pytest.mark.parametrize(
    ("function", "options", "name"),
    [
        ("songs", {"artists": 1, "titles": 1, "seconds": 2}, "metal/metal-artist-1/song-1.wav"),
        ("sounds", {"clips": 2, "seconds": 0.5}, "rain/1-6100-B.wav"),
        ("voices", {"speakers": 1}, "s1_1_anger.wav"),
        ("day", {"seconds": 1, "minutes": 240}, "20260510_040000.WAV"),
    ],
)
def test_recordings_are_the_same_each_time(made_data, tmp_path, function, options, name):
    number = getattr(made_data, function)(tmp_path / "a", **options)
    getattr(made_data, function)(tmp_path / "b", **options)
    files = digests(tmp_path / "a")
    assert files == digests(tmp_path / "b")
    assert len(files) == number
    assert len(set(files.values())) == number
    assert name in files


def test_faults_are_in_the_files_that_are_named(made_data, tmp_path):
    made_data.sounds(tmp_path, clips=4, seconds=0.5)
    before = digests(tmp_path)
    faults = made_data.spoil(tmp_path)
    after = digests(tmp_path)
    changed = {path for path in after if after[path] != before.get(path)}
    assert changed == {path for paths in faults.values() for path in paths}
    assert [len(faults[name]) for name in ("copy", "wrong label", "clipping")] == [12, 7, 6]
