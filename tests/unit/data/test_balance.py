"""Several domains learned from together: each counts alike, in batches, in weights and in the rows that are kept."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forensictransfer.core.errors import UserError
from forensictransfer.data.balance import balanced_rows, balanced_weights, thinned_rows
from forensictransfer.data.batches import epoch_order

SIZES = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), min_size=1, max_size=4)


def arrays(sizes: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray]:
    """Labels and domains of so many reals and fakes in each domain, in an order of no meaning."""
    labels = [label for real, fake in sizes for label in [0] * real + [1] * fake]
    domains = [domain for domain, pair in enumerate(sizes) for _ in range(sum(pair))]
    shuffled = np.random.default_rng(len(labels)).permutation(len(labels))
    return np.array(labels)[shuffled], np.array(domains)[shuffled]


@settings(deadline=None)
@given(SIZES, st.sampled_from([2, 6, 16]), st.integers(0, 5))
def test_batches_show_domains_and_classes_equally_often(sizes: list[tuple[int, int]], batch: int, epoch: int) -> None:
    labels, domains = arrays(sizes)
    order = epoch_order(labels, seed=1, epoch=epoch, batch=batch, balance=True, domains=domains)
    assert order.shape == (-(-2 * len(sizes) * max(map(max, sizes)) // batch), batch)
    for found in order:
        assert labels[found].sum() == batch // 2
        pairs = np.bincount(domains[found], minlength=len(sizes))
        assert pairs.max() - pairs.min() <= 2, "a pair more or less"
    shown = np.bincount(order.ravel(), minlength=len(labels))
    assert shown.min() >= 1, "nothing is never seen"
    cells = [shown[(domains == d) & (labels == c)] for d in range(len(sizes)) for c in (0, 1)]
    totals = [int(cell.sum()) for cell in cells]
    assert max(totals) - min(totals) <= 1
    assert all(cell.max() - cell.min() <= 1 for cell in cells), "within a cell each image equally often"


def test_one_domain_is_ordered_as_without_domains() -> None:
    labels = np.array([0, 1, 1, 0, 1])
    plain, numbered = (
        epoch_order(labels, seed=2, epoch=1, batch=4, balance=True, domains=domains) for domains in (None, np.ones(5))
    )
    assert plain.tolist() == numbered.tolist()


def test_a_domain_without_a_class_cannot_be_balanced() -> None:
    with pytest.raises(
        UserError, match="in each domain.*2 real, 2 fake", check=lambda e: e.code == "domain-class-missing"
    ):
        epoch_order(np.array([0, 1, 0, 1]), seed=0, epoch=0, batch=2, balance=True, domains=np.array([0, 0, 1, 2]))


@given(SIZES)
def test_weights_make_domains_count_alike(sizes: list[tuple[int, int]]) -> None:
    labels, domains = arrays(sizes)
    weights = balanced_weights(labels, domains)
    for label in (0, 1):
        of_domain = [weights[(labels == label) & (domains == d)].sum() for d in range(len(sizes))]
        np.testing.assert_allclose(of_domain, (labels == label).sum() / len(sizes))
    if len(sizes) == 1:
        assert (weights == 1).all(), "exactly, so that a threshold on one domain keeps its digits"


@given(SIZES, st.integers(1, 20))
def test_rows_are_balanced_or_thinned(sizes: list[tuple[int, int]], most: int) -> None:
    labels, domains = arrays(sizes)
    alike, kept = balanced_rows(labels, domains, most), thinned_rows(labels, domains, most)
    assert len(set(kept)) == len(kept) and kept.tolist() == sorted(kept)
    for domain, pair in enumerate(sizes):
        for label, number in enumerate(pair):
            of_cell = (labels == label) & (domains == domain)
            assert of_cell[alike].sum() == min(most, max(map(max, sizes)))
            assert of_cell[kept].sum() == min(most, number)
            assert len(set(alike[of_cell[alike]])) == min(most, number), "repeated only where there are no more"
