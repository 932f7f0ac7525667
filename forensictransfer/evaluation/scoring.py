"""Score whole images tile by tile in the geometry of training."""

from __future__ import annotations

import hashlib
from collections import OrderedDict

import numpy as np

from forensictransfer.core.progress import progress_bar
from forensictransfer.core.settings import Settings
from forensictransfer.data.batches import Images, tile_batches
from forensictransfer.detectors.base import Analysis, Detector

# Energies and features of images by their digest, for each of the last weights and geometries that were asked for.
_KNOWN: OrderedDict[str, dict[str, tuple[np.ndarray, np.ndarray]]] = OrderedDict()
_MOST_WEIGHTS = 6
_MOST_IMAGES = 100_000  # of one network; about 600 bytes each


def analyse_images(
    detector: Detector, images: Images, settings: Settings, *, progress: str | None = None, keep: bool = True
) -> Analysis:
    """Energies and features of whole images: the means over tiles of the training crop's size that cover each image.

    The threshold shifts with the input's size, so images are scored in the geometry of training, all over.
    Returns an Analysis of n rows, in the order of `images`. The same weights on the same pixels are scored once in a
    process: the draws and strategies that leave the network as it was all ask for that. keep: False where nobody will
    ask for these weights again.
    """
    if not keep:
        return analyse_anew(detector, images, settings, progress=progress)
    known = _known(detector, settings)
    missing = [i for i, digest in enumerate(images.digests) if digest not in known]
    if missing:
        found = analyse_anew(detector, images.subset(missing), settings, progress=progress)
        if len(known) > _MOST_IMAGES:
            known.clear()
            if len(missing) < len(images):
                return analyse_anew(detector, images, settings, progress=progress)
        for row, i in enumerate(missing):
            known[images.digests[i]] = (found.energies[row], found.features[row])
        if len(missing) == len(images):
            return found
    if not len(images):
        return Analysis(np.zeros((0, 2), np.float32), np.zeros((0, 0), np.float32))
    rows = [known[digest] for digest in images.digests]
    return Analysis(np.stack([row[0] for row in rows]), np.stack([row[1] for row in rows]))


def _known(detector: Detector, settings: Settings) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What is known of images by these weights in this geometry, by digest."""
    state = hashlib.sha256(detector.name.encode())
    for weight in detector.model.get_weights():
        state.update(np.ascontiguousarray(weight).tobytes())
    state.update(repr((detector.crop, settings.evaluate.stride, settings.evaluate.max_tiles)).encode())
    known = _KNOWN.setdefault(state.hexdigest(), {})
    _KNOWN.move_to_end(state.hexdigest())
    while len(_KNOWN) > _MOST_WEIGHTS:
        _KNOWN.popitem(last=False)
    return known


def analyse_anew(detector: Detector, images: Images, settings: Settings, *, progress: str | None = None) -> Analysis:
    """As `analyse_images`, without looking whether it was done before: for those who measure how long it takes."""
    evaluate, crop, n = settings.evaluate, detector.crop, len(images)
    tile_options = {"crop": crop, "stride": min(evaluate.stride, crop), "max_tiles": evaluate.max_tiles}
    energies: np.ndarray | None = None
    features: np.ndarray | None = None
    counts = np.zeros(n)
    bar = progress_bar(total=n, desc=progress, unit="image", disable=progress is None, leave=False)
    for batch, owner in tile_batches(images, batch=evaluate.batch, **tile_options):
        missing = evaluate.batch - len(batch)
        # Always the same shape: a shorter last batch would cost a trace of the graph.
        padded = np.concatenate([batch, np.zeros((missing, *batch.shape[1:]), np.uint8)]) if missing else batch
        found = detector.analyse(padded)
        if energies is None or features is None:
            energies = np.zeros((n, 2))
            features = np.zeros((n, found.features.shape[1]))
        np.add.at(energies, owner, found.energies[: len(batch)])
        np.add.at(features, owner, found.features[: len(batch)])
        np.add.at(counts, owner, 1)
        bar.update(int(owner[-1]) + 1 - bar.n)
    bar.close()
    if energies is None or features is None:
        return Analysis(np.zeros((0, 2), np.float32), np.zeros((0, 0), np.float32))
    return Analysis((energies / counts[:, None]).astype(np.float32), (features / counts[:, None]).astype(np.float32))
