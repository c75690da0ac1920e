"""Many files to one table: the same bits however it is done, and nothing lost on the way."""

import os
import signal
import subprocess
import sys
import time
from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

import featkit
from featkit import signals
from featkit.batch import _pool, _worker
from featkit.errors import AudioError, ParameterError
from featkit.features import analysis

SR = 22050

EVERY_FAMILY = {"name": "small", "sample_rate": "native", "features": []}
for name in (
    *["mfcc", "chroma", "spectral_contrast", "spectral_centroid", "spectral_bandwidth"],
    *["spectral_rolloff", "spectral_flatness", "zero_crossing_rate", "rms", "onset_strength"],
):
    EVERY_FAMILY["features"].append(
        {"family": name, "statistics": ["mean", "std", "median", "skew"]}
    )
EVERY_FAMILY["features"] += [{"family": "tempo"}, {"family": "wavelets"}]


def write(path, y, sr=SR):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, y, sr, subtype="PCM_16")
    return path


def clip(number, seconds):
    """Clicks, a tone and noise: something in every descriptor, and different for each number."""
    y = 0.4 * signals.clicks(90 + 7 * number, SR, seconds)
    y += signals.sine(200.0 * (1 + number % 5), SR, seconds, amplitude=0.3)
    return y + signals.noise(SR, seconds, amplitude=0.02, seed=number)


def same_bits(a, b):
    a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    assert a.shape == b.shape
    np.testing.assert_array_equal(np.isnan(a), np.isnan(b))
    known = ~np.isnan(a)
    np.testing.assert_array_equal(a[known].view(np.uint64), b[known].view(np.uint64))


def same_tables(a, b):
    assert list(a.data.columns) == list(b.data.columns)
    assert a.data["path"].tolist() == b.data["path"].tolist()
    same_bits(a.data[["start", "end"]], b.data[["start", "end"]])
    same_bits(a.features, b.features)


