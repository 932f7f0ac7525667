"""A variable of a layer that is no weight of the network."""

from __future__ import annotations

from dataclasses import dataclass

import keras


@dataclass(frozen=True)
class Unsaved:
    """Keeps a variable out of sight of Keras, which tracks, counts and saves what a layer's attributes hold."""

    variable: keras.Variable
