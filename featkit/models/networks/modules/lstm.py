"""The network of `featkit.models.networks.architectures.lstm`."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from featkit.models.networks.modules.convolutions import hidden_classifier
from featkit.models.networks.modules.recurrent import Branches


class Lstm(nn.Module):
    """Recurrent branches over series, and a classifier.

    Parameters
    ----------
    channels : mapping of str to int
        Channels of each kind of series, by base name.
    units : int
        Units of each LSTM.
    hidden : int
        Units of the hidden layer of the classifier.
    n_classes : int
        Number of classes.
    dropout : float
        Share of the inputs and units of the classifier that are left out in training.
    """

    def __init__(
        self, channels: Mapping[str, int], units: int, hidden: int, n_classes: int, dropout: float
    ) -> None:
        super().__init__()
        self.branches = Branches(channels, units)
        self.dropout = nn.Dropout(dropout)
        self.classifier = hidden_classifier(self.branches.n_outputs, hidden, n_classes, dropout)

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
        logits: Tensor = self.classifier(self.dropout(self.branches(inputs, lengths)))
        return logits
