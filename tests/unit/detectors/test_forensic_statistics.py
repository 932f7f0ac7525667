"""ForensicTransfer with second-order features: its layers against plain twins in numpy, and what it keeps of ft-res."""

from __future__ import annotations

import numpy as np
import pytest

from forensictransfer.detectors.layers import ChannelStatistics, ColourResidual
from forensictransfer.detectors.networks.forensic_statistics import ForensicTransferStatistics

FLOOR = 1e-3


def crops(n: int, side: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, side, side, 3)).astype(np.uint8)


def twin_of_residual(image: np.ndarray) -> np.ndarray:
    red, green, blue = (image[..., i].astype(np.float64) for i in range(3))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    cb, cr = 0.564 * (blue - luma), 0.713 * (red - luma)
    most = np.maximum(image.max(axis=-1).astype(np.float64), 1)
    saturation = 255 * (most - image.min(axis=-1)) / most
    saturation[image.max(axis=-1) == 0] = 0
    found = []
    kinds = (
        ((1, -3, 3, -1), (luma, cb, cr), (3, 2, 2)),
        ((1, -3, 3, -1), (luma, cb, cr), (10, 6, 6)),
        ((0, -1, 1, 0), (luma, cr, saturation, green - blue), (4, 2, 4, 2)),
    )
    for taps, planes, units in kinds:
        for vertical in (True, False):
            for plane, unit in zip(planes, units, strict=True):
                x = plane if vertical else plane.T
                r = sum(tap * x[i : len(x) - 3 + i] for i, tap in enumerate(taps))[:, 1:-2]
                found.append(np.tanh((r if vertical else r.T) / unit))
    return np.stack(found, axis=-1)


def test_residuals_are_those_of_a_plain_twin() -> None:
    image = crops(1, 51)  # 51 - 3 is a multiple of 16: nothing is cut
    image[:, :20, :20] = 90
    found = np.asarray(ColourResidual()(image))
    assert found.shape == (1, 48, 48, 20)
    np.testing.assert_allclose(found[0], twin_of_residual(image[0]), atol=1e-4)
    assert np.abs(found[0, :15, :15]).max() < 1e-4, "a flat area has no residual"


def twin_of_statistics(maps: np.ndarray, groups: int, offsets: list[tuple[int, int]]) -> np.ndarray:
    height, width, channels = maps.shape
    deviation = maps.std(axis=(0, 1))
    z = (maps - maps.mean(axis=(0, 1))) / (deviation + FLOOR)
    found = [*np.log(np.abs(maps).mean(axis=(0, 1)) + FLOOR), *np.log(deviation + FLOOR)]
    n = channels // groups
    for group in range(groups):
        mine = range(group * n, group * n + n)
        found += [np.mean(z[..., i] * z[..., j]) for i in mine for j in mine if i < j]
        for down, across in offsets:
            places = [(y, x) for y in range(height - down) for x in range(width) if 0 <= x + across < width]
            found += [np.mean([z[y, x, i] * z[y + down, x + across, j] for y, x in places]) for i in mine for j in mine]
    return np.array(found)


@pytest.mark.parametrize("groups", [1, 2])
def test_statistics_are_those_of_a_plain_twin(groups: int) -> None:
    maps = np.random.default_rng(1).normal(1, [0.5, 1, 2, 3], (2, 7, 6, 4)).astype(np.float32)
    maps[1, ..., 2] = 0  # a dead channel
    offsets = [(0, 1), (1, 0), (2, -1)]
    layer = ChannelStatistics(groups, offsets)
    found = np.asarray(layer(maps))
    for mine, one in zip(found, maps, strict=True):
        np.testing.assert_allclose(mine, twin_of_statistics(one.astype(np.float64), groups, offsets), atol=2e-4)


def test_channels_that_cannot_be_grouped_are_refused() -> None:
    with pytest.raises(ValueError, match="that 2 divides, got 3"):
        ChannelStatistics(2)(np.zeros((1, 4, 4, 3), np.float32))


def test_the_decision_is_the_energies_of_the_halves() -> None:
    detector = ForensicTransferStatistics.create(64)
    found = detector.analyse(crops(3, 64))
    energies = detector.model.output["channel_energies"]
    assert energies.shape[-1] == 128
    inner = detector.model({"image": crops(3, 64), "label": np.full(3, -1, np.int32)}, training=False)
    halves = np.asarray(inner["channel_energies"]).reshape(3, 2, 64).mean(axis=-1)
    np.testing.assert_allclose(found.energies, halves, rtol=1e-4)
    assert found.features.shape[1] == sum(part.stop - part.start for part in detector.feature_blocks.values())
