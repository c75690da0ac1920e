"""The network of `featkit.models.networks.architectures.cnn_lstm`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from featkit.models.networks.modules.cnn import convolutional_blocks
from featkit.models.networks.modules.convolutions import hidden_classifier, mean_over_map
from featkit.models.networks.modules.recurrent import Branches


class CnnLstm(nn.Module):
    """A convolutional branch over the mel spectrogram, recurrent branches, and a classifier.

    Parameters
    ----------
    channels : sequence of int
        Channels of each convolutional block.
    pooling : sequence of (int, int)
        Bands and frames that the pooling of each block joins.
    series : mapping of str to int
        Channels of each kind of series, by base name.
    units : int
        Units of each LSTM.
    hidden : int
        Units of the hidden layer of the classifier.
    n_classes : int
        Number of classes.
    dropout : float
        Share of its units that are left out in training.
    """

    def __init__(
        self,
        channels: Sequence[int],
        pooling: Sequence[tuple[int, int]],
        series: Mapping[str, int],
        units: int,
        hidden: int,
        n_classes: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.blocks = convolutional_blocks(channels, pooling)
        self.branches = Branches(series, units)
        n_joined = channels[-1] + self.branches.n_outputs
        self.classifier = hidden_classifier(n_joined, hidden, n_classes, dropout)

    def forward(self, inputs: dict[str, Tensor], lengths: dict[str, Tensor]) -> Tensor:
        """Return logits, ``(batch, classes)``; see `Architecture.build`.

        Parameters
        ----------
        inputs, lengths : dict of str to Tensor
            Sequences and their true frames by base name.

        Returns
        -------
        Tensor
        """
        maps: Tensor = self.blocks(inputs["mel"].unsqueeze(1))
        joined = torch.cat([mean_over_map(maps), self.branches(inputs, lengths)], dim=1)
        logits: Tensor = self.classifier(joined)
        return logits
