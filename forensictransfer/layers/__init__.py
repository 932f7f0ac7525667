"""Keras layers of the detectors: each serialisable, each tested against numbers worked out by hand."""

from forensictransfer.layers.batch_norm import PopulationBatchNormalization, estimate_statistics
from forensictransfer.layers.constrained_conv import ConstrainedConv2D, PredictionErrorConstraint
from forensictransfer.layers.cooccurrence import ResidualCooccurrence
from forensictransfer.layers.distributions import WassersteinEnergies
from forensictransfer.layers.gradient_gate import GradientGate
from forensictransfer.layers.high_pass import HighPassColours, HighPassResidual, RescaledRGB
from forensictransfer.layers.latent_partition import UNKNOWN, ActivationEnergy, LatentSelection, PartitionEnergy
from forensictransfer.layers.logit_energies import LogitEnergies
from forensictransfer.layers.pixels import Luma, ScaledPixels
from forensictransfer.layers.prototypes import PrototypeEnergies
from forensictransfer.layers.reconstruction import ReconstructionError
from forensictransfer.layers.soft_cooccurrence import RunDetectors, SoftLevels
from forensictransfer.layers.upsample_conv import UpsampleConv2D

__all__ = [
    "UNKNOWN",
    "ActivationEnergy",
    "ConstrainedConv2D",
    "GradientGate",
    "HighPassColours",
    "HighPassResidual",
    "LatentSelection",
    "LogitEnergies",
    "Luma",
    "PartitionEnergy",
    "PopulationBatchNormalization",
    "PredictionErrorConstraint",
    "PrototypeEnergies",
    "ReconstructionError",
    "RescaledRGB",
    "ResidualCooccurrence",
    "RunDetectors",
    "ScaledPixels",
    "SoftLevels",
    "UpsampleConv2D",
    "WassersteinEnergies",
    "estimate_statistics",
]
