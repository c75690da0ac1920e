"""Manual pages: their content, and the complaints of programs that show them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from featkit.cli import _generated, main  # whose pages a script writes
from featkit.cli._main import COMMANDS
from featkit.cli._man_pages import _escaped, pages

PAGES = pages(main, "1.2.3")

CHECKOUT = Path(__file__).parents[2]


def test_there_is_a_page_for_each_command():
    assert sorted(PAGES) == sorted(["featkit.1", *(f"featkit-{name}.1" for name in COMMANDS.names)])
    assert {path.name for path in _generated.man_folder(CHECKOUT).glob("*.1")} == {*PAGES}


@pytest.mark.parametrize("name", COMMANDS.names)
def test_a_page_has_all_options(name):
    text = PAGES[f"featkit-{name}.1"].replace(r"\-", "-")
    for parameter in COMMANDS[name].params:
        if parameter.param_type_name == "option":
            assert all(option in text for option in parameter.opts)
    assert "--save-config" in text
    assert ".SH EXAMPLES" in text
    assert '"featkit 1.2.3"' in text


def test_the_overview_names_commands_and_exit_statuses():
    text = PAGES["featkit.1"].replace(r"\-", "-")
    assert all(f"featkit-{name}\\fR(1)" in text for name in COMMANDS.names)
    assert ".SH EXIT STATUS" in text
    assert "NO_COLOR" in text


@pytest.mark.parametrize(
    ("text", "expected"), [(".x", r"\&.x"), ("'x", r"\&'x"), ("a-b\\", r"a\-b\e"), ("a.", "a.")]
)
def test_text_is_no_command_of_roff(text, expected):
    assert _escaped(text) == expected


@pytest.mark.parametrize("words", [["mandoc", "-Tlint"], ["groff", "-ww", "-man", "-Tutf8", "-z"]])
def test_programs_have_no_complaints(words, tmp_path):
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    for name, text in PAGES.items():
        (tmp_path / name).write_text(text)
    done = subprocess.run(
        [*words, *sorted(PAGES)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout + done.stderr == ""