def paths(extraction):
    return extraction.table.data["path"].tolist()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Clips of many lengths and two rates, and what cannot be read."""
    folder = tmp_path_factory.mktemp("corpus")
    for number in range(14):
        write(folder / f"{number % 3}" / f"{number:02d}.wav", clip(number, 0.2 + 0.13 * number))
    write(folder / "0" / "one.wav", np.array([0.5]))
    write(folder / "1" / "rate.wav", signals.noise(16000, 0.7), 16000)
    write(folder / "2" / "silence.wav", np.zeros(SR // 2))
    (folder / "1" / "empty.wav").touch()
    (folder / "2" / "text.wav").write_text("no samples here")
    return folder


@pytest.fixture(scope="module")
def by_one(corpus):
    return featkit.extract(corpus, labels="folder", n_jobs=1)


# The same bits


@pytest.mark.parametrize("n_jobs", [2, 3])
def test_any_number_of_workers_gives_the_same_table(corpus, by_one, n_jobs):
    several = featkit.extract(corpus, labels="folder", n_jobs=n_jobs)
    same_tables(several.table, by_one.table)
    assert several.table.labels.tolist() == by_one.table.labels.tolist()
    assert several.table.provenance == by_one.table.provenance
    assert several.failures == by_one.failures
    assert several.seconds == pytest.approx(by_one.seconds)


def test_the_bytes_of_the_file_are_the_same_for_any_number_of_workers(corpus, by_one, tmp_path):
    by_one.table.write(tmp_path / "1.parquet")
    featkit.extract(corpus, labels="folder", n_jobs=2).table.write(tmp_path / "2.parquet")
    assert (tmp_path / "2.parquet").read_bytes() == (tmp_path / "1.parquet").read_bytes()


def test_a_file_alone_gives_the_row_that_it_gives_among_others(corpus, by_one):
    rows = by_one.table.data.set_index("path")[by_one.table.feature_names]
    for path in rows.index:
        alone = featkit.extract(corpus / path, n_jobs=1).table
        same_bits(alone.features.iloc[0], rows.loc[path])


def test_a_file_gives_the_row_that_its_samples_give(corpus, by_one):
    features = featkit.feature_set("standard")
    rows = by_one.table.data.set_index("path")[by_one.table.feature_names]
    for path in ["1/13.wav", "0/one.wav", "1/rate.wav"]:
        y, sr = featkit.load(corpus / path, sr=SR)
        same_bits(featkit.analyse([y], sr, features)[0], rows.loc[path])


LENGTHS = st.lists(
    st.one_of(st.just(1), st.integers(2, 3000), st.integers(3000, 40000)), min_size=1, max_size=6
)


@lru_cache(maxsize=256)
def alone(kind, length):
    return featkit.analyse([random_clip(kind, length)], SR, featkit.feature_set(EVERY_FAMILY))[0]


def random_clip(kind, length):
    if kind == "silence":
        return np.zeros(length, dtype=np.float32)
    if kind == "tone":
        return signals.sine(440 + length % 100, SR, (length + 0.5) / SR)[:length]
    y = signals.noise(SR, (length + 0.5) / SR, seed=length)[:length]
    y[: length // 3] = 0 if kind == "half silent" else y[: length // 3]
    return y


@settings(max_examples=25, deadline=None)
@given(
    lengths=LENGTHS,
    kinds=st.lists(
        st.sampled_from(["noise", "tone", "half silent", "silence"]), min_size=6, max_size=6
    ),
)
def test_a_row_depends_on_its_clip_alone_to_the_bit(lengths, kinds):
    made = list(zip(kinds, lengths, strict=False))
    stack = [random_clip(kind, length) for kind, length in made]
    table = featkit.analyse(stack, SR, featkit.feature_set(EVERY_FAMILY))
    for row, (kind, length) in zip(table, made, strict=True):
        same_bits(row, alone(kind, length))


def test_a_clip_longer_than_a_block_gives_the_same_row_alone_and_among_others():
    features = featkit.feature_set("standard")
    clips = [clip(1, 0.3), clip(2, 21.7), clip(3, 1.1), clip(4, 8.0)]
    table = featkit.analyse(clips, SR, features)
    for row, y in zip(table, clips, strict=True):
        same_bits(row, featkit.analyse([y], SR, features)[0])
    same_bits(featkit.analyse(clips[::-1], SR, features)[::-1], table)


def test_no_clips_give_no_rows():
    assert featkit.analyse([], SR, featkit.feature_set("genre75")).shape == (0, 75)


# What becomes of each file


def test_rows_stand_in_the_order_of_the_files(by_one):
    assert paths(by_one) == sorted(paths(by_one))
    assert len(by_one.table) == 17
    assert by_one.table.labels.tolist() == [path.split("/")[0] for path in paths(by_one)]


def test_a_row_says_which_part_it_is_of(by_one):
    rows = by_one.table.data.set_index("path")
    assert (rows["start"] == 0).all()
    assert rows.loc["1/13.wav", "end"] == round((0.2 + 0.13 * 13) * SR) / SR
    assert rows.loc["1/rate.wav", "end"] == pytest.approx(0.7)
    assert by_one.seconds == pytest.approx(rows["end"].sum())


def test_failures_are_recorded_and_the_others_go_on(by_one):
    empty, text = by_one.failures
    assert (empty.path, empty.stage, empty.error) == ("1/empty.wav", "open", "AudioError")
    assert empty.message == "the file is empty (0 bytes)"
    assert (text.path, text.stage, text.error) == ("2/text.wav", "decode", "AudioError")
    assert text.message.startswith("not sound that libsndfile can decode")
    assert not {"1/empty.wav", "2/text.wav"} & set(paths(by_one))


def test_a_missing_file_is_a_failure_beside_others(tmp_path):
    good = write(tmp_path / "a.wav", clip(0, 0.3))
    extraction = featkit.extract([good, tmp_path / "gone.wav"], features="genre75", n_jobs=1)
    assert paths(extraction) == ["a.wav"]
    (failure,) = extraction.failures
    assert (failure.path, failure.stage) == ("gone.wav", "open")
    assert failure.message == "no such file"


def test_numbers_of_an_excerpt_may_be_numpys(tmp_path):
    write(tmp_path / "a.wav", clip(0, 1.0))
    write(tmp_path / "b.wav", clip(1, 1.0))
    feature = {"features": [{"family": "rms", "statistics": ["mean"]}]}
    written = []
    for kind in (float, np.float32):
        part = {"offset": kind(0.25), "segment": kind(0.25), "segment_hop": kind(0.125)}
        output = tmp_path / f"{kind.__name__}.parquet"
        featkit.extract(tmp_path, features=feature, output=output, n_jobs=1, **part)
        written.append(output.read_bytes())
    assert written[0] == written[1]


def test_a_column_under_another_name_is_a_feature_from_every_file(tmp_path):
    write(tmp_path / "a.wav", clip(0, 0.3))
    named = {
        "features": [{"family": "rms", "statistics": ["mean"]}],
        "names": {"rms_mean": "my_level"},
    }
    for output in (None, tmp_path / "t.csv", tmp_path / "t.parquet"):
        table = featkit.extract(tmp_path / "a.wav", features=named, output=output).table
        assert table.feature_names == ["my_level"]
        assert "my_level" not in table.keys


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_when_all_fail_there_is_a_table_without_rows(tmp_path, ending):
    (tmp_path / "a.wav").write_text("no samples")
    extraction = featkit.extract(tmp_path, features="genre75", labels="folder", n_jobs=1)
    assert len(extraction.failures) == 1
    assert extraction.seconds == 0
    assert len(extraction.table) == 0
    assert len(extraction.table.feature_names) == 75
    extraction.table.write(tmp_path / f"a.{ending}")
    back = featkit.FeatureTable.read(tmp_path / f"a.{ending}")
    assert list(back.data.columns) == list(extraction.table.data.columns)


@pytest.mark.parametrize("culprit", [0, 3, 5])
def test_an_error_of_one_analysis_costs_only_that_file(tmp_path, monkeypatch, culprit):
    lengths = [5000 + 100 * k for k in range(6)]
    for k, length in enumerate(lengths):
        write(tmp_path / f"{k}.wav", signals.noise(SR, length / SR, seed=k))
    expected = featkit.extract(tmp_path, features="genre75", n_jobs=1)

    def analyse_loaded(loaded, features):
        clips = list(loaded)
        if lengths[culprit] in [len(y) for y, _ in clips]:
            raise FloatingPointError("a fault in a family")
        return analysis.analyse_loaded(clips, features)

    monkeypatch.setattr(_worker, "analyse_loaded", analyse_loaded)
    extraction = featkit.extract(tmp_path, features="genre75", n_jobs=1)
    (failure,) = extraction.failures
    assert failure == featkit.Failure(
        f"{culprit}.wav", "features", "FloatingPointError", "a fault in a family"
    )
    kept = expected.table.data[expected.table.data["path"] != f"{culprit}.wav"]
    pd.testing.assert_frame_equal(
        extraction.table.data, kept.reset_index(drop=True), check_exact=True
    )


def test_a_failure_of_audio_keeps_its_stage(tmp_path, monkeypatch):
    write(tmp_path / "a.wav", clip(0, 0.3))

    def opening(source, **_):
        raise AudioError(source, "decode", "the disk went away")

    monkeypatch.setattr(_worker.loading, "opening", opening)
    (failure,) = featkit.extract(tmp_path, n_jobs=1).failures
    assert failure == featkit.Failure("a.wav", "decode", "AudioError", "the disk went away")


def test_native_rates_stand_side_by_side(tmp_path):
    rates = [8000, 22050, 16000, 8000, 48000, 22050]
    for k, sr in enumerate(rates):
        write(tmp_path / f"{k}.wav", signals.sine(1000.0, sr, 0.3 + 0.05 * k), sr)
    extraction = featkit.extract(tmp_path, features=EVERY_FAMILY, n_jobs=1)
    assert not extraction.failures
    assert paths(extraction) == [f"{k}.wav" for k in range(6)]
    rows = extraction.table.features
    for k, sr in enumerate(rates):
        assert rows.loc[k, "spectral_centroid_median"] == pytest.approx(1000, abs=250)
        same_bits(
            rows.iloc[k],
            featkit.analyse(
                [featkit.load(tmp_path / f"{k}.wav")[0]], sr, featkit.feature_set(EVERY_FAMILY)
            )[0],
        )


# What is known about each file


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_what_is_known_stands_in_every_row_of_a_recording(tmp_path, n_jobs):
    write(tmp_path / "dog" / "1-7-A.wav", clip(0, 0.5))
    write(tmp_path / "rain" / "2-8-B.wav", clip(1, 0.5))
    extraction = featkit.extract(
        tmp_path,
        features="genre75",
        labels="folder",
        name_pattern="{fold}-{recording}-{take}",
        segment=0.2,
        n_jobs=n_jobs,
    )
    keys = ["path", "start", "end", "label", "fold", "recording", "take"]
    assert list(extraction.table.keys) == keys
    assert extraction.table.column("label").tolist() == ["dog", "dog", "rain", "rain"]
    assert extraction.table.column("fold").tolist() == ["1", "1", "2", "2"]
    assert extraction.table.column("take").tolist() == ["A", "A", "B", "B"]


def test_a_manifest_names_the_recordings(tmp_path):
    write(tmp_path / "sound" / "b.wav", clip(1, 0.3))
    write(tmp_path / "sound" / "a.wav", clip(0, 0.3))
    manifest = tmp_path / "corpus.csv"
    manifest.write_text("path,split,label\nb.wav,train,x\ngone.wav,test,y\na.wav,test,y\n")
    options = {"features": "genre75", "manifest": manifest, "n_jobs": 1}
    extraction = featkit.extract(tmp_path / "sound", **options)
    assert paths(extraction) == ["b.wav", "a.wav"]
    assert list(extraction.table.keys) == ["path", "start", "end", "label", "split"]
    assert extraction.table.column("split").tolist() == ["train", "test"]
    assert [failure.path for failure in extraction.failures] == ["gone.wav"]
    train = featkit.extract(tmp_path / "sound", where={"split": "train"}, **options)
    assert paths(train) == ["b.wav"]


def test_a_manifest_beside_its_recordings_needs_no_folder(tmp_path):
    write(tmp_path / "a.wav", clip(0, 0.3))
    (tmp_path / "corpus.csv").write_text("path,label\na.wav,x\n")
    extraction = featkit.extract(manifest=tmp_path / "corpus.csv", features="genre75", n_jobs=1)
    assert extraction.table.labels.tolist() == ["x"]


def test_nothing_to_extract_is_an_error():
    with pytest.raises(ParameterError, match="no sound files in no inputs"):
        featkit.extract()


# Parts of files


@pytest.mark.parametrize(
    ("samples", "hop", "tail", "expected"),
    [
        (22050, None, "drop", [(0, 6615), (6615, 13230), (13230, 19845)]),
        (22050, None, "keep", [(0, 6615), (6615, 13230), (13230, 19845), (19845, 22050)]),
        (22050, None, "pad", [(0, 6615), (6615, 13230), (13230, 19845), (19845, 22050)]),
        (13230, 0.15, "drop", [(0, 6615), (3308, 9923), (6615, 13230)]),
        (6615, None, "drop", [(0, 6615)]),
        (2000, None, "keep", [(0, 2000)]),
    ],
)
def test_a_segment_gives_the_row_that_a_file_of_it_gives(tmp_path, samples, hop, tail, expected):
    y = clip(3, 1.0)[:samples]
    whole = write(tmp_path / "whole" / "a.wav", y)
    extraction = featkit.extract(whole, segment=0.3, segment_hop=hop, segment_tail=tail, n_jobs=1)
    assert not extraction.failures
    assert paths(extraction) == ["a.wav"] * len(expected)
    found = extraction.table.data[["start", "end"]].to_numpy() * SR
    np.testing.assert_allclose(found, expected, atol=1e-6)
    for k, (start, end) in enumerate(expected):
        part = y[start:end]
        if tail == "pad":
            part = np.pad(part, (0, 6615 - len(part)))
        cut = write(tmp_path / "cut" / f"{k}.wav", part)
        row = featkit.extract(cut, n_jobs=1).table.features.iloc[0]
        same_bits(extraction.table.features.iloc[k], row)


def test_segments_are_the_same_for_any_number_of_workers(corpus):
    options = {"segment": 0.4, "segment_hop": 0.25, "segment_tail": "keep", "features": "genre75"}
    one = featkit.extract(corpus, n_jobs=1, **options)
    two = featkit.extract(corpus, n_jobs=2, **options)
    assert len(one.table) > 2 * len(set(paths(one)))
    same_tables(one.table, two.table)


def test_a_file_shorter_than_a_segment_fails_when_short_ones_are_dropped(tmp_path):
    write(tmp_path / "long.wav", clip(0, 0.7))
    write(tmp_path / "short.wav", clip(1, 0.2))
    extraction = featkit.extract(tmp_path, features="genre75", segment=0.3, n_jobs=1)
    assert paths(extraction) == ["long.wav", "long.wav"]
    (failure,) = extraction.failures
    assert (failure.path, failure.stage) == ("short.wav", "segment")
    assert "0.2 s is shorter than one segment of 0.3 s" in failure.message


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_segment_of_less_than_a_sample_is_no_row(corpus, n_jobs):
    try:
        extraction = featkit.extract(
            corpus / "0" / "00.wav", features="genre75", segment=1e-6, n_jobs=n_jobs
        )
    except ParameterError:
        return
    assert len(extraction.table) == 0
    assert len(extraction.failures) == 1


def test_an_excerpt_gives_the_row_that_a_file_of_it_gives(tmp_path):
    y = clip(3, 1.0)
    whole = write(tmp_path / "whole.wav", y)
    cut = write(tmp_path / "cut.wav", y[6615:13230])
    excerpt = featkit.extract(whole, offset=0.3, duration=0.3, n_jobs=1).table
    expected = featkit.extract(cut, n_jobs=1).table
    assert excerpt.data[["start", "end"]].iloc[0].tolist() == pytest.approx([0.3, 0.6])
    same_bits(excerpt.features, expected.features)


def test_segments_of_an_excerpt_are_timed_in_the_file(tmp_path):
    whole = write(tmp_path / "a.wav", clip(3, 2.0))
    table = featkit.extract(
        whole, features="genre75", offset=0.5, duration=1.0, segment=0.4, n_jobs=1
    ).table
    np.testing.assert_allclose(table.data["start"], [0.5, 0.9])
    np.testing.assert_allclose(table.data["end"], [0.9, 1.3])


def test_padded_files_are_all_of_one_length(tmp_path):
    write(tmp_path / "long.wav", clip(0, 0.9))
    write(tmp_path / "short.wav", clip(1, 0.2))
    padded = featkit.extract(tmp_path, features="genre75", duration=0.5, pad=True, n_jobs=1)
    y = np.pad(featkit.load(tmp_path / "short.wav")[0], (0, round(0.5 * SR) - round(0.2 * SR)))
    row = featkit.analyse([y], SR, featkit.feature_set("genre75"))[0]
    same_bits(padded.table.features.iloc[1], row)
    assert padded.table.provenance["excerpt"]["pad"] is True


# Progress and parameters


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_progress_rises_to_the_end(corpus, n_jobs):
    seen = []
    extraction = featkit.extract(corpus, features="genre75", n_jobs=n_jobs, progress=seen.append)
    files = [progress.files for progress in seen]
    assert files == sorted(files)
    assert (files[0], files[-1]) == (0, 19)
    assert 3 <= len(set(files)) <= 1 + 19 // (19 // (4 * n_jobs)) + 1  # a share at once
    assert {progress.total for progress in seen} == {19}
    assert seen[-1].failures == 2
    assert seen[-1].seconds == pytest.approx(extraction.seconds)
    for name in ("failures", "seconds", "elapsed"):
        values = [getattr(progress, name) for progress in seen]
        assert values == sorted(values)
    assert 0 < extraction.seconds < 60
    assert extraction.elapsed > 0


@pytest.mark.parametrize("n_jobs", [0, -2, 1.5, "two"])
def test_a_number_of_workers_that_cannot_be_is_refused(corpus, n_jobs):
    with pytest.raises(ParameterError, match="n_jobs"):
        featkit.extract(corpus, features="genre75", n_jobs=n_jobs)


@pytest.mark.parametrize("n_jobs", [None, -1])
def test_all_processors_can_be_asked_for(tmp_path, n_jobs):
    write(tmp_path / "a.wav", clip(0, 0.3))
    assert len(featkit.extract(tmp_path, features="genre75", n_jobs=n_jobs).table) == 1


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"segment": 0}, "segment must be above 0 seconds, got 0"),
        ({"segment": -1.0}, "segment must be"),
        ({"segment": "2"}, "segment must be above 0 seconds, got '2'"),
        ({"timeout": "2"}, "timeout must be above 0 and at most .* seconds, got '2'"),
        ({"segment": np.nan}, "segment must be"),
        ({"segment": np.inf}, "segment must be"),
        ({"segment": 1.0, "segment_hop": 0.0}, "segment_hop must be above 0 seconds, got 0"),
        ({"segment_hop": 1.0}, "segment_hop is the step between segments: give segment, too"),
        ({"segment": 1.0, "segment_tail": "cut"}, "segment_tail must be one of drop, keep, pad"),
        ({"offset": -1.0}, "offset must be"),
        ({"duration": 0.0}, "duration must be"),
        ({"pad": True}, "pad fills up to a duration"),
        ({"labels": "file"}, "labels must be 'folder'"),
        ({"name_pattern": "{fold}-{take}"}, "'00' does not fit it, one of 19 that do not of 19"),
        ({"name_pattern": "{tempo}"}, "field 'tempo': a feature has this name"),
        ({"labels": "folder", "where": {"label": "3"}}, "unknown label = '3': known are 0, 1, 2"),
        ({"where": {"label": "3"}}, "unknown column 'label': known are none"),
        ({"features": "genre57"}, "did you mean 'genre75'"),
    ],
)
def test_parameters_out_of_range_are_errors_not_failures(corpus, parameters, message):
    with pytest.raises(ParameterError, match=message):
        featkit.extract(corpus, n_jobs=1, **parameters)


POISON = """
import os, pathlib

