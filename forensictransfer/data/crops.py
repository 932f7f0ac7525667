"""Random crops for training and the changes made to them; see `tiles` for the rules of place and size.

Blur and noise on both classes, in training only, take away traces that one generator leaves and the next does not: X.
Xuan, B. Peng, W. Wang, J. Dong, "On the Generalization of GAN Image Forensics", 2019. Spatial mixup: S. Aneja, M.
Niessner, "Generalized Zero and Few-Shot Transfer for Facial Forgery Detection", 2020.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from forensictransfer.core.settings import AugmentSettings
from forensictransfer.data.decode import decode
from forensictransfer.data.recompress import jpeg_bytes
from forensictransfer.data.tiles import ALIGNMENT, Place, fit_to, last_start


def random_crop(
    image: np.ndarray, crop: int, rng: np.random.Generator, changed: np.ndarray | None = None
) -> np.ndarray:
    """Cut a crop at a random place, (crop, crop, 3), a view where possible; smaller images are mirrored first.

    changed: bool (h, w), which pixels of the image were changed: the crop holds at least half as many of them as any
    crop of the image can, each such place as likely as the others. None: all places are.
    """
    image = fit_to(image, crop)
    if changed is None:
        top, left = (ALIGNMENT * int(rng.integers(last_start(side, crop) // ALIGNMENT + 1)) for side in image.shape[:2])
    else:
        places = places_of_change(changed, crop)
        top, left = places[int(rng.integers(len(places)))]
    return image[top : top + crop, left : left + crop]


def places_of_change(changed: np.ndarray, crop: int) -> list[Place]:
    """List the aligned places whose crop holds at least half as many changed pixels as any crop does.

    changed: bool (h, w), some of it True; where it is smaller than the crop it is mirrored as its image is.
    """
    counted = np.pad(fit_to(changed[:, :, None], crop)[:, :, 0].astype(np.int64), ((1, 0), (1, 0)))
    counted = counted.cumsum(axis=0).cumsum(axis=1)
    tops, lefts = (np.arange(0, last_start(side - 1, crop) + 1, ALIGNMENT) for side in counted.shape)
    bands = counted[tops + crop] - counted[tops]
    inside = bands[:, lefts + crop] - bands[:, lefts]
    return [Place(int(tops[row]), int(lefts[column])) for row, column in np.argwhere(2 * inside >= inside.max())]


def augment(crop_image: np.ndarray, settings: AugmentSettings, rng: np.random.Generator) -> np.ndarray:
    """Perhaps mirror a training crop left to right, blur it, add noise and compress it once more; the shape stays.

    In this order: a camera blurs, then adds noise, then compresses (as JPEG, 4:2:0). The random numbers that decide are
    drawn in any case, so that a setting changes what it names and nothing else.
    """
    mirrored, compressed = rng.random(2)
    low, high = settings.jpeg_quality
    quality = int(rng.integers(low, high + 1))
    blurred, noisy, blur_place, noise_place = rng.random(4)
    if settings.flip and mirrored < 0.5:
        crop_image = crop_image[:, ::-1]
    if blurred < settings.blur_probability:
        crop_image = _blurred(crop_image, _between(settings.blur_sigma, blur_place))
    if noisy < settings.noise_probability:
        crop_image = _noisy(crop_image, _between(settings.noise_sigma, noise_place), rng)
    if compressed < settings.jpeg_probability:
        crop_image = _compressed(crop_image, quality)
    return crop_image


def spatial_mixup(crops: np.ndarray, labels: np.ndarray, probability: float, rng: np.random.Generator) -> np.ndarray:
    """Replace the right half of some crops by that of another crop of their class, taken from the same batch.

    Args:
        crops: uint8 (b, h, w, 3). labels: (b,). probability: share of the crops that are changed.
    Returns:
        uint8 (b, h, w, 3); `crops` is left as it is. A crop without another one of its class stays whole.
    """
    mixed = crops.copy()
    middle = crops.shape[2] // 2
    for place, label in enumerate(labels):
        others = np.flatnonzero(labels == label)
        others = others[others != place]
        chosen, partner = rng.random(2)
        if chosen < probability and len(others):
            mixed[place, :, middle:] = crops[others[int(partner * len(others))], :, middle:]
    return mixed


def _between(limits: tuple[float, float], place: float) -> float:
    return limits[0] + place * (limits[1] - limits[0])


def _blurred(image: np.ndarray, sigma: float) -> np.ndarray:
    return _rounded(gaussian_filter(image, (sigma, sigma, 0), output=np.float32, mode="reflect"))


def _noisy(image: np.ndarray, sigma: float, rng: np.random.Generator) -> np.ndarray:
    return _rounded(image + rng.normal(0.0, sigma, image.shape))


def _rounded(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _compressed(image: np.ndarray, quality: int) -> np.ndarray:
    return decode(jpeg_bytes(image, quality), max_pixels=image.shape[0] * image.shape[1])
