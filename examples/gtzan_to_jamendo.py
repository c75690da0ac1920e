"""A genre model trained on GTZAN, evaluated on MTG-Jamendo.

    python examples/gtzan_to_jamendo.py GTZAN JAMENDO autotagging_genre.tsv [--model random_forest]

GTZAN is a folder of folders of clips, ``blues/blues.00000.wav``; JAMENDO is the folder of audio
that the paths in the TSV file belong to. The first genre tag of a track that GTZAN has is its
label, the next its secondary label; tracks without such a tag are not scored. Tables and scores are
kept in ``--output``, and the next run resumes. The page ``report.html`` shows scores at home and on
Jamendo, confused genres, and which columns and recording conditions differ.
"""

import argparse
from pathlib import Path

import featkit

GENRES = Path(__file__).with_name("jamendo_genres.toml")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("gtzan", type=Path, help="folder of folders of clips")
    parser.add_argument("jamendo", type=Path, help="folder of audio")
    parser.add_argument("tags", type=Path, help="autotagging_genre.tsv")
    parser.add_argument("--features", default="genre75")
    parser.add_argument("--model", default="random_forest")
    parser.add_argument("--output", type=Path, default=Path("gtzan_to_jamendo"))
    options = parser.parse_args()
    options.output.mkdir(exist_ok=True)

    excerpt = {"features": options.features, "duration": 30.0, "n_jobs": None}
    home = featkit.extract(
        options.gtzan, labels="folder", output=options.output / "gtzan.parquet", **excerpt
    )
    jamendo = featkit.extract(
        options.jamendo,
        manifest=options.tags,
        output=options.output / "jamendo.parquet",
        **excerpt,
    )
    for extraction in (home, jamendo):
        print(f"{extraction.rows} rows, {len(extraction.failures)} files failed")
    result = featkit.train(home.table, model=options.model, n_jobs=None)
    result.model.save(options.output / "gtzan.fk")
    evaluation = featkit.evaluate(
        result.model,
        {"jamendo": jamendo.table},
        label="tags",
        label_separator=";",
        label_map=GENRES,
        group="group",  # the artist
        training_table=home.table,
        n_jobs=None,
    ).evaluation
    (scores,) = evaluation.evaluations
    print(f"at home: accuracy {scores.home.metrics['accuracy'].value:.3f}")
    accuracy = scores.scores.accuracy
    print(
        f"on {scores.counts.scored_recordings} tracks of Jamendo: accuracy {accuracy.value:.3f}"
        f" [{accuracy.low:.3f}, {accuracy.high:.3f}],"
        f" most common genre {scores.majority.accuracy:.3f}"
    )
    if scores.secondary:
        print(f"if the secondary genre counts, too: {scores.secondary.either_accuracy.value:.3f}")
    for own in scores.per_class:
        print(f"{own.name:10} true {own.support:5} predicted {own.predicted:5}")
    featkit.write_evaluation_report(options.output / "report.html", evaluation)


if __name__ == "__main__":
    main()
