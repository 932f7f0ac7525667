"""What a domain is made of: labelled images with their group and split. Labels and splits are defined here alone."""

from __future__ import annotations

from dataclasses import dataclass

from forensictransfer.data.decode import Source

REAL = 0
FAKE = 1
CLASSES = ("real", "fake")  # the name of label i is CLASSES[i]
CLASS_FOLDERS = {"real": REAL, "0_real": REAL, "fake": FAKE, "1_fake": FAKE}  # names of folders, in any case
SPLITS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Record:
    """One image of a domain.

    name: unique in the domain: the posix path relative to the folder, or the example's id.
    label: REAL (0) or FAKE (1).
    group: images of one group show the same photograph; they never stand in two splits.
    split: train, validation or test.
    source: a file, the encoded bytes of the image, or where they lie in a built data set.
    mask: of a fake, what marks where it was changed, as `source`; None where there is none.
    """

    name: str
    label: int
    group: str
    split: str
    source: Source
    mask: Source | None = None

    def __post_init__(self) -> None:
        if self.label not in (REAL, FAKE):
            raise ValueError(f"expected the label {REAL} (real) or {FAKE} (fake), got {self.label!r}")
        if self.split not in SPLITS:
            raise ValueError(f"expected a split out of {SPLITS}, got {self.split!r}")
