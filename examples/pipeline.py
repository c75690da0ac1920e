"""The extractor as the first step of a scikit-learn pipeline: audio to classes.

    python examples/pipeline.py

Synthesises the corpus of the demo in a temporary folder and compares two feature sets by the
cross-validated accuracy of a logistic regression: two columns, tempo and zero-crossing rate, or the
75 columns of genre75.
"""

import tempfile

from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from featkit import FeatureExtractor
from featkit.datasets.synthetic import write_corpus

TWO_COLUMNS = {
    "name": "two columns",
    "features": [
        {"family": "tempo"},
        {"family": "zero_crossing_rate", "statistics": ["mean"]},
    ],
}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = write_corpus(folder, clips_per_style=12)
        styles = [file.parent.name for file in files]
        pipeline = make_pipeline(FeatureExtractor(), StandardScaler(), LogisticRegression())
        search = GridSearchCV(
            pipeline,
            {"featureextractor__features": [TWO_COLUMNS, "genre75"]},
            cv=StratifiedKFold(3, shuffle=True, random_state=0),
        )
        search.fit(files, styles)
    for features, score in zip(
        ("two columns", "genre75"), search.cv_results_["mean_test_score"], strict=True
    ):
        print(f"{features:12} {score:.3f}")


if __name__ == "__main__":
    main()
