"""What the voice features add to `standard` on EmoDB, beside openSMILE's eGeMAPSv02 and ComParE.

    python benchmarks/voice_worth.py EMODB [--models svm,logistic]

EMODB is the folder of the 535 sentences. Each speaker is predicted by models of the nine others,
after all columns were standardised within each speaker. The classifiers have their default
parameters, so that nothing is selected on any speaker. `standard` with the columns of `voice`
is compared with each other table on the same sentences: McNemar's exact test counts sentences, and
a Wilcoxon test of the ten accuracies by speaker counts speakers. There is no target: the table
states the result. openSMILE must be installed.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from typing import Any

import _common  # noqa: F401 - before NumPy, since it sets the number of threads
import numpy as np
from _common import print_table
from emodb import emodb
from scipy.stats import wilcoxon

import featkit
from featkit.models.model_differences import mcnemar_p_value
from featkit.table.feature_table import FeatureTable

COMPARED = "standard + voice"
"""The table that each other one is compared with."""

Array = np.ndarray[Any, np.dtype[Any]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", metavar="EMODB")
    parser.add_argument("--models", default="svm,logistic,random_forest")
    options = parser.parse_args()
    tables = all_tables(options.folder)
    rows = []
    for model in options.models.split(","):
        hits = {name: correct(table, model) for name, table in tables.items()}
        speakers = np.asarray(tables[COMPARED].column("speaker"))
        for name, own in hits.items():
            rows.append([model, name, str(len(tables[name].feature_names))])
            rows[-1] += comparison(hits[COMPARED], own, speakers)
    print_table(
        "EmoDB, one speaker left out, columns standardised by speaker",
        [
            "model",
            "features",
            "columns",
            "accuracy",
            f"{COMPARED} less it",
            "only it, only the other",
            "McNemar p",
            "Wilcoxon p",
        ],
        rows,
    )


def all_tables(folder: str) -> Mapping[str, FeatureTable]:
    """Tables of the same sentences, in the same order, with emotion and speaker."""
    own = {name: emodb(folder, name) for name in ("standard", "voice", "voice88", "egemaps88")}
    standard = own["standard"]
    return {
        "standard": standard,
        "voice": own["voice"],
        "voice88": own["voice88"],
        "egemaps88": own["egemaps88"],
        COMPARED: joined(standard, own["voice"]),
        "standard + voice88": joined(standard, own["voice88"]),
        "eGeMAPSv02": opensmile_table(folder, standard, "eGeMAPSv02"),
        "ComParE_2016": opensmile_table(folder, standard, "ComParE_2016"),
    }


def joined(first: FeatureTable, second: FeatureTable) -> FeatureTable:
    """The columns of two tables of the same rows."""
    assert list(first.column("path")) == list(second.column("path"))
    names = [*first.feature_names, *second.feature_names]
    return with_features(first, names, np.hstack([first.values, second.values]))


def with_features(table: FeatureTable, names: list[str], values: Array) -> FeatureTable:
    """A table of the keys that matter here, and other features."""
    keys = {name: table.column(name).tolist() for name in ("path", "label", "speaker")}
    return FeatureTable(keys, names, np.ascontiguousarray(values, dtype=np.float64))


def opensmile_table(folder: str, table: FeatureTable, name: str) -> FeatureTable:
    """The functionals of openSMILE of the recordings of a table."""
    import opensmile

    smile = opensmile.Smile(
        feature_set=getattr(opensmile.FeatureSet, name),
        feature_level=opensmile.FeatureLevel.Functionals,
    )
    files = [os.path.join(folder, path) for path in table.column("path").tolist()]
    frame = smile.process_files(files)
    return with_features(table, [f"{name}_{column}" for column in frame.columns], frame.to_numpy())


def correct(table: FeatureTable, model: str) -> Array:
    """Whether each sentence is predicted correctly by a model of the other speakers."""
    result = featkit.train(
        table,
        model=model,
        group="speaker",
        leave_one_group_out=True,
        normalize_by="speaker",
        normalization="standard",
    )
    rows = result.predictions.set_index("path").loc[table.column("path").tolist()]
    return np.asarray(rows["label"] == rows["predicted"])


def comparison(compared: Array, own: Array, speakers: Array) -> list[str]:
    """Accuracy, and the paired difference with its tests; empty for the compared table itself."""
    accuracy = f"{own.mean():.3f}"
    if compared is own:
        return [accuracy, "", "", "", ""]
    only_own, only_compared = int((own & ~compared).sum()), int((compared & ~own).sum())
    by_speaker = np.array(
        [(compared[speakers == s].mean(), own[speakers == s].mean()) for s in np.unique(speakers)]
    )
    difference = by_speaker[:, 0] - by_speaker[:, 1]
    p = float(wilcoxon(difference).pvalue) if difference.any() else 1.0
    return [
        accuracy,
        f"{100 * (compared.mean() - own.mean()):+.1f} points",
        f"{only_own}, {only_compared}",
        f"{mcnemar_p_value(only_own, only_compared):.3f}",
        f"{p:.3f}",
    ]


if __name__ == "__main__":
    main()
