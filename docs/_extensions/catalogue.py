"""Pages of the descriptors: definition, formula, unit, range, source, and an example to look at.

`write_pages` makes a page and a figure for each descriptor, and a page that lists all. The text
comes from the families; the numbers are measured when the site is built. The pages of descriptors
are not in the navigation, which would list 200 of them on every page of the site.
"""

import math
import re
from functools import cache
from pathlib import Path

import joblib
import numpy as np
import soundfile
from example_sounds import SECONDS, SR, parts
from generated import write
from matplotlib.figure import Figure

from featkit._utils.formatting import counted
from featkit._utils.parameters import explained
from featkit.features.analysis import frame_values
from featkit.features.catalogue import shortened
from featkit.features.family import FAMILIES
from featkit.features.sets.loading import FEATURE_SETS
from featkit.features.spectra.parameters import SpectraParameters
from featkit.features.spectra.stack import Stack
from featkit.testing import family_features

MOST_CURVES = 4
"""Components that are drawn as curves; more are a picture."""

FORMULA = re.compile(r"sum\(|log|sqrt|exp\(|min\(|max\(|mean\(|min f|\|| = |\^| / |arg\(")
"""Marks of a formula in a definition."""

SOUND = "example.flac"

WEBP = {"quality": 70, "method": 4}
"""Compression of the figures: 200 of them as PNG would be 50 MB."""

COLOUR_RANGE = (5, 95)
"""Percentiles of the values between which colours differ."""

INDEX = """\
# Descriptors

A page for each of the {descriptors} descriptors of the {families} families: definition, unit,
range and source, and the values for six sounds: a sine that glides from 200 Hz to 4 kHz, three
vowels, music, clicks, noise that becomes louder, and silence. The
[catalogue](../../features.md) has all descriptors on one page, without the examples.

```{{raw}} html
<audio controls preload="none" src="{sound}" aria-label="The six sounds, 24 s"></audio>
```

"""


