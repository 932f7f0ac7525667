"""A colour rich model with a shrinkage classifier: no gradient, seconds to fit, the default for a few shots.

f(x): statistics of whole crops in three parts,

    words      frequencies of runs of four residuals, for six vocabularies of luma, chroma, saturation and differences
               of colours (`ResidualWords`), 2028 values
    blocks     scales and zeros of the DCT coefficients of 8 x 8 blocks of luma and chroma (`BlockDCT`), 378 values
    spectrum   power of the residuals of luma and chroma in 8 x 8 cells of frequencies (`ResidualSpectrum`), 384 values

each multiplied by a constant, so that the values of all three vary by about one between photographs,

    z = w . f + b,   w = S^-1 (m_1 - m_0),   b = -w . (m_0 + m_1) / 2

with m_c the mean of class c and S the Ledoit-Wolf estimate of the covariance within the classes. With shots, `head`
does the same on them, with a covariance that the source helps to estimate. 2,791 parameters.

Sources: J. Fridrich, J. Kodovsky, "Rich Models for Steganalysis of Digital Images", 2012; M. Goljan, J. Fridrich, R.
Cogranne, "Rich Model for Steganalysis of Color Images", 2014; H. Li, B. Li, S. Tan, J. Huang, "Detection of Deep
Network Generated Images Using Disparities in Color Components", 2018. What is counted was chosen on the train and
validation splits of five domains, as stored and after one more JPEG, for the mean accuracy with 10 and 50 shots
(docs/results.md). Four more vocabularies (Cb, R-G, third differences of chroma) gained nothing there. Up to version
0.2.0 the spectrum told left from right, in 768 values.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate, pairwise
from typing import ClassVar

import keras
import numpy as np

from forensictransfer.detectors.base import Trains
from forensictransfer.detectors.discriminant import discriminant
from forensictransfer.detectors.layers import BlockDCT, ResidualSpectrum, ResidualWords
from forensictransfer.detectors.networks.logit import LogitDetector

VOCABULARIES = (
    ("Y", 3, 1, 2),
    ("Y", 3, 3, 6),
    ("Y", 1, 2, 3),
    ("Cr", 1, 1, 2),
    ("S", 1, 2, 3),
    ("G-B", 1, 1, 2),
)


class RichModel(LogitDetector):
    """Statistics of residuals, DCT blocks and spectra in colour, with a linear discriminant."""

    name: ClassVar[str] = "rich_model"
    trains: ClassVar[Trains] = "fit"
    equal_units: ClassVar[bool] = True

    @classmethod
    def network(cls, image: keras.KerasTensor) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Build the statistics and a dense layer, whose weights `fit_features` sets."""
        parts = [
            keras.layers.Rescaling(64.0, name="scaled_words")(ResidualWords(VOCABULARIES, name="words")(image)),
            keras.layers.Rescaling(3.0, name="scaled_blocks")(BlockDCT(name="blocks")(image)),
            keras.layers.Rescaling(2.8, name="scaled_spectrum")(
                ResidualSpectrum(mirrored=True, name="spectrum")(image)
            ),
        ]
        features = keras.layers.Concatenate(name="statistics")(parts)
        return features, keras.layers.Dense(1, name="logit")(features)

    @property
    def feature_blocks(self) -> Mapping[str, slice]:
        """The columns of words, blocks and spectrum."""
        names = ("words", "blocks", "spectrum")
        widths = [int(self.model.get_layer(f"scaled_{name}").output.shape[-1]) for name in names]
        places = pairwise(accumulate(widths, initial=0))
        return {name: slice(*place) for name, place in zip(names, places, strict=True)}

    def fit_features(self, features: np.ndarray, labels: np.ndarray) -> None:
        """Set the last layer to the discriminant of features (n, 2790) and labels (n,) of both classes."""
        self.set_classifier(*discriminant(features, labels))
