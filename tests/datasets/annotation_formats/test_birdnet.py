"""Results of BirdNET in all of its forms."""

import re

import pytest
from annotation_writers import RAVEN_NAMES, intervals, read
from folders import write_file
from hypothesis import given
from hypothesis import strategies as st

from featkit.datasets.annotation_format import ANNOTATION_FORMATS
from featkit.errors import TableError

WREN, ROBIN = ("Troglodytes troglodytes", "Eurasian Wren"), ("Erithacus rubecula", "European Robin")
ROWS = [(0.0, 3.0, *WREN, 0.8213), (57.6, 60.6, *ROBIN, 0.2)]

PATH = "/data/site 1/dawn.wav"

RAVEN_HEADER = "\t".join(
    [*RAVEN_NAMES, "Common Name", "Species Code", "Confidence", "Begin Path", "File Offset (s)"]
)


def selection_table(rows):
    lines = [
        f"{k}\tSpectrogram 1\t1\t{start}\t{end}\t0\t15000\t{com}\tcode{k}\t{p:.4f}\t{PATH}\t{start}"
        for k, (start, end, _, com, p) in enumerate(rows, 1)
    ]
    return "\n".join([RAVEN_HEADER, *lines]) + "\n"


def csv_table(rows):
    lines = [
        f"{start},{end},{sci},{com},{score:.4f},{PATH}" for start, end, sci, com, score in rows
    ]
    return (
        "\n".join(["Start (s),End (s),Scientific name,Common name,Confidence,File", *lines]) + "\n"
    )


def r_table(rows):
    header = "filepath,start,end,scientific_name,common_name,confidence,lat,lon,week,overlap"
    lines = [
        f"{PATH},{start},{end},{sci},{com},{p:.4f},-1,-1,-1,0" for start, end, sci, com, p in rows
    ]
    return "\n".join([header, *lines]) + "\n"


def kaleidoscope_table(rows):
    header = "INDIR,FOLDER,IN FILE,OFFSET,DURATION,scientific_name,common_name,confidence,lat,lon"
    lines = [
        f"/data,site 1,dawn.wav,{start},{end - start},{sci},{com},{p:.4f},-1,-1"
        for start, end, sci, com, p in rows
    ]
    return "\n".join([header, *lines]) + "\n"


def clock(seconds):
    return f"{int(seconds // 3600):02}:{int(seconds // 60) % 60:02}:{seconds % 60:05.2f}"


def package_table(rows):
    lines = [
        f'"{PATH}","{clock(start)}","{clock(end)}","{sci}_{com}",{p:.6f}'
        for start, end, sci, com, p in rows
    ]
    return "\n".join(["input,start_time,end_time,species_name,confidence", *lines]) + "\n"


def labels(rows):
    return "".join(f"{start}\t{end}\t{sci}, {com}\t{p:.4f}\n" for start, end, sci, com, p in rows)


FORMS = {
    "selection table": selection_table,
    "csv": csv_table,
    "csv without file": lambda rows: csv_table(rows).replace(f",{PATH}", "").replace(",File", ""),
    "csv of Excel": lambda rows: csv_table(rows).replace(",", ";"),
    "R": r_table,
    "Kaleidoscope": kaleidoscope_table,
    "package": package_table,
    "Audacity": labels,
    "Audacity, older": lambda rows: re.sub(r"\t([^\t]+)\n", r", \1\n", labels(rows)),
}


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_have_the_same_annotations(tmp_path, form):
    file = write_file(tmp_path / "x", FORMS[form](ROWS))
    assert ANNOTATION_FORMATS["birdnet"].matches(file.read_text().splitlines())
    entries = read("birdnet", file)
    assert intervals(entries) == [(start, end, common) for start, end, _, common, _ in ROWS]
    assert [float(entry.annotation.fields["confidence"]) for entry in entries] == [0.8213, 0.2]
    without_path = form == "csv without file" or "Audacity" in form
    assert {entry.recording for entry in entries} == {"" if without_path else PATH}


@pytest.mark.parametrize("form", sorted(FORMS.keys() - {"selection table"}))
def test_the_scientific_name_can_be_the_label(tmp_path, form):
    entries = read(
        "birdnet", write_file(tmp_path / "x", FORMS[form](ROWS)), label="Scientific name"
    )
    assert [entry.annotation.fields["label"] for entry in entries] == [WREN[0], ROBIN[0]]
    assert [entry.annotation.fields["common_name"] for entry in entries] == [WREN[1], ROBIN[1]]


def test_the_code_and_a_column_of_the_user_can_be_the_label(tmp_path):
    text = selection_table(ROWS[:1]).replace("\n", "\tValidated\n", 1)[:-1] + "\tyes\n"
    file = write_file(tmp_path / "x", text)
    (entry,) = read("birdnet", file, label="Species Code")
    assert entry.annotation.fields["label"] == "code1"
    (entry,) = read("birdnet", file, label="Validated")
    assert entry.annotation.fields["label"] == "yes"
    assert entry.annotation.fields["common_name"] == WREN[1]
    with pytest.raises(TableError, match="unknown annotation label 'Genus'"):
        read("birdnet", file, label="Genus")


NAME = st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=8)


@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 10**6).map(lambda t: t / 100),
            st.integers(0, 10**6).map(lambda t: t / 100),
            NAME,
            NAME,
            st.integers(0, 10**4).map(lambda p: p / 10**4),
        ),
        min_size=1,
        max_size=6,
    ),
    form=st.sampled_from(sorted(FORMS.keys() - {"Kaleidoscope", "selection table"})),
)
def test_what_is_written_is_read(tmp_path_factory, rows, form):
    file = write_file(tmp_path_factory.mktemp("birdnet") / "x", FORMS[form](rows))
    assert intervals(read("birdnet", file)) == [(row[0], row[1], row[3]) for row in rows]


def test_a_recording_without_birds_has_no_annotations(tmp_path):
    row = f"1\tSpectrogram 1\t1\t0\t3\t0\t15000\tnocall\tnocall\t1.0\t{PATH}\t0\n"
    assert read("birdnet", write_file(tmp_path / "x", f"{RAVEN_HEADER}\n{row}")) == []
    assert read("birdnet", write_file(tmp_path / "y", csv_table([]))) == []


def test_the_combined_table_counts_from_each_recording(tmp_path):
    rows = selection_table(ROWS[:1]) + selection_table(ROWS[:1]).partition("\n")[2].replace(
        "\t0.0\t3.0", "\t60.0\t63.0"
    ).replace("dawn", "dusk")
    entries = read("birdnet", write_file(tmp_path / "x", rows))
    assert intervals(entries) == [(0, 3, WREN[1])] * 2
    assert [entry.recording for entry in entries] == [PATH, PATH.replace("dawn", "dusk")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (csv_table(ROWS).replace("57.6", "?"), r"line 3: Start \(s\): '\?' is not a number"),
        (csv_table(ROWS).replace("Wren", "Wren, male"), "line 2: field 7: .*put quotes around"),
        (labels(ROWS).replace("\t0.2", ""), "line 2: 3 fields, but BirdNET writes start"),
        (package_table(ROWS).replace("00:00:57", "00:77:57"), "line 3: start_time: '00:77:57"),
    ],
)
def test_a_fault_is_named_with_its_line(tmp_path, text, message):
    with pytest.raises(TableError, match=message):
        read("birdnet", write_file(tmp_path / "x", text))