def write_pages(folder):
    """Write the pages, their figures and the sound.

    Parameters
    ----------
    folder : path
        Folder of the pages; files of an earlier build are replaced.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    sounds = parts()
    soundfile.write(folder / SOUND, np.concatenate([*sounds.values()]), SR, subtype="PCM_16")
    sets = _sets()
    joblib.Parallel(n_jobs=-1)(
        joblib.delayed(_write_family)(folder, name, sounds, sets) for name in FAMILIES.names
    )
    write(folder / "index.md", _index())


def _index():
    families = FAMILIES.values()
    text = INDEX.format(
        descriptors=sum(len(family.default_descriptors) for family in families),
        families=len(families),
        sound=SOUND,
    )
    lines = []
    for family in families:
        links = ", ".join(f"[`{d.name}`]({d.name}.md)" for d in family.default_descriptors)
        lines.append(f"**{family.name}**: {family.summary}\n{links}\n")
    return text + "\n".join(lines)


def _sets():
    """Columns of each descriptor in the sets of the package: names by set."""
    columns = {}
    for features in FEATURE_SETS.values():
        for column in features.columns:
            columns.setdefault(column.descriptor, {}).setdefault(features.name, []).append(
                column.name
            )
    return columns


def _write_family(folder, name, sounds, sets):
    family = FAMILIES[name]
    try:
        values, times = _measured(family, sounds)
    except ImportError as error:  # an optional package is missing: the page says so
        values, times = error, None
    row = 0
    for descriptor in family.default_descriptors:
        count = max(1, len(descriptor.indices))
        rows = None if times is None else values[row : row + count]
        row += count
        text = _page(family, descriptor, sets.get(descriptor.name, {}))
        if rows is None:
            text += f"\nNo example: {values}.\n"
        else:
            figure = _figure(family, descriptor, rows, times)
            figure.savefig(folder / f"{descriptor.name}.webp", dpi=100, pil_kwargs=WEBP)
            text += _example(family, descriptor, rows, times, sounds)
        write(folder / f"{descriptor.name}.md", text)


def _measured(family, sounds):
    """Values ``(rows, frames or parts)`` of all descriptors, and the time of each column in s."""
    per_clip = family.per == "clip"
    clips = [*sounds.values()] if per_clip else [np.concatenate([*sounds.values()])]
    features = family_features(family)
    stack = Stack(clips, SR, features.spectra)
    values = frame_values(stack, features)[0].values
    if per_clip:
        return values, (np.arange(len(sounds)) + 0.5) * SECONDS
    return values, np.linspace(0, len(clips[0]) / SR, values.shape[1])


def _page(family, d, columns):
    """The text about a descriptor."""
    sentence, formula = _parted(d.definition)
    low, high = (f"{value:g}".replace("inf", "∞").replace("-", "−") for value in (d.low, d.high))
    rows = {
        "Unit": d.unit if d.unit != "1" else "1 (a pure number)",
        "Range": f"{low} to {high}",
        "Undefined (NaN)": d.undefined,
        "Source": d.reference,
        "Components": shortened([f"`{index}`" for index in d.indices]) or "one value",
        "Values": f"one per {family.per}"
        + (", summarised by statistics over time" if family.per == "frame" else ""),
        "Depends on the level": "yes" if family.measures_level else "no",
        "Family": f"[{family.name}](../../features.md#{family.name}): {family.summary}",
    }
    escaped = ("Unit", "Undefined (NaN)", "Source")
    table = "".join(
        f"| {name} | {_escaped(text) if name in escaped else text} |\n"
        for name, text in rows.items()
    )
    lines = [
        "---\norphan: true\n---\n",
        f"# {d.name}\n",
        "[All descriptors](index.md)\n",
        f"{_escaped(_sentence(sentence))}\n",
    ]
    if formula:
        lines.append(f"```text\n{formula}\n```\n")
    lines += [f"| | |\n| --- | --- |\n{table}", "## Columns\n", _columns(d, columns)]
    if parameters := [*explained(family.parameters)]:
        lines.append("## Parameters\n")
        lines.append(
            "".join(
                f"- `{name}`{f' = {default}' if default else ''}: {_escaped(doc)}"
                f"{f' ({bounds})' if bounds else ''}\n"
                for name, default, bounds, doc in parameters
            )
        )
    return "\n".join(lines)


def _columns(d, columns):
    """The columns of the descriptor in the sets of the package."""
    if not columns:
        return (
            "No set of the package has columns of this descriptor; use it in"
            " [a set of your own](../../feature-sets.md).\n"
        )
    return "".join(
        f"- {name}, {counted(len(names), 'column')}:"
        f" {shortened([f'`{column}`' for column in names]).removeprefix(f'{len(names)}: ')}\n"
        for name, names in columns.items()
    )


def _sentence(text):
    """The text with a capital, unless it begins with a symbol, and with a full stop."""
    first = text.partition(" ")[0].replace("-", "")
    starts = first.isalpha() and first.islower() and len(first) > 1
    return (text[0].upper() + text[1:] if starts else text).rstrip(".") + "."


def _parted(definition):
    """The sentence and the formula of a definition; no formula if it is all words."""
    sentence, colon, formula = definition.partition(": ")
    if colon and FORMULA.search(formula):
        return sentence, formula
    return definition, ""


def _example(family, d, rows, times, sounds):
    """The figure, and a table of the values that it shows."""
    kind = "value" if family.per == "clip" else "median over frames"
    names, medians = [*sounds], _medians(rows, times, len(sounds))
    text = [
        "\n## Example\n",
        f"```{{image}} {d.name}.webp\n:alt: Spectrogram of six sounds, and {d.name} of them over"
        " time\n:width: 100%\n```\n",
        f'```{{raw}} html\n<audio controls preload="none" src="{SOUND}"'
        ' aria-label="The six sounds, 24 s"></audio>\n```\n',
        f"The {kind} for each sound{_in_unit(d.unit)}; a dash where it is undefined:\n",
        f"| | {' | '.join(names)} |\n|{' --- |' * (len(names) + 1)}",
    ]
    labels = [name for name, _ in d.names]
    shown = range(len(labels)) if len(labels) <= 7 else [0, 1, len(labels) // 2, len(labels) - 1]
    text += [
        f"| `{labels[k]}` | {' | '.join(_number(value) for value in medians[k])} |" for k in shown
    ]
    return "\n".join(text) + "\n"


def _in_unit(unit):
    return "" if unit == "1" else f", in {_escaped(unit)}"


def _number(value):
    return "–" if math.isnan(value) else f"{value:.4g}".replace("-", "−")


def _medians(rows, times, count):
    """Medians ``(rows, parts)`` of the defined values of each part."""
    part = np.minimum((times / SECONDS).astype(int), count - 1)
    medians = np.full((len(rows), count), np.nan)
    for k in range(count):
        for j, row in enumerate(rows[:, part == k]):
            defined = row[np.isfinite(row)]
            if len(defined):
                medians[j, k] = np.median(defined)
    return medians


def _figure(family, d, rows, times):
    """A spectrogram, and below it the curve, the steps or the picture of the values."""
    figure = Figure(figsize=(9, 5), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    names, decibels = _spectrogram()
    seconds = len(names) * SECONDS
    _draw_spectrogram(above, names, decibels)
    labels = [index for _, index in d.names]
    if len(rows) > MOST_CURVES:
        _draw_picture(figure, below, d, rows, times, labels)
    else:
        _draw_curves(below, family, rows, times, labels)
        below.set_ylabel(d.unit if d.unit != "1" else "")
    below.set_title(d.name, fontsize=10, loc="left")
    below.set_xlabel("time, s")
    below.set_xlim(0, seconds)
    for edge in np.arange(SECONDS, seconds, SECONDS):
        for axes in (above, below):
            axes.axvline(edge, color="0.5", linewidth=0.6)
    return figure


@cache
def _spectrogram():
    """Names of the sounds, and their spectrogram in dB: the same in all figures."""
    sounds = parts()
    stack = Stack([np.concatenate([*sounds.values()])], SR, SpectraParameters())
    power = np.concatenate([block.power for block in stack.blocks(wanted=frozenset({"power"}))], 1)
    return [*sounds], 10 * np.log10(np.maximum(power, power.max() * 1e-8))


def _draw_spectrogram(axes, names, decibels):
    axes.imshow(
        decibels,
        origin="lower",
        aspect="auto",
        extent=(0, len(names) * SECONDS, 0, SR / 2000),
        cmap="magma",
        interpolation="none",
    )
    axes.set_ylabel("frequency, kHz")
    for k, name in enumerate(names):
        axes.text((k + 0.5) * SECONDS, SR / 2000 + 0.2, name, ha="center", fontsize=10)


def _draw_curves(axes, family, rows, times, labels):
    for row, label in zip(rows, labels, strict=True):
        if family.per == "clip":
            edges = np.append(times - SECONDS / 2, times[-1] + SECONDS / 2)
            axes.stairs(row, edges, baseline=None, label=label, linewidth=1.8)
        else:
            axes.plot(times, row, label=label, linewidth=1.0)
    if len(rows) > 1:
        axes.legend(loc="upper right", fontsize=8)
    axes.grid(alpha=0.3)


def _draw_picture(figure, axes, d, rows, times, labels):
    defined = rows[np.isfinite(rows)]
    low, high = np.percentile(defined, COLOUR_RANGE) if len(defined) else (0.0, 1.0)
    image = axes.pcolormesh(
        _edges(times), np.arange(len(rows) + 1) - 0.5, rows, cmap="viridis", vmin=low, vmax=high
    )
    shown = np.unique(np.linspace(0, len(labels) - 1, min(len(labels), 8)).round().astype(int))
    axes.set_yticks(shown, [labels[k] for k in shown], fontsize=8)
    figure.colorbar(image, ax=axes, label=d.unit if d.unit != "1" else "", pad=0.01, extend="both")


def _edges(times):
    half = (times[1] - times[0]) / 2
    return np.append(times - half, times[-1] + half)


def _escaped(text):
    """Text without Markdown markup."""
    for mark in ("\\", "|", "*", "<", "`", "_", "[", "$"):
        text = text.replace(mark, f"\\{mark}")
    return text


def setup(app):
    """Write the pages before the build looks for them."""
    app.connect(
        "builder-inited",
        lambda app: write_pages(Path(app.srcdir) / "reference" / "descriptors"),
    )
    return {"parallel_read_safe": True, "parallel_write_safe": True}
