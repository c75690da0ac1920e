"""ResNet-50 over a mel spectrogram: a stem, and 16 blocks of three convolutions.

Layers have the names and shapes of torchvision's `resnet50`, so that its weights can be loaded; the
first convolution has one input channel. `squeeze_excitation` adds weights of the channels to each
block. The parts for `freeze` are the stem and the four layers of blocks.

References
----------
He et al., "Deep residual learning for image recognition", CVPR 2016.
"""

from __future__ import annotations

from featkit.models.networks.architectures._residual import residual_architecture

ARCHITECTURE = residual_architecture(
    "resnet50", "ResNet-50 over a mel spectrogram", "Bottleneck", (3, 4, 6, 3)
)
