"""The parts of the page that are files: templates, style, script; and the policy that binds them.

Nothing is loaded, and nothing runs but the one script and the one style sheet whose digests stand
in the page's content-security policy. Whatever comes from outside, such as a label or a path, is
escaped by the templates; the data that the script reads are JSON in which no character could end
the element around it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from functools import lru_cache
from importlib import resources
from typing import Any

from jinja2 import BaseLoader, Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from featkit._utils import bidi

FOLDER = resources.files("featkit.report") / "templates"

UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}
"""What JSON must not hold inside of a page, and what stands for it."""


def text_of(name: str) -> str:
    """One of the files of the page."""
    return (FOLDER / name).read_text("utf-8")


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Templates in which everything is escaped, and nothing missing is passed over."""
    loader: BaseLoader = FunctionLoader(text_of)
    made = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        finalize=settled,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["json"] = as_json
    made.filters["breakable"] = breakable
    made.filters["named"] = named
    made.filters["verbatim"] = escape
    return made


def as_json(data: Any) -> Markup:
    """Data for a script, as the content of an element that no label can end."""
    return Markup(json.dumps(data, ensure_ascii=False, allow_nan=False).translate(UNSAFE))


def settled(value: Any) -> Any:
    """What a template shows: names in texts are isolated, markup and all else stay as they are."""
    return bidi.settled(value) if type(value) is str else value


def named(name: str) -> Markup:
    """A name that is all that an element holds."""
    if not bidi.is_concerned(name):
        return escape(name)
    return Markup("<bdi>{}</bdi>").format(bidi.harmless(name))


def breakable(name: str) -> Markup:
    """A name that may be broken after an underscore."""
    return Markup(named(name).replace("_", Markup("_<wbr>")))


def style() -> Markup:
    """The style sheet."""
    return Markup(text_of("style.css"))


def script() -> Markup:
    """The script."""
    return Markup(text_of("script.js"))


def policy() -> str:
    """The content-security policy of the page."""
    return "; ".join(
        [
            "default-src 'none'",
            "img-src data:",
            "media-src data:",
            f"style-src '{_digest(style())}'",
            f"script-src '{_digest(script())}'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
