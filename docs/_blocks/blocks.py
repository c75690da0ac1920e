"""Code blocks of Markdown pages."""

import re
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)

LANGUAGES = ("sh", "python", "toml", "text", "csv", "json")
"""Languages of blocks: the first two run."""

OPENING = re.compile(r"^[ \t]*(?:```+|~~~+)[ \t]*\S.*$", re.MULTILINE)
"""A fence that opens a block of a language, also one in a list or a quotation."""

KNOWN = re.compile(rf"```(?:{'|'.join(LANGUAGES)}|\{{(?:toctree|code-cell)\}}.*)")
"""A fence that the machinery or Sphinx understands."""

COMMAND = re.compile(r"(?:pip|featkit|python|uvicorn|curl) ")
"""The start of a shell command."""


@dataclass(frozen=True)
class Block:
    """A block of a page.

    Attributes
    ----------
    line : int
        Line of its fence, counted from 1.
    language : str
        ``"sh"``, ``"python"``, ``"toml"``, ``"text"`` or another language.
    text : str
        Its lines.
    before : str
        The text of the page before it.
    """

    line: int
    language: str
    text: str
    before: str


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page in order."""
    text = page.read_text("utf-8")
    return [
        Block(
            line=text.count("\n", 0, match.start()) + 1,
            language=match["language"],
            text=match["text"],
            before=text[: match.start()],
        )
        for match in FENCE.finditer(text)
    ]


def unreadable(page: Path) -> list[str]:
    """Return a message for each block that would not run because nothing recognises it.

    Parameters
    ----------
    page : path
        The page. Pages with `{code-cell}` blocks are executed when the site is built.
    """
    text = page.read_text("utf-8")
    faults = [
        f"a block of an unknown language: {fence.strip()!r}; one of {', '.join(LANGUAGES)}, at the"
        " start of the line"
        for fence in OPENING.findall(text)
        if not KNOWN.fullmatch(fence)
    ]
    for block in blocks_of(page):
        first = block.text.partition("\n")[0]
        if block.language == "python" and ">>> " in block.text and not first.startswith(">>> "):
            faults.append(f"line {block.line}: code before the first >>> would not run")
        if block.language == "text" and COMMAND.match(block.text):
            faults.append(f"line {block.line}: commands are a block of sh, not of text")
    return faults


def file_name(block: Block) -> str | None:
    """Return the name of the file that a block is, or None.

    A TOML block with a name is the file of this name. A block of TOML or text is the file that the
    sentence before it names last, such as ``cost.csv``, if this sentence ends with a colon.
    """
    if block.language == "toml" and (match := re.match(r'name = "(\w+)"', block.text)):
        return f"{match[1]}.toml"
    if block.language not in ("toml", "text", "csv", "json"):
        return None
    sentence = block.before.rstrip().rpartition("\n\n")[2]
    names = re.findall(r"`([\w-]+\.(?:toml|csv|json))`", sentence)
    return names[-1] if names and sentence.endswith(":") else None
