"""Results of audits for tests of pages, files and the terminal, made without checks."""

import numpy as np
import soundfile

from featkit import signals
from featkit.auditing.dataset import NEEDS, AuditedDataset
from featkit.auditing.issue import Issue, Place
from featkit.auditing.result import Audit, sorted_issues
from featkit.datasets.files import find
from featkit.table.feature_table import FeatureTable

SR = 22050

CLASSES = ["dog", "rain", "rooster"]

HOSTILE_NAMES = [
    "<script>alert(1)</script>.wav",
    'a "quoted" & <b>bold</b>.wav',
    "line\nbreak\x1b[31m.wav",
    "=1+1.wav",
    "שלום\u202e.wav",
    f"{'x' * 300}.wav",
    "__proto__",
]
HOSTILE_LABEL = "</script><script>alert(2)</script>"


def write_recordings(folder, number=12, seconds=2.0):
    """Write recordings in a folder for each class, the last two as copies with an offset."""
    for k in range(number):
        label = CLASSES[k % len(CLASSES)]
        (folder / label).mkdir(parents=True, exist_ok=True)
        tone = signals.sine(220.0 * (1 + k), SR, seconds)
        y = tone + signals.noise(SR, seconds, 0.02, seed=k)
        soundfile.write(folder / label / f"{k:03d}.wav", y, SR)
    stereo = np.stack([signals.clicks(120.0, SR, seconds), np.zeros(int(SR * seconds))], axis=1)
    soundfile.write(folder / "dog" / "stereo.wav", stereo, SR)
    y = signals.noise(SR, 3.0, seed=number)
    soundfile.write(folder / "rain" / "original.wav", y, SR)
    soundfile.write(folder / "rain" / "late.wav", y[SR:], SR)


def dataset(folder=None, names=(), label="label"):
    """A dataset of the recordings in a folder, or of names without sound and without features."""
    recordings = [] if folder is None else find([folder])
    paths = [recording.path for recording in recordings] or list(names)
    labels = [path.split("/")[0] if "/" in path else HOSTILE_LABEL for path in paths]
    table = FeatureTable({"path": paths, "label": labels}, [], np.empty((len(paths), 0)))
    durations = {}
    for recording in recordings:
        info = soundfile.info(recording.file)
        durations[recording.path] = info.frames / info.samplerate
    return AuditedDataset(
        "corpus", table, recordings, durations=durations, label=label if paths else None
    )


def made_audit(folder=None):
    """An audit with issues of all severities: a pair, defects, a mislabel, and of the dataset."""
    made = dataset(folder, [f"{CLASSES[k % 3]}/{k:03d}.wav" for k in range(12)])
    issues = [pair(), exact_pair(), clipping(), dead_channel(), mislabel(), confusion(), balance()]
    issues = sorted_issues(issues)
    checked = ["files", *dict.fromkeys(issue.check for issue in issues)]
    return Audit(made, issues, checked, {"leaking_groups": NEEDS["features"]})


def pair():
    return Issue(
        check="near_copies",
        kind="near copies",
        severity="high",
        message="rain/late.wav is rain/original.wav from 1 s on",
        remedy="leave out the copy, or keep both in one group",
        places=(Place("rain/original.wav", 1.0, 3.0), Place("rain/late.wav", 0.0, 2.0)),
        evidence={"offset": 1.0, "score": 0.93, "correlation": 0.998},
        certainty=0.99,
        remove=("rain/late.wav",),
        together=("rain/original.wav", "rain/late.wav"),
    )


def exact_pair(first="dog/000.wav", second="dog/003.wav", certainty=1.0):
    return Issue(
        check="exact_copies",
        kind="same samples",
        severity="high",
        message=f"{first} and {second} have the same samples",
        remedy="leave out all but one",
        places=(Place(first), Place(second)),
        evidence={"labels": ["dog", "dog"]},
        certainty=certainty,
        remove=(second,),
    )


def clipping(path="rooster/002.wav", start=0.5, end=0.75):
    return Issue(
        check="defects",
        kind="clipping",
        severity="medium",
        message=f"{path}: 120 samples are clipped, from {start} to {end} s",
        remedy="use a recording at a lower level",
        places=(Place(path, start, end), Place(path, 1.5, 1.6)),
        evidence={"value": 0.012, "unit": "1", "share": 0.0004, "channels": "all"},
        certainty=0.8,
    )


def dead_channel():
    return Issue(
        check="defects",
        kind="dead channel",
        severity="medium",
        message="dog/stereo.wav: channel 2 is silent, throughout",
        remedy="use the other channel only",
        places=(Place("dog/stereo.wav", 0.0, 2.0),),
        evidence={"value": 2, "unit": "", "channels": "2"},
    )


def mislabel(path="rain/001.wav", certainty=0.91):
    return Issue(
        check="label_errors",
        kind="probable mislabel",
        severity="medium",
        message=f"{path} is labelled rain, but is probably dog",
        remedy="listen, and correct the label",
        places=(Place(path),),
        evidence={
            "given": "rain",
            "suggested": "dog",
            "classes": CLASSES,
            "probabilities": [0.91, 0.03, 0.06],
        },
        certainty=certainty,
    )


def confusion():
    return Issue(
        check="label_errors",
        kind="confusion of labels",
        severity="low",
        message="about 9 % of the labels are wrong",
        remedy="correct them",
        evidence={
            "labels": CLASSES,
            "confusion": np.array([[40, 2, 0], [5, 33, 1], [0, 1, 39]]),
            "accuracy": [0.8, 0.7, 0.9],
            "accuracy_change": (-0.1, -0.2, -0.05),
            "left_out": float("nan"),
        },
    )


def balance():
    return Issue(
        check="balance",
        kind="class sizes",
        severity="low",
        message="dog has 5 times as many recordings as rooster",
        remedy="use the balanced accuracy",
        evidence={
            "recordings": {"dog": 100, "rain": 60, "rooster": 20},
            "durations": [
                {"label": name, "recordings": 10 * k, "median_duration": 1.5 * k}
                for k, name in enumerate(CLASSES, start=1)
            ],
            "is_balanced": False,
        },
    )


def many_issues(number=5000):
    """An audit with many issues of two kinds, without sound."""
    made = dataset(names=[f"dog/{k:05d}.wav" for k in range(number + 1)])
    issues = [
        (exact_pair if k % 2 else mislabel)(f"dog/{k:05d}.wav", certainty=1 - k / number)
        for k in range(number)
    ]
    issues = sorted_issues(issues)
    return Audit(made, issues, ["exact_copies", "label_errors"])


def hostile_audit():
    """An audit whose names are harmful unless they are shown as text."""
    issues = [
        Issue(
            check="files",
            kind=HOSTILE_NAMES[0],
            severity="high",
            message=f"{name} is faulty",
            remedy=f"delete {name}",
            places=(Place(name, 0.0, 1.0), Place(HOSTILE_NAMES[0])),
            evidence={name: name, "of": {name: 1.0, "b": 2.0}, "rows": [{name: name}]},
            remove=(name,),
            together=(name, *HOSTILE_NAMES[:2]),
        )
        for name in HOSTILE_NAMES
    ]
    skipped = {"balance": HOSTILE_NAMES[1]}
    return Audit(dataset(names=HOSTILE_NAMES), issues, ["files"], skipped)
