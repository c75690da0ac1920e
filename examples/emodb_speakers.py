"""EmoDB by speaker: without and with normalisation by speaker, calibrated, with prediction sets.

    python examples/emodb_speakers.py EMODB [--model svm] [--features standard]

EMODB is the folder of the 535 sentences. The first two characters of a name are the speaker, and
the sixth one is the emotion. Each speaker is predicted by a model of the others. The table is kept
in ``emodb.parquet``; the next run resumes from it. The last model is saved as ``emotion.fk``.

References
----------
F. Burkhardt et al., "A database of German emotional speech", Interspeech 2005.
"""

import argparse
import csv
from pathlib import Path

import featkit

EMOTIONS = {
    "W": "anger",
    "L": "boredom",
    "E": "disgust",
    "A": "anxiety",
    "F": "happiness",
    "T": "sadness",
    "N": "neutral",
}


def write_manifest(folder: Path, manifest: Path) -> None:
    """List the sentences with speaker and emotion."""
    with manifest.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "speaker", "label"])
        for path in sorted(folder.glob("*.wav")):
            writer.writerow([path.name, path.name[:2], EMOTIONS[path.name[5]]])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="folder of the sentences")
    parser.add_argument("--features", default="standard")
    parser.add_argument("--model", default="svm")
    parser.add_argument("--output", type=Path, default=Path("emodb.parquet"))
    options = parser.parse_args()

    manifest = options.output.with_suffix(".csv")
    write_manifest(options.folder, manifest)
    table = featkit.extract(
        options.folder,
        manifest=manifest,
        features=options.features,
        output=options.output,
        n_jobs=None,
    ).table
    for normalize_by in (None, "speaker"):
        result = featkit.train(
            table,
            group="speaker",
            leave_one_group_out=True,
            normalize_by=normalize_by,
            calibrate="auto",
            model=options.model,
            n_jobs=None,
        )
        scores = result.evaluation
        print("normalised by speaker:" if normalize_by else "not normalised:")
        accuracy = scores.kept.accuracy
        print(f"  accuracy {accuracy.value:.3f} [{accuracy.low:.3f}, {accuracy.high:.3f}]")
        worst = min(accuracy.folds, key=accuracy.folds.__getitem__)
        print(f"  lowest accuracy {accuracy.folds[worst]:.3f}, speaker {worst}")
        before = scores.uncalibrated.calibration if scores.uncalibrated else scores.calibration
        print(
            f"  expected calibration error {before.expected_error:.3f},"
            f" calibrated {scores.calibration.expected_error:.3f}"
        )
        for sets in scores.prediction_sets.coverages:
            print(
                f"  prediction sets for {sets.nominal:g}: coverage {sets.coverage.value:.3f},"
                f" {sets.size.value:.2f} emotions"
            )
    result.model.save(options.output.with_name("emotion.fk"))


if __name__ == "__main__":
    main()
