"""The adaptation strategies by name, readable without loading TensorFlow: settings and `--help` check names here.

A strategy sees the shots and what the run kept of its source, never the target's test split.
"""

from __future__ import annotations

STRATEGIES = {
    "finetune": "train all weights on the shots with the losses of the source (the paper)",
    "threshold": "keep the detector, re-fit its decision threshold alone",
    "head": "a shrinkage classifier on the latent's channel energies, no gradient",
    "prototype": "distance to the shots' mean channel energies, no gradient",
    "tuned": "whichever of these, with which settings, does best on held-out shots (adapt.trials of them are tried)",
}
# Those that change the detector's weights; the others work on what it says anyway.
WITH_GRADIENT = ("finetune", "tuned")
