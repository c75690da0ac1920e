"""The compiled core: the bits of every instruction set, NumPy's values, and its arguments."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from compiled_core import assert_same_bits_everywhere, needs_core, without_core
from hypothesis import given
from hypothesis import strategies as st

import featkit
from featkit import signals
from featkit.dsp import _compiled, synthesis
from featkit.dsp.banks import Bank
from featkit.dsp.cepstrum import cepstrum
from featkit.dsp.decibels import decibels
from featkit.dsp.spectra import BASIC, WANTED, Spectra
from featkit.features.spectra.parameters import SpectraParameters
from featkit.features.spectra.stack import Stack

SR = 22050
ROOT = Path(featkit.__file__).parents[1]
ROCK = synthesis.clip(synthesis.STYLES["rock"], np.random.default_rng(1))
CLIPS = [
    ROCK[: 3 * SR],
    signals.noise(SR, 0.3),
    signals.sine(441.0, SR, 0.7),
    signals.clicks(150, SR, duration=2.0),
    np.concatenate([signals.noise(SR, 0.3), np.zeros(SR, np.float32)]),
    1e-20 * signals.noise(SR, 0.4),
    ROCK[:1],
    np.zeros(700, np.float32),
    1e4 * signals.noise(SR, 0.5),
]
SETS = {
    "standard": "standard",
    "short frames": {
        "spectra": {"n_fft": 512, "hop_length": 160, "n_mels": 40},
        "features": [
            {"family": "mfcc", "statistics": ["mean", "median"]},
            {"family": "spectral_flux", "statistics": ["p90"]},
            {"family": "spectral_moments", "statistics": ["skew"]},
        ],
    },
}


def rows(name):
    return featkit.analyse(CLIPS, SR, SETS[name])


@needs_core
@pytest.mark.parametrize("name", SETS)
def test_all_instruction_sets_give_the_same_bits(name):
    assert_same_bits_everywhere(lambda: rows(name))


@needs_core
def test_a_clip_has_the_same_bits_alone():
    together = rows("standard")
    for clip, row in zip(CLIPS, together, strict=True):
        np.testing.assert_array_equal(featkit.analyse([clip], SR, "standard")[0], row)


@needs_core
@pytest.mark.parametrize("name", SETS)
def test_values_are_those_of_numpy(name):
    columns = featkit.feature_set(SETS[name]).columns
    ours = rows(name)
    with without_core():
        theirs = rows(name)
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    difference = np.nanmax(np.abs(ours - theirs), axis=0) / np.nanmax(np.abs(theirs), axis=0)
    assert not [(c.name, d) for c, d in zip(columns, difference, strict=True) if d > 1e-5]


@needs_core
@pytest.mark.parametrize("clip", range(len(CLIPS)))
def test_spectra_have_the_bits_of_numpy(clip):
    block = next(Stack([CLIPS[clip]], SR, SpectraParameters()).blocks())
    ours = Spectra(block.signal, SR, WANTED)
    with without_core():
        theirs = Spectra(block.signal, SR, WANTED)
    for name in {*BASIC, *WANTED} - {"entropy"}:
        np.testing.assert_array_equal(ours[name], theirs[name], err_msg=name)
    # NumPy's own logarithms, with other last bits, are faster.
    np.testing.assert_allclose(ours["entropy"], theirs["entropy"], rtol=1e-6, atol=1e-5)


@needs_core
@given(
    st.integers(1, 9), st.integers(1, 40), st.integers(0, 80), st.integers(1, 90), st.integers(0, 9)
)
def test_a_bank_is_a_product_of_matrices(n_rows, bins, start, count, seed):
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(n_rows, bins)) * (rng.random((n_rows, bins)) < seed / 9)
    x = rng.normal(size=(bins, start + count + 3)).astype(np.float32)
    bank = Bank(weights)
    frames = slice(start, start + count)
    np.testing.assert_array_equal(bank.toarray(), weights.astype(np.float32))
    np.testing.assert_array_equal(bank.empty, ~weights.any(axis=1))
    expected = weights.astype(np.float32) @ x[:, frames].astype(np.float64)
    np.testing.assert_allclose(bank.of(x, frames), expected, atol=1e-5)
    np.testing.assert_array_equal(bank.of(x, frames), bank._sparse @ x[:, frames])
    np.testing.assert_array_equal(bank.of(x, frames), (bank @ x)[:, frames])


@needs_core
@given(st.integers(1, 70), st.integers(1, 40), st.integers(0, 9))
def test_cepstra_are_cosine_transforms(bands, frames, seed):
    import scipy.fft

    levels = np.random.default_rng(seed).normal(-30, 20, (bands, frames)).astype(np.float32)
    count = 1 + seed * (bands - 1) // 9
    expected = scipy.fft.dct(levels.astype(np.float64), axis=0, norm="ortho")[:count]
    np.testing.assert_allclose(cepstrum(levels, count), expected, atol=1e-4)
    with without_core():
        by_numpy = cepstrum(levels, count)
    np.testing.assert_array_equal(cepstrum(levels, count), by_numpy)


@needs_core
def test_decibels_are_those_of_double_precision():
    power = np.geomspace(1e-12, 1e8, 5001).astype(np.float32)
    expected = 10 * np.log10(np.maximum(power.astype(np.float64), np.float32(1e-10)))
    np.testing.assert_allclose(decibels(power), expected, atol=1e-5)
    with without_core():
        by_numpy = decibels(power)
    np.testing.assert_array_equal(decibels(power), by_numpy)
    np.testing.assert_array_equal(decibels(np.array([np.nan, 0, 1], np.float32)), [np.nan, -100, 0])


def f(*shape):
    return np.zeros(shape, np.float32)


def i(*values):
    return np.array(values, np.int64)


def spectra_outputs(frames=1, bins=9, pieces=1):
    sizes = {"power": (bins, frames), "piece_sums": (pieces, frames)}
    return {name: f(*sizes.get(name, (frames,))) for name in BASIC}


def spectra_arguments(**changed):
    arguments = {
        "y": f(16),
        "starts": i(0),
        "before": f(16),
        "window": f(16),
        "roots": f(32),
        "piece": 16,
        "offsets": f(9),
        "middles": f(1),
        "outputs": spectra_outputs(),
    }
    return (arguments | changed).values()


WRONG = {
    "a frame beyond the samples": ("spectra", spectra_arguments(starts=i(1))),
    "a frame before the samples": ("spectra", spectra_arguments(starts=i(-1))),
    "no power of two": ("spectra", spectra_arguments(window=f(24), y=f(24), before=f(24))),
    "roots for another size": ("spectra", spectra_arguments(roots=f(30))),
    "a missing output": ("spectra", spectra_arguments(outputs={})),
    "an output that is too small": ("spectra", spectra_arguments(outputs=spectra_outputs(bins=8))),
    "half of a pair": (
        "spectra",
        spectra_arguments(outputs=spectra_outputs() | {"third_moment": f(1)}),
    ),
    "double precision": ("spectra", spectra_arguments(y=np.zeros(16))),
    "no pieces": ("spectra", spectra_arguments(piece=0)),
    "rows beyond the weights": ("bank", (f(4, 8), 4, 0, 8, i(0), i(0, 4), f(3), f(1, 8))),
    "bins beyond the array": ("bank", (f(4, 8), 4, 0, 8, i(2), i(0, 3), f(3), f(1, 8))),
    "frames beyond the array": ("bank", (f(4, 8), 4, 0, 9, i(0), i(0, 3), f(3), f(1, 9))),
    "weights in descending order": ("bank", (f(4, 8), 4, 0, 8, i(0, 0), i(0, 3, 1), f(3), f(2, 8))),
    "a part of a column": ("cosines", (f(7), 4, f(2, 2, 2), f(2, 1))),
    "coefficients for another size": ("cosines", (f(4, 1), 4, f(2, 2, 2), f(3, 1))),
    "rows longer than their transform": ("transforms", (f(1, 17), 1, f(32), f(1, 18))),
    "no power of two in a transform": ("transforms", (f(1, 8), 1, f(48), f(1, 26))),
    "a part of a row": ("transforms", (f(9), 2, f(32), f(2, 18))),
    "spectra of another size": ("transforms", (f(2, 8), 2, f(32), f(2, 17))),
    "a limit of 0": ("decibels", (f(4), 0.0, f(4))),
    "levels of another size": ("decibels", (f(4), 1e-10, f(5))),
    "seventeen shares": ("rolloffs", (f(9, 1), 9, f(1, 1), 16, (0.5,) * 17, 0.1, f(17, 1), f(1))),
    "an unknown instruction set": ("use_variant", ("none",)),
}


@needs_core
@pytest.mark.parametrize("case", WRONG)
def test_wrong_arguments_are_refused(case):
    function, arguments = WRONG[case]
    with pytest.raises((ValueError, TypeError)):
        getattr(_compiled.core, function)(*arguments)


@needs_core
def test_read_only_outputs_are_refused():
    levels = f(4)
    levels.setflags(write=False)
    with pytest.raises((BufferError, ValueError)):
        _compiled.core.decibels(f(4), 1e-10, levels)


def test_a_variable_switches_the_core_off():
    code = "from featkit.dsp import _compiled; assert _compiled.core is None"
    environment = os.environ | {"FEATKIT_COMPILED": "0"}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


@pytest.mark.skipif(not (ROOT / "setup.py").exists(), reason="needs the source")
def test_the_package_is_built_without_a_compiler(tmp_path):
    pytest.importorskip("setuptools")
    for name in ("setup.py", "setup.cfg", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "featkit" / "dsp" / "kernels", tmp_path / "featkit" / "dsp" / "kernels")
    (tmp_path / "featkit" / "__init__.py").write_text("__version__ = '0'\n")
    command = [sys.executable, "setup.py", "build_ext", "--build-lib", "built"]
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"CC": "false"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert not list(tmp_path.rglob("_core*.so"))
