"""GTZAN by tracks: 60/20/20, ten segments of 3 s from each track.

    python examples/track_split.py GTZAN [--model random_forest] [--features genre75]

GTZAN is a folder of folders of clips, ``blues/blues.00000.wav``. The segments of a track stay
together: all are training, validation or test rows. For comparison, the score of a split that
ignores tracks is printed; it is too high, because segments of one track resemble each other.
"""

import argparse
from pathlib import Path

import featkit

SEGMENTS, SECONDS = 10, 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("dataset", type=Path, help="folder of folders of clips")
    parser.add_argument("--features", default="genre75")
    parser.add_argument("--model", default="random_forest")
    parser.add_argument("--output", type=Path, default=Path("segments.parquet"))
    options = parser.parse_args()

    extraction = featkit.extract(
        options.dataset,
        labels="folder",
        duration=SEGMENTS * SECONDS,
        segment=SECONDS,
        segment_tail="pad",  # some clips are a few samples shorter than 30 s
        features=options.features,
        output=options.output,
        n_jobs=None,
    )
    result = featkit.train(extraction.table, shares=(60, 20, 20), model=options.model, n_jobs=None)
    scores = result.evaluation
    print(f"segments, tracks kept together: accuracy {scores.kept.accuracy.value:.3f}")
    if scores.recordings:
        print(f"tracks, segments combined: accuracy {scores.recordings.accuracy.value:.3f}")
    if scores.by_row:
        print(f"segments, split by row: accuracy {scores.by_row.row_wise.accuracy:.3f}")


if __name__ == "__main__":
    main()
