"""Recurrent layers: padding has no effect, and both directions equal torch's own LSTM."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from featkit.models.networks.architecture import ARCHITECTURES
from featkit.models.networks.estimators import network_parameters

torch = pytest.importorskip("torch")

CHANNELS = {"mel": 8, "chroma": 24, "mfcc": 13, "wavelet": 9, "embedding": 5}


def series_lstm(channels=3, units=4):
    from featkit.models.networks.modules.recurrent import SeriesLstm

    torch.manual_seed(0)
    return SeriesLstm(channels, units).eval()


def reference(layer, row):
    """Mean and maximum of torch's bidirectional LSTM over one series without padding."""
    channels, units = layer.forwards.input_size, layer.forwards.hidden_size
    both = torch.nn.LSTM(channels, units, batch_first=True, bidirectional=True)
    state = dict(layer.forwards.state_dict())
    state |= {f"{name}_reverse": value for name, value in layer.backwards.state_dict().items()}
    both.load_state_dict(state)
    outputs = both(row.T[None])[0][0]
    return torch.cat([outputs.mean(dim=0), outputs.amax(dim=0)])


@given(lengths=st.lists(st.integers(1, 5), min_size=3, max_size=3), seed=st.integers(0, 99))
@settings(max_examples=10, deadline=None)
def test_the_output_equals_that_of_a_bidirectional_lstm_over_the_true_frames(lengths, seed):
    layer = series_lstm()
    rng = np.random.default_rng(seed)
    x = torch.from_numpy(rng.normal(size=(3, 3, 5)).astype(np.float32))
    with torch.no_grad():
        values = layer(x, torch.tensor(lengths))
        for row, length, value in zip(x, lengths, values, strict=True):
            assert torch.allclose(value, reference(layer, row[:, :length]), atol=1e-6)


@pytest.mark.parametrize("padding", [0.0, 1e6, float("nan")])
def test_padding_is_not_read(padding):
    layer, lengths = series_lstm(), torch.tensor([2, 7, 5])
    x = torch.randn(3, 3, 7)
    changed = x.clone()
    for row, length in zip(changed, lengths, strict=True):
        row[:, length:] = padding
    with torch.no_grad():
        assert torch.equal(layer(x, lengths), layer(changed, lengths))


def test_more_padding_does_not_change_the_output():
    layer, lengths = series_lstm(), torch.tensor([2, 7])
    x = torch.randn(2, 3, 7)
    longer = torch.cat([x, torch.zeros(2, 3, 20)], dim=2)
    with torch.no_grad():
        assert torch.allclose(layer(x, lengths), layer(longer, lengths), atol=1e-6)


def test_padding_has_no_gradient():
    layer, lengths = series_lstm(), torch.tensor([2, 7])
    x = torch.randn(2, 3, 7, requires_grad=True)
    layer(x, lengths).sum().backward()
    assert (x.grad[0, :, 2:] == 0).all()
    assert (x.grad[0, :, :2] != 0).any()


def test_a_series_without_true_frames_counts_as_one_frame():
    layer, x = series_lstm(), torch.randn(2, 3, 7)
    with torch.no_grad():
        values = layer(x, torch.tensor([0, 1]))
        assert torch.isfinite(values).all()
        assert torch.allclose(values[0], reference(layer, x[0, :, :1]), atol=1e-6)


def test_only_true_frames_are_reversed():
    from featkit.models.networks.modules.recurrent import reversed_frames

    x = torch.arange(8.0).reshape(2, 4, 1)
    values = reversed_frames(x, torch.tensor([3, 4]))[:, :, 0]
    assert values.tolist() == [[2, 1, 0, 3], [7, 6, 5, 4]]


@pytest.mark.parametrize("name", ["lstm", "cnn_lstm"])
def test_recurrent_networks_do_not_read_padding_of_series(name):
    architecture = ARCHITECTURES[name]
    sizes = {base: (CHANNELS[base], 12) for base in architecture.kinds}
    torch.manual_seed(0)
    module = architecture.build(sizes, 3, network_parameters(name, {})).eval()
    values = {base: torch.randn(2, *size) for base, size in sizes.items()}
    lengths = {base: torch.tensor([5, 12]) for base in sizes}
    with torch.no_grad():
        before = module(values, lengths)
        for base in set(sizes) - {"mel"}:
            changed = values[base].clone()
            changed[0, :, 5:] = 100.0
            assert torch.equal(module({**values, base: changed}, lengths), before), base
