"""A CNN, a forest and boosting, at home and on another dataset with the same classes.

    python examples/networks_across_datasets.py HOME OTHER

Both are folders of folders of clips, such as GTZAN and an own collection; classes that only one of
them has are not scored on the other. Each model is trained on HOME, scored on unseen recordings of
HOME by five folds, and then on OTHER.
"""

import argparse
from pathlib import Path

import featkit

MODELS = ("cnn", "random_forest", "xgboost")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("home", type=Path, help="folder of folders of clips")
    parser.add_argument("other", type=Path, help="folder of folders of clips")
    parser.add_argument("--features", default="genre75")
    parser.add_argument("--epochs", type=int, help="of the network; by default its own")
    parser.add_argument("--output", type=Path, default=Path("across"))
    options = parser.parse_args()
    options.output.mkdir(exist_ok=True)

    tables = {}
    for name in ("home", "other"):
        source, corpus = vars(options)[name], {"labels": "folder", "n_jobs": None}
        columns = featkit.extract(
            source,
            features=options.features,
            output=options.output / f"{name}.parquet",
            **corpus,
        ).table
        folder = options.output / f"{name}_sequences"
        featkit.sequences(source, output=folder, features="logmel128", **corpus)
        tables[name] = columns, folder
    for name in MODELS:
        is_network = name == "cnn"
        home, other = (tables[one][1] if is_network else tables[one][0] for one in tables)
        parameters = {"epochs": options.epochs} if is_network and options.epochs else None
        result = featkit.train(home, model=name, parameters=parameters, n_jobs=None)
        evaluation = featkit.evaluate(result.model, {"other": other}, n_jobs=None).evaluation
        (scores,) = evaluation.evaluations
        own, there = result.evaluation.kept.accuracy, scores.scores.accuracy
        print(
            f"{name}: at home {own.value:.3f} [{own.low:.3f}, {own.high:.3f}],"
            f" on the other dataset {there.value:.3f} [{there.low:.3f}, {there.high:.3f}]"
        )


if __name__ == "__main__":
    main()
