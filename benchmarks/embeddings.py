"""Two real networks as embeddings: equality with onnxruntime, use for real sound, rate.

    pip download --no-deps -d WHEELS silero-vad swift-f0
    python benchmarks/embeddings.py WHEELS --esc10 FOLDER --emodb FOLDER [--clips N] [--no-rates]

The networks are files within the wheels of silero-vad (a speech detector with recurrent states) and
swift-f0 (a pitch network of whole clips); neither package is imported. --clips takes about N clips
of each dataset, evenly spaced. Without datasets, only rates are measured. The exit status is 1 if a
target is missed.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import _common  # before NumPy, since it sets the number of threads
import numpy as np
from _common import Array, Target, interleaved, load_all, print_table

import featkit
from featkit.features.analysis import frame_values
from featkit.features.sets.feature_set import FeatureSet
from featkit.features.spectra.stack import Stack

SR = 16000

FILES = {
    "silero_vad-*.whl": "silero_vad/data/silero_vad.onnx",
    "swift_f0-*.whl": "swift_f0/model.onnx",
}
"""Model files by the pattern of the wheel that contains them."""

WINDOW, CONTEXT = 512, 64
"""Samples of a window of the speech detector, and samples before it that it gets, too."""

FMIN, FMAX = 46.875, 2093.75
"""Range of the pitch network in Hz."""

OUTPUTS = ("pitch", "confidence")
"""Outputs of the pitch network."""

VOICED = 0.5
"""Confidence of the pitch network from which its authors call a frame voiced."""

LOWEST_LEVEL = 1e-3
"""Peak below which the authors' program sets the confidence to 0."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheels", metavar="WHEELS")
    parser.add_argument("--esc10", metavar="FOLDER")
    parser.add_argument("--emodb", metavar="FOLDER")
    parser.add_argument("--clips", type=int, help="clips of each dataset")
    parser.add_argument("--no-rates", action="store_true", help="skip the rates")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        speech, pitch = unpacked(Path(options.wheels), Path(folder))
        targets = [] if options.no_rates else [*rates(speech, pitch, Path(folder))]
        clips = {
            name: spaced([*load_all(path, SR)], options.clips)
            for name, path in (("ESC-10", options.esc10), ("EmoDB", options.emodb))
            if path
        }
        targets += equality(speech, pitch, clips)
        if len(clips) == 2:
            targets += separation(speech, clips)
        if "EmoDB" in clips:
            targets += pitch_agreement(pitch, clips["EmoDB"])
    sys.exit(_common.any_missed(targets))


