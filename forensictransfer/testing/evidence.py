"""What every detector must do, whatever it is: give evidence of whole images."""

from __future__ import annotations

import numpy as np
import pytest

from forensictransfer.data.decode import ImageError
from forensictransfer.data.image_file import ImageFile
from forensictransfer.detectors.base import Detector, Evidence
from forensictransfer.detectors.loading import detector_class
from forensictransfer.detectors.registry import detectors
from forensictransfer.detectors.trainable import TrainableDetector
from forensictransfer.evaluation.decision import Decision
from forensictransfer.testing.fixtures import ContractFixtures, only
from forensictransfer.testing.toys import BATCH, as_files, close, made_up


class EvidenceTests(ContractFixtures):
    """Evidence of images of any size, alone or together; heat maps of the image's size."""

    def test_it_is_registered_under_its_name(self) -> None:
        """Check that the table's row and the class say the same."""
        kind, entry = detector_class(self.name), detectors()[self.name]
        assert kind.name == self.name and kind.trains == entry.trains
        assert kind.gradient == entry.gradient == (kind.trains == "gradient")
        assert kind.needs and kind.__doc__ and entry.about

    def test_it_examines_images_of_any_size(self, detector: Detector) -> None:
        """Check images smaller than a crop, no multiple of 8, and grey: whole evidence, of the pixels' size."""
        images = self._odd_images()
        found = self.examine(detector, images)
        assert len({None if said.features is None else said.features.shape for said in found if said.applies}) <= 1
        for image, said in zip(images, found, strict=True):
            if self.abstains and not said.applies:
                assert said.reason and "\n" not in said.reason
                continue
            assert said.applies and np.isfinite(said.score)
            for picture in (said.heat_map, said.mask):
                assert picture is None or picture.shape == image.size
            assert (said.heat_map is not None) == detector.maps

    def test_it_examines_each_image_by_itself(self, detector: Detector) -> None:
        """Check that the same image has the same evidence, alone or among others."""
        images = self._odd_images()
        together = self.examine(detector, images)
        for image, said in zip(reversed(images), reversed(together), strict=True):
            (alone,) = self.examine(detector, [image])
            close(np.array([alone.score]), np.array([said.score]))
            for mine, other in ((alone.features, said.features), (alone.heat_map, said.heat_map)):
                assert (mine is None) == (other is None)
                if mine is not None and other is not None:
                    close(mine, other)

    def test_a_file_that_cannot_be_read_is_an_error(self, detector: Detector) -> None:
        """Check that the error names the image; no evidence stands for it."""
        with pytest.raises(ImageError, match=r"damaged\.png"):
            self.examine(detector, [ImageFile(b"\x89PNG\r\n\x1a\n and no more", name="damaged.png")])

    @only(lambda kind: "jpeg" in kind.needs)
    def test_it_does_not_apply_to_other_files_than_jpeg(self, detector: Detector) -> None:
        """Check that it says so, with a reason."""
        (said,) = self.examine(detector, as_files([np.zeros((64, 64, 3), np.uint8)]))
        assert not said.applies and said.reason and "\n" not in said.reason

    @only(lambda kind: kind.maps)
    def test_its_map_shows_which_half_is_forged(self, learned: Detector) -> None:
        """Check an image whose left half alone has the trace: the map is higher there."""
        side = self.crop()
        files = as_files([self.half_forged(side + 16, 4 * side + 4)], self._format())
        (said,) = self._decided(learned, files)
        assert said.heat_map is not None
        left, right = said.heat_map[:, : 2 * side + 2].mean(), said.heat_map[:, 2 * side + 2 :].mean()
        assert left > right + 0.05, f"{left:.3f} on the left, {right:.3f} on the right"
        assert said.heat_map.min() >= 0 and said.heat_map.max() <= 1

    def _odd_images(self) -> list[ImageFile]:
        rng, crop = np.random.default_rng(1), self.crop()
        sizes = [(crop - 1, crop - 1, 3), (crop // 2 + 1, crop + 13, 3), (crop + 5, crop)]
        return as_files([rng.integers(0, 256, size, np.uint8) for size in sizes], self._format())

    def _format(self) -> str:
        return "JPEG" if "jpeg" in detector_class(self.name).needs else "PNG"

    def _decided(self, detector: Detector, files: list[ImageFile]) -> list[Evidence]:
        """Give evidence by a threshold and slope of made-up crops, where the detector takes a decision."""
        if not isinstance(detector, TrainableDetector):
            return self.examine(detector, files)
        crops, labels = made_up(self.crop(), 2 * BATCH, seed=50)
        decision = Decision().fitted("midpoint", detector.analyse_tiles(crops, BATCH).scores, labels, "made-up crops")
        found = self.examine(detector, files, decision=decision)
        for said in found:
            assert said.probability is not None and said.mask is not None
        return found
