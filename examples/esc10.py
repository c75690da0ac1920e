"""ESC-10 by its five official folds.

    python examples/esc10.py ESC-50 [--model random_forest] [--features standard]

ESC-50 is the folder of the dataset, with ``audio/`` and ``meta/esc50.csv``. Each fold is the test
set once; clips from one source are in one fold. The table is kept in ``esc10.parquet``; the next
run resumes from it.

References
----------
K. J. Piczak, "ESC: Dataset for Environmental Sound Classification", ACM Multimedia 2015: 72.7 %
with a random forest on 26 columns.
"""

import argparse
from pathlib import Path

import featkit


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("dataset", type=Path, help="folder with audio/ and meta/esc50.csv")
    parser.add_argument("--features", default="standard")
    parser.add_argument("--model", default="random_forest")
    parser.add_argument("--output", type=Path, default=Path("esc10.parquet"))
    options = parser.parse_args()

    extraction = featkit.extract(
        options.dataset / "audio",
        manifest=options.dataset / "meta" / "esc50.csv",
        where={"esc10": "True"},
        features=options.features,
        output=options.output,
        n_jobs=None,
    )
    result = featkit.train(extraction.table, fold="fold", model=options.model, n_jobs=None)
    accuracy = result.evaluation.kept.accuracy
    for fold, value in accuracy.folds.items():
        print(f"fold {fold}: accuracy {value:.3f}")
    mean = sum(accuracy.folds.values()) / len(accuracy.folds)
    print(f"mean of the folds {mean:.3f} [{accuracy.low:.3f}, {accuracy.high:.3f}]")


if __name__ == "__main__":
    main()
