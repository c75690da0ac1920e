"""Three convolutional networks on ten segments of 3 s from each track, split by track.

    python examples/cnn_tournament.py GTZAN

GTZAN is a folder of folders of clips, ``blues/blues.00000.wav``. The segments of a track stay
together, in training, in the validation part that stops the training, and in the test. Segments
and whole tracks are scored; for comparison, the score of the first network by a split that
ignores tracks is printed.
"""

import argparse
from pathlib import Path

import featkit

NETWORKS = ("cnn", "vgg_small", "unet_encoder")
SECONDS = 3.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("dataset", type=Path, help="folder of folders of clips")
    parser.add_argument("--epochs", type=int, help="of each network; by default its own")
    parser.add_argument("--output", type=Path, default=Path("segments"))
    options = parser.parse_args()

    featkit.sequences(
        options.dataset,
        output=options.output,
        features="mel",
        labels="folder",
        segment=SECONDS,  # a clip that is a few samples shorter than 30 s has nine
        n_jobs=None,
    )
    result = featkit.train(
        options.output,
        model=NETWORKS,
        parameters={f"{name}.epochs": options.epochs for name in NETWORKS if options.epochs}
        or None,
        shares=(60, 20, 20),
        n_jobs=None,
    )
    print(result.leaderboard.round(3).to_string())
    scores = result.evaluation
    print(f"segments of unseen tracks: accuracy {scores.kept.accuracy.value:.3f}")
    if scores.recordings:
        print(f"unseen tracks, segments combined: accuracy {scores.recordings.accuracy.value:.3f}")
    if scores.by_row:
        print(f"segments, split by row: accuracy {scores.by_row.row_wise.accuracy:.3f}")


if __name__ == "__main__":
    main()
