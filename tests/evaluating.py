"""Evaluations on other datasets for tests of reports, from made-up predictions."""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from featkit.evaluation.result import (
    ColumnShare,
    ColumnShift,
    CrossEvaluation,
    DatasetEvaluation,
    DomainClassifier,
    FamilyShift,
    FormatShare,
    HomeScores,
    ImportanceComparison,
    ImportancePair,
    ModelComparison,
    RowCounts,
    SecondaryLabelScores,
    Shift,
    SubgroupComparison,
    SubgroupScores,
    ValueInterval,
)
from featkit.models.reliability import calibration
from featkit.models.score_types import METRICS, ConditionsScores, MetricScore
from featkit.models.scores import (
    class_scores,
    confusion_matrix,
    metric_values,
    model_scores,
    predicted,
)

GENRES = ["blues", "classical", "country", "disco", "hiphop", "jazz", "metal", "pop", "reggae"]

HOSTILE_GENRES = ["__proto__", "<script>alert(1)</script>", '" onload="alert(2)', "שלום (2)"]
HOSTILE_NAME = "</script><script>alert(4)</script>"

FAMILIES = [("mfcc", "dB"), ("spectral_centroid", "Hz"), ("tempo", "BPM"), ("chroma", "1")]


def made_evaluation(
    datasets=("jamendo",), models=("genre",), classes=GENRES, rows=300, columns=24, seed=0
):
    """Models on datasets, with all optional parts."""
    rng = np.random.default_rng(seed)
    classes = sorted(classes)
    pairs = [
        made_pair(rng, dataset, model, classes, rows=rows, columns=columns)
        for dataset in datasets
        for model in models
    ]
    comparisons = [
        made_comparison(dataset, models[i], models[j])
        for dataset in datasets
        for i in range(len(models))
        for j in range(i + 1, len(models))
    ]
    return CrossEvaluation(
        evaluations=pairs,
        comparisons=comparisons,
        label_map={
            "unmapped": "keep",
            "drop": ["spoken", "noise & field recordings"],
            "labels": {"hiphop": ["hip hop", "Rap & Hiphop"], "pop": ["Dance"]},
            "datasets": {datasets[0]: {"drop": ["test tones"], "labels": {}}},
        },
        versions={"featkit": "0.9", "numpy": "2.1", "scikit-learn": "1.6"},
    )


def bare_evaluation(**how):
    """The same without any optional part."""
    evaluation = made_evaluation(**how)
    pairs = [
        replace(
            pair,
            counts=RowCounts(rows=10, recordings=10, scored_rows=10, scored_recordings=10),
            segment_scores=None,
            home=None,
            secondary=None,
            subgroups=(),
            conditions=None,
            shift=None,
            importances=None,
            warnings=(),
        )
        for pair in evaluation.evaluations
    ]
    return CrossEvaluation(evaluations=pairs)


def probabilities(rng, y, classes, skill):
    """Probabilities that favour the true class, and the fourth one, by an amount."""
    logits = rng.normal(size=(len(y), len(classes)))
    logits[:, min(3, len(classes) - 1)] += 0.9
    logits += skill * (y[:, None] == np.asarray(classes))
    P = np.exp(logits)
    return P / P.sum(axis=1, keepdims=True)


