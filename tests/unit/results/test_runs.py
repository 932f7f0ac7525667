"""The run folder: whole or not at all, opened with care, replaced only when it is a run."""

from __future__ import annotations

import errno
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forensictransfer.core import files
from forensictransfer.core.environment import environment
from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import Settings, load_settings
from forensictransfer.data.counts import Counts
from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.evaluation.metrics import ScoredImages
from forensictransfer.report.model_card import card_text, forgetting_lines, show_text
from forensictransfer.results.formats.metrics import Dropped
from forensictransfer.results.formats.run import Marker, RunInfo
from forensictransfer.results.places import check_new
from forensictransfer.results.runs import RunFolder
from forensictransfer.results.scores import PREDICTION_COLUMNS
from tests.documents import domain_of, metrics_of, run_info

SOURCE = domain_of("splice")
INFO_TRAIN = run_info()
METRICS = metrics_of(
    "photos/b",
    dropped_shared=Dropped(group=2, pixels=0),
    skipped=(("a.png", "is empty"),),
    n=Counts(30, 31, 12),
    metrics={
        "balanced_accuracy": Estimate(0.9, 0.8, 0.95),
        "auc": Estimate(0.97, None, None),
        "accuracy_real": Estimate(None, None, None),
    },
)


def finished(path: Path) -> RunFolder:
    run = RunFolder.create(path, INFO_TRAIN, Settings())
    run.write_text("model.keras", "weights")
    run.write_npz("source_features.npz", features=np.arange(4.0))
    run.finish()
    return run