def spaced(clips: list[Any], count: int | None) -> list[Any]:
    """About `count` of the clips, evenly spaced."""
    return clips[:: max(1, len(clips) // count)] if count else clips


def unpacked(wheels: Path, folder: Path) -> list[str]:
    """Write the model files of the wheels to a folder."""
    paths = []
    for pattern, member in FILES.items():
        wheel = next(iter(sorted(wheels.glob(pattern))), None)
        if wheel is None:
            sys.exit(f"{wheels}: no {pattern}; pip download --no-deps silero-vad swift-f0")
        with zipfile.ZipFile(wheel) as archive:
            path = folder / Path(member).name
            path.write_bytes(archive.read(member))
        print(f"{wheel.name}: {member}, {path.stat().st_size / 1e6:.2f} MB")
        paths.append(str(path))
    return paths


def feature_set(**entry: Any) -> FeatureSet:
    """A feature set of a family, at 16 kHz with frames of 40 ms and a hop of 256 samples."""
    return FeatureSet.from_dict(
        {
            "sample_rate": SR,
            "spectra": {"n_fft": 640, "hop_length": 256},
            "features": [{"statistics": ["mean"], **entry}],
        }
    )


def speech_set(path: str) -> FeatureSet:
    """The speech detector: 32 ms windows with the 4 ms before them."""
    return feature_set(
        family="embedding",
        model=path,
        name="speech",
        window=WINDOW + CONTEXT,
        hop=WINDOW,
        lead=CONTEXT,
        pad_end=True,
        constants={"sr": SR},
        states={"state": "stateN"},
    )


def pitch_set(path: str, output: str) -> FeatureSet:
    """An output of the pitch network, a frame for each 16 ms."""
    return feature_set(
        family="embedding",
        model=path,
        name=f"network_{output}",
        output=output,
        output_layout="batch frames",
        constants={"fmin": FMIN, "fmax": FMAX},
    )


def frames(y: Array, features: FeatureSet) -> Array:
    """Values of the frames of a clip, ``(rows, frames)``."""
    ((values, _),) = frame_values(Stack([y], SR, features.spectra), features)
    return values


def session(path: str) -> Any:
    """A session of onnxruntime, without featkit."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def speech_by_hand(detector: Any, y: Array) -> Array:
    """Speech probabilities by a loop as in the authors' program: ``(1, windows)``."""
    state, context = np.zeros((2, 1, 128), np.float32), np.zeros((1, CONTEXT), np.float32)
    probabilities = []
    for start in range(0, len(y), WINDOW):
        chunk = y[None, start : start + WINDOW]
        chunk = np.pad(chunk, ((0, 0), (0, WINDOW - chunk.shape[1])))
        x = np.concatenate([context, chunk], axis=1)
        output, state = detector.run(None, {"input": x, "state": state, "sr": np.array(SR)})
        context = x[:, -CONTEXT:]
        probabilities.append(output[0, 0])
    return np.array([probabilities])


def pitch_by_hand(network: Any, y: Array) -> list[Array]:
    """Pitch in Hz and confidence of each frame, ``(1, frames)`` each."""
    limits = {"fmin": np.array(FMIN, np.float32), "fmax": np.array(FMAX, np.float32)}
    return list(network.run(list(OUTPUTS), {"audio": y[None], **limits}))


def equality(
    speech: str, pitch: str, clips: Mapping[str, list[tuple[Any, Array, float]]]
) -> Iterator[Target]:
    """Compare every value with onnxruntime by hand."""
    detector, network = session(speech), session(pitch)
    detection, hz, confidence = speech_set(speech), *(pitch_set(pitch, k) for k in OUTPUTS)
    worst = {"speech detector": 0.0, "pitch network": 0.0}
    count = 0
    for _, y, _ in itertools.chain(*clips.values()):
        pairs = [("speech detector", frames(y, detection), speech_by_hand(detector, y))]
        expected = pitch_by_hand(network, y)
        for features, values in zip((hz, confidence), expected, strict=True):
            pairs.append(("pitch network", frames(y, features), values))
        for name, values, by_hand in pairs:
            same_shape = values.shape == by_hand.shape
            difference = float(np.abs(values - by_hand).max()) if same_shape else np.inf
            worst[name] = max(worst[name], difference)
        count += 1
    if count:
        print(f"\nequality with onnxruntime by hand, {count} clips: largest differences {worst}")
    for name, difference in worst.items():
        yield Target(
            f"{name}: largest difference from onnxruntime", difference if count else None, at_most=0
        )


def separation(
    speech: str, clips: Mapping[str, list[tuple[Any, Array, float]]]
) -> Iterator[Target]:
    """Whether the speech probability of a clip separates sentences from environmental sound."""
    from sklearn.metrics import roc_auc_score

    features = speech_set(speech)
    scores = {
        name: np.array([featkit.analyse([y], SR, features)[0, 0] for _, y, _ in dataset])
        for name, dataset in clips.items()
    }
    labels = np.repeat([0, 1], [len(scores["ESC-10"]), len(scores["EmoDB"])])
    auc = roc_auc_score(labels, np.concatenate([scores["ESC-10"], scores["EmoDB"]]))
    rows = []
    for name, values in scores.items():
        quantiles = np.quantile(values, [0, 0.05, 0.5, 0.95, 1])
        rows.append([name, str(len(values)), *(f"{q:.3f}" for q in quantiles)])
    header = ["mean speech probability", "clips", "least", "5 %", "median", "95 %", "greatest"]
    print_table(f"speech detector, AUC {auc:.4f}", header, rows)
    highest = sorted(zip(scores["ESC-10"], clips["ESC-10"], strict=True), key=lambda pair: -pair[0])
    print("\nESC-10 clips that are most like speech:")
    for value, (recording, _, _) in highest[:5]:
        print(f"  {value:.3f} {recording.path}")
    yield Target("AUC of the speech probability, EmoDB against ESC-10", float(auc), at_least=0.99)


def pitch_agreement(pitch: str, emodb: list[tuple[Any, Array, float]]) -> Iterator[Target]:
    """Compare the network with the family `pitch`, frame by frame, on sentences."""
    hz_set, confidence_set = (pitch_set(pitch, output) for output in OUTPUTS)
    yin_set = feature_set(family="pitch", fmin=60.0, fmax=800.0)
    cents, both, agreeing, total = [], 0, 0, 0
    for _, y, _ in emodb:
        hz, confidence = frames(y, hz_set)[0], frames(y, confidence_set)[0].copy()
        peaks = np.abs(y[: 256 * len(hz)].reshape(len(hz), 256)).max(axis=1)
        confidence[peaks < LOWEST_LEVEL] = 0
        f0, voiced, _ = frames(y, yin_set)[:, : len(hz)]
        mine, theirs = voiced > 0, confidence >= VOICED
        cents.append(1200 * np.log2(f0[mine & theirs] / hz[mine & theirs]))
        agreeing, total = agreeing + int((mine == theirs).sum()), total + len(hz)
        both += int((mine & theirs).sum())
    deviations = np.abs(np.concatenate(cents))
    within, octave = np.mean(deviations <= 50), np.mean(np.abs(deviations - 1200) <= 50)
    print(
        f"\npitch on EmoDB, {len(emodb)} sentences, {total:,} frames: voicing agrees in"
        f" {agreeing / total:.1%}; of {both:,} frames that both call voiced,"
        f" {within:.1%} agree within 50 cents, {np.mean(deviations <= 100):.1%} within a semitone,"
        f" {octave:.1%} differ by an octave; median {np.median(deviations):.1f} cents"
    )
    yield Target("share of voiced frames within 50 cents of YIN", float(within), at_least=0.85)


def rates(speech: str, pitch: str, folder: Path) -> Iterator[Target]:
    """Seconds of sound in a second, on one thread."""
    y = np.random.default_rng(0).normal(0, 0.1, 30 * SR).astype(np.float32)
    sets = {
        "speech detector, a window at a time": speech_set(speech),
        "pitch network, whole clips": pitch_set(pitch, "pitch"),
    }
    patches = conv_model(folder / "patches.onnx")
    for size in (1, 4, 16, 32):
        name = f"convolutions of VGGish, batches of {size}"
        sets[name] = feature_set(
            family="embedding", model=patches, input="vggish", input_layout="batch channel frames"
            " bands", batch_size=size,
        )  # fmt: skip
    begin = time.perf_counter()
    detector, network, patch_session = session(speech), session(pitch), session(patches)
    print(f"three sessions: {time.perf_counter() - begin:.2f} s")
    log_mel = sets["convolutions of VGGish, batches of 16"].entries[0].parameters.log_mel
    windows = np.stack([y[k : k + 15600] for k in range(0, len(y) - 15600 + 1, 15360)])
    seconds = interleaved(
        {
            **{name: (lambda s=s: featkit.analyse([y], SR, s)) for name, s in sets.items()},
            "speech detector by hand": lambda: speech_by_hand(detector, y),
            "pitch network by hand": lambda: pitch_by_hand(network, y),
            "convolutions by hand, one batch": lambda: patch_session.run(
                None, {"x": log_mel(windows)[:, None]}
            ),
        },
        rounds=5,
        twice=False,
    )
    rows = [[name, f"{30 / np.median(t):.0f}"] for name, t in seconds.items()]
    print_table("rate on one thread", ["", "seconds of sound in a second"], rows)
    for name, by_hand in (
        ("speech detector, a window at a time", "speech detector by hand"),
        ("pitch network, whole clips", "pitch network by hand"),
        ("convolutions of VGGish, batches of 16", "convolutions by hand, one batch"),
    ):
        ratio = float(np.median(seconds[name] / seconds[by_hand]))
        yield Target(f"{name}: time relative to onnxruntime by hand", ratio, at_most=1.3)


def conv_model(path: Path) -> str:
    """Write a network with the convolutions of VGGish and random weights: 4.5 million numbers."""
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    nodes, weights, name, channels = [], [], "x", 1
    for k, (width, pooled) in enumerate(
        [(64, True), (128, True), (256, False), (256, True), (512, False), (512, True)]
    ):
        scale = np.sqrt(2 / (9 * channels))
        w = (scale * rng.standard_normal((width, channels, 3, 3))).astype(np.float32)
        weights.append(numpy_helper.from_array(w, f"w{k}"))
        nodes.append(helper.make_node("Conv", [name, f"w{k}"], [f"c{k}"], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"c{k}"], [f"r{k}"]))
        name, channels = f"r{k}", width
        if pooled:
            pool = {"kernel_shape": [2, 2], "strides": [2, 2]}
            nodes.append(helper.make_node("MaxPool", [name], [f"p{k}"], **pool))
            name = f"p{k}"
    nodes.append(helper.make_node("ReduceMean", [name], ["y"], axes=[2, 3], keepdims=0))
    graph = helper.make_graph(
        nodes,
        "convolutions",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 1, 96, 64])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 512])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return str(path)


if __name__ == "__main__":
    main()
