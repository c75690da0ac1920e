"""The network of `featkit.models.networks.architectures.vgg_small`."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from featkit.models.networks.modules.convolutions import (
    hidden_classifier,
    maximum_pooling,
    mean_over_map,
    normalised_convolution,
)


class Vgg(nn.Module):
    """Stages of convolutions with pooling after each, the mean over both axes, and a classifier.

    Layers are numbered within ``features`` as in torchvision's networks of this kind.

    Parameters
    ----------
    stages : sequence of sequence of int
        Channels of the convolutions of each stage.
    units : int
        Units of the hidden layer of the classifier.
    n_classes : int
        Number of classes.
    dropout : float
        Share of its units that are left out in training.
    """

    def __init__(
        self, stages: Sequence[Sequence[int]], units: int, n_classes: int, dropout: float
    ) -> None:
        super().__init__()
        self.features = nn.Sequential()
        self.stage_ends: list[int] = []
        n_in = 1
        for stage in stages:
            for n_out in stage:
                self.features.extend(normalised_convolution(n_in, n_out))
                n_in = n_out
            self.features.append(maximum_pooling(2, 2))
            self.stage_ends.append(len(self.features))
        self.classifier = hidden_classifier(n_in, units, n_classes, dropout)

    def stages(self) -> list[nn.Sequential]:
        """Return the layers of each stage, with its pooling.

        Returns
        -------
        list of torch.nn.Sequential
        """
        starts = [0, *self.stage_ends[:-1]]
        return [self.features[a:b] for a, b in zip(starts, self.stage_ends, strict=True)]

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
        maps: Tensor = self.features(inputs["mel"].unsqueeze(1))
        logits: Tensor = self.classifier(mean_over_map(maps))
        return logits
