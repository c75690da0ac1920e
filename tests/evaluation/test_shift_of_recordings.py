"""Shift between real recordings and changed copies of them."""

import numpy as np
import pytest
import soundfile
from scipy.signal import butter, sosfiltfilt

import featkit
from featkit.evaluation.dataset_rows import DatasetRows
from featkit.evaluation.shift import measure_shift

RECORDINGS = 6
"""Recordings of each class, of different sources."""


def extracted(folder):
    table = featkit.extract(folder, features="genre75", labels="folder", n_jobs=1).table
    names = list(table.feature_names)
    paths = table.column("path")
    return DatasetRows(
        name=folder.name,
        table=table,
        columns=names,
        X=table.matrix(names).astype(np.float64),
        y=table.column("label"),
        recordings=paths,
        groups=np.array([path.rsplit(".", 1)[0] for path in paths.tolist()]),
    )


@pytest.fixture(scope="module")
def folders(real_data, tmp_path_factory):
    """Recordings of ESC-10, the same 20 dB quieter, and in the band of a telephone."""
    target = tmp_path_factory.mktemp("esc10")
    for folder in sorted((real_data / "esc10").iterdir()):
        for source in sorted(folder.glob("*-A.ogg"))[:RECORDINGS] if folder.is_dir() else []:
            y, sr = soundfile.read(source)
            band = butter(4, [300, 3400], "bandpass", fs=sr, output="sos")
            versions = {"home": y, "quiet": y / 10, "telephone": sosfiltfilt(band, y)}
            for name, samples in versions.items():
                path = target / name / folder.name / f"{source.stem}.wav"
                path.parent.mkdir(parents=True, exist_ok=True)
                soundfile.write(path, samples, sr)
    return {name: extracted(target / name) for name in ("home", "quiet", "telephone")}


def compared(folders, name):
    home = folders["home"]
    schema = {column["name"]: column for column in home.table.provenance["columns"]}
    shift = measure_shift(home, folders[name], schema)
    families = {family.family for family in shift.families if family.differing}
    return shift, families, {own.column for own in shift.conditions if own.differs}


def test_quieter_recordings_differ_in_level_only(folders):
    shift, families, conditions = compared(folders, "quiet")
    assert families == {"rms", "mfcc"}
    assert {c.column for c in shift.columns if c.differs} == {"rms_mean", "rms_std", "mfcc_1_mean"}
    assert {"level", "peak"} <= conditions
    assert conditions.isdisjoint({"duration", "sample_rate", "channels"})
    level = next(own for own in shift.conditions if own.column == "level")
    assert level.median - level.home_median == pytest.approx(-20, abs=0.5)


def test_a_telephone_band_changes_the_spectrum_and_the_bandwidth(folders):
    shift, families, conditions = compared(folders, "telephone")
    assert {"mfcc", "spectral_rolloff", "spectral_bandwidth"} <= families
    assert "tempo" not in families
    assert "bandwidth" in conditions
    assert shift.classifier.auc.low > 0.9
