"""Figures for papers, drawn on Matplotlib axes."""

from featkit._utils.public_names import public_dir as _public_dir
from featkit.plots.curve_figures import precision_recall as precision_recall
from featkit.plots.curve_figures import roc as roc
from featkit.plots.figures import beeswarm as beeswarm
from featkit.plots.figures import confusion as confusion
from featkit.plots.figures import dependence as dependence
from featkit.plots.figures import family_heatmap as family_heatmap
from featkit.plots.figures import importance as importance
from featkit.plots.network_figures import bands as bands
from featkit.plots.network_figures import evidence as evidence
from featkit.plots.network_figures import learning_curves as learning_curves
from featkit.plots.recording_figure import recording as recording
from featkit.plots.regression import predictions as predictions
from featkit.plots.score_figures import calibration as calibration
from featkit.plots.score_figures import leaderboard as leaderboard

__dir__ = _public_dir(__name__)
