"""The network of `featkit.models.networks.architectures.cnn`."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from featkit.models.networks.modules.convolutions import (
    hidden_classifier,
    maximum_pooling,
    mean_over_map,
    normalised_convolution,
)


class Cnn(nn.Module):
    """Convolutional blocks, the mean over both axes, and a classifier.

    Parameters
    ----------
    channels : sequence of int
        Channels of each block.
    pooling : sequence of (int, int)
        Bands and frames that the pooling of each block joins.
    units : int
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
        units: int,
        n_classes: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.blocks = convolutional_blocks(channels, pooling)
        self.classifier = hidden_classifier(channels[-1], units, n_classes, dropout)

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
        logits: Tensor = self.classifier(mean_over_map(maps))
        return logits


def convolutional_blocks(
    channels: Sequence[int], pooling: Sequence[tuple[int, int]]
) -> nn.Sequential:
    """Return blocks of convolution, batch normalisation, ReLU and pooling, for one input channel.

    Parameters
    ----------
    channels : sequence of int
        Channels of each block.
    pooling : sequence of (int, int)
        Bands and frames that the pooling of each block joins.

    Returns
    -------
    torch.nn.Sequential
        Each block is a `torch.nn.Sequential`, whose layer 2 is ReLU.
    """
    inputs = [1, *channels[:-1]]
    return nn.Sequential(
        *(
            nn.Sequential(*normalised_convolution(n_in, n_out), maximum_pooling(*size))
            for n_in, n_out, size in zip(inputs, channels, pooling, strict=True)
        )
    )
