"""The planes of a colour image that statistics are taken of: luma, chroma, saturation and differences of colours."""

from __future__ import annotations

import tensorflow as tf

PLANES = ("Y", "Cb", "Cr", "S", "R-G", "G-B")


def whole_planes(image: tf.Tensor) -> dict[str, tf.Tensor]:
    """Compute the planes of PLANES as whole numbers: uint8 (b, h, w, 3) -> int16 (b, h, w) each.

    Y = 0.299 R + 0.587 G + 0.114 B, Cb = 128 - 0.169 R - 0.331 G + 0.5 B, Cr = 128 + 0.5 R - 0.419 G - 0.081 B and the
    saturation S = 255 (max - min) / max (0 for black), each rounded, 0..255; R - G and G - B, -255..255. Sums of whole
    numbers below 2^24 are exact in float32, so every machine rounds alike.
    """
    colours = tf.cast(image, tf.float32)
    red, green, blue = colours[..., 0], colours[..., 1], colours[..., 2]
    most = tf.maximum(tf.maximum(red, green), blue)
    least = tf.minimum(tf.minimum(red, green), blue)
    found = {
        "Y": tf.floor((299.0 * red + 587.0 * green + 114.0 * blue + 500.0) / 1000.0),
        "Cb": tf.floor((500.0 * blue - 169.0 * red - 331.0 * green + 128500.0) / 1000.0),
        "Cr": tf.floor((500.0 * red - 419.0 * green - 81.0 * blue + 128500.0) / 1000.0),
        "S": tf.floor(255.0 * (most - least) / tf.maximum(most, 1.0) + 0.5),
        "R-G": red - green,
        "G-B": green - blue,
    }
    return {name: tf.cast(plane, tf.int16) for name, plane in found.items()}


def luma_and_chroma(colours: tf.Tensor) -> tf.Tensor:
    """Compute Y, Cb - 128 and Cr - 128, not rounded, of colour planes: float32 (b, 3, h, w) -> (b, 3, h, w).

    Y = 0.299 R + 0.587 G + 0.114 B, Cb = 0.564 (B - Y), Cr = 0.713 (R - Y): linear, so it may follow a linear map.
    """
    red, green, blue = colours[:, 0], colours[:, 1], colours[:, 2]
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return tf.stack([luma, 0.564 * (blue - luma), 0.713 * (red - luma)], axis=1)
