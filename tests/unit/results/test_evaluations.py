"""Where an evaluation lies, and that only an evaluation on the same domain is ever replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import Settings
from forensictransfer.results.evaluations import check_evaluation, evaluation_path
from forensictransfer.results.runs import RunFolder
from tests.documents import metrics_of, run_info


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "run", run_info(), Settings())


def write(run: RunFolder, name: str, *, overwrite: bool = False) -> Path:
    return run.write_evaluation(name, [], metrics_of(name), overwrite=overwrite)


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(code: str, run: RunFolder, name: str, *, overwrite: bool = True) -> str:
    """Ask for an evaluation that must not be written, and make sure that nothing was touched."""
    before = content(run.path)
    for call in (
        lambda: write(run, name, overwrite=overwrite),
        lambda: check_evaluation(run.path, name, overwrite=True),
    ):
        with pytest.raises(UserError, check=lambda found: found.code == code) as caught:
            call()
    assert "\n" not in str(caught.value) and content(run.path) == before
    return str(caught.value)


def test_each_name_has_a_folder_of_its_own(run: RunFolder) -> None:
    names = [
        "my set",
        "my_set",
        "...x",
        "a/b",
        "a_b",
        "a|b",
        "a\nb",
        "<a>",
        "forged_photos/x",
        "forged_photos_x",
        "%2E",
    ]
    places = {name: write(run, name) for name in names}
    assert len(set(places.values())) == len(names)
    assert {metrics.target for metrics in run.evaluations()} == set(names)
    for name, place in places.items():
        assert place.parent == run.path / "evaluations" and evaluation_path(run.path, name) == place
        write(run, name, overwrite=True)
    assert {metrics.target for metrics in run.evaluations()} == set(names)


@pytest.mark.parametrize("name", ["...", ".", ".."])
def test_dots_replace_nothing_but_themselves(run: RunFolder, name: str) -> None:
    write(run, "first")
    write(run, name)
    write(run, name, overwrite=True)
    assert {metrics.target for metrics in run.evaluations()} == {"first", name}


def test_an_evaluation_of_version_0_1_stays_found(run: RunFolder) -> None:
    write(run, "my set").rename(run.path / "evaluations" / "my_set")
    assert evaluation_path(run.path, "my set").name == "my_set"
    assert write(run, "my set", overwrite=True).name == "my_set"
    assert "my%20set" in refused("path-exists", run, "my_set")
    (run.path / "evaluations" / "my_set").rename(run.path / "evaluations" / "my%20set")
    assert write(run, "my_set").name == "my_set" and len(run.evaluations()) == 2


def test_what_is_no_evaluation_on_this_domain_is_never_replaced(run: RunFolder, tmp_path: Path) -> None:
    place = evaluation_path(run.path, "a")
    place.mkdir(parents=True)
    (place / "notes.txt").write_text("mine")
    assert "notes.txt" in refused("path-exists", run, "a")
    (place / "notes.txt").rename(place / "predictions.csv")
    assert "metrics.json" in refused("path-exists", run, "a")
    (place / "predictions.csv").unlink()
    write(run, "a")  # an empty folder is no loss
    write(run, "b").rename(tmp_path / "elsewhere")
    evaluation_path(run.path, "b").symlink_to(tmp_path / "elsewhere")
    assert "link" in refused("path-wrong-kind", run, "b")
    assert (tmp_path / "elsewhere" / "metrics.json").is_file()
    evaluation_path(run.path, "c").write_text("a file")
    assert "file" in refused("path-wrong-kind", run, "c")


def test_an_evaluation_whose_metrics_are_damaged_can_be_made_again(run: RunFolder) -> None:
    (write(run, "a") / "metrics.json").write_text('{"target": ')
    write(run, "a", overwrite=True)
    assert [metrics.target for metrics in run.evaluations()] == ["a"]


def test_names_that_some_file_systems_take_for_one_are_refused(run: RunFolder) -> None:
    write(run, "Faces")
    assert "'Faces'" in refused("path-exists", run, "faces")
    assert write(run, "Faces", overwrite=True).name == "Faces"


def test_nothing_behind_a_link_is_replaced(run: RunFolder, tmp_path: Path) -> None:
    write(run, "a")
    (run.path / "evaluations").rename(tmp_path / "of another run")
    (run.path / "evaluations").symlink_to(tmp_path / "of another run")
    assert "link" in refused("path-wrong-kind", run, "a")
    assert (tmp_path / "of another run" / "a" / "metrics.json").is_file()
