"""Images that show one photograph: exact copies by their digests, near copies by hash and thumbnail, as families.

Every hash is compared with every other, a block at a time; what is close is compared by thumbnails, the closest first,
and no pair whose two images are known to belong together already. The time of the first step grows with the square of
the images (100,000: some half a minute), its memory does not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from forensictransfer.auditing.traces.thumbnails import (
    ALIKE,
    MIRROR,
    coarse_correlations,
    common_detail,
    correlations,
    distances,
    is_flat,
)

CLOSE = 18  # bits of 64 that hashes of copies may differ in; random pictures differ in 32
COARSE = 0.7  # least correlation at 16x16 of a pair that is compared closely
MOST_CLOSE = 1_000_000  # pairs kept from the hashes; beyond this, CLOSE is lowered
MOST_COMPARED = 50_000  # pairs compared by their thumbnails, the closest hashes first (some ten seconds)
_ROWS, _COLUMNS = 128, 4096  # hashes compared at once: as many as fit into the processor's cache
_CHUNK = 1000


@dataclass(frozen=True)
class Families:
    """Which images show one photograph. family: of each image, int (n,); alone in it where it has no copy.

    pairs: (m, 2) images found to be copies; together they join each family. similarity: float (m,), 1.0 for the same
    pixels. mirrored: bool (m,). exact: of each image, the number of its pixels' digest. bits: up to so many bits hashes
    differed in all pairs that were compared: CLOSE, or less where there were too many.
    """

    family: np.ndarray
    pairs: np.ndarray
    similarity: np.ndarray
    mirrored: np.ndarray
    exact: np.ndarray
    bits: int = CLOSE


def find_families(
    hashes: np.ndarray,
    thumbs: np.ndarray,
    pixels: np.ndarray,
    groups: np.ndarray,
    domains: np.ndarray,
    labels: np.ndarray,
) -> Families:
    """Find the families among n images.

    Args:
        hashes, thumbs, pixels: of `scan.Scan`.
        groups: numbers; near copies within a group of one domain are expected and not looked for.
        domains, labels: 0 or 1 for each image; the images of one class of one domain may have a frame in common.
    """
    exact = np.unique(pixels, return_inverse=True)[1] if len(pixels) else np.zeros(0, int)
    firsts = np.unique(exact, return_index=True)[1]
    same = np.stack([firsts[exact], np.arange(len(exact))], axis=1)
    same = same[same[:, 0] != same[:, 1]]
    found = [same]
    similarity, mirrored = [np.ones(len(same))], [np.zeros(len(same), bool)]
    candidates = np.sort(firsts[~is_flat(thumbs[firsts])]) if len(firsts) else firsts
    close, bits, flipped, limit = _close_pairs(hashes[candidates], groups[candidates], domains[candidates])
    close = candidates[close]
    order = np.lexsort((close[:, 1], close[:, 0], bits)) if len(close) else np.zeros(0, int)
    close, bits, flipped = close[order], bits[order], flipped[order]
    family = _joined(len(hashes), found)
    kinds = 2 * domains + labels
    common = np.stack([common_detail(thumbs[candidates[kinds[candidates] == kind]]) for kind in range(4)])
    compared = 0
    for first in range(0, len(close), _CHUNK):
        pairs, turned = close[first : first + _CHUNK], flipped[first : first + _CHUNK]
        new = family[pairs[:, 0]] != family[pairs[:, 1]]
        pairs, turned = pairs[new], turned[new]
        left, right = thumbs[pairs[:, 0]], thumbs[pairs[:, 1]]
        right = np.where(turned[:, None, None], right[:, :, ::-1], right)
        likely = coarse_correlations(left, right) >= COARSE
        if compared + likely.sum() > MOST_COMPARED:
            limit = int(bits[first]) - 1
            break
        compared += int(likely.sum())
        shared = [common[kinds[ends]] for ends in pairs[likely].T]
        shared[1] = np.where(turned[likely][:, None, None], shared[1][:, :, ::-1], shared[1])
        alike = correlations(left[likely], right[likely], *shared)
        sure = alike >= ALIKE
        if not sure.any():
            continue
        found.append(pairs[likely][sure])
        similarity.append(np.minimum(alike[sure], 0.999))
        mirrored.append(turned[likely][sure])
        family = _joined(len(hashes), found)
    return Families(family, np.concatenate(found), np.concatenate(similarity), np.concatenate(mirrored), exact, limit)


def _joined(n: int, pairs: list[np.ndarray]) -> np.ndarray:
    """Find the number of each image's family, given pairs that belong together."""
    ends = np.concatenate(pairs) if pairs else np.zeros((0, 2), int)
    graph = coo_array((np.ones(len(ends), np.int8), (ends[:, 0], ends[:, 1])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1])


def _close_pairs(
    hashes: np.ndarray, groups: np.ndarray, domains: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Find (m, 2) pairs of different groups or domains with close hashes, distances, and whether one must be mirrored.

    Last comes the distance up to which all are there.
    """
    limit = CLOSE
    rows: list[np.ndarray] = [np.zeros((0, 4), np.int32)]
    kept = 0
    for top in range(0, len(hashes), _ROWS):
        upper = slice(top, top + _ROWS)
        for start in range(top, len(hashes), _COLUMNS):
            right = slice(start, start + _COLUMNS)
            apart = distances(hashes[upper], hashes[right])
            turned = distances(hashes[upper] ^ MIRROR, hashes[right])
            nearest = np.minimum(apart, turned)
            i, j = np.nonzero(nearest <= limit)
            i, j = i + top, j + start
            ahead = (j > i) & ((groups[i] != groups[j]) | (domains[i] != domains[j]))
            i, j = i[ahead], j[ahead]
            bits = nearest[i - top, j - start]
            block = np.stack([i, j, bits, turned[i - top, j - start] < apart[i - top, j - start]], axis=1)
            rows.append(block.astype(np.int32))
            kept += len(block)
            if kept > MOST_CLOSE:
                merged = np.concatenate(rows)
                # The largest limit that keeps few enough: whatever comes later is judged by it, too.
                counts = np.cumsum(np.bincount(merged[:, 2], minlength=limit + 1))
                limit = int(np.searchsorted(counts, MOST_CLOSE, side="right")) - 1
                rows = [merged[merged[:, 2] <= limit]]
                kept = len(rows[0])
    merged = np.concatenate(rows)
    return merged[:, :2].astype(int), merged[:, 2], merged[:, 3].astype(bool), limit
