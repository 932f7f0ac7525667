"""The card of a run goes with the model to other machines; what `show` prints stays on this one."""

from __future__ import annotations

from pathlib import Path

import pytest

from forensictransfer.report.model_card import card_text, show_text
from forensictransfer.results.runs import RunFolder

RUNS = Path(__file__).resolve().parents[2] / "fixtures" / "v0_1" / "runs"
FOLDER = "/opt/forensictransfer-v0.1"  # where the runs were made


@pytest.fixture
def adapted() -> RunFolder:
    """A run that names two domains, a parent run and, here, a file of groups."""
    run = RunFolder.open(RUNS / "ft-res-finetune")
    source = run.info.source.model_copy(update={"name": "faces", "group": f"{FOLDER}/groups.csv"})
    return RunFolder(run.path, run.info.model_copy(update={"source": source}))


def test_the_card_holds_no_path_of_the_machine(adapted: RunFolder) -> None:
    found = card_text(adapted)
    assert "/opt" not in found and str(RUNS) not in found
    assert "| Trained on | faces, from first (grouped by groups.csv, data 1e082f0c760f) |" in found
    assert "| Adapted to | second (grouped by stem, data 2b861fcee4e4) |" in found
    assert "| Adapted from | ft-res |" in found


def test_show_tells_the_whole_paths(adapted: RunFolder) -> None:
    found = show_text(adapted)
    assert f"faces, from {FOLDER}/domains/first (grouped by {FOLDER}/groups.csv, data" in found
    assert f"{FOLDER}/runs/ft-res" in found


def test_a_grouping_rule_is_no_path(adapted: RunFolder) -> None:
    source = adapted.info.source.model_copy(update={"group": r"/b\d+r\d+/"})
    run = RunFolder(adapted.path, adapted.info.model_copy(update={"source": source}))
    assert r"grouped by /b\\d+r\\d+/," in card_text(run)


@pytest.mark.parametrize(
    ("detector", "how"),
    [
        ("ft-res", "the mean over tiles of the training crop's size"),
        ("of another package", "the mean over tiles of the training crop's size"),
        ("splicebuster", "An image is scored as a whole"),
        ("noiseprint", "An image is scored as a whole"),
    ],
)
def test_the_card_says_what_of_an_image_is_scored(adapted: RunFolder, detector: str, how: str) -> None:
    run = RunFolder(adapted.path, adapted.info.model_copy(update={"detector": detector}))
    assert how in card_text(run)
