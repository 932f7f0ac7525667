"""All settings, typed and frozen: what they are, how they are loaded, and which names they may hold. No TensorFlow.

`load_settings` lays a YAML file and single values (`train.epochs`) over the defaults and names every mistake at once.
"""

from forensictransfer.core.settings.choices import Choice, Choices, unknown_names
from forensictransfer.core.settings.loading import dump, load_checked, load_domain_file, load_settings
from forensictransfer.core.settings.sections import (
    AdaptSettings,
    AugmentSettings,
    Count,
    DataSettings,
    DomainSettings,
    EvaluateSettings,
    Fraction,
    Positive,
    Quality,
    Section,
    Settings,
    TrainSettings,
    Width,
    leaves,
)

__all__ = [
    "AdaptSettings",
    "AugmentSettings",
    "Choice",
    "Choices",
    "Count",
    "DataSettings",
    "DomainSettings",
    "EvaluateSettings",
    "Fraction",
    "Positive",
    "Quality",
    "Section",
    "Settings",
    "TrainSettings",
    "Width",
    "dump",
    "leaves",
    "load_checked",
    "load_domain_file",
    "load_settings",
    "unknown_names",
]