def made_pair(rng, dataset, model, classes, *, rows, columns):
    """Scores of one model on one dataset."""
    weights = rng.dirichlet(np.full(len(classes), 2.0))
    y = np.asarray(classes)[rng.choice(len(classes), rows, p=weights)]
    P = probabilities(rng, y, classes, skill=1.5)
    segment_P = probabilities(rng, y, classes, skill=1.0)
    answer, groups = predicted(P, classes), np.arange(rows) // 2
    frequencies = np.array([np.mean(y == name) for name in classes])
    uniform = np.full((rows, len(classes)), 1 / len(classes))
    scores = model_scores(y, P, classes, groups, np.full(rows, ""))
    return DatasetEvaluation(
        dataset=dataset,
        model=model,
        counts=RowCounts(
            rows=4 * rows + 163,
            recordings=2 * rows + 80,
            scored_rows=2 * rows,
            scored_recordings=rows,
            unlabelled=11,
            dropped={"spoken": 40, "noise & field recordings": 3},
            unknown={"folk": 27, "ambient": 31, "world": 8},
            repeated=2 * rows - 20,
            trained=12,
            undefined=4,
            failed=7,
        ),
        classes=classes,
        unit="artist",
        groups=len(set(groups.tolist())),
        scores=scores,
        segment_scores=model_scores(y, segment_P, classes, groups, np.full(rows, "")),
        majority=metric_values(y, np.tile(frequencies, (rows, 1)), classes),
        chance=replace(
            metric_values(y, uniform, classes),
            accuracy=1 / len(classes),
            balanced_accuracy=1 / len(classes),
        ),
        home=made_home(tuple(classes)),
        per_class=class_scores(y, answer, classes),
        confusion=confusion_matrix(y, answer, classes),
        calibration=calibration(y, P, classes),
        secondary=SecondaryLabelScores(
            rows=rows,
            with_secondary=46,
            share=46 / rows,
            primary_accuracy=around(0.466387),
            either_accuracy=around(0.517795),
            gain=ValueInterval(value=0.051409, low=0.031, high=0.071),
            errors=160,
            rescued=15,
            rescue_rate=15 / 160,
            rescue_rate_with_secondary=15 / 30,
        ),
        subgroups=[made_subgroups("sex", "female", "male", ""), made_subgroups("device", *"abcde")],
        conditions=made_conditions(),
        shift=made_shift(rng, columns),
        importances=made_importances(rng, columns),
        warnings=["class 'metal' has 3 recordings: its scores are uncertain"],
    )


def around(value, half=0.04):
    """A value with an interval."""
    return ValueInterval(value=value, low=max(value - half, 0), high=min(value + half, 1))


