"""Short listings of public modules, so that completion in notebooks offers public names only."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType


def public_dir(module: str) -> Callable[[], list[str]]:
    """Return the function ``__dir__`` of a public module.

    Parameters
    ----------
    module : str
        Full name of the module.

    Returns
    -------
    callable
        Lists the names of ``__all__``; without it, all names that neither begin with an underscore
        nor are modules.
    """

    def names() -> list[str]:
        own = vars(sys.modules[module])
        if "__all__" in own:
            return sorted(own["__all__"])
        return sorted(
            name
            for name, value in own.items()
            if not name.startswith("_") and not isinstance(value, ModuleType)
        )

    return names
