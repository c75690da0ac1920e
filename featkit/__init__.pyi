# The public names of featkit, for type checkers and for the lazy imports of `__init__.py`.

from . import models as models
from . import plots as plots
from .audio.loading import load as load
from .auditing.audit import audit as audit
from .auditing.issue import Issue as Issue
from .auditing.result import Audit as Audit
from .batch.extraction import extract as extract
from .batch.outcomes import Extraction as Extraction
from .batch.shards.merging import merge as merge
from .dsp import signals as signals
from .errors import AudioError as AudioError
from .errors import FeatkitError as FeatkitError
from .errors import ModelError as ModelError
from .errors import ParameterError as ParameterError
from .errors import TableError as TableError
from .errors import WriteError as WriteError
from .evaluation.evaluate import EvaluationResult as EvaluationResult
from .explanation.computation import explain as explain
from .explanation.explanation import Explanation as Explanation
from .features.analysis import analyse as analyse
from .features.extractor import FeatureExtractor as FeatureExtractor
from .features.sets.column_description import describe as describe
from .features.sets.feature_set import FeatureSet as FeatureSet
from .features.sets.loading import feature_set as feature_set
from .features.sets.loading import feature_sets as feature_sets
from .models.model import Model as Model
from .models.predictions import Predictions as Predictions
from .models.result import Result as Result
from .report.evaluation_page import write_evaluation_report as write_evaluation_report
from .report.page import write_report as write_report
from .schema import Column as Column
from .schema import Failure as Failure
from .sound_model import evaluate as evaluate
from .sound_model import load_model as load_model
from .sound_model import train as train
from .table.diff import Difference as Difference
from .table.diff import diff as diff
from .table.feature_table import FeatureTable as FeatureTable
from .table.inspection import Inspection as Inspection
from .table.inspection import inspect as inspect

__version__: str
