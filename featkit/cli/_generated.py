"""Files that are generated from the code: manual pages, and the columns that shells complete.

Run ``python -m featkit.cli._generated`` in a checkout after a change of commands or feature sets;
tests compare the files with the code.
"""

from __future__ import annotations

import os
from pathlib import Path

import featkit
from featkit.cli._completion_values import COLUMN_NAMES
from featkit.cli._man_pages import pages

ROOT = Path(__file__).parent.parent.parent


def man_folder(root: Path = ROOT) -> Path:
    """Return the folder of the manual pages.

    Parameters
    ----------
    root : path
        The checkout.

    Returns
    -------
    Path
    """
    return root / "docs" / "man"


def files(root: Path = ROOT) -> dict[Path, str]:
    """Return the generated files.

    Parameters
    ----------
    root : path
        The checkout.

    Returns
    -------
    dict of Path to str
        Their texts.
    """
    from featkit.cli._main import main
    from featkit.features.sets.loading import FEATURE_SETS

    names = {
        column.name for name in FEATURE_SETS.own_names for column in FEATURE_SETS[name].columns
    }
    columns = Path(__file__).parent / COLUMN_NAMES
    texts = {columns: "".join(f"{name}\n" for name in sorted(names))}
    manual = pages(main, featkit.__version__)
    return texts | {man_folder(root) / name: text for name, text in manual.items()}


def write() -> None:
    """Write the generated files, and remove manual pages of commands that are gone."""
    texts = files()
    os.makedirs(man_folder(), exist_ok=True)
    for old in set(man_folder().glob("*.1")) - texts.keys():
        old.unlink()
    for path, text in texts.items():
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    write()
