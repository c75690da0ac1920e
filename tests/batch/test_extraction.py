"""From files to rows and failures: order, fields, progress and parameters."""

import numpy as np
import pandas as pd
import pytest
from extracting import SR, clip, paths, write_audio

import featkit
from featkit import signals
from featkit.batch import _tasks
from featkit.errors import AudioError, ParameterError
from featkit.features import analysis


def test_rows_are_in_the_order_of_the_files(by_one):
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
    assert text.message.startswith("libsndfile cannot decode this file")
    assert not {"1/empty.wav", "2/text.wav"} & set(paths(by_one))


def test_a_missing_file_is_a_failure_beside_others(tmp_path):
    good = write_audio(tmp_path / "a.wav", clip(0, 0.3))
    extraction = featkit.extract([good, tmp_path / "gone.wav"], features="genre75", n_jobs=1)
    assert paths(extraction) == ["a.wav"]
    (failure,) = extraction.failures
    assert (failure.path, failure.stage) == ("gone.wav", "open")
    assert failure.message == "no such file"


def test_a_column_under_another_name_is_a_feature_from_every_file(tmp_path):
    write_audio(tmp_path / "a.wav", clip(0, 0.3))
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
def test_a_file_whose_analysis_raises_fails_alone(tmp_path, monkeypatch, culprit):
    lengths = [5000 + 100 * k for k in range(6)]
    for k, length in enumerate(lengths):
        write_audio(tmp_path / f"{k}.wav", signals.noise(SR, length / SR, seed=k))
    expected = featkit.extract(tmp_path, features="genre75", n_jobs=1)

    def analyse_loaded(loaded, features):
        clips = list(loaded)
        if lengths[culprit] in [len(y) for y, _ in clips]:
            raise FloatingPointError("a fault in a family")
        return analysis.analyse_loaded(clips, features)

    monkeypatch.setattr("featkit.batch.analysis.analyse_loaded", analyse_loaded)
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
    write_audio(tmp_path / "a.wav", clip(0, 0.3))

    def opening(source, **_):
        raise AudioError(source, "decode", "the disk went away")

    monkeypatch.setattr(_tasks.loading, "opening", opening)
    (failure,) = featkit.extract(tmp_path, n_jobs=1).failures
    assert failure == featkit.Failure("a.wav", "decode", "AudioError", "the disk went away")


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_fields_of_a_recording_are_in_each_of_its_rows(tmp_path, n_jobs):
    write_audio(tmp_path / "dog" / "1-7-A.wav", clip(0, 0.5))
    write_audio(tmp_path / "rain" / "2-8-B.wav", clip(1, 0.5))
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
    write_audio(tmp_path / "sound" / "b.wav", clip(1, 0.3))
    write_audio(tmp_path / "sound" / "a.wav", clip(0, 0.3))
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
    write_audio(tmp_path / "a.wav", clip(0, 0.3))
    (tmp_path / "corpus.csv").write_text("path,label\na.wav,x\n")
    extraction = featkit.extract(manifest=tmp_path / "corpus.csv", features="genre75", n_jobs=1)
    assert extraction.table.labels.tolist() == ["x"]


def test_nothing_to_extract_is_an_error():
    with pytest.raises(ParameterError, match="no audio files in no inputs"):
        featkit.extract()


# Progress and parameters


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_progress_rises_to_the_end(mixed_corpus, n_jobs):
    seen = []
    extraction = featkit.extract(
        mixed_corpus, features="genre75", n_jobs=n_jobs, progress=seen.append
    )
    files = [progress.done for progress in seen]
    assert files == sorted(files)
    assert (files[0], files[-1]) == (0, 19)
    assert 3 <= len(set(files)) <= 1 + 19 // (19 // (4 * n_jobs)) + 1  # a chunk at once
    assert {progress.total for progress in seen} == {19}
    assert seen[-1].failed == 2
    assert seen[-1].audio_seconds == pytest.approx(extraction.seconds)
    for name in ("failed", "audio_seconds", "elapsed"):
        values = [getattr(progress, name) for progress in seen]
        assert values == sorted(values)
    assert 0 < extraction.seconds < 60
    assert extraction.elapsed > 0


