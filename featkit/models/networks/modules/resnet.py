"""Residual networks with the layer names and shapes of torchvision.

The stride of a bottleneck is that of its 3 × 3 convolution, as in torchvision. Weights of
torchvision fit; squeeze-and-excitation adds layers with the name ``se``.

References
----------
He et al., "Deep residual learning for image recognition", CVPR 2016.
Hu et al., "Squeeze-and-excitation networks", CVPR 2018.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from featkit.models.networks.modules.convolutions import mean_over_map

REDUCTION = 16
"""Channels per hidden unit of squeeze-and-excitation."""

STEM_CHANNELS = 64
"""Channels after the first convolution."""


class SqueezeExcitation(nn.Module):
    """Weights of the channels, between 0 and 1, that follow from the means of all channels.

    Parameters
    ----------
    channels : int
        Number of channels.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(channels, channels // REDUCTION)
        self.fc2 = nn.Linear(channels // REDUCTION, channels)

    def forward(self, maps: Tensor) -> Tensor:
        """Return the weighted maps.

        Parameters
        ----------
        maps : Tensor, shape ``(batch, channels, bands, frames)``

        Returns
        -------
        Tensor, shape ``(batch, channels, bands, frames)``
        """
        weights = self.fc2(self.fc1(mean_over_map(maps)).relu()).sigmoid()
        weighted: Tensor = maps * weights[:, :, None, None]
        return weighted


class BasicBlock(nn.Module):
    """Two 3 × 3 convolutions and a shortcut.

    Parameters
    ----------
    n_in, n_maps : int
        Channels of the input, and of the convolutions.
    stride : int
        Stride of the first convolution and of the shortcut.
    squeeze_excitation : bool
        Whether the channels are weighted before the shortcut is added.
    """

    expansion = 1

    def __init__(self, n_in: int, n_maps: int, stride: int, squeeze_excitation: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_maps, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_maps)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(n_maps, n_maps, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_maps)
        self.se = SqueezeExcitation(n_maps) if squeeze_excitation else None
        self.downsample = _shortcut(n_in, n_maps, stride)

    def forward(self, maps: Tensor) -> Tensor:
        """Return the maps of the block.

        Parameters
        ----------
        maps : Tensor, shape ``(batch, channels, bands, frames)``

        Returns
        -------
        Tensor, shape ``(batch, maps, bands, frames)``
        """
        change = self.relu(self.bn1(self.conv1(maps)))
        change = self.bn2(self.conv2(change))
        return _added(self, maps, change)


class Bottleneck(nn.Module):
    """Convolutions of 1 × 1, 3 × 3 and 1 × 1, and a shortcut; the last has four times the channels.

    Parameters
    ----------
    n_in, n_maps : int
        Channels of the input, and of the first two convolutions.
    stride : int
        Stride of the second convolution and of the shortcut.
    squeeze_excitation : bool
        Whether the channels are weighted before the shortcut is added.
    """

    expansion = 4

    def __init__(self, n_in: int, n_maps: int, stride: int, squeeze_excitation: bool) -> None:
        super().__init__()
        n_out = n_maps * self.expansion
        self.conv1 = nn.Conv2d(n_in, n_maps, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_maps)
        self.conv2 = nn.Conv2d(n_maps, n_maps, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_maps)
        self.conv3 = nn.Conv2d(n_maps, n_out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(n_out)
        self.relu = nn.ReLU(inplace=True)
        self.se = SqueezeExcitation(n_out) if squeeze_excitation else None
        self.downsample = _shortcut(n_in, n_out, stride)

    def forward(self, maps: Tensor) -> Tensor:
        """Return the maps of the block.

        Parameters
        ----------
        maps : Tensor, shape ``(batch, channels, bands, frames)``

        Returns
        -------
        Tensor, shape ``(batch, 4 * maps, bands, frames)``
        """
        change = self.relu(self.bn1(self.conv1(maps)))
        change = self.relu(self.bn2(self.conv2(change)))
        change = self.bn3(self.conv3(change))
        return _added(self, maps, change)


Block = type[BasicBlock] | type[Bottleneck]
"""Kind of residual block."""


class ResNet(nn.Module):
    """A residual network of four layers of blocks.

    Parameters
    ----------
    block : type
        `BasicBlock` or `Bottleneck`.
    sizes : sequence of int
        Blocks of each layer.
    n_classes : int
        Number of classes.
    n_in : int
        Channels of the input.
    dropout : float
        Share of the inputs of the classifier that are left out in training.
    squeeze_excitation : bool
        Whether blocks weight their channels.
    """

    def __init__(
        self,
        block: Block,
        sizes: Sequence[int],
        n_classes: int,
        *,
        n_in: int = 1,
        dropout: float = 0.0,
        squeeze_excitation: bool = False,
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, STEM_CHANNELS, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(STEM_CHANNELS)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        n_before = STEM_CHANNELS
        for number, size in enumerate(sizes):
            n_maps = STEM_CHANNELS * 2**number
            n_out = n_maps * block.expansion
            inputs = [n_before, *[n_out] * (size - 1)]
            strides = [1 if number == 0 else 2, *[1] * (size - 1)]
            blocks = [
                block(n, n_maps, stride, squeeze_excitation)
                for n, stride in zip(inputs, strides, strict=True)
            ]
            self.add_module(f"layer{number + 1}", nn.Sequential(*blocks))
            n_before = n_out
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(n_before, n_classes)
        self._initialise()

    def _initialise(self) -> None:
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def parts(self) -> list[nn.Module]:
        """Return the stem and the four layers.

        Returns
        -------
        list of torch.nn.Module
        """
        stem = nn.ModuleList([self.conv1, self.bn1])
        return [stem, *(self.get_submodule(f"layer{k}") for k in (1, 2, 3, 4))]

    def maps(self, images: Tensor) -> Tensor:
        """Return the output of the last layer of blocks.

        Parameters
        ----------
        images : Tensor, shape ``(batch, channels, bands, frames)``

        Returns
        -------
        Tensor, shape ``(batch, maps, bands / 32, frames / 32)``
        """
        maps: Tensor = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        for k in (1, 2, 3, 4):
            maps = self.get_submodule(f"layer{k}")(maps)
        return maps

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
        maps = self.maps(inputs["mel"].unsqueeze(1))
        logits: Tensor = self.fc(self.dropout(mean_over_map(maps)))
        return logits


def _shortcut(n_in: int, n_out: int, stride: int) -> nn.Sequential | None:
    """The projection of the input to the size of the output; None if they have the same size."""
    if stride == 1 and n_in == n_out:
        return None
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 1, stride, bias=False),
        nn.BatchNorm2d(n_out),
    )


def _added(block: BasicBlock | Bottleneck, maps: Tensor, change: Tensor) -> Tensor:
    """ReLU of the change and the shortcut."""
    if block.se is not None:
        change = block.se(change)
    shortcut = maps if block.downsample is None else block.downsample(maps)
    total: Tensor = block.relu(change + shortcut)
    return total
