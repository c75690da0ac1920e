"""Draw the picture of the README: audio, feature table, and two features.

python examples/picture.py featkit.png
"""

import sys
import tempfile

import matplotlib as mpl
import numpy as np

import featkit
from featkit.datasets.synthetic import write_corpus
from featkit.dsp.synthesis import SR, STYLES
from featkit.features.spectra import SpectraParameters, Stack

mpl.use("Agg")
import matplotlib.pyplot as plt

COLOURS = dict(zip(STYLES, ("#0072B2", "#E69F00", "#D55E00", "#009E73"), strict=True))
MARKERS = dict(zip(STYLES, "osD^", strict=True))


def main(target: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = write_corpus(folder)
        table = featkit.extract(folder, labels="folder").table
        clips = [
            featkit.load(next(f for f in files if f.parent.name == style))[0] for style in STYLES
        ]
    figure = plt.figure(figsize=(12, 3.9), layout="constrained")
    left, middle, right = figure.subfigures(1, 3, width_ratios=(1, 1.15, 1))
    draw_sound(left, clips)
    draw_table(middle, table)
    draw_styles(right, table)
    figure.savefig(target, dpi=90)


def draw_sound(figure, clips) -> None:
    stack = Stack(clips, SR, SpectraParameters())
    axes = figure.subplots(len(STYLES), 1, sharex=True)
    log_mel = stack.gathered("log_mel")
    for ax, style, clip in zip(axes, STYLES, stack.segments, strict=True):
        ax.imshow(log_mel[:, clip], origin="lower", aspect="auto", cmap="magma")
        ax.set_yticks([])
        ax.set_ylabel(style, rotation=0, ha="right", va="center")
    axes[-1].set_xticks([])
    figure.suptitle("a folder of audio", fontsize=11)


def draw_table(figure, table) -> None:
    values = table.features.to_numpy()
    deviation = np.nanstd(values, axis=0)
    scores = (values - np.nanmean(values, axis=0)) / np.where(deviation > 0, deviation, 1)
    ax = figure.subplots()
    ax.imshow(scores, aspect="auto", cmap="PuOr", vmin=-2.5, vmax=2.5, interpolation="nearest")
    edges = np.flatnonzero(table.labels.to_numpy()[1:] != table.labels.to_numpy()[:-1]) + 0.5
    for edge in edges:
        ax.axhline(edge, color="black", linewidth=0.8)
    ax.set_xticks([])
    ax.set_yticks([])
    rows, columns = values.shape
    ax.set_xlabel(f"{columns} named features, each with unit, definition and reference")
    ax.set_ylabel("recordings")
    figure.suptitle(f"a table: {rows} rows", fontsize=11)


def draw_styles(figure, table) -> None:
    ax = figure.subplots()
    x, y = "rms_std", "dwt_entropy"
    for style, rows in table.data.groupby("label"):
        ax.scatter(
            rows[x],
            rows[y],
            label=style,
            color=COLOURS[style],
            marker=MARKERS[style],
            edgecolor="black",
            linewidth=0.4,
        )
    ax.set_xlabel(f"{x} ({featkit.describe(x).unit})")
    ax.set_ylabel(f"{y} ({featkit.describe(y).unit})")
    ax.legend(frameon=False)
    figure.suptitle("two of the features", fontsize=11)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "featkit.png")
