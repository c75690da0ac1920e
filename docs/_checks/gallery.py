"""The gallery has a section with an executed figure for each public function of `featkit.plots`."""

import inspect
import re
import sys
from pathlib import Path

import featkit

DOCS = Path(__file__).parent.parent


def main() -> int:
    """Return 1 if a function has no section, or if a section has no code or no image."""
    text = (DOCS / "gallery.md").read_text("utf-8")
    page = (DOCS / "_build" / "html" / "gallery.html").read_text("utf-8")
    names = [n for n, value in vars(featkit.plots).items() if inspect.isfunction(value)]
    public = {name for name in names if not name.startswith("_")}
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE))
    faults = [f"the gallery lacks featkit.plots.{name}" for name in public - set(sections)]
    faults += [f"featkit.plots has no function {name!r}" for name in set(sections) - public]
    for name, section in sections.items():
        if f"featkit.plots.{name}(" not in section:
            faults.append(f"the section {name} does not call the function")
        built = re.search(
            rf'<section id="{name.replace("_", "-")}">(.*?)</section>', page, re.DOTALL
        )
        if built is None or "<img" not in built[1]:
            faults.append(f"the section {name} has no image")
    print(*faults, f"{len(public)} functions in the gallery, {len(faults)} faults", sep="\n")
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
