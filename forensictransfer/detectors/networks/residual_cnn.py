"""The residual co-occurrence descriptor recast as a network, then trained as one.

    r = third-order differences of the luma, down the columns and along the rows (trained kernels, at first 1 -3 3 -1)
    s_k = softmax over k of the nearness of r to level c_k = -4, 0, 4       (quantisation)
    h_v = mean over the image of ReLU(sum over a run of 4 of s - 3)         (81 runs, two directions: co-occurrences)
    z = w . h + b                                                           (the linear classifier)

Before the first step this is the descriptor itself, with a softer quantiser; training moves all of it. Binary
cross-entropy, Adam. 3,093 trained parameters.

Source: D. Cozzolino, G. Poggi, L. Verdoliva, "Recasting Residual-based Local Descriptors as Convolutional Neural
Networks: an Application to Image Forgery Detection", 2017. Headline: in the ForensicTransfer paper 98 to 100 % on the
source of generated images, and from Face2Face (79.80 %) to FaceSwap 77.77 %, the best of all without shots. Built from
the paper's idea; sharpness and levels are ours, the authors' exact layers could not be looked up.
"""

from __future__ import annotations

from typing import ClassVar

import keras

from forensictransfer.detectors.layers import (
    Luma,
    PopulationBatchNormalization,
    RunDetectors,
    SoftLevels,
    ThirdDifference,
)
from forensictransfer.detectors.networks.logit import LogitDetector


class ResidualCNN(LogitDetector):
    """The recast descriptor of Cozzolino, Poggi and Verdoliva."""

    name: ClassVar[str] = "residual_cnn"

    @classmethod
    def network(cls, image: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Build the residuals, levels, runs, and the classifier on standardised frequencies."""
        luma = Luma(name="luma")(image)
        down, along = (
            keras.layers.Conv2D(1, side, use_bias=False, kernel_initializer=ThirdDifference(), name=f"residual_{name}")(
                luma
            )
            for side, name in (((4, 1), "down"), ((1, 4), "along"))
        )
        # Cut to one size: a residual stands at the first of its four pixels.
        down = keras.layers.Cropping2D(((0, 0), (0, 3)), name="down_cut")(down)
        along = keras.layers.Cropping2D(((0, 3), (0, 0)), name="along_cut")(along)
        residual = keras.layers.Concatenate(name="residual")([down, along])
        levels = SoftLevels(name="levels")(residual)
        runs = RunDetectors(name="runs")(levels)
        features = PopulationBatchNormalization(name="features")(runs)
        return features, keras.layers.Dense(1, name="logit")(features)
