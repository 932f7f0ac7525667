"""The trained runs that an adaptation begins with: one, or several that are fused; what all of them tell together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.settings import DataSettings, DomainSettings
from forensictransfer.data.domains import Domain
from forensictransfer.detectors.joined import joined_detector_name
from forensictransfer.detectors.loading import detector_class
from forensictransfer.evaluation.familiarity import Directions, Familiarity
from forensictransfer.experiments.session import Session
from forensictransfer.experiments.sources import together
from forensictransfer.experiments.strategies.base import SourceKnowledge
from forensictransfer.results.formats.data import AdaptedSource, SeenImages, SourceData, TrainingData
from forensictransfer.results.formats.decision import DecisionFile
from forensictransfer.results.formats.run import DomainReference, MemberRun
from forensictransfer.results.runs import RunFolder


@dataclass(frozen=True)
class Parents:
    """The runs in the order in which they were named; the first lends its settings."""

    runs: tuple[RunFolder, ...]

    @property
    def detector(self) -> str:
        """Their detectors by name: `rich_model + ft-res`."""
        return joined_detector_name([run.info.detector for run in self.runs])

    @property
    def trained_on(self) -> tuple[DomainReference, ...]:
        """All domains that one of them was trained on, each once."""
        return tuple(dict.fromkeys(source for run in self.runs for source in run.info.trained_on))

    @property
    def members(self) -> tuple[MemberRun, ...]:
        """Describe the runs in the file of one that fuses them; none where it is one alone."""
        if len(self.runs) == 1:
            return ()
        return tuple(
            MemberRun(
                path=str(run.path.resolve()),
                detector=run.info.detector,
                crop=run.settings.data.crop,
                trained_on=run.info.trained_on,
            )
            for run in self.runs
        )

    def sources_again(self, data: DataSettings, session: Session) -> list[Domain]:
        """Open the domains trained on, which folders of photographs are none of.

        Raises UserError if one is gone or has other images by now.
        """
        domains = (source for run in self.runs if not run.info.material for source in run.info.trained_on)
        return [self._source_again(source, data, session) for source in dict.fromkeys(domains)]

    def _source_again(self, info: DomainReference, data: DataSettings, session: Session) -> Domain:
        run = next(one for one in self.runs if info in one.info.trained_on)
        spec = DomainSettings(path=info.origin, name=info.name, group=info.group)
        try:
            source = session.domain(spec, data)
        except UserError as error:
            raise UserError(
                f"{run.path}: the source is needed to report what adaptation forgets: {error}", code=error.code
            ) from error
        if source.fingerprint() != info.fingerprint:
            raise UserError(
                f"{info.origin}: its images are no longer those that {run.path} was trained on; train again",
                code=ErrorCode.INPUTS_CHANGED,
            )
        return source

    def knowledge(self, photographs: Sequence[np.ndarray] = ()) -> list[SourceKnowledge]:
        """Read what each run kept of its sources.

        photographs: of each folder that the background is taken from instead, the features of all runs side by side.
        """
        found = list(map(_knowledge, self.runs))
        if photographs:
            ends = np.cumsum([known.features.shape[1] for known in found])[:-1]
            parts = zip(*(np.split(one, ends, axis=1) for one in photographs), strict=True)
            found = [replace(known, photographs=part) for known, part in zip(found, parts, strict=True)]
        return found

    def seen(self) -> SeenImages:
        """Gather all that one of the runs has seen."""
        first, *others = [run.read("data.json", TrainingData).seen for run in self.runs]
        groups = (group for seen in others for group in seen.groups)
        return first.joined(groups, (one for seen in others for one in seen.digests))

    def described(self) -> AdaptedSource:
        """Describe the training of one run as it did itself; of several, each of their domains once."""
        found = [run.read("data.json", TrainingData) for run in self.runs]
        if len(found) == 1:
            return found[0].without_seen
        parts: dict[tuple[str, str], SourceData] = {}
        for data in found:
            for one in data.sources or (data,):
                part = SourceData(**{name: getattr(one, name) for name in SourceData.model_fields})
                parts.setdefault((part.name, part.fingerprint), part)
        every = list(parts.values())
        whole = every[0] if len(every) == 1 else together(every)
        return AdaptedSource(**dict(whole), sources=() if len(every) == 1 else tuple(every))

    def check_unchanged(self) -> None:
        """Raise UserError if one of the runs was made again since it was opened."""
        for run in self.runs:
            run.check_unchanged()


def familiarity_of_source(run: RunFolder, held_out: np.ndarray) -> Familiarity | None:
    """Learn from the features that a run kept what its source looks like, each domain and class by itself.

    held_out: features (n, d) of images of the source that it did not learn from.
    """
    known = _knowledge(run)
    directions = Directions.of(known.background.rows, known.background.scale)
    if directions is None:
        return None
    sources = 0 if known.sources is None else known.sources
    return Familiarity.learned(directions, known.features, known.labels + 2 * sources, held_out)


def _knowledge(run: RunFolder) -> SourceKnowledge:
    kind = detector_class(run.info.detector)
    with np.load(run.path / "source_features.npz") as stored:
        sources = stored["sources"] if "sources" in stored.files else None
        return SourceKnowledge(
            stored["energies"],
            stored["features"].astype(np.float32, copy=False),  # some detectors' are kept in half precision
            stored["labels"],
            sources,
            equal_units=kind.equal_units,
            spread=run.read("decision.json", DecisionFile).spread,
        )
