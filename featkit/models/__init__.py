"""Models: from a table of features to classes, with leakage-free scores.

Everything here is made of scikit-learn's parts, and can be taken apart: `pipeline` gives an
estimator for one's own `cross_validate`, `splits` the splitters, `train` the whole procedure.
"""

from featkit.models.estimator import AUTO as AUTO
from featkit.models.estimator import pipeline as pipeline
