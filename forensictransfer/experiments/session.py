"""What a process that does many jobs keeps between them: domains, decoded images, networks, scores.

Opening a domain, decoding its test split, building a network and tracing its graphs each take longer than many a job.
A job's result is the same with a fresh session.
"""

from __future__ import annotations

import contextlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence

import numpy as np

from forensictransfer.auditing.metadata_baseline import metadata_only
from forensictransfer.core.settings import DataSettings, DomainSettings, EvaluateSettings
from forensictransfer.data.domains import Domain, open_domain
from forensictransfer.data.exclusion import LeftOut
from forensictransfer.data.images import Images
from forensictransfer.data.photographs import open_photographs
from forensictransfer.data.records import Record
from forensictransfer.detectors.base import Detector
from forensictransfer.detectors.joined import JoinedDetector
from forensictransfer.detectors.loading import detector_class, load_any_detector, load_weights, model_config_digest
from forensictransfer.detectors.trainable import TrainableDetector, as_trainable
from forensictransfer.detectors.with_model import ModelDetector
from forensictransfer.evaluation.applicability import NotApplied, applied_to, unapplied
from forensictransfer.evaluation.score_cache import ScoreCache
from forensictransfer.evaluation.scoring import Analyse
from forensictransfer.experiments.descriptors import SCORING, build_descriptor, is_descriptor
from forensictransfer.results.draws import ModelFile, model_files, weights_not_kept
from forensictransfer.results.formats.metrics import MetadataBaseline
from forensictransfer.results.runs import RunFolder

_MOST_IMAGES = 4096  # larger splits are read for each job, as far as it needs them
_MOST_SPLITS = 16
_MOST_WEIGHTS = 8
_MOST_BYTES = 512 * 2**20  # of weights


