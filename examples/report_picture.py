"""Draw report.png, the picture in the README: two sections of the report of the demo.

    python examples/report_picture.py

Needs playwright and Debian's chromium.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
PIECES = ("#answer", "#recordings")
WIDTH, HEIGHT = 1100, 900


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run([sys.executable, "-m", "featkit", "demo", "-o", scratch], check=True)
        photograph(Path(scratch) / "report.html", HERE / "report.png")


def photograph(report: Path, target: Path) -> None:
    """Take a picture of the tops of two sections, side by side."""
    pictures = "".join(f'<iframe src="{report.as_uri()}{section}"></iframe>' for section in PIECES)
    page_of_two = (
        "<!doctype html><style>body{margin:0;display:flex;gap:16px;background:#ddd}"
        f"iframe{{border:0;width:{WIDTH}px;height:{HEIGHT}px}}</style>{pictures}"
    )
    both = report.with_name("both.html")
    both.write_text(page_of_two, "utf-8")
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        size = {"width": 2 * WIDTH + 16, "height": HEIGHT}
        page = browser.new_page(viewport=size, device_scale_factor=0.75)
        page.goto(both.as_uri())
        page.wait_for_timeout(500)
        page.screenshot(path=target)
        browser.close()


if __name__ == "__main__":
    main()
