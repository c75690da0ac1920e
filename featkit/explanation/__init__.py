"""SHAP values of any model of featkit, and the rankings of features that follow from them."""

from featkit._utils.public_names import public_dir as _public_dir
from featkit.explanation.computation import explain as explain
from featkit.explanation.contrast import contrast as contrast
from featkit.explanation.contrast import unusual_values as unusual_values
from featkit.explanation.explanation import Explanation as Explanation
from featkit.explanation.ranking import contributions as contributions
from featkit.explanation.ranking import correlated as correlated
from featkit.explanation.ranking import direction as direction
from featkit.explanation.ranking import grid as grid
from featkit.explanation.ranking import importance as importance
from featkit.explanation.ranking import importance_by_fold as importance_by_fold
from featkit.explanation.ranking import related as related

__dir__ = _public_dir(__name__)
