"""Small writers of annotation files, by the documentation of the programs, and their reading."""

import math

from featkit.datasets.annotation_format import ANNOTATION_FORMATS, ReadingOptions

RAVEN = "Selection View Channel Begin_Time_(s) End_Time_(s) Low_Freq_(Hz) High_Freq_(Hz)"
RAVEN_NAMES = [name.replace("_", " ") for name in RAVEN.split()]


def read(name, file, **options):
    """The entries of a file in a format."""
    return list(ANNOTATION_FORMATS[name].read(file, ReadingOptions(**options)))


def intervals(entries):
    """Start, end and label of each entry."""
    annotations = [entry.annotation for entry in entries]
    return [(item.start, item.end, item.fields.get("label")) for item in annotations]


def lines_of(entries):
    """The line of each entry."""
    return [int(entry.annotation.location.rpartition(" ")[2]) for entry in entries]


def raven(rows, *, views=("Spectrogram 1",), band=("", ""), extra=()):
    """A selection table of (start, end, label); `extra` are further columns with their cells."""
    names = [*RAVEN_NAMES, *(name for name, _ in extra), "Annotation"]
    lines = ["\t".join(names)]
    for k, (start, end, label) in enumerate(rows):
        cells = [repr(start), repr(end), *band, *(cells[k] for _, cells in extra), label]
        lines += ["\t".join([str(k + 1), view, "1", *cells]) for view in views]
    return "\n".join(lines) + "\n"


def audacity(rows):
    """Labels of (start, end, label) or (start, end, label, low, high)."""
    lines = []
    for start, end, label, *band in rows:
        lines.append(f"{start!r}\t{end!r}\t{label}")
        if band:
            lines.append("\\\t" + "\t".join(map(repr, band)))
    return "".join(f"{line}\n" for line in lines)


def quoted(text):
    return '"' + text.replace('"', '""') + '"'


def textgrid(tiers, *, short=False, end=1e6):
    """A TextGrid of {name: [(start, end, text)]}; a tier of points has (time, text)."""
    values = [("xmin = ", 0), ("xmax = ", end), ("tiers? ", "<exists>"), ("size = ", len(tiers))]
    for k, (name, rows) in enumerate(tiers.items(), 1):
        is_points = bool(rows) and len(rows[0]) == 2
        kind, word = ("TextTier", "points") if is_points else ("IntervalTier", "intervals")
        item = "item []:\n    item [1]:\n" if k == 1 else f"    item [{k}]:\n"
        values += [(f"{item}        class = ", quoted(kind)), ("        name = ", quoted(name))]
        values += [("        xmin = ", 0), ("        xmax = ", end)]
        values.append((f"        {word}: size = ", len(rows)))
        names = ["number"] if is_points else ["xmin", "xmax"]
        for number, (*times, text) in enumerate(rows, 1):
            cells = [*zip(names, map(repr, times), strict=True), ("text", quoted(text))]
            head = f"        {word} [{number}]:\n"
            values += [
                (f"{head * (place == 0)}            {cell} = ", value)
                for place, (cell, value) in enumerate(cells)
            ]
    lines = [str(value) if short else f"{comment}{value}" for comment, value in values]
    return "\n".join(['File type = "ooTextFile"', 'Object class = "TextGrid"', "", *lines]) + "\n"


def audformat_time(seconds):
    """A duration as pandas writes it; seconds have nine decimals at most."""
    if math.isinf(seconds):
        return ""
    nanoseconds = round(seconds * 10**9)
    days, rest = divmod(nanoseconds, 86400 * 10**9)
    hours, rest = divmod(rest, 3600 * 10**9)
    minutes, rest = divmod(rest, 60 * 10**9)
    whole, fraction = divmod(rest, 10**9)
    return f"{days} days {hours:02}:{minutes:02}:{whole:02}.{fraction:09}"
