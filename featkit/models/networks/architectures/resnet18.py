"""ResNet-18 over a mel spectrogram: a stem, and eight blocks of two convolutions.

Layers have the names and shapes of torchvision's `resnet18`, so that its weights can be loaded; the
first convolution has one input channel. `squeeze_excitation` adds weights of the channels to each
block. The parts for `freeze` are the stem and the four layers of blocks.

References
----------
He et al., "Deep residual learning for image recognition", CVPR 2016.
"""

from __future__ import annotations

from featkit.models.networks.architectures._residual import residual_architecture

ARCHITECTURE = residual_architecture(
    "resnet18", "ResNet-18 over a mel spectrogram", "BasicBlock", (2, 2, 2, 2)
)
