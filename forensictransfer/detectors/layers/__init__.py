"""Keras layers of the detectors: each serialisable, each tested against numbers worked out by hand."""

from forensictransfer.detectors.layers.backbone_statistics import BackboneStatistics
from forensictransfer.detectors.layers.batch_norm import PopulationBatchNormalization, estimate_statistics
from forensictransfer.detectors.layers.colour_residual import ColourResidual
from forensictransfer.detectors.layers.constrained_conv import ConstrainedConv2D, PredictionErrorConstraint
from forensictransfer.detectors.layers.cooccurrence import ResidualCooccurrence
from forensictransfer.detectors.layers.distributions import WassersteinEnergies
from forensictransfer.detectors.layers.gradient_gate import GradientGate
from forensictransfer.detectors.layers.high_pass import HighPassColours, HighPassResidual, RescaledRGB
from forensictransfer.detectors.layers.latent_partition import (
    UNKNOWN,
    ActivationEnergy,
    LatentSelection,
    PartitionEnergy,
)
from forensictransfer.detectors.layers.local_wiener import LocalWienerResidual
from forensictransfer.detectors.layers.log_energy import LogEnergy
from forensictransfer.detectors.layers.logit_energies import LogitEnergies
from forensictransfer.detectors.layers.pair_logits import PairLogits
from forensictransfer.detectors.layers.pixels import Luma, ScaledPixels
from forensictransfer.detectors.layers.prototypes import PrototypeEnergies
from forensictransfer.detectors.layers.reconstruction import ReconstructionError
from forensictransfer.detectors.layers.soft_cooccurrence import RunDetectors, SoftLevels
from forensictransfer.detectors.layers.statistics.block_dct import BlockDCT
from forensictransfer.detectors.layers.statistics.channel_statistics import ChannelStatistics
from forensictransfer.detectors.layers.statistics.residual_spectrum import ResidualSpectrum
from forensictransfer.detectors.layers.statistics.residual_words import ResidualWords
from forensictransfer.detectors.layers.third_difference import ThirdDifference
from forensictransfer.detectors.layers.upsample_conv import UpsampleConv2D

__all__ = [
    "UNKNOWN",
    "ActivationEnergy",
    "BackboneStatistics",
    "BlockDCT",
    "ChannelStatistics",
    "ColourResidual",
    "ConstrainedConv2D",
    "GradientGate",
    "HighPassColours",
    "HighPassResidual",
    "LatentSelection",
    "LocalWienerResidual",
    "LogEnergy",
    "LogitEnergies",
    "Luma",
    "PairLogits",
    "PartitionEnergy",
    "PopulationBatchNormalization",
    "PredictionErrorConstraint",
    "PrototypeEnergies",
    "ReconstructionError",
    "RescaledRGB",
    "ResidualCooccurrence",
    "ResidualSpectrum",
    "ResidualWords",
    "RunDetectors",
    "ScaledPixels",
    "SoftLevels",
    "ThirdDifference",
    "UpsampleConv2D",
    "WassersteinEnergies",
    "estimate_statistics",
]