@pytest.mark.parametrize("n_jobs", [0, -2, 1.5, "two"])
def test_an_invalid_number_of_workers_is_refused(mixed_corpus, n_jobs):
    with pytest.raises(ParameterError, match="n_jobs"):
        featkit.extract(mixed_corpus, features="genre75", n_jobs=n_jobs)


@pytest.mark.parametrize("n_jobs", [None, -1])
def test_all_processors_can_be_requested(tmp_path, n_jobs):
    write_audio(tmp_path / "a.wav", clip(0, 0.3))
    assert len(featkit.extract(tmp_path, features="genre75", n_jobs=n_jobs).table) == 1


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"segment": 0}, "segment must be above 0 seconds, got 0"),
        ({"segment": -1.0}, "segment must be"),
        ({"segment": "2"}, "segment must be above 0 seconds, got '2'"),
        ({"timeout": "2"}, "timeout must be a number or None, got '2'"),
        ({"segment": np.nan}, "segment must be"),
        ({"segment": np.inf}, "segment must be"),
        ({"segment": 1.0, "segment_hop": 0.0}, "segment_hop must be above 0 seconds, got 0"),
        ({"segment_hop": 1.0}, "segment_hop requires segment: give the length of a segment, too"),
        ({"segment": 1.0, "segment_tail": "cut"}, "segment_tail must be one of drop, keep, pad"),
        ({"offset": -1.0}, "offset must be"),
        ({"duration": 0.0}, "duration must be"),
        ({"pad": True}, "pad requires a duration"),
        ({"labels": "file"}, "labels must be 'folder'"),
        ({"name_pattern": "{fold}-{take}"}, r"'00' does not match \(19 of 19 names do not\)"),
        ({"name_pattern": "{tempo}"}, "field 'tempo': a feature has this name"),
        ({"labels": "folder", "where": {"label": "3"}}, "unknown label = '3': available: 0, 1, 2"),
        ({"where": {"label": "3"}}, "unknown column 'label': available: none"),
        ({"features": "genre57"}, "did you mean 'genre75'"),
    ],
)
def test_parameters_out_of_range_are_errors_not_failures(mixed_corpus, parameters, message):
    with pytest.raises(ParameterError, match=message):
        featkit.extract(mixed_corpus, n_jobs=1, **parameters)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"segment_tail": "keep"}, "give the length of a segment, too"),
        ({"segment": 1.0, "duration": 2.0, "pad": True}, "segment_tail='pad'"),
    ],
)
def test_options_that_do_not_go_together_are_refused(mixed_corpus, wrong, message):
    with pytest.raises(ParameterError, match=message):
        featkit.extract(mixed_corpus, n_jobs=1, **wrong)


def test_an_output_never_replaces_an_input(corpus, tmp_path):
    first = min(corpus.rglob("*.wav"))
    copy = tmp_path / "a.csv"  # sound under another ending
    copy.write_bytes(first.read_bytes())
    manifest = tmp_path / "t.csv.failures.csv"
    manifest.write_text(f"path\n{first}\n", "utf-8")
    for inputs, how in (
        ([copy], {"output": copy}),
        ((), {"manifest": manifest, "output": manifest}),
        ((), {"manifest": manifest, "output": tmp_path / "t.csv"}),
    ):
        with pytest.raises(ParameterError, match="is an input and would be overwritten"):
            featkit.extract(inputs, features="genre75", **how)
    assert copy.read_bytes() == first.read_bytes()
    assert manifest.read_text("utf-8") == f"path\n{first}\n"


@pytest.mark.parametrize(
    ("timeout", "message"),
    [
        (0.0, "timeout must be above 0, got 0"),
        (-1.0, "timeout must be above 0, got -1"),
        (float("nan"), "timeout must be finite, got nan"),
        (float("inf"), "timeout must be finite, got inf"),
        (1e10, "timeout must be at most 10000000.0, got 10000000000.0"),
    ],
)
def test_an_invalid_timeout_is_refused(corpus, timeout, message):
    with pytest.raises(ParameterError, match=message):
        featkit.extract(corpus, timeout=timeout)
