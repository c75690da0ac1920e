"""Baselines and networks on one leaderboard: GTZAN by tracks, 60/20/20.

    python examples/genre_networks.py GTZAN [--embedding model.toml]

GTZAN is a folder of folders of clips, ``blues/blues.00000.wav``. Logistic regression, SGD, a random
forest and XGBoost learn from the columns of `--features`; a CNN, an LSTM and their hybrid learn
from sequences of the same clips. All are trained on the same tracks and scored on the same others.
``--embedding`` names a feature set with the family ``embedding``, such as VGGish in ONNX: a forest
on its columns is scored on the same tracks, too.
"""

import argparse
from pathlib import Path

import featkit

COLUMNS = ("logistic", "sgd", "random_forest", "xgboost")
NETWORKS = ("cnn", "lstm", "cnn_lstm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("dataset", type=Path, help="folder of folders of clips")
    parser.add_argument("--features", default="genre75")
    parser.add_argument("--embedding", type=Path, help="feature set with the family embedding")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each clip (30)")
    parser.add_argument("--epochs", type=int, help="of each network; by default its own")
    parser.add_argument("--output", type=Path, default=Path("genre_networks"))
    options = parser.parse_args()
    options.output.mkdir(exist_ok=True)

    corpus = {"labels": "folder", "n_jobs": None}
    table = featkit.extract(
        options.dataset,
        duration=options.seconds,
        features=options.features,
        output=options.output / "columns.parquet",
        **corpus,
    ).table
    folder = options.output / "sequences"
    featkit.sequences(
        options.dataset, output=folder, features="series4", seconds=options.seconds, **corpus
    )
    parameters = {f"{name}.epochs": options.epochs for name in NETWORKS if options.epochs}
    result = featkit.train(
        table,
        sequences=folder,
        model=NETWORKS + COLUMNS,
        parameters=parameters or None,
        shares=(60, 20, 20),
        n_jobs=None,
    )
    print(result.leaderboard.round(3).to_string())
    result.model.save(options.output / "cnn.fk")
    if options.embedding:
        embedded = featkit.extract(options.dataset, features=options.embedding, **corpus).table
        forest = featkit.train(embedded, model="random_forest", shares=(60, 20, 20), n_jobs=None)
        print("random_forest on embeddings")
        print(forest.leaderboard.round(3).to_string())


if __name__ == "__main__":
    main()
