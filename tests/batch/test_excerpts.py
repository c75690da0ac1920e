"""Parts of files: excerpts, segments and padding."""

import numpy as np
import pytest
from extracting import SR, clip, paths, same_bits, same_tables, write_audio

import featkit
from featkit.errors import ParameterError


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
    whole = write_audio(tmp_path / "whole" / "a.wav", y)
    extraction = featkit.extract(whole, segment=0.3, segment_hop=hop, segment_tail=tail, n_jobs=1)
    assert not extraction.failures
    assert paths(extraction) == ["a.wav"] * len(expected)
    times = extraction.table.data[["start", "end"]].to_numpy() * SR
    np.testing.assert_allclose(times, expected, atol=1e-6)
    for k, (start, end) in enumerate(expected):
        part = y[start:end]
        if tail == "pad":
            part = np.pad(part, (0, 6615 - len(part)))
        cut = write_audio(tmp_path / "cut" / f"{k}.wav", part)
        row = featkit.extract(cut, n_jobs=1).table.features.iloc[0]
        same_bits(extraction.table.features.iloc[k], row)


def test_segments_are_the_same_for_any_number_of_workers(mixed_corpus):
    options = {"segment": 0.4, "segment_hop": 0.25, "segment_tail": "keep", "features": "genre75"}
    one = featkit.extract(mixed_corpus, n_jobs=1, **options)
    two = featkit.extract(mixed_corpus, n_jobs=2, **options)
    assert len(one.table) > 2 * len(set(paths(one)))
    same_tables(one.table, two.table)


def test_a_file_shorter_than_a_segment_fails_when_short_ones_are_dropped(tmp_path):
    write_audio(tmp_path / "long.wav", clip(0, 0.7))
    write_audio(tmp_path / "short.wav", clip(1, 0.2))
    extraction = featkit.extract(tmp_path, features="genre75", segment=0.3, n_jobs=1)
    assert paths(extraction) == ["long.wav", "long.wav"]
    (failure,) = extraction.failures
    assert (failure.path, failure.stage) == ("short.wav", "segment")
    assert "0.2 s is shorter than one segment of 0.3 s" in failure.message


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_segment_of_less_than_a_sample_is_no_row(mixed_corpus, n_jobs):
    try:
        extraction = featkit.extract(
            mixed_corpus / "0" / "00.wav", features="genre75", segment=1e-6, n_jobs=n_jobs
        )
    except ParameterError:
        return
    assert len(extraction.table) == 0
    assert len(extraction.failures) == 1


def test_an_excerpt_gives_the_row_that_a_file_of_it_gives(tmp_path):
    y = clip(3, 1.0)
    whole = write_audio(tmp_path / "whole.wav", y)
    cut = write_audio(tmp_path / "cut.wav", y[6615:13230])
    excerpt = featkit.extract(whole, offset=0.3, duration=0.3, n_jobs=1).table
    expected = featkit.extract(cut, n_jobs=1).table
    assert excerpt.data[["start", "end"]].iloc[0].tolist() == pytest.approx([0.3, 0.6])
    same_bits(excerpt.features, expected.features)


def test_segments_of_an_excerpt_are_timed_in_the_file(tmp_path):
    whole = write_audio(tmp_path / "a.wav", clip(3, 2.0))
    table = featkit.extract(
        whole, features="genre75", offset=0.5, duration=1.0, segment=0.4, n_jobs=1
    ).table
    np.testing.assert_allclose(table.data["start"], [0.5, 0.9])
    np.testing.assert_allclose(table.data["end"], [0.9, 1.3])


def test_padded_files_are_all_of_one_length(tmp_path):
    write_audio(tmp_path / "long.wav", clip(0, 0.9))
    write_audio(tmp_path / "short.wav", clip(1, 0.2))
    padded = featkit.extract(tmp_path, features="genre75", duration=0.5, pad=True, n_jobs=1)
    y = np.pad(featkit.load(tmp_path / "short.wav")[0], (0, round(0.5 * SR) - round(0.2 * SR)))
    row = featkit.analyse([y], SR, featkit.feature_set("genre75"))[0]
    same_bits(padded.table.features.iloc[1], row)
    assert padded.table.provenance["excerpt"]["pad"] is True


def test_numbers_of_an_excerpt_may_be_numpys(tmp_path):
    write_audio(tmp_path / "a.wav", clip(0, 1.0))
    write_audio(tmp_path / "b.wav", clip(1, 1.0))
    feature = {"features": [{"family": "rms", "statistics": ["mean"]}]}
    written = []
    for kind in (float, np.float32):
        part = {"offset": kind(0.25), "segment": kind(0.25), "segment_hop": kind(0.125)}
        output = tmp_path / f"{kind.__name__}.parquet"
        featkit.extract(tmp_path, features=feature, output=output, n_jobs=1, **part)
        written.append(output.read_bytes())
    assert written[0] == written[1]
