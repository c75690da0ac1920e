"""Augmentation: values move, scale or mix; shapes, padding and classes stay."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.fft import dct

torch = pytest.importorskip("torch")

from featkit.models.networks.parameters import NetworkParameters  # noqa: E402
from featkit.models.networks.training.augmentation import (  # noqa: E402
    Batch,
    augmented,
    frequency_masked,
    mixed_up,
    time_masked,
    time_shifted,
    time_warped,
    with_gain,
    with_noise,
)

SCALES = {
    "mel": (np.zeros(16, np.float32), np.linspace(1, 20, 16, dtype=np.float32)),
    "mfcc": (np.zeros(6, np.float32), np.linspace(50, 3, 6, dtype=np.float32)),
}

ALL = {
    "time_warp": time_warped,
    "time_shift": time_shifted,
    "gain": lambda batch, strength, rng: with_gain(batch, 20 * strength, SCALES, rng),
    "noise": with_noise,
    "mixup": mixed_up,
    "frequency_mask": frequency_masked,
    "time_mask": time_masked,
}
"""Augmentations with a strength up to 0.4."""


def batch_of(n_rows=6, *, n_frames=20, seed=0, lengths=None):
    """Two kinds of sequences with padding; MFCC have half as many frames."""
    rng = np.random.default_rng(seed)
    if lengths is None:
        lengths = rng.integers(0, n_frames + 1, n_rows)
    own = {"mel": np.asarray(lengths), "mfcc": np.maximum(np.asarray(lengths) // 2, 1)}
    shapes = {"mel": (16, n_frames), "mfcc": (6, max(n_frames // 2, 1))}
    inputs = {}
    for base, shape in shapes.items():
        values = rng.normal(size=(n_rows, *shape)).astype(np.float32)
        values *= np.arange(shape[1]) < own[base][:, None, None]
        inputs[base] = torch.from_numpy(values)
    targets = torch.eye(n_rows)
    return Batch(inputs, {base: torch.from_numpy(n) for base, n in own.items()}, targets)


def ramp(n_rows, length, n_frames=None):
    """A sequence whose values are the numbers of its frames, from 0."""
    n_frames = n_frames or length
    frames = torch.arange(n_frames, dtype=torch.float32)
    values = torch.where(frames < length, frames, 0.0).expand(n_rows, 1, -1).clone()
    lengths = torch.full((n_rows,), length)
    return Batch({"mel": values}, {"mel": lengths}, torch.eye(n_rows))


def equal(a, b):
    return (
        all(torch.equal(a.inputs[base], b.inputs[base]) for base in a.inputs)
        and all(torch.equal(a.lengths[base], b.lengths[base]) for base in a.lengths)
        and torch.equal(a.targets, b.targets)
    )


@pytest.mark.parametrize("name", ALL)
@given(
    n_rows=st.integers(1, 6),
    n_frames=st.integers(1, 24),
    strength=st.floats(0.001, 0.4),
    seed=st.integers(0, 9),
)
def test_shapes_and_padding_stay_and_inputs_are_not_changed(name, n_rows, n_frames, strength, seed):
    batch = batch_of(n_rows, n_frames=n_frames, seed=seed)
    before = {base: values.clone() for base, values in batch.inputs.items()}
    result = ALL[name](batch, strength, np.random.default_rng(seed))
    for base, values in result.inputs.items():
        assert values.shape == before[base].shape
        assert values.dtype == torch.float32
        assert torch.isfinite(values).all()
        assert torch.equal(batch.inputs[base], before[base])
        padding = torch.arange(values.shape[2]) >= result.lengths[base][:, None]
        assert (values.transpose(1, 2)[padding] == 0).all()
    np.testing.assert_allclose(result.targets.sum(1), torch.ones(n_rows))


@pytest.mark.parametrize("name", ALL)
def test_a_strength_of_0_changes_nothing_and_draws_nothing(name):
    batch, rng = batch_of(), np.random.default_rng(0)
    assert equal(ALL[name](batch, 0.0, rng), batch)
    assert rng.bit_generator.state == np.random.default_rng(0).bit_generator.state


@pytest.mark.parametrize("name", ALL)
def test_a_seed_determines_the_result(name):
    batch = batch_of()
    first, again, other = (ALL[name](batch, 0.3, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert equal(first, again)
    assert not equal(first, other)


@given(st.integers(1, 30), st.floats(0.01, 1), st.integers(0, 99))
def test_a_shift_rotates_the_true_frames(length, largest, seed):
    batch = ramp(4, length, length + 3)
    shifted = time_shifted(batch, largest, np.random.default_rng(seed)).inputs["mel"]
    frames = np.arange(length)
    for row in shifted[:, 0, :length].numpy():
        shift = -int(row[0]) % length
        np.testing.assert_array_equal(row, np.roll(frames, shift))
        assert min(shift, length - shift) <= largest * length + 0.5


def test_all_kinds_are_shifted_by_the_same_time():
    mel, mfcc = ramp(50, 100), ramp(50, 25)
    both = Batch(
        {"mel": mel.inputs["mel"], "mfcc": mfcc.inputs["mel"]},
        {"mel": mel.lengths["mel"], "mfcc": mfcc.lengths["mel"]},
        mel.targets,
    )
    shifted = time_shifted(both, 0.5, np.random.default_rng(0)).inputs
    shift = {base: -values[:, 0, 0] % len(values[0, 0]) for base, values in shifted.items()}
    difference = (shift["mel"] / 4 - shift["mfcc"] + 12.5) % 25 - 12.5
    assert difference.abs().max() <= 0.75  # each is rounded to a frame
    assert len(shift["mel"].unique()) > 20


@given(st.integers(2, 40), st.floats(0.01, 0.4), st.integers(0, 99))
def test_a_warp_keeps_the_order_and_both_ends(length, largest, seed):
    batch = ramp(4, length, length + 3)
    warped = time_warped(batch, largest, np.random.default_rng(seed)).inputs["mel"]
    for row in warped[:, 0, :length].numpy().astype(np.float64):
        assert row[0] == pytest.approx(0, abs=1e-4)
        assert row[-1] == pytest.approx(length - 1, abs=1e-4)
        assert (np.diff(row) >= -1e-4).all()
        assert np.abs(row - np.arange(length)).max() <= largest * (length - 1) + 1e-4


def test_a_warp_is_linear_on_both_sides_of_a_point():
    warped = time_warped(ramp(200, 101), 0.2, np.random.default_rng(0)).inputs["mel"][:, 0]
    slopes = torch.diff(warped, dim=1)
    first, last = slopes[:, 0], slopes[:, -1]
    # The moved point is where both lines cross: first · t = 100 - last · (100 - t).
    new = 100 * (1 - last) / (first - last)
    old = first * new
    curved = (first - last).abs() > 0.05
    assert curved.sum() > 100
    assert (old[curved] >= 20 - 0.1).all()
    assert (old[curved] <= 80 + 0.1).all()
    assert ((new - old)[curved].abs() <= 20 + 0.1).all()
    assert (new - old)[curved].abs().max() > 15
    for row, a, b, t in zip(warped, first, last, new, strict=True):
        frames = torch.arange(101.0)
        expected = torch.where(frames <= t, a * frames, 100 - b * (100 - frames))
        away = (frames - t).abs() > 1
        np.testing.assert_allclose(row[away], expected[away], atol=0.02, rtol=0)


def ranges(masked):
    """First and last position of the masked ones, and their number, of each row."""
    return [(np.flatnonzero(row), int(row.sum())) for row in masked.numpy()]


@given(st.floats(0.01, 0.9), st.integers(0, 99))
def test_a_frequency_mask_is_a_range_of_bands_of_the_mel_spectrogram(largest, seed):
    batch = batch_of(seed=seed, lengths=[20] * 6)
    result = frequency_masked(batch, largest, np.random.default_rng(seed))
    assert torch.equal(result.inputs["mfcc"], batch.inputs["mfcc"])
    masked = (result.inputs["mel"] == 0).all(dim=2)
    kept = ~masked[:, :, None].expand(-1, -1, 20)
    assert torch.equal(result.inputs["mel"][kept], batch.inputs["mel"][kept])
    for places, width in ranges(masked):
        assert width <= largest * 16
        assert width == 0 or np.ptp(places) == width - 1


@given(st.floats(0.01, 0.9), st.integers(0, 99))
def test_a_time_mask_is_a_range_of_true_frames(largest, seed):
    batch = batch_of(seed=seed)
    result = time_masked(batch, largest, np.random.default_rng(seed))
    for base, values in result.inputs.items():
        changed = (values != batch.inputs[base]).any(dim=1)
        kept = ~changed[:, None].expand(values.shape)
        assert torch.equal(values[kept], batch.inputs[base][kept])
        for (places, width), length in zip(ranges(changed), batch.lengths[base], strict=True):
            assert width <= largest * length
            assert width == 0 or (np.ptp(places) == width - 1 and places[-1] < length)
            assert (values[changed[:, None].expand(values.shape)] == 0).all()


def test_widths_and_places_of_masks_are_uniform():
    batch = Batch(
        {"mel": torch.ones(4000, 128, 1)}, {"mel": torch.ones(4000, dtype=int)}, torch.ones(4000, 1)
    )
    result = frequency_masked(batch, 48 / 128, np.random.default_rng(0)).inputs["mel"][:, :, 0]
    widths = (result == 0).sum(1)
    assert widths.max() == 48
    assert widths.min() == 0
    assert widths.float().mean() == pytest.approx(24, abs=4 * 14.1 / 4000**0.5)
    centres = (result == 0).float() @ torch.arange(128.0) / widths.clamp(min=1)
    assert centres[widths > 0].mean() == pytest.approx(63.5, abs=4 * 30 / 4000**0.5)


def test_a_gain_changes_all_levels_by_as_many_db():
    batch = batch_of(200, lengths=[20] * 200)
    result = with_gain(batch, 6.0, SCALES, np.random.default_rng(0))
    deviation = torch.from_numpy(SCALES["mel"][1])[:, None]
    change = (result.inputs["mel"] - batch.inputs["mel"]) * deviation
    gains = change.mean(dim=(1, 2))
    np.testing.assert_allclose(change, gains[:, None, None].expand(change.shape), atol=1e-4, rtol=0)
    assert 5 < gains.max() <= 6
    assert -6 <= gains.min() < -5


def test_a_gain_changes_mfcc_as_their_mel_spectrogram():
    batch = batch_of(50, lengths=[20] * 50)
    result = with_gain(batch, 6.0, SCALES, np.random.default_rng(0))
    gains = ((result.inputs["mel"] - batch.inputs["mel"])[:, 0, 0] * SCALES["mel"][1][0]).numpy()
    levels = np.random.default_rng(1).normal(-40, 10, 128)
    for k, gain in enumerate(gains.astype(float)):
        expected = dct(levels + gain, norm="ortho")[:6] - dct(levels, norm="ortho")[:6]
        change = (result.inputs["mfcc"] - batch.inputs["mfcc"])[k].numpy()
        change *= SCALES["mfcc"][1][:, None]
        np.testing.assert_allclose(change[:, :10], expected[:, None] * np.ones(10), atol=1e-3)


def test_noise_has_its_standard_deviation():
    batch = batch_of(50, n_frames=100, lengths=[80] * 50)
    noise = (with_noise(batch, 0.3, np.random.default_rng(0)).inputs["mel"] - batch.inputs["mel"])[
        :, :, :80
    ]
    assert noise.std() == pytest.approx(0.3, rel=0.02)
    assert noise.mean() == pytest.approx(0, abs=0.005)


@given(st.floats(0.05, 3), st.integers(0, 99))
def test_mixup_weights_inputs_as_targets(alpha, seed):
    batch = batch_of(seed=seed)
    result = mixed_up(batch, alpha, np.random.default_rng(seed))
    assert (result.targets.diagonal() >= 0.5 - 1e-6).all()
    for base, values in batch.inputs.items():
        # The targets are those of rows, so that they are the weights of the mean.
        expected = (result.targets @ values.flatten(1)).reshape(values.shape)
        np.testing.assert_allclose(result.inputs[base], expected, atol=1e-5, rtol=0)
        longest = torch.where(result.targets > 0, batch.lengths[base], 0).max(dim=1).values
        assert (result.lengths[base] >= longest).all()


def test_weights_of_mixup_have_the_beta_distribution():
    batch = Batch({"mel": torch.zeros(4000, 1, 1)}, {"mel": torch.ones(4000)}, torch.eye(4000))
    own = mixed_up(batch, 1.0, np.random.default_rng(0)).targets.diagonal()
    # The larger of u and 1 - u of a uniform u is uniform between a half and one.
    assert own.mean() == pytest.approx(0.75, abs=4 * 0.145 / 4000**0.5)
    assert own.min() < 0.51


def test_all_augmentations_together_follow_the_parameters():
    batch = batch_of(40, lengths=[20] * 40)
    none = NetworkParameters(frequency_mask=0.0, time_mask=0.0)
    assert equal(augmented(batch, none, SCALES, np.random.default_rng(0)), batch)
    two = NetworkParameters(frequency_mask=0.25, time_mask=0.0, frequency_masks=2)
    masked = augmented(batch, two, SCALES, np.random.default_rng(0)).inputs["mel"] == 0
    assert 4 < masked.all(dim=2).sum(dim=1).max() <= 8
    strong = NetworkParameters(
        time_warp=0.2, time_shift=0.5, gain_db=6.0, noise=0.1, mixup=0.4, time_masks=2
    )
    result = augmented(batch, strong, SCALES, np.random.default_rng(0))
    again = augmented(batch, strong, SCALES, np.random.default_rng(0))
    assert equal(result, again)
    assert not equal(result, batch)
