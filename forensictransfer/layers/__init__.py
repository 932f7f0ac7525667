"""Keras layers of the detectors: each serialisable, each tested against numbers worked out by hand."""

from forensictransfer.layers.batch_norm import PopulationBatchNormalization, estimate_statistics
from forensictransfer.layers.high_pass import HighPassResidual, RescaledRGB
from forensictransfer.layers.latent_partition import UNKNOWN, ActivationEnergy, LatentSelection, PartitionEnergy
from forensictransfer.layers.logit_energies import LogitEnergies
from forensictransfer.layers.reconstruction import ReconstructionError
from forensictransfer.layers.upsample_conv import UpsampleConv2D

__all__ = [
    "UNKNOWN",
    "ActivationEnergy",
    "HighPassResidual",
    "LatentSelection",
    "LogitEnergies",
    "PartitionEnergy",
    "PopulationBatchNormalization",
    "ReconstructionError",
    "RescaledRGB",
    "UpsampleConv2D",
    "estimate_statistics",
]
