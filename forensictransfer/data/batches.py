"""From images to training batches, in a fixed order. No TensorFlow. The whole pipeline can be imported from here.

Everything random is keyed by where it is used (seed, epoch, step, position in the batch), so that the batches are the
same whatever the number of threads, and a resumed run sees what the undisturbed one would have seen.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.settings import AugmentSettings
from forensictransfer.data.balance import cells
from forensictransfer.data.crops import augment, random_crop, spatial_mixup
from forensictransfer.data.images import Images, check_labels, in_order
from forensictransfer.data.records import FAKE, REAL
from forensictransfer.data.tiles import fit_to, tile_batches, tile_starts, tiles

# The epoch that keys the crops that batch-norm statistics are estimated on: no real epoch's.
STATISTICS_EPOCH = 1_000_000

__all__ = [
    "STATISTICS_EPOCH",
    "Images",
    "augment",
    "epoch_order",
    "fit_to",
    "random_crop",
    "tile_batches",
    "tile_starts",
    "tiles",
    "training_batch",
    "training_batches",
]

# First numbers of the keys, one for each use, so that no two uses share their random numbers.
_ORDER, _CROP, _MIXUP = 1, 2, 3


def epoch_order(
    labels: np.ndarray, *, seed: int, epoch: int, batch: int, balance: bool, domains: np.ndarray | None = None
) -> np.ndarray:
    """Choose which images stand in which batch of an epoch: indices, int64 (steps, batch).

    Balanced, every batch alternates real and fake; each class runs through reshuffled passes, and the epoch ends
    when the larger one has been seen once: steps = ceil(2 max(n_real, n_fake) / batch). Of several domains the real and
    fake images take turns, domain by domain and on from batch to batch, so that in each batch the domains differ by a
    pair at most; each class of each domain runs through passes of its own, and the epoch ends when the largest has been
    seen once: steps = ceil(2 domains max(n) / batch). Unbalanced, it is a permutation, whose beginning fills the last
    batch up.

    Args:
        labels: (n,), 0 = real, 1 = fake.
        batch: images in a batch; even if balanced.
        domains: (n,), the number of each image's domain; None: all of one.
    Raises:
        UserError: no images, or a class that is missing though the batches are to be balanced.
    """
    labels = np.asarray(labels)
    check_labels(np.unique(labels))
    rng = np.random.default_rng([_ORDER, seed, epoch])
    if not balance:
        if not len(labels):
            raise UserError("there are no readable images to train on", code=ErrorCode.TOO_FEW_IMAGES)
        steps = math.ceil(len(labels) / batch)
        return np.resize(rng.permutation(len(labels)), (steps, batch))
    if batch % 2:
        raise ValueError(f"expected an even batch, half real and half fake, got {batch}")
    found = cells(labels, np.zeros(len(labels), int) if domains is None else domains)
    if not found or not all(map(len, found)):
        real, fake = (int((labels == label).sum()) for label in (REAL, FAKE))
        within = " in each domain" if len(found) > 2 else ""
        raise UserError(
            f"expected readable images of both classes{within} to train on, got {real} real, {fake} fake",
            code=ErrorCode.DOMAIN_CLASS_MISSING,
        )
    steps = math.ceil(len(found) * max(map(len, found)) / batch)
    each = math.ceil(steps * batch / len(found))
    turns = np.stack([_passes(cell, each, rng) for cell in found], axis=1)
    return turns.reshape(-1)[: steps * batch].reshape(steps, batch)


def training_batch(
    images: Images,
    indices: Sequence[int] | np.ndarray,
    *,
    crop: int,
    augment: AugmentSettings,
    seed: int,
    epoch: int,
    step: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Cut random augmented crops from the images at `indices`: uint8 (b, crop, crop, 3) and int32 (b,) labels.

    Those of a fake whose mask is known hold changed pixels (`data.masks`, `random_crop`): a crop beside a small forgery
    is pristine, and to call it fake teaches nothing.
    """
    labels = images.labels[np.asarray(indices)]
    crops = np.empty((len(indices), crop, crop, 3), np.uint8)
    for position, index in enumerate(indices):
        rng = np.random.default_rng([_CROP, seed, epoch, step, position])
        changed = images.changed(int(index)) if images.aimed else None
        crops[position] = _augmented(random_crop(images[int(index)], crop, rng, changed), augment, rng)
    if augment.spatial_mixup:
        rng = np.random.default_rng([_MIXUP, seed, epoch, step])
        crops = spatial_mixup(crops, labels, augment.spatial_mixup, rng)
    return crops, labels


def training_batches(
    images: Images,
    *,
    crop: int,
    augment: AugmentSettings,
    seed: int,
    batch: int,
    balance: bool,
    first_epoch: int = 0,
    workers: int,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield training batches without end from `first_epoch` on, prepared ahead by threads.

    Each epoch has `epoch_order(...)`'s number of batches, the same in all epochs.

    Raises:
        UserError: as `epoch_order`. ImageError: an image that was readable at first no longer is.
    """

    def steps() -> Iterator[tuple[int, int, np.ndarray]]:
        for epoch in itertools.count(first_epoch):
            order = epoch_order(
                images.labels, seed=seed, epoch=epoch, batch=batch, balance=balance, domains=images.domains
            )
            for step, indices in enumerate(order):
                yield epoch, step, indices

    def make(place: tuple[int, int, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        epoch, step, indices = place
        return training_batch(images, indices, crop=crop, augment=augment, seed=seed, epoch=epoch, step=step)

    return in_order(make, steps(), workers=workers)


# Under another name since `augment` is also the settings' name in the functions above.
_augmented = augment


def _passes(indices: np.ndarray, length: int, rng: np.random.Generator) -> np.ndarray:
    """Draw `length` of the indices: shuffled passes over all of them, one after the other."""
    passes = [rng.permutation(indices) for _ in range(math.ceil(length / len(indices)))]
    return np.concatenate(passes)[:length]
