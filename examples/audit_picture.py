"""Draw audit.png, the picture in docs/audit.md: an issue of an audit of synthetic recordings.

    python examples/audit_picture.py

One recording has a copy that is cut, quieter, and in another class. Needs playwright and Debian's
chromium.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import soundfile
from playwright.sync_api import sync_playwright

import featkit
from featkit.datasets.synthetic import write_corpus
from featkit.report.audit_page import write_audit_report

HERE = Path(__file__).parent


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "corpus"
        original = next(file for file in write_corpus(folder) if file.parent.name == "rock")
        y, sr = soundfile.read(original)
        soundfile.write(folder / "house" / "house_99.ogg", 0.4 * y[2 * sr :], sr)
        audit = featkit.audit(folder, labels="folder", checks=["exact_copies", "near_copies"])
        page = Path(scratch) / "audit.html"
        write_audit_report(page, audit)
        photograph(page, HERE / "audit.png")


def photograph(report: Path, target: Path) -> None:
    """Take a picture of the section of issues."""
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        page = browser.new_page(viewport={"width": 1000, "height": 900}, device_scale_factor=1)
        page.goto(report.as_uri())
        page.wait_for_timeout(500)
        page.locator("section").nth(1).screenshot(path=target)
        browser.close()


if __name__ == "__main__":
    main()
