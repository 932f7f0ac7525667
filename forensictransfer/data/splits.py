"""Who may learn from what: splits by group, shots, and images that two domains share."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.data.records import CLASSES, Record

_SALT = b"ft-split"  # changing it would move images between the splits of every run made so far


def split_of(group: str, fractions: tuple[float, float, float]) -> str:
    """Find the split of a group: a hash of its name falls into the share of train, validation or test.

    It depends on the name and the shares alone, not on the domain, a seed or the other groups, so that a photograph
    that stands in two domains lands in the same split of both.

    Args:
        group: the group's name.
        fractions: shares of train, validation and test, which sum to 1.
    """
    place = int.from_bytes(hashlib.blake2b(_bytes(group), digest_size=8, salt=_SALT).digest(), "big") / 2**64
    train, validation, test = fractions
    if place < train:
        return "train"
    # Without this a rounded sum (0.7 + 0.3 < 1) could put a group into a test split of share 0.
    if place < train + validation or not test:
        return "validation" if validation else "train"
    return "test"


def draw_shots(
    records: Sequence[Record], k: int, *, seed: int, draw: int, domain: str | None = None
) -> tuple[int, ...]:
    """Choose the shots of one draw: k real and k fake images of the train split, as indices into `records`.

    Within a class the shots come from distinct groups as long as these suffice. The indices alternate real, fake,
    real, fake ...; for the same seed and draw fewer shots are the beginning of more, whatever the order of `records`.

    Args:
        records: images of the target; those outside the train split are skipped.
        k: shots per class, at least 1.
        seed, draw: choose the shots; another draw of the same seed is another choice.
        domain: the target's name for the error.
    Raises:
        UserError: a class has fewer than k images in the train split.
    """
    if k < 1:
        raise UserError(f"expected at least 1 shot per class, got {k}", code=ErrorCode.SETTING_INVALID)
    chosen = []
    for label, class_name in enumerate(CLASSES):
        indices = [i for i, record in enumerate(records) if record.split == "train" and record.label == label]
        if len(indices) < k:
            target = f"target '{domain}'" if domain else "the target"
            raise UserError(
                f"{target} has {len(indices)} {class_name} images in its train split, {k} shots were asked for",
                code=ErrorCode.TOO_FEW_IMAGES,
            )
        chosen.append(shuffled(records, indices, f"{seed}/{draw}/{class_name}")[:k])
    return tuple(i for pair in zip(*chosen, strict=True) for i in pair)


def draw_pairs(
    records: Sequence[Record], k: int, *, seed: int, draw: int, domain: str | None = None
) -> tuple[int, ...]:
    """Choose the paired shots of one draw: from each of k groups a real and a fake image, as indices into `records`.

    Groups are those of the train split that hold both; of several images of a class one is taken. The indices are a
    real, its fake, the next real, its fake ...; for the same seed and draw fewer pairs are the beginning of more,
    whatever the order of `records`.

    Args:
        records: images of the target; those outside the train split are skipped.
        k: pairs, at least 1.
        seed, draw: choose the pairs; another draw of the same seed is another choice.
        domain: the target's name for the error.
    Raises:
        UserError: fewer than k groups hold both classes.
    """
    if k < 1:
        raise UserError(f"expected at least 1 pair, got {k}", code=ErrorCode.SETTING_INVALID)
    key = f"{seed}/{draw}/pair"
    groups = _paired_groups(records)
    if len(groups) < k:
        target = f"target '{domain}'" if domain else "the target"
        raise UserError(
            f"{target} has {len(groups)} photographs with a forgery of the same group in its train split, {k} pairs "
            "were asked for; --group says which images belong together",
            code=ErrorCode.TOO_FEW_IMAGES,
        )
    order = sorted(groups, key=lambda group: _rank(key, "group", group))[:k]
    return tuple(
        min(groups[group][label], key=lambda index: _rank(key, "image", records[index].name))
        for group in order
        for label in range(len(CLASSES))
    )


def count_pairs(records: Sequence[Record]) -> int:
    """Count the groups of the train split that hold images of both classes."""
    return len(_paired_groups(records))


def _paired_groups(records: Sequence[Record]) -> dict[str, tuple[list[int], ...]]:
    """Collect the indices of the train images, by class, of each group that holds both classes."""
    groups: dict[str, tuple[list[int], ...]] = defaultdict(lambda: tuple([] for _ in CLASSES))
    for index, record in enumerate(records):
        if record.split == "train":
            groups[record.group][record.label].append(index)
    return {group: members for group, members in groups.items() if all(members)}


def drop_shared(
    test_records: Sequence[Record],
    test_digests: Sequence[str],
    seen_groups: AbstractSet[str],
    seen_digests: AbstractSet[str],
) -> tuple[list[int], int, int]:
    """Leave out the test images whose photograph was seen in training, by group or by decoded pixels.

    Args:
        test_records, test_digests: the test images and the digests of their pixels, in the same order.
        seen_groups, seen_digests: groups and digests of the images that the detector learned from.
    Returns:
        The kept indices, the number dropped by group, and the number dropped by pixels alone.
    """
    kept, by_group, by_pixels = [], 0, 0
    for index, (record, pixels) in enumerate(zip(test_records, test_digests, strict=True)):
        if record.group in seen_groups:
            by_group += 1
        elif pixels in seen_digests:
            by_pixels += 1
        else:
            kept.append(index)
    return kept, by_group, by_pixels


def shuffled(records: Sequence[Record], indices: list[int], key: str) -> list[int]:
    """Put the indices in an order given by hashes: first one image of every group, then a second one, and so on."""
    groups = defaultdict(list)
    for index in sorted(indices, key=lambda i: _rank(key, "image", records[i].name)):
        groups[records[index].group].append(index)
    places = {group: _rank(key, "group", group) for group in groups}
    turns = [(turn, places[group], index) for group, members in groups.items() for turn, index in enumerate(members)]
    return [index for _, _, index in sorted(turns)]


def _rank(*parts: str) -> bytes:
    return hashlib.blake2b(_bytes("\0".join(parts)), digest_size=16).digest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
