"""featkit: sound to a table of named, documented features, and to models that can be explained.

The public names are listed in ``__init__.pyi``, and are loaded when they are first used, so that
``import featkit`` costs nothing.
"""

import lazy_loader

__version__ = "0.1.0"

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