@lru_cache
def made_home(classes):
    """Scores at home."""
    rng = np.random.default_rng(7)
    y = np.asarray(classes)[np.arange(100 * len(classes) // 3) % len(classes)]
    P = probabilities(rng, y, classes, skill=3.0)
    scores = model_scores(y, P, classes, np.arange(len(y)), np.full(len(y), ""))
    metrics = {
        name: ValueInterval(value=scores[name].value, low=scores[name].low, high=scores[name].high)
        for name in METRICS
    }
    return HomeScores(
        protocol="5 folds by artist",
        rows=len(y),
        merged=False,
        metrics=metrics,
        recording_metrics=None,
        same_classes_balanced_accuracy=0.777,
        per_class=class_scores(y, predicted(P, classes), classes),
        calibration=calibration(y, P, classes),
    )


def merged_home(home):
    """Scores at home of merged classes: without intervals, log loss and calibration."""
    metrics = {
        name: ValueInterval(value=score.value)
        for name, score in home.metrics.items()
        if name != "log_loss"
    }
    return replace(
        home, merged=True, metrics=metrics, calibration=None, same_classes_balanced_accuracy=None
    )


def made_subgroups(column, *values):
    """Scores by the values of a column."""
    subgroups = [
        SubgroupScores(
            value=value,
            rows=80 - 7 * k,
            recordings=70 - 7 * k,
            groups=40 - 3 * k,
            metrics={name: around(0.5 + 0.06 * k, 0.03 + 0.01 * k) for name in METRICS},
        )
        for k, value in enumerate(values)
    ]
    return SubgroupComparison(
        column=column,
        subgroups=subgroups,
        highest=values[-1],
        lowest=values[0],
        difference=ValueInterval(value=0.123, low=0.012, high=0.234),
        small=values[-1:],
    )


def made_conditions(give_label_away=True):
    """Prediction of the label from recording conditions."""
    accuracy = MetricScore(value=0.612, std=None, low=0.573, high=0.651, folds={})
    balanced = MetricScore(value=0.583, std=None, low=0.541, high=0.622, folds={})
    return ConditionsScores(
        candidate="xgboost",
        protocol="5 folds by artist",
        columns={"bandwidth": 0.71, "sample_rate": 0.2, "format": 0.09},
        rows=300,
        accuracy=accuracy,
        balanced_accuracy=balanced,
        chance=1 / 9,
        majority=0.245,
        give_label_away=give_label_away,
    )


def made_shift(rng, number):
    """Differences of the columns, of the families and of the recording conditions."""
    distances = np.sort(rng.beta(1.2, 3, number))[::-1].tolist()
    columns = [
        ColumnShift(
            column=f"{family}_{k}_mean",
            family=family,
            unit=unit,
            distance=around(distance),
            differs=distance > 0.14,
            home_median=float(1000 + rng.normal() * 100),
            median=None if k == 5 else float(1500 + rng.normal() * 100),
        )
        for k, distance in enumerate(distances)
        for family, unit in [FAMILIES[k % len(FAMILIES)]]
    ]
    families = [
        FamilyShift(
            family=family,
            columns=sum(shift.family == family for shift in columns),
            differing=sum(shift.family == family and shift.differs for shift in columns),
            distance=around(0.4 - 0.07 * k),
        )
        for k, (family, _) in enumerate(FAMILIES)
    ]
    conditions = [
        ColumnShift(
            column=column,
            family="",
            unit=unit,
            distance=around(distance),
            differs=distance > 0.14,
            home_median=home,
            median=here,
        )
        for column, unit, distance, home, here in [
            ("bandwidth", "Hz", 0.93, 10_900.0, 3_400.0),
            ("level", "dBFS", 0.88, -14.2, -34.1),
            ("sample_rate", "Hz", 0.3, 22_050.0, 44_100.0),
            ("duration", "s", 0.05, 30.0, 30.0),
        ]
    ]
    shares = [
        ColumnShare(column=shift.column, share=0.5**k) for k, shift in enumerate(columns[:10], 1)
    ]
    classifier = DomainClassifier(
        candidate="xgboost", protocol="5 folds by artist", auc=around(0.957, 0.02), columns=shares
    )
    return Shift(
        home_rows=1000,
        rows=600,
        classes=["blues", "disco"],
        threshold=0.137,
        columns=columns,
        families=families,
        conditions=conditions,
        formats=[
            FormatShare(format="wav/pcm_16", home=1.0, here=0.25),
            FormatShare(format="mp3", home=0.0, here=0.75),
        ],
        classifier=classifier,
        conditions_classifier=DomainClassifier(
            candidate="xgboost",
            protocol="5 folds by artist",
            auc=around(0.991, 0.008),
            columns=[
                ColumnShare(column="bandwidth", share=0.8),
                ColumnShare(column="level", share=0.2),
            ],
        ),
        notes=["1,000 rows of each were drawn at random"],
    )


def made_importances(rng, number):
    """Importances at home and in the dataset."""
    home, here = (np.sort(rng.dirichlet(np.ones(number)))[::-1] for _ in range(2))
    here = here[rng.permutation(number)]
    columns = [
        ImportancePair(
            name=f"{FAMILIES[k % len(FAMILIES)][0]}_{k}_mean",
            home=around(float(home[k]), 0.01),
            here=around(float(here[k]), 0.01),
        )
        for k in range(number)
    ]
    families = [
        ImportancePair(name=family, home=around(0.4 - 0.1 * k), here=around(0.1 + 0.1 * k))
        for k, (family, _) in enumerate(FAMILIES)
    ]
    return ImportanceComparison(
        home_rows=500,
        rows=500,
        rank_correlation=0.427,
        columns=columns,
        families=families,
        notes=["SHAP values of the final model"],
    )


def made_comparison(dataset, first, second):
    """Two models on the same recordings."""
    return ModelComparison(
        dataset=dataset,
        first=first,
        second=second,
        recordings=300,
        first_accuracy=0.46,
        second_accuracy=0.53,
        difference=ValueInterval(value=0.07, low=0.012, high=0.125),
        only_first=31,
        only_second=52,
        p_value=0.0271,
    )
