"""Models: from a table of features to predicted classes, with leakage-free scores.

All parts follow scikit-learn and can be used alone: `pipeline` returns an estimator for
`cross_validate`, `featkit.models.splits` has the splitters, and `featkit.train` is the whole
procedure.
"""

from featkit._utils.public_names import public_dir as _public_dir
from featkit.models.estimator import AUTO as AUTO
from featkit.models.estimator import pipeline as pipeline

__dir__ = _public_dir(__name__)
