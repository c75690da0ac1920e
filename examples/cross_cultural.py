"""Western and Korean music: meta-genres in one collection, across collections, and combined.

    python examples/cross_cultural.py WESTERN KOREAN

Both are folders of folders of clips, named after the genre: ``rock/rock.00000.wav`` and
``Rock & Metal/001.mp3``. ``meta_genres.toml`` sends the genres of both to four meta-genres. Clips
are cut or padded to exactly 5 s, and 70 % of the recordings are for training, 15 % for validation
and 15 % for the test. A random forest and boosting, of 500 trees each, are trained on the feature
set ``genre75``:

- in the domain: trained and tested on the same collection;
- across: trained on one collection, tested on all of the other;
- combined: trained and tested on both collections together.
"""

import argparse
from pathlib import Path

import featkit

GENRES = Path(__file__).with_name("meta_genres.toml")
SHARES = (70, 15, 15)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("western", type=Path, help="folder of folders of clips")
    parser.add_argument("korean", type=Path, help="folder of folders of clips")
    parser.add_argument("--trees", type=int, default=500)
    parser.add_argument("--output", type=Path, default=Path("cross_cultural"))
    options = parser.parse_args()
    options.output.mkdir(exist_ok=True)

    folders = {"western": options.western, "korean": options.korean}
    tables = {name: extract(folders[name], options.output / f"{name}.parquet") for name in folders}
    for model in ("random_forest", "xgboost"):
        for home, other in (("western", "korean"), ("korean", "western")):
            result = train(tables[home], model, options.trees)
            print(f"{model}: {home}, in the domain: {accuracy(result):.3f}")
            across = featkit.evaluate(result.model, {other: tables[other]}, label_map=GENRES)
            (scores,) = across.evaluation.evaluations
            print(f"{model}: {home} to {other}: {scores.scores.accuracy.value:.3f}")
        print(f"{model}: combined: {accuracy(train(tables, model, options.trees)):.3f}")


def extract(folder, output):
    """Return the table of a collection, each clip cut or padded to 5 s."""
    return featkit.extract(
        folder,
        labels="folder",
        features="genre75",
        duration=5.0,
        pad=True,
        output=output,
        n_jobs=None,
    ).table


def train(table, model, trees):
    """Train a model of some trees on the meta-genres of one or several tables."""
    return featkit.train(
        table,
        label_map=GENRES,
        shares=SHARES,
        model=model,
        parameters={"n_estimators": trees},
        n_jobs=None,
    )


def accuracy(result):
    """Return the accuracy on the test recordings."""
    return result.evaluation.kept.accuracy.value


if __name__ == "__main__":
    main()
