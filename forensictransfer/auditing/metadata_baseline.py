"""The accuracy of a detector that never looks at a pixel, quick enough to come with every result: headers alone."""

from __future__ import annotations

import numpy as np

from forensictransfer.auditing.classifier import measure_separability
from forensictransfer.auditing.folds import fold_of, sample
from forensictransfer.auditing.traces.columns import FILE
from forensictransfer.auditing.traces.scan import scan
from forensictransfer.auditing.traces.separators import separators
from forensictransfer.data.domains import Domain
from forensictransfer.results.formats.metrics import MetadataBaseline

WORTH = 0.55  # AUC from which a trace is worth naming
MOST_IMAGES = 2000  # headers that are read; the interval is then some 3 points either way


def metadata_only(domain: Domain) -> MetadataBaseline:
    """Measure how well format, size and metadata alone tell the reals of a domain from its fakes, for metrics.json.

    Cross-validated by group on at most MOST_IMAGES of its images, of all splits, chosen by a hash of their groups.
    """
    names = np.array([record.group for record in domain.records], object)
    groups = np.unique(names, return_inverse=True)[1]
    labels = np.array([record.label for record in domain.records])
    chosen = [domain.records[row] for row in sample(labels, groups, MOST_IMAGES)]
    seen = scan(chosen, max_pixels=0, headers_only=True)
    separability = measure_separability(seen, (FILE,), most=MOST_IMAGES)
    figure = separability.balanced_accuracy
    strongest = separators(seen, fold_of(seen.labels, seen.groups))[0] if figure is not None else []
    notable = [one for one in strongest if one.notable and one.strength >= WORTH]
    return MetadataBaseline(
        balanced_accuracy=None if figure is None else figure.value,
        low=None if figure is None else figure.low,
        high=None if figure is None else figure.high,
        n=separability.n,
        strongest=f"{notable[0].trace}: {notable[0].words}" if notable else None,
    )
