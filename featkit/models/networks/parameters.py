"""Parameters of the training of a network, the same for all architectures."""

from __future__ import annotations

from featkit._utils.parameters import Parameters, parameter


class NetworkParameters(Parameters):
    """How a network is trained; an architecture may have other defaults."""

    epochs: int = parameter(40, "most passes over the training rows", at_least=1, at_most=1000)
    batch_size: int = parameter(16, "rows of a step", at_least=1, at_most=4096)
    learning_rate: float = parameter(1e-3, "highest rate of AdamW", above=0, at_most=1)
    schedule: str = parameter(
        "one-cycle", "course of the learning rate", choices=("one-cycle", "constant")
    )
    weight_decay: float = parameter(1e-2, "weight decay of AdamW", at_least=0, at_most=1)
    dropout: float = parameter(0.3, "share of units left out", at_least=0, below=1)
    label_smoothing: float = parameter(0.0, "label smoothing", at_least=0, below=1)
    class_weights: str = parameter(
        "balanced", "weights of the classes in the loss", choices=("balanced", "none")
    )
    validation: float = parameter(
        0.15,
        "share of the training rows, in whole groups, for early stopping; 0 for none",
        at_least=0,
        at_most=0.5,
    )
    patience: int = parameter(
        10,
        "epochs without a better validation loss before training stops; one cycle is always"
        " completed, since the loss improves most at its end",
        at_least=1,
    )

    max_gradient_norm: float = parameter(
        0.0, "norm to which the gradient is limited; 0 for no limit", at_least=0
    )
    precision: str = parameter(
        "single",
        "numbers of the products in training; bfloat16 is faster on some processors",
        choices=("single", "bfloat16"),
    )
    standardisation: str = parameter(
        "channel",
        "whether each channel, or each kind of sequence, has its own mean and deviation",
        choices=("channel", "kind"),
    )

    frequency_mask: float = parameter(
        48 / 128, "largest share of the bands that SpecAugment masks", at_least=0, below=1
    )
    time_mask: float = parameter(
        192 / 1024, "largest share of the frames that SpecAugment masks", at_least=0, below=1
    )
    frequency_masks: int = parameter(1, "masks of bands of each row", at_least=0, at_most=10)
    time_masks: int = parameter(1, "masks of frames of each row", at_least=0, at_most=10)
    time_warp: float = parameter(
        0.0, "largest shift of a point in time, as a share of the frames", at_least=0, at_most=0.4
    )
    time_shift: float = parameter(
        0.0, "largest circular shift, as a share of the frames", at_least=0, at_most=1
    )
    gain_db: float = parameter(0.0, "largest change of the level of bands in dB", at_least=0)
    noise: float = parameter(
        0.0, "standard deviation of noise on standardised values", at_least=0, at_most=10
    )
    mixup: float = parameter(
        0.0, "both parameters of the beta distribution of mixup; 0 for none", at_least=0
    )

    squeeze_excitation: bool = parameter(False, "whether residual blocks weight their channels")
    freeze: int = parameter(0, "first parts of the network that keep their weights", at_least=0)
    weights: str = parameter("", "safetensors file of weights to start from")
    weights_sha256: str = parameter("", "SHA-256 of this file, which training adds")
