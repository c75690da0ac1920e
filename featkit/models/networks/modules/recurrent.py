"""Recurrent layers that do not read padding."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn


class SeriesLstm(nn.Module):
    """Two LSTM, one over a series and one over the reversed series, and statistics of their output.

    Only true frames are reversed, so that padding comes last for both. The output for a frame
    depends on earlier frames alone; without that for padding, nothing depends on padding. This is
    about six times as fast on CPUs as packed sequences.

    Parameters
    ----------
    channels : int
        Channels of the series.
    units : int
        Units of each LSTM.
    """

    def __init__(self, channels: int, units: int) -> None:
        super().__init__()
        self.forwards = nn.LSTM(channels, units, batch_first=True)
        self.backwards = nn.LSTM(channels, units, batch_first=True)
        self.n_outputs = 4 * units

    def forward(self, series: Tensor, lengths: Tensor) -> Tensor:
        """Return mean and maximum over the true frames of each unit.

        Parameters
        ----------
        series : Tensor, shape ``(batch, channels, frames)``
        lengths : Tensor of int64, shape ``(batch,)``
            True frames of each series; one without any counts as one frame.

        Returns
        -------
        Tensor, shape ``(batch, 4 * units)``
            Means, then maxima; those of the reversed series last in each.
        """
        lengths = lengths.clamp(min=1)
        frames = series.transpose(1, 2)
        ahead, _ = self.forwards(frames)
        back, _ = self.backwards(reversed_frames(frames, lengths))
        outputs = torch.cat([ahead, back], dim=2)
        padding = (torch.arange(frames.shape[1], device=frames.device) >= lengths[:, None])[
            :, :, None
        ]
        mean = outputs.masked_fill(padding, 0.0).sum(dim=1) / lengths[:, None]
        maximum = outputs.masked_fill(padding, -torch.inf).amax(dim=1)
        return torch.cat([mean, maximum], dim=1)


def reversed_frames(frames: Tensor, lengths: Tensor) -> Tensor:
    """Reverse the true frames of each series; padding stays where it is.

    Parameters
    ----------
    frames : Tensor, shape ``(batch, frames, channels)``
    lengths : Tensor of int64, shape ``(batch,)``

    Returns
    -------
    Tensor, shape ``(batch, frames, channels)``
    """
    places = torch.arange(frames.shape[1], device=frames.device)[None]
    sources = torch.where(places < lengths[:, None], lengths[:, None] - 1 - places, places)
    return frames.gather(1, sources[:, :, None].expand_as(frames))


class Branches(nn.Module):
    """One `SeriesLstm` for each kind of series; their outputs are joined.

    Parameters
    ----------
    channels : mapping of str to int
        Channels of each kind, by base name.
    units : int
        Units of each LSTM.
    """

    def __init__(self, channels: Mapping[str, int], units: int) -> None:
        super().__init__()
        self.series = nn.ModuleDict({base: SeriesLstm(n, units) for base, n in channels.items()})
        self.n_outputs = 4 * units * len(channels)

    def forward(self, inputs: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tensor:
        """Return the outputs of all branches, ``(batch, outputs)``.

        Parameters
        ----------
        inputs, lengths : dict of str to Tensor
            Sequences and their true frames by base name.

        Returns
        -------
        Tensor
        """
        branches = self.series.items()
        return torch.cat([lstm(inputs[base], lengths[base]) for base, lstm in branches], dim=1)