stat = pathlib.Path.stat


def deadly(path, **kwargs):
    if path.name == "poison.wav":
        os._exit(9)
    return stat(path, **kwargs)


pathlib.Path.stat = deadly
"""


def test_a_file_that_kills_its_worker_costs_only_itself(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for k in range(40):
        write(folder / f"{k:02d}.wav", clip(k, 0.1))
    write(folder / "poison.wav", clip(0, 0.1))
    (tmp_path / "sitecustomize.py").write_text(POISON)
    done = subprocess.run(
        [sys.executable, "-m", "featkit", "extract", folder, "-o", "a.csv", "--jobs", "2"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert len(featkit.FeatureTable.read(tmp_path / "a.csv")) == 40
    (failure,) = pd.read_csv(tmp_path / "a.csv.failures.csv").to_dict("records")
    assert (failure["path"], failure["stage"]) == ("poison.wav", "worker")


def test_ctrl_c_ends_a_batch_with_130_and_no_traceback(tmp_path):
    write(tmp_path / "0.wav", clip(0, 60.0))
    for k in range(1, 200):
        os.link(tmp_path / "0.wav", tmp_path / f"{k}.wav")
    command = [sys.executable, "-m", "featkit", "extract", ".", "-o", "a.csv", "--jobs", "2"]
    running = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    time.sleep(2)
    os.killpg(running.pid, signal.SIGINT)
    _, errors = running.communicate(timeout=30)
    assert running.returncode == 130, errors
    assert "Traceback" not in errors
    assert not (tmp_path / "a.csv").exists()


def test_there_are_no_more_workers_than_work(tmp_path, monkeypatch):
    for k in range(3):
        write(tmp_path / f"{k}.wav", clip(k, 0.1))
    asked = []
    start = _pool.started

    def started(processes):
        asked.append(processes)
        return start(processes)

    monkeypatch.setattr(_pool, "started", started)
    assert len(featkit.extract(tmp_path, features="genre75", n_jobs=24).table) == 3
    assert asked == [3]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"segment_tail": "keep"}, "give segment, too"),
        ({"segment": 1.0, "duration": 2.0, "pad": True}, "segment_tail='pad'"),
    ],
)
def test_options_that_do_not_go_together_are_refused(corpus, wrong, message):
    with pytest.raises(ParameterError, match=message):
        featkit.extract(corpus, n_jobs=1, **wrong)


@pytest.mark.parametrize(
    "clip_of",
    [
        np.zeros(100, np.int16),
        np.zeros((2, 100), np.float32),
        np.zeros(0, np.float32),
        np.full(100, np.nan, np.float32),
    ],
)
def test_analyse_refuses_what_is_no_clip(clip_of):
    with pytest.raises(ParameterError, match="clip 1 "):
        featkit.analyse([clip(0, 0.1), clip_of], SR, featkit.feature_set("genre75"))
