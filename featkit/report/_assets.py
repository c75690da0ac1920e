"""Templates, style sheet and script of the page, and its content-security policy.

The policy allows nothing to be loaded and nothing to run, except the one script and the one style
sheet whose digests it contains. Texts from outside, such as labels and paths, are escaped by the
templates. The data for the script is JSON without characters that could end its element.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from featkit._utils import bidi
from featkit.report import sections
from featkit.report.formatting import fixed, percent, signed, significant, with_unit

TEMPLATES = Path(__file__).parent / "templates"
"""Folder of the files that all pages use; templates of sections are next to their modules."""

JSON_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
"""Escapes of characters that JSON inside of a page must not contain."""


def read_template(name: str) -> str | None:
    """The text of a template; None if no folder has it."""
    files = (Path(folder) / name for folder in (*sections.__path__, str(TEMPLATES)))
    return next((file.read_text("utf-8") for file in files if file.is_file()), None)


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The template environment, in which texts are escaped and missing variables are errors."""
    templates = Environment(
        loader=FunctionLoader(read_template),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=isolate_names,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {function.__name__: function for function in FILTERS}
    templates.filters |= {"json": as_json, "verbatim": escape}
    return templates


def as_json(data: Any) -> Markup:
    """Data for the script, as the content of an element that no label can end."""
    return Markup(json.dumps(data, ensure_ascii=False, allow_nan=False).translate(JSON_ESCAPES))


def isolate_names(value: Any) -> Any:
    """Isolate names written from right to left in texts; markup and other values are unchanged."""
    return bidi.settled(value) if type(value) is str else value


def named(name: str) -> Markup:
    """A name that is the only content of an element."""
    if not bidi.is_concerned(name):
        return escape(name)
    return Markup("<bdi>{}</bdi>").format(bidi.harmless(name))


def breakable(name: str) -> Markup:
    """A name that may be broken after an underscore."""
    return Markup(named(name).replace("_", Markup("_<wbr>")))


FILTERS = (breakable, fixed, named, percent, signed, significant, with_unit)
"""Functions that templates use under their own names."""


@lru_cache(maxsize=2)
def asset(name: str) -> Markup:
    """The style sheet or the script."""
    return Markup((TEMPLATES / name).read_text("utf-8"))


def policy() -> str:
    """The content-security policy of the page."""
    return "; ".join(
        [
            "default-src 'none'",
            "img-src data:",
            "media-src data:",
            f"style-src '{_digest(asset('style.css'))}'",
            f"script-src '{_digest(asset('script.js'))}'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
