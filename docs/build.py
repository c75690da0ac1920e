"""Build and check the documentation site: ``python docs/build.py`` (or ``nox -s docs``).

Each step is an error if it finds a fault; later steps run all the same:

1. Sphinx writes the pages into ``docs/_build/html``, with warnings as errors. It executes the
   tutorials and the gallery, and fails if a public name is missing in the reference.
2. `_checks/links.py` checks files and anchors, `_checks/gallery.py` that no figure is missing.
3. `_checks/browser.py` opens pages of each kind with axe-core. Without a browser it says so, and
   fails only if ``CI`` is set.
4. `_blocks/run_all.py` runs the code blocks of README.md and of all guides.
"""

import subprocess
import sys
import time
from pathlib import Path

DOCS = Path(__file__).parent
HTML = DOCS / "_build" / "html"

STEPS = {
    "pages": ["-m", "sphinx", "-q", "-W", "--keep-going", "-n", "-b", "html", DOCS, HTML],
    "links": [DOCS / "_checks" / "links.py"],
    "gallery": [DOCS / "_checks" / "gallery.py"],
    "browser": [DOCS / "_checks" / "browser.py"],
    "blocks": [DOCS / "_blocks" / "run_all.py"],
}


def main() -> int:
    """Run the steps that are named as arguments, or all; return the exit status."""
    failed = []
    for name in sys.argv[1:] or STEPS:
        began = time.monotonic()
        status = subprocess.run([sys.executable, *STEPS[name]], check=False).returncode
        print(f"== {name}: exit status {status}, {time.monotonic() - began:.0f} s", flush=True)
        failed += [name] if status else []
    print("failed: " + ", ".join(failed) if failed else f"the site is in {HTML}")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
