"""Residual networks on GTZAN by 800/100/99 tracks: frozen or not, SE, SpecAugment.

    python examples/resnet_genres.py GTZAN [--resnet18 FILE] [--resnet50 FILE] [--networks resnet18]

GTZAN is a folder of folders of clips, ``blues/blues.00000.wav``. ``--resnet18`` and ``--resnet50``
name safetensors files of trained weights, such as torchvision's; without them the networks start
from random weights, and are not frozen. Each variant is trained on the same 800 tracks, stopped on
others of these, and scored on the same tracks.
"""

import argparse
from pathlib import Path

import featkit

SHARES = (800, 100, 99)
FROZEN = 3  # first parts of the network that keep the given weights

VARIANTS = {
    "plain": {"frequency_mask": 0.0, "time_mask": 0.0},
    "SpecAugment": {},
    "SE, SpecAugment": {"squeeze_excitation": True},
    "frozen": {"freeze": FROZEN, "frequency_mask": 0.0, "time_mask": 0.0},
    "frozen, SpecAugment": {"freeze": FROZEN},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("dataset", type=Path, help="folder of folders of clips")
    parser.add_argument("--resnet18", help="safetensors file of its weights")
    parser.add_argument("--resnet50", help="safetensors file of its weights")
    parser.add_argument("--networks", nargs="+", default=["resnet18", "resnet50"])
    parser.add_argument("--epochs", type=int, help="of each network; by default its own")
    parser.add_argument("--output", type=Path, default=Path("resnet_sequences"))
    options = parser.parse_args()

    featkit.sequences(
        options.dataset, output=options.output, features="logmel128", labels="folder", n_jobs=None
    )
    for network in options.networks:
        weights = vars(options)[network]
        for title, variant in VARIANTS.items():
            if variant.get("freeze") and not weights:
                print(f"{network}, {title}: skipped, without weights there is nothing to keep")
                continue
            parameters = {**variant, "weights": weights or ""}
            if options.epochs:
                parameters["epochs"] = options.epochs
            result = featkit.train(
                options.output, model=network, parameters=parameters, shares=SHARES, n_jobs=None
            )
            accuracy = result.evaluation.kept.accuracy
            interval = f"[{accuracy.low:.3f}, {accuracy.high:.3f}]"
            print(f"{network}, {title}: accuracy {accuracy.value:.3f} {interval}")


if __name__ == "__main__":
    main()
