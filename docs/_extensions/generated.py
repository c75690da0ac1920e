"""Files that the build writes into `docs`; Git ignores them."""

from pathlib import Path


def write(path: Path, text: str) -> None:
    """Write a generated page, unless it is the same: an unchanged page is not built again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text("utf-8") != text:
        path.write_text(text, "utf-8")
