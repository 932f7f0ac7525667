"""The domains of a sweep, opened by everybody who works on it."""

from __future__ import annotations

from forensictransfer.core.backend import prepare_tensorflow
from forensictransfer.core.settings import load_settings
from forensictransfer.data.domains import Domain, open_domain
from forensictransfer.sweep.settings import SweepSettings


def open_domains(sweep: SweepSettings) -> tuple[list[Domain], list[Domain]]:
    """Open sources and targets, each domain once. Raises UserError for one that cannot be opened."""
    prepare_tensorflow()  # built-in domains are stored in TensorFlow's record files
    data = load_settings(None, sweep.settings).data
    opened = {spec: open_domain(spec, data=data) for spec in dict.fromkeys([*sweep.sources, *sweep.targets])}
    return [opened[spec] for spec in sweep.sources], [opened[spec] for spec in sweep.targets]
