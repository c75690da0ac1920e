"""Settings of a training as texts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def setting_text(value: Any) -> str:
    """The value of a setting as text; an en dash if nothing is set."""
    if value is None or value in ((), []):
        return "–"
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "/".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
