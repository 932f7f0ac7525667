"""Re-making whole photographs with a small convolutional autoencoder, by kind of up-sampling.

The generators of GANs and the decoders of autoencoders enlarge feature maps step by step, and each way of enlarging
leaves its own periodic trace: transposed convolutions a checkerboard (Odena, Dumoulin and Olah, "Deconvolution and
checkerboard artifacts", Distill, 2016), all of them copies of the spectrum (Zhang, Karaman and Chang, "Detecting and
simulating artifacts in GAN fake images", 2019; Durall, Keuper and Keuper, "Watch your up-convolution", CVPR 2020).
The three autoencoders here differ in nothing but that step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .regions import to_bytes

KINDS = ("transposed", "nearest", "bilinear")
PATCH = 32
BATCH = 4
STEPS = 600
LEARNING_RATE = 3e-3
RGB = range(3)


def train(
    photographs: Sequence[np.ndarray], kind: str, *, steps: int = STEPS, seed: int = 0
) -> Callable[[np.ndarray], np.ndarray]:
    """Fit the autoencoder to random patches of `photographs` and return it as a function on whole photographs.

    Mean squared error, Adam with cosine decay, `steps` batches of BATCH patches of PATCH x PATCH pixels. Runs on the
    CPU whatever else is there, and sets no global seed.

    Args:
        photographs: uint8 (h, w, 3) each.
        kind: "transposed", "nearest" or "bilinear".
        steps: gradient steps.
        seed: of the weights and the patches.
    Returns:
        uint8 (h, w, 3) -> uint8 (h, w, 3), sides multiples of 4.
    """
    import keras

    rng = np.random.default_rng([seed, 1])
    patches = _patches(photographs, steps * BATCH, rng).astype(np.float32) / 255
    with keras.device("cpu:0"):
        model = autoencoder(kind, seed=seed)
        rate = keras.optimizers.schedules.CosineDecay(LEARNING_RATE, steps)
        model.compile(keras.optimizers.Adam(rate), "mse", jit_compile=False)
        model.fit(patches, patches, batch_size=BATCH, shuffle=False, verbose=0)

    def resynthesise(photograph: np.ndarray) -> np.ndarray:
        with keras.device("cpu:0"):
            made = model(photograph[None].astype(np.float32) / 255, training=False)
        return to_bytes(keras.ops.convert_to_numpy(made)[0] * 255)

    return resynthesise


def autoencoder(kind: str, *, seed: int) -> Any:
    """Build two scales down and two up, as a Keras model on images in [0, 1].

    The code has two parts, as in VQ-VAE-2 (Razavi, van den Oord and Vinyals, 2019): 12 channels at a quarter of the
    side, which are decoded and enlarged to meet 6 channels at half the side, which are decoded and enlarged to the
    image. The weights begin as plain shrinking and enlarging of the three colours (`_begin`), beside random features.

    Raises:
        ValueError: an unknown kind of up-sampling.
    """
    from keras import Input, Model, initializers, layers

    if kind not in KINDS:
        raise ValueError(f"up-sampling must be one of {', '.join(KINDS)}, got '{kind}'")
    seeds = iter(range(seed * 100, seed * 100 + 100))

    def convolution(x: Any, channels: int, stride: int = 1) -> Any:
        start = initializers.Orthogonal(1.3, seed=next(seeds))
        return layers.Conv2D(channels, 3, stride, "same", kernel_initializer=start)(x)

    def active(x: Any) -> Any:
        return layers.ReLU()(x)

    def enlarged(x: Any, channels: int) -> Any:
        if kind == "transposed":
            start = initializers.Orthogonal(1.3, seed=next(seeds))
            return layers.Conv2DTranspose(channels, 3, 2, "same", kernel_initializer=start)(x)
        return convolution(layers.UpSampling2D(2, interpolation=kind)(x), channels)

    image = Input((None, None, 3))
    half = active(convolution(image, 16, stride=2))
    coarse = convolution(active(convolution(half, 32, stride=2)), 12)
    fine = convolution(half, 6)
    decoded = layers.Concatenate()([active(enlarged(coarse, 16)), fine])
    decoded = active(convolution(decoded, 16))
    output = convolution(active(enlarged(decoded, 16)), 3)
    model = Model(image, output, name=f"autoencoder_{kind}")
    _begin(model)
    return model


def _begin(model: Any) -> None:
    """Let the first three channels of every layer carry the colours: averaged on the way down, repeated on the way up.

    Training then starts from a blurred image instead of noise and gets far in a few hundred steps.
    """
    for layer in model.layers:
        if not layer.weights:
            continue
        kernel, bias = (np.array(weight) for weight in layer.get_weights())
        transposed = type(layer).__name__ == "Conv2DTranspose"
        # (row, column, in, out); a transposed convolution stores (row, column, out, in).
        view = kernel.swapaxes(2, 3) if transposed else kernel
        view[..., RGB] = 0
        for channel in RGB:
            if transposed:
                view[:2, :2, channel, channel] = 1
            elif layer.strides[0] == 2:
                view[:2, :2, channel, channel] = 0.25
            else:
                view[1, 1, channel, channel] = 1
        layer.set_weights([kernel, bias])


def _patches(photographs: Sequence[np.ndarray], count: int, rng: np.random.Generator) -> np.ndarray:
    """Cut random squares, uint8 (count, PATCH, PATCH, 3), the photographs taking turns."""
    patches = np.empty((count, PATCH, PATCH, 3), dtype=np.uint8)
    for index in range(count):
        photograph = photographs[index % len(photographs)]
        top = rng.integers(photograph.shape[0] - PATCH + 1)
        left = rng.integers(photograph.shape[1] - PATCH + 1)
        patches[index] = photograph[top : top + PATCH, left : left + PATCH]
    return patches