def error(code: str, call: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises(UserError, check=lambda found: found.code == code) as caught:
        call(*arguments, **options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_run_is_read_back(tmp_path: Path) -> None:
    settings = load_settings(None, {"train.epochs": 3})
    run = RunFolder.create(tmp_path / "runs" / "a", INFO_TRAIN, settings)
    assert names(run.path) == {"run.json", "settings.yaml"}
    assert not run.finished
    run.write_csv("history.csv", ["epoch", "loss"], [[0, 0.5], [1, "a,b"]])
    run.finish()
    opened = RunFolder.open(run.path)
    assert opened.finished and opened.kind == "train"
    assert opened.settings == settings
    assert opened.info == INFO_TRAIN and opened.info["source"] == SOURCE and opened.info.parent is None
    assert (run.path / "history.csv").read_text() == 'epoch,loss\n0,0.5\n1,"a,b"\n'


def test_a_run_of_several_sources_is_read_back(tmp_path: Path) -> None:
    first, second = domain_of("splice"), domain_of("retouch", fingerprint="cd" * 32)
    info = run_info(source=None, sources=(first, second))
    run = RunFolder.create(tmp_path / "a", info, Settings())
    content = run.read_json("run.json")
    assert content["format"] == 2 and "source" not in content and len(content["sources"]) == 2
    opened = RunFolder.open(run.path, finished=False).info
    assert opened == info and opened.trained_on == (first, second) and opened.source_name == "splice + retouch"
    run.check_same(info, Settings())
    reordered = run_info(source=None, sources=(second, first))
    for other in (run_info(source=first), reordered):
        assert "source was splice (" in error("inputs-changed", run.check_same, other, Settings())
    assert opened.source_fingerprint not in (reordered.source_fingerprint, first.fingerprint)


def test_a_run_of_one_source_is_written_as_it_always_was(tmp_path: Path) -> None:
    run = RunFolder.create(tmp_path / "a", INFO_TRAIN, Settings())
    content = run.read_json("run.json")
    assert content["format"] == 1 and content["source"] == SOURCE.model_dump() and "sources" not in content
    assert run.info.trained_on == (SOURCE,) and run.info.source_fingerprint == SOURCE.fingerprint


def test_open_says_what_is_wrong(tmp_path: Path) -> None:
    run = finished(tmp_path / "splice")
    misspelt = error("path-missing", RunFolder.open, tmp_path / "splise")
    assert misspelt.startswith(f"{tmp_path / 'splise'}: ") and misspelt.endswith("'splice'")
    nowhere = error("path-missing", RunFolder.open, tmp_path / "no" / "where")
    assert nowhere.startswith(f"{tmp_path / 'no' / 'where'}: ")
    assert "run.json" in error("not-a-run", RunFolder.open, tmp_path)
    (run.path / "FINISHED").unlink()
    assert "--resume" in error("run-unfinished", RunFolder.open, run.path)
    assert not RunFolder.open(run.path, finished=False).finished


def test_another_format_is_named(tmp_path: Path) -> None:
    run = finished(tmp_path / "a")
    run.write_json("run.json", {**run.info.model_dump(), "format": 99})
    assert f"{run.path / 'run.json'}: " in error("format-unknown", RunFolder.open, run.path)


@pytest.mark.parametrize("name", ["model.keras", "settings.yaml", "source_features.npz"])
def test_a_damaged_file_is_named(tmp_path: Path, name: str) -> None:
    run = finished(tmp_path / "a")
    content = (run.path / name).read_bytes()
    (run.path / name).write_bytes(content[:-3])
    assert f"{run.path / name}: " in error("file-damaged", RunFolder.open, run.path)
    (run.path / name).unlink()
    assert f"{run.path / name}: " in error("path-missing", RunFolder.open, run.path)


@pytest.mark.parametrize("name", ["run.json", "FINISHED"])
@pytest.mark.parametrize("text", ['{"format": 1, "ki', "", "[]"])
def test_damaged_json_is_named(tmp_path: Path, name: str, text: str) -> None:
    run = finished(tmp_path / "a")
    (run.path / name).write_text(text)
    code = "format-unknown" if text == "[]" else "file-damaged"
    assert f"{run.path / name}: " in error(code, RunFolder.open, run.path)


def test_card_and_evaluations_may_change_after_the_end(tmp_path: Path) -> None:
    run = finished(tmp_path / "a")
    run.write_text("CARD.md", "card")
    scores, energies = np.array([0.1]), np.array([[1.0, 0.0]])
    draw = ScoredImages(["real/a, b.png"], np.array([0]), ["a"], scores, np.array([0.25]), 0.05, 2, energies)
    folder = run.write_evaluation("photos/b", [draw], METRICS)
    written = (folder / "predictions.csv").read_text().splitlines()
    assert written == [",".join(PREDICTION_COLUMNS), '2,"real/a, b.png",0,a,0.1,0.25,1,0,fake,0.05']
    opened = RunFolder.open(run.path)
    (found,) = opened.evaluations()
    assert found == METRICS and found["metrics"]["auc"]["value"] == 0.97 and found.metrics["auc"].n == 12
    assert names(run.path / "evaluations") == {"photos%2Fb"}
    assert "--overwrite" in error("path-exists", run.write_evaluation, "photos/b", [], METRICS)
    run.write_evaluation("photos/b", [], METRICS, overwrite=True)
    assert (folder / "predictions.csv").read_text() == ",".join(PREDICTION_COLUMNS) + "\n"


def test_only_runs_and_empty_folders_are_written_to(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    check_new(tmp_path / "empty")
    check_new(tmp_path / "new" / "deep")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").touch()
    for overwrite in (False, True):
        assert "photos: " in error("not-a-run", check_new, tmp_path / "photos", overwrite=overwrite)
    for place in (tmp_path / "photos" / "a.jpg", tmp_path / "photos" / "a.jpg" / "run"):
        assert error("path-wrong-kind", check_new, place).startswith(f"{place}: ")
    run = finished(tmp_path / "a")
    said = error("path-exists", check_new, run.path)
    assert said.startswith(f"{run.path}: ") and "--overwrite" in said and "--resume" not in said
    assert error("path-not-writable", check_new, run.path / "b").startswith(f"{run.path / 'b'}: ")
    both = error("arguments-conflict", check_new, run.path, overwrite=True, resume=True)
    assert "--resume" in both and "--overwrite" in both
    (run.path / "FINISHED").unlink()
    assert "--resume" in error("path-exists", check_new, run.path)


def test_overwrite_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    finished(tmp_path / "a")
    run = RunFolder.create(tmp_path / "a", INFO_TRAIN, Settings(), overwrite=True)
    assert names(run.path) == {"run.json", "settings.yaml"}
    assert names(tmp_path) == {"a"}


def test_resume_goes_on_with_the_same_only(tmp_path: Path) -> None:
    def resume(info: RunInfo, **changes: Any) -> RunFolder:
        return RunFolder.create(tmp_path / "a", info, load_settings(None, changes), resume=True)

    run = resume(INFO_TRAIN)  # nothing there yet: starts
    run.write_text("history.csv", "epoch\n")
    (run.path / ".tmp-1-model.keras").touch()
    resume(INFO_TRAIN, **{"data.workers": 7, "data.memory_mb": 1})
    assert names(run.path) == {"run.json", "settings.yaml", "history.csv"}
    with pytest.raises(UserError, match="train.epochs .*60.*61", check=lambda error: error.code == "inputs-changed"):
        resume(INFO_TRAIN, **{"train.epochs": 61})
    with pytest.raises(
        UserError, match=r"splice \(abababababab\).*splice \(cd\)", check=lambda error: error.code == "inputs-changed"
    ):
        resume(run_info(source=domain_of("splice", fingerprint="cd")))


def test_building_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    info = run_info("adapt")
    with pytest.raises(KeyboardInterrupt), RunFolder.building(tmp_path / "a", info, Settings()) as run:
        run.write_text("draws/0/shots.csv", "path\n")
        assert not (tmp_path / "a").exists()
        raise KeyboardInterrupt
    assert names(tmp_path) == set()
    with RunFolder.building(tmp_path / "a", info, Settings()) as run:
        for draw in range(11):
            run.write_text(f"draws/{draw}/shots.csv", "path\n")
    opened = RunFolder.open(tmp_path / "a")
    assert [path.name for path in opened.draws()] == [str(draw) for draw in range(11)]
    assert "draws/0/shots.csv" in opened.read("FINISHED", Marker).sha256


def test_a_failed_overwrite_keeps_the_old_run(tmp_path: Path) -> None:
    old = finished(tmp_path / "a")
    with pytest.raises(RuntimeError), RunFolder.building(old.path, INFO_TRAIN, Settings(), overwrite=True):
        raise RuntimeError
    assert RunFolder.open(old.path).finished


def test_folders_of_killed_processes_go_away(tmp_path: Path) -> None:
    dead = tmp_path / ".a.partial-999999999"
    dead.mkdir()
    other = tmp_path / ".b.partial-999999999"
    other.mkdir()
    finished(tmp_path / "a")
    assert not dead.exists() and other.exists()


def test_a_full_disk_names_the_file_and_leaves_no_part(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    path.write_text("old")
    for raised in (OSError(errno.ENOSPC, "No space left"), OSError("Can't write (errno = 28, error message = '')")):
        with pytest.raises(OSError) as caught, files.writing(path) as temporary:
            temporary.write_text("half")
            raise raised
        assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(path))
    assert names(tmp_path) == {"model.keras"} and path.read_text() == "old"


def test_json_takes_numpy_and_paths(tmp_path: Path) -> None:
    files.write_json(
        tmp_path / "a.json", {"a": np.float32(0.5), "b": np.arange(2), "c": tmp_path, "d": np.nan, 1: None}
    )
    expected = {"a": 0.5, "b": [0, 1], "c": str(tmp_path), "d": None, "1": None}
    assert json.loads((tmp_path / "a.json").read_text()) == expected


def test_names_that_are_no_text_are_written_as_escapes(tmp_path: Path) -> None:
    files.write_text(tmp_path / "a.csv", os.fsdecode(b"caf\xe9.png"))
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == "caf\\udce9.png"


def test_card_and_show_tell_the_numbers(tmp_path: Path) -> None:
    run = finished(tmp_path / "a")
    assert "Nothing yet" in card_text(run) and "Not evaluated yet" in show_text(run)
    run.write_evaluation("retouch", [], METRICS)
    card, shown = card_text(run), show_text(run)
    for text in (card, shown):
        assert "ft-res trained on splice" in text
        assert "90.0 % [80.0, 95.0]" in text and "0.970" in text
        assert "2 shared with the source dropped, 1 unreadable" in text
        assert "balanced" in text and "splice" in text
    assert "/photos/splice" in shown and "/photos" not in card  # a card goes to other machines
    assert "| n/a |" in card  # accuracy on reals is NaN
    assert "## Limits" in card
    assert "state      finished" in shown and "settings   the defaults" in shown


def test_an_adapted_run_tells_what_it_has_forgotten(tmp_path: Path) -> None:
    parent = RunFolder.create(tmp_path / "parent", INFO_TRAIN, Settings())
    adapted = RunFolder.create(tmp_path / "adapted", run_info("adapt", parent=str(parent.path)), Settings())
    assert forgetting_lines(parent) == [] and forgetting_lines(adapted) == []  # nothing measured
    about = {"origin": SOURCE.origin, "fingerprint": SOURCE.fingerprint}
    own = metrics_of("splice", **about, metrics=METRICS.metrics)
    after = {"balanced_accuracy": Estimate(0.7, None, None)}
    adapted.write_evaluation("splice", [], metrics_of("splice", **about, metrics=after))
    assert "unknown before adaptation, 70.0 % [n/a] after" in forgetting_lines(adapted)[0]
    parent.write_evaluation("splice", [], own)
    line = "n its source splice: balanced accuracy 90.0 % [80.0, 95.0] before adaptation, 70.0 % [n/a] after"
    assert forgetting_lines(adapted) == [f"o{line}"]
    assert f"\no{line}\n" in show_text(adapted) and f"\nO{line}.\n" in card_text(adapted)


def test_environment_names_versions() -> None:
    found = environment()
    assert found["processors"] >= 1 and "numpy" in found["packages"]
    json.dumps(asdict(found))


def test_only_a_run_is_replaced_and_no_link_to_one(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "run.json").write_text('{"name": "of another program"}')
    (other / "settings.yaml").write_text("")
    (other / "precious.txt").write_text("mine")
    for call in (check_new, RunFolder.create):
        more = () if call is check_new else (INFO_TRAIN, Settings())
        assert str(other) in error("not-a-run", call, other, *more, overwrite=True)
    assert names(other) == {"run.json", "settings.yaml", "precious.txt"}
    run = finished(tmp_path / "a")
    (tmp_path / "link").symlink_to(run.path)
    assert "link" in error(
        "path-wrong-kind", RunFolder.create, tmp_path / "link", INFO_TRAIN, Settings(), overwrite=True
    )
    assert run.finished
    (run.path / "run.json").write_text('{"kind": ')  # damaged, but a run
    RunFolder.create(run.path, INFO_TRAIN, Settings(), overwrite=True)
    assert not RunFolder.open(run.path, finished=False).finished


def test_what_lies_there_when_a_new_folder_is_whole_decides(tmp_path: Path) -> None:
    run = finished(tmp_path / "a")
    with (
        pytest.raises(UserError, check=lambda found: found.code == "not-a-run"),
        RunFolder.building(run.path, INFO_TRAIN, Settings(), overwrite=True),
    ):
        (run.path / "run.json").write_text("{}")
    assert (run.path / "run.json").read_text() == "{}" and (run.path / "model.keras").is_file()
    with (
        pytest.raises(UserError, check=lambda found: found.code == "path-exists"),
        RunFolder.building(tmp_path / "b", INFO_TRAIN, Settings()),
    ):
        (tmp_path / "b").mkdir()
        (tmp_path / "b" / "mine.txt").touch()
    assert names(tmp_path / "b") == {"mine.txt"} and names(tmp_path) == {"a", "b"}


@pytest.mark.parametrize("exchange", [True, False])
def test_a_folder_is_replaced_in_one_step_or_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exchange: bool
) -> None:
    run = finished(tmp_path / "a")
    if not exchange:
        monkeypatch.setattr(files, "_exchange", lambda *_: False)
    new = RunFolder.create(run.path, INFO_TRAIN, Settings(), overwrite=True)
    assert names(new.path) == {"run.json", "settings.yaml"} and names(tmp_path) == {"a"}
    # A kill between the two steps of a system that cannot exchange folders.
    new.path.rename(tmp_path / ".a.old.partial-999999999")
    with pytest.raises(KeyError), files.new_folder(tmp_path / "a"):
        raise KeyError
    assert names(tmp_path) == {"a"} and names(new.path) == {"run.json", "settings.yaml"}


def test_a_run_that_was_made_again_after_it_was_opened_is_noticed(tmp_path: Path) -> None:
    opened = RunFolder.open(finished(tmp_path / "a").path)
    opened.check_unchanged()
    with opened.owning_evaluations(["b"]):
        opened.check_unchanged()
    new = RunFolder.create(tmp_path / "a", INFO_TRAIN, Settings(), overwrite=True)
    assert str(new.path) in error("folder-lost", opened.check_unchanged)
    new.write_text("model.keras", "other weights")
    new.finish()
    error("folder-lost", opened.check_unchanged)
    with pytest.raises(UserError, check=lambda found: found.code == "folder-lost"), opened.owning_evaluations(["b"]):
        raise AssertionError("an evaluation of other weights")