class Session:
    """Things that are the same for many jobs, made once. Not for use by several threads.

    Attributes:
        scores: of images by networks that stay as they are.
    """

    def __init__(self) -> None:
        self.scores = ScoreCache()
        self._descriptor: TrainableDetector | None = None
        # Apart from `scores`, whose few places belong to the runs.
        self._described = ScoreCache()
        self._baselines: dict[tuple[str, str], MetadataBaseline] = {}
        self._domains: dict[str, Domain] = {}
        self._images: OrderedDict[tuple[int, str, str], tuple[Domain, Images]] = OrderedDict()
        self._contents: dict[tuple[int, str, str], tuple[Domain, Images]] = {}
        self._detectors: dict[tuple[str, int, int, str], ModelDetector] = {}
        self._weights: OrderedDict[tuple[str, int], list[np.ndarray]] = OrderedDict()

    def domain(self, spec: DomainSettings, data: DataSettings) -> Domain:
        """Open the domain of some settings, as `open_domain` gives it."""
        key = repr((spec.model_dump(), data.split, data.data_dir))
        if key not in self._domains:
            self._domains[key] = open_domain(spec, data=data)
        return self._domains[key]

    def photographs(self, spec: str, data: DataSettings) -> Domain:
        """Open a folder of photographs for the background, as `open_photographs` gives it."""
        key = repr(("photographs", spec, data.split, data.data_dir))
        if key not in self._domains:
            self._domains[key] = open_photographs(spec, data)
        return self._domains[key]

    def split(self, domain: Domain, split: str, data: DataSettings, progress: str | None = None) -> Images:
        """Read the readable images of one split of a domain."""
        return self._all(domain, split, data, progress) or Images(domain.split(split), data=data, progress=progress)

    def contents(self, domain: Domain, split: str, data: DataSettings, progress: str | None = None) -> Images:
        """Read what the images of one split are: records, digests and what cannot be read, for large splits no more."""
        whole = self._all(domain, split, data, progress)
        if whole is not None:
            return whole
        key = (id(domain), split, repr(data))
        if key not in self._contents:
            light = data.model_copy(update={"memory_mb": 0})
            self._contents[key] = (domain, Images(domain.split(split), data=light, progress=progress))
        return self._contents[key][1]

    def chosen(self, domain: Domain, records: Sequence[Record], data: DataSettings) -> Images:
        """Read some images of a domain's train split, in the order of `records`.

        `skipped` lists those that cannot be read.
        """
        whole = self._all(domain, "train", data, None)
        if whole is None:
            return Images(records, data=data)
        places = {record.name: place for place, record in enumerate(whole.records)}
        part = whole.subset([places[record.name] for record in records if record.name in places])
        reasons = dict(whole.skipped)
        part.skipped = tuple((record.name, reasons[record.name]) for record in records if record.name in reasons)
        part.left_out = LeftOut.of(records, reasons.keys())
        return part

    def applied(
        self, detector: Detector, images: Images, options: EvaluateSettings, where: str, progress: str | None = None
    ) -> tuple[Images, NotApplied | None]:
        """Keep the images that a detector applies to, and count the others.

        where: what the images are, in messages. Raises UserError if a class has none left.
        """
        kept, lost = self.divided(detector, images, options, progress)
        error = unapplied(kept, lost, detector.name, where)
        if error is not None:
            raise error
        return kept, lost

    def divided(
        self, detector: Detector, images: Images, options: EvaluateSettings, progress: str | None = None
    ) -> tuple[Images, NotApplied | None]:
        """Keep the images that a detector applies to, which may be none, and count the others."""
        silences = self.scores.silences(detector, images, options, progress)
        return applied_to(images, silences), NotApplied.of(images, silences)

    def metadata_baseline(self, domain: Domain) -> MetadataBaseline:
        """Measure what metadata alone say of a domain's labels, once for the same images; see `metadata_only`."""
        key = (domain.fingerprint(), domain.origin)
        if key not in self._baselines:
            self._baselines[key] = metadata_only(domain)
        return self._baselines[key]

    def describer(
        self, detector: Detector | None = None, options: EvaluateSettings = SCORING
    ) -> tuple[Detector, Analyse, EvaluateSettings]:
        """Return what computes the features that `shots only` goes by: a detector, a cache and settings for it.

        detector, options: those of a run that has scored the images; where its features are these, they are taken.
        """
        if self._descriptor is None:
            self._descriptor = build_descriptor()
        for one in getattr(detector, "members", (detector,)):
            if one is not None and is_descriptor(one, options, self._descriptor):
                return one, self.scores.analyse, options
        return self._descriptor, self._described.analyse, SCORING

    def detector(self, run: RunFolder) -> Detector:
        """Load the detector of a run with the weights that its draws start from.

        Of a run that fuses several it is all their detectors. Raises UserError if they were not kept.
        """
        members = [self._loaded(run, model, place) for place, model in enumerate(model_files(run))]
        return members[0] if len(members) == 1 else JoinedDetector(members)

    def joined(self, runs: Sequence[RunFolder]) -> Detector:
        """Load the detectors of several trained runs as one; that of one run as it is."""
        if len(runs) == 1:
            return self.detector(runs[0])
        return JoinedDetector([self._loaded(one, model_files(one)[0], place) for place, one in enumerate(runs)])

    def _loaded(self, run: RunFolder, model: ModelFile, place: int = 0) -> Detector:
        """Load a detector whose weights are in a file of a run. place: tells those apart that are in use at once."""
        name, crop, weights = model
        kind = detector_class(name)
        if not issubclass(kind, ModelDetector):
            return kind.create(crop)
        if not weights.is_file():
            raise weights_not_kept(run)
        # One network serves all runs of a detector. What one counts that is fitted at once stands in its model alone,
        # a preset for one, and may be another in a run of an earlier version.
        shape = "" if kind.gradient else model_config_digest(weights)
        known = self._detectors.get((name, crop, place, shape))
        # Keras takes longer to read a file of weights than many an adaptation lasts.
        key = (str(weights.resolve()), weights.stat().st_mtime_ns)
        if known is not None and key in self._weights:
            known.model.set_weights(self._weights[key])
            return known
        if known is None:
            known = self._detectors[name, crop, place, shape] = load_any_detector(name, weights)
        else:
            load_weights(known, weights)
        self._weights[key] = known.model.get_weights()
        while len(self._weights) > 1 and (len(self._weights) > _MOST_WEIGHTS or self._bytes() > _MOST_BYTES):
            self._weights.popitem(last=False)
        return known

    def _bytes(self) -> int:
        return sum(weight.nbytes for weights in self._weights.values() for weight in weights)

    def _all(self, domain: Domain, split: str, data: DataSettings, progress: str | None) -> Images | None:
        """Read all images of a split, decoded once; None for a split that is too large to keep."""
        records = domain.split(split)
        if len(records) > _MOST_IMAGES:
            return None
        key = (id(domain), split, repr(data))
        if key not in self._images:
            # With the domain beside it, whose id would else be given to another one.
            self._images[key] = (domain, Images(records, data=data, progress=progress))
            while len(self._images) > _MOST_SPLITS:
                self._images.popitem(last=False)
        self._images.move_to_end(key)
        return self._images[key][1]


@contextlib.contextmanager
def weights_restored(detector: Detector) -> Iterator[None]:
    """Give a detector back the weights that it has now, however the block ends: it serves other draws and jobs too."""
    model = as_trainable(detector).model
    before = model.get_weights()
    try:
        yield
    finally:
        model.set_weights(before)
