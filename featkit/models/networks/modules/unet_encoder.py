"""The network of `featkit.models.networks.architectures.unet_encoder`."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from featkit.models.networks.modules.convolutions import (
    maximum_pooling,
    mean_over_map,
    normalised_convolution,
)


class UnetEncoder(nn.Module):
    """Double convolutions with downsampling between them, the mean over both axes, a classifier.

    Parameters
    ----------
    channels : sequence of int
        Channels of each level, from the finest to the coarsest.
    n_classes : int
        Number of classes.
    dropout : float
        Share of the inputs of the classifier that are left out in training.
    """

    def __init__(self, channels: Sequence[int], n_classes: int, dropout: float) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            nn.Sequential(*normalised_convolution(a, b), *normalised_convolution(b, b))
            for a, b in zip([1, *channels[:-1]], channels, strict=True)
        )
        self.downsampling = maximum_pooling(2, 2)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(channels[-1], n_classes)

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
        first, *others = self.levels
        maps: Tensor = first(inputs["mel"].unsqueeze(1))
        for level in others:
            maps = level(self.downsampling(maps))
        logits: Tensor = self.classifier(self.dropout(mean_over_map(maps)))
        return logits
