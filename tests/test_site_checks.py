"""The checks of the documentation site see the faults that they look for."""

import re
import shlex
import sys
from pathlib import Path

import click
import pytest

from featkit.cli._main import COMMANDS

DOCS = Path(__file__).parent.parent / "docs"
for folder in ("_blocks", "_checks", "_extensions"):
    sys.path.append(str(DOCS / folder))

import links  # noqa: E402
import run_page  # noqa: E402
from blocks import Block, blocks_of, file_name, unreadable  # noqa: E402
from substitutes import SUBSTITUTES, Substitute, faults_of, substituted  # noqa: E402

PAGE = """# Page

Each line of the file `cost.csv` has a class:

```text
true,well
```

```sh
true
```

```toml
name = "mine"
```
"""


def block(language, text, before=""):
    return Block(line=1, language=language, text=text, before=before)


def test_blocks_have_lines_and_names_of_files(tmp_path):
    (tmp_path / "page.md").write_text(PAGE, "utf-8")
    costs, command, mine = blocks_of(tmp_path / "page.md")
    assert (costs.line, command.line, command.text) == (5, 9, "true\n")
    assert [file_name(item) for item in (costs, command, mine)] == ["cost.csv", None, "mine.toml"]


def test_failing_blocks_are_faults():
    assert run_page.run_block(block("sh", "false\ntrue\n"), "false\ntrue\n", "p", {}) != ""
    assert "exit status 3" in run_page.run_shell("(exit 3) | cat")
    assert "ZeroDivisionError" in run_page.run_python("1 / 0", "page.md:3", {})
    assert "Expected" in run_page.run_python(">>> 1 + 1\n3\n", "page.md:3", {})
    namespace = {}
    assert run_page.run_python("x = 2", "page.md:3", namespace) == ""
    assert run_page.run_python(">>> x\n2\n", "page.md:3", namespace) == ""


def test_a_block_that_ends_the_program_is_a_fault():
    assert "SystemExit" in run_page.run_python("raise SystemExit(0)", "page.md:3", {})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("```bash\ntrue\n```\n", "unknown language: '```bash'"),
        ("- step:\n  ```sh\n  true\n  ```\n", "unknown language: '```sh'"),
        ("~~~python\n1\n~~~\n", "unknown language: '~~~python'"),
        ("```python\nx = 1\n>>> x\n1\n```\n", "line 1: code before the first >>>"),
        ("```text\npip install x\n```\n", "line 1: commands are a block of sh"),
    ],
)
def test_blocks_that_would_not_run_are_faults(text, fault, tmp_path):
    (tmp_path / "page.md").write_text(text, "utf-8")
    (message,) = unreadable(tmp_path / "page.md")
    assert fault in message


def test_all_blocks_of_the_pages_can_run():
    pages = [DOCS.parent / "README.md", *DOCS.glob("*.md")]
    assert {page.name: unreadable(page) for page in pages if unreadable(page)} == {}


def commands_for_the_reader():
    """The commands of the tutorials for recordings of the reader's own, which do not run."""
    for page in sorted(DOCS.glob("tutorials/*.md")):
        for text in re.findall(r"^```console\n(.*?)^```", page.read_text("utf-8"), re.S | re.M):
            yield from re.findall(r"^\$ featkit (\S+) (.*)$", text, re.MULTILINE)


def test_commands_for_the_reader_have_options_that_exist():
    commands = [*commands_for_the_reader()]
    assert len(commands) > 10
    for name, arguments in commands:
        command = COMMANDS[name]
        parser = command.make_parser(click.Context(command, info_name=name))
        parser.parse_args(shlex.split(arguments))


@pytest.mark.parametrize(("variables", "status"), [({}, 0), ({"CI": "true"}, 1)])
def test_pages_that_no_browser_opened_are_an_error_in_ci(variables, status, monkeypatch, capsys):
    browser = pytest.importorskip("browser", reason="playwright is not installed")
    for name in ("CI", "FEATKIT_AXE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert browser.main() == status
    assert "NOT CHECKED" in capsys.readouterr().out


def test_every_substitute_is_on_its_page():
    assert faults_of(SUBSTITUTES, DOCS.parent) == []


def test_stale_substitutes_and_missing_reasons_are_faults():
    stale = Substitute("docs/train.md", "featkit fly", "", "no wings")
    silent = Substitute("docs/train.md", "featkit train corpus.parquet", "", "")
    assert faults_of([stale, silent], DOCS.parent) == [
        "docs/train.md: no block contains 'featkit fly'",
        "docs/train.md: 'featkit train corpus.parquet' has no reason",
    ]


def test_excluded_lines_do_not_run():
    text = "pip install 'featkit[remote]'\nfeatkit --version\n"
    assert substituted("docs/scale.md", text) == "featkit --version\n"


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ("b.html#here", None),
        ("#top", None),
        ("https://example.org/x", None),
        ("b.html#gone", "no such anchor"),
        ("c.html", "no such file"),
        ("https://", "no address"),
        ("htp://example.org", "unknown protocol 'htp'"),
    ],
)
def test_broken_links_are_faults(link, fault, tmp_path):
    pages = {"a.html": '<p id="top">a</p>', "b.html": '<p id="here">b</p>'}
    for name, text in pages.items():
        (tmp_path / name).write_text(text, "utf-8")
    parsed = {tmp_path / name: links.parsed(tmp_path / name) for name in pages}
    assert links.fault_of(link, tmp_path / "a.html", parsed) == fault


@pytest.mark.parametrize(
    ("text", "on_the_site"),
    [
        ("[x](../CONTRIBUTING.md#add) ", "[x](project/contributing.md#add) "),
        ("[x](audit.md#a)", "[x](audit.md#a)"),
        (
            "[x](../examples/audit.py)",
            "[x](https://github.com/featkit/featkit/blob/main/examples/audit.py)",
        ),
        ("![x](../examples/audit.png)", "![x](../examples/audit.png)"),
        ("[x](https://a.org/b)", "[x](https://a.org/b)"),
    ],
)
def test_links_to_the_repository_become_those_of_the_site(text, on_the_site):
    pytest.importorskip("sphinx")
    from repository_links import site_links

    assert site_links(text, "docs/train.md", "train.md") == on_the_site
