"""The local forgeries: splicing, copy-move, retouching and inpainting of one crop."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import ndimage
from skimage.restoration import inpaint_biharmonic
from skimage.segmentation import slic

from .exemplar import fill
from .photographs import Photograph, Window, of_split, pixels, to_grey
from .regions import Pose, blend, blob, feather, fetch, to_bytes

SPLICED_AREA = (0.08, 0.25)
MOVED_AREA = (0.06, 0.15)
RETOUCHED_AREA = (0.35, 0.65)
REMOVED_AREA = (0.04, 0.12)
MIN_CHANGE = 6.0
MIN_CONTENT = 8.0
ATTEMPTS = 12


class Forged(NamedTuple):
    """A forged crop, uint8 (h, w, 3), and the region that was changed, bool (h, w).

    A soft edge fades out within some pixels outside the region, which are not part of it.
    """

    image: np.ndarray
    region: np.ndarray


Forgery = Callable[[Window, np.random.Generator], Forged]


def splice(window: Window, rng: np.random.Generator) -> Forged:
    """Paste a region of another photograph of the same split into the crop.

    In seven of ten cases the region is turned by up to 30 degrees and resized by 0.75 to 1.5; in half of them its
    tone is moved towards what it covers; in half of them its outline follows the edges inside the blob (superpixels of
    Achanta et al., 2012).
    """
    return pasted(window.cut(), lambda: donor_for(window.photograph, rng), rng)


def pasted(crop: np.ndarray, donor: Callable[[], np.ndarray], rng: np.random.Generator) -> Forged:
    """Paste a region of a donor into a crop, uint8 (s, s, 3), as `splice` does; donor: gives one for each attempt."""

    def attempt() -> Forged:
        source = donor()
        mask = blob(rng, crop.shape[0], SPLICED_AREA)
        pose = Pose.draw(rng, chance=0.7, angle=30, scale=(0.75, 1.5))
        moved, _ = fetch(source, mask, pose, rng)
        for _ in range(3):  # a forger pastes things, not empty walls
            if moved[mask].std() >= MIN_CONTENT:
                break
            moved, _ = fetch(source, mask, pose, rng)
        if rng.random() < 0.5:
            mask = _along_edges(moved, mask)
        tone = rng.uniform(0.3, 0.8) * (rng.random() < 0.5)
        shifted = moved + tone * (crop[mask].mean(0) - moved[mask].mean(0))
        return Forged(blend(crop, shifted, feather(mask, rng.uniform(0.5, 1.5))), mask)

    return _first_visible(crop, attempt)


def copy_move(window: Window, rng: np.random.Generator) -> Forged:
    """Paste a region of the crop over another place of the same crop.

    In seven of ten cases it is turned by up to 40 degrees and resized by 0.8 to 1.25.
    """
    crop = window.cut()

    def attempt() -> Forged:
        mask = blob(rng, crop.shape[0], MOVED_AREA, centre=(0.2, 0.8))
        pose = Pose.draw(rng, chance=0.7, angle=40, scale=(0.8, 1.25))
        moved, (row, column) = fetch(crop, mask, pose, rng)
        centre = ndimage.center_of_mass(mask)
        if np.hypot(row - centre[0], column - centre[1]) < np.sqrt(mask.sum()):
            return Forged(crop, mask)  # too close to its origin
        return Forged(blend(crop, moved, feather(mask, rng.uniform(0.5, 1.5))), mask)

    return _first_visible(crop, attempt)


def median_retouch(window: Window, rng: np.random.Generator) -> Forged:
    """Smooth a soft-edged region by a median over 3 x 3 or 5 x 5 pixels."""
    crop = window.cut()
    side = int(rng.choice([3, 5]))
    return _retouched(crop, ndimage.median_filter(crop, size=(side, side, 1)), rng)


def gaussian_retouch(window: Window, rng: np.random.Generator) -> Forged:
    """Smooth a soft-edged region by a Gaussian of 0.7 to 1.5 pixels."""
    crop = window.cut()
    sigma = rng.uniform(0.7, 1.5)
    return _retouched(crop, ndimage.gaussian_filter(crop.astype(np.float32), (sigma, sigma, 0)), rng)


def biharmonic_inpaint(window: Window, rng: np.random.Generator) -> Forged:
    """Remove a region and fill it by the smoothest continuation of its surroundings.

    Solves the biharmonic equation inside the region (Damelin and Hoang, "On surface completion and image inpainting by
    biharmonic functions", 2018), with scikit-image.
    """
    crop = window.cut()
    mask = blob(rng, crop.shape[0], REMOVED_AREA)
    filled = inpaint_biharmonic(crop / 255.0, mask, channel_axis=-1)
    return Forged(np.where(mask[..., None], to_bytes(filled * 255), crop), mask)


def exemplar_inpaint(window: Window, rng: np.random.Generator) -> Forged:
    """Remove a region and fill it with patches of its surroundings; see `exemplar`."""
    crop = window.cut()
    mask = blob(rng, crop.shape[0], REMOVED_AREA)
    return Forged(fill(crop, mask), mask)


PROCEDURES: dict[str, dict[str, Forgery]] = {
    "splice": {"": splice},
    "copy_move": {"": copy_move},
    "retouch": {"median": median_retouch, "gaussian": gaussian_retouch},
    "inpaint": {"biharmonic": biharmonic_inpaint, "exemplar": exemplar_inpaint},
}


def donor_for(host: Photograph, rng: np.random.Generator) -> np.ndarray:
    """Choose another scene of the host's split.

    A colour photograph for a colour host, any one, in grey, for a grey host.
    """
    others = [
        photograph
        for photograph in of_split(host.split)
        if photograph.scene != host.scene and (photograph.colour or not host.colour)
    ]
    donor = pixels(others[rng.integers(len(others))])
    return donor if host.colour else to_grey(donor)


def _along_edges(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Find the superpixels that lie mostly in the region; the region itself where that leaves the range of areas."""
    segments = slic(image, n_segments=60, compactness=12, start_label=0, channel_axis=-1)
    inside = np.bincount(segments.ravel(), weights=mask.ravel()) > 0.5 * np.bincount(segments.ravel())
    cut = ndimage.gaussian_filter(inside[segments].astype(np.float32), 1.5) > 0.5
    return cut if SPLICED_AREA[0] <= cut.mean() <= SPLICED_AREA[1] else mask


def _retouched(crop: np.ndarray, smooth: np.ndarray, rng: np.random.Generator) -> Forged:
    mask = blob(rng, crop.shape[0], RETOUCHED_AREA)
    return Forged(blend(crop, smooth, feather(mask, 2.0)), mask)


def _first_visible(crop: np.ndarray, attempt: Callable[[], Forged]) -> Forged:
    """Return the first attempt that changes its region by MIN_CHANGE grey levels on average, else the strongest.

    The window stays, whatever it shows: choosing windows by what can be forged in them would tell the classes apart.
    """
    strongest, best = Forged(crop, np.zeros(crop.shape[:2], bool)), -1.0
    for _ in range(ATTEMPTS):
        forged = attempt()
        image, mask = forged
        change = float(np.abs(image[mask].astype(np.int16) - crop[mask]).mean())
        if change > best:
            strongest, best = forged, change
        if change >= MIN_CHANGE:
            break
    return strongest
