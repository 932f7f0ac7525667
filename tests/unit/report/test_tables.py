"""The cross-domain table, from run folders written by hand."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from forensictransfer.core.errors import UserError
from forensictransfer.data.counts import Counts
from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.tables.cross_domain import (
    collect,
    render_csv,
    render_latex,
    render_markdown,
    render_text,
    table,
)
from forensictransfer.report.tables.sheets import Sheet
from forensictransfer.report.tables.text import sheet_lines
from forensictransfer.results.formats.document import write_document
from forensictransfer.results.formats.metrics import Dropped
from forensictransfer.results.formats.run import Marker
from tests.documents import domain_of, metrics_of, run_info

METRICS = ("balanced_accuracy", "accuracy_real", "accuracy_fake", "auc", "average_precision")


def write_run(
    folder: Path,
    source: str,
    tests: dict[str, float],
    *,
    target: str | None = None,
    parent: Path | None = None,
    finished: bool = True,
    **fields: Any,
) -> Path:
    """A run folder with only what a table reads; tests: balanced accuracy by domain, +- 0.04; AUC a little above."""
    adapted = target is not None
    about = {
        "detector": "ft-res",
        "strategy": "finetune" if adapted else "zero-shot",
        "shots": 10 if adapted else 0,
        "draws": 5 if adapted else 1,
        "seed": 0,
        "threshold_rule": "balanced",
        "stop_rule": "shots-loss" if adapted else "validation-loss",
        **{k: v for k, v in fields.items() if k not in ("n", "dropped", "data", "interval")},
    }
    data = {"zoo": "f00", **fields.get("data", {})}
    places = {
        name: domain_of(name, origin=f"/d/{name}", fingerprint=data.get(name, name)) for name in (source, target or "")
    }
    domains = {"source": places[source], "target": places[target] if target else None}
    info = run_info("adapt" if adapted else "train", **about, **domains, parent=str(parent) if parent else None)
    folder.mkdir(parents=True)
    write_document(folder / "run.json", info)
    for name, accuracy in tests.items():
        low, high = fields.get("interval", (max(accuracy - 0.04, 0), min(accuracy + 0.04, 1)))
        figures = dict.fromkeys(METRICS, Estimate(accuracy, low, high))
        figures["auc"] = Estimate(min(accuracy + 0.05, 1), accuracy, min(accuracy + 0.09, 1))
        dropped = dict(zip(("group", "pixels"), fields.get("dropped", {}).get(name, (0, 0)), strict=True))
        found = metrics_of(
            name,
            **about,
            source=source,
            run_target=target,
            origin=f"/d/{name}",
            fingerprint=data.get(name, name),
            dropped_shared=Dropped(**dropped),
            n=Counts(*fields.get("n", (150, 149, 290))),
            metrics=figures,
        )
        place = folder / "evaluations" / name.replace("/", "_")
        place.mkdir(parents=True)
        write_document(place / "metrics.json", found)
    if finished:
        write_document(folder / "FINISHED", Marker(finished="2026-11-23T00:00:00Z", sha256={}))
    return folder


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """A source run on two domains, and its adaptation to the second with 10 and with 50 shots."""
    monkeypatch.chdir(tmp_path)
    src = write_run(Path("runs/src"), "zoo", {"zoo": 0.931, "my_cats": 0.512}, dropped={"my_cats": (3, 1)})
    ten = write_run(Path("runs/t10"), "zoo", {"my_cats": 0.713, "zoo": 0.85}, target="my_cats", parent=src)
    fifty = write_run(Path("runs/t50"), "zoo", {"my_cats": 0.9}, target="my_cats", parent=src, shots=50)
    return [src, ten, fifty]


GOLDEN = """\
Cross-domain table

detector           ft-res
seed               0
shots per class    10, 50
draws of shots     5
strategy           zero-shot, finetune
threshold rule     balanced
stop rule          validation-loss (zero-shot); shots-loss (finetune)
split              test
dropped as shared  4 test images (3 by their group, 1 by their pixels)

95 % intervals: bootstrap over groups and draws.
* the source's own test; - not measured.

ft-res: balanced accuracy, %

source  shots  strategy   zoo                  my_cats
----------------------------------------------------------------
zoo         0  zero-shot  93.1 [89.1, 97.1] *  51.2 [47.2, 55.2]
           10  finetune   -                    71.3 [67.3, 75.3]
           50  finetune   -                    90.0 [86.0, 94.0]

ft-res: AUC

source  shots  strategy   zoo                     my_cats
----------------------------------------------------------------------
zoo         0  zero-shot  0.981 [0.931, 1.000] *  0.562 [0.512, 0.602]
           10  finetune   -                       0.763 [0.713, 0.803]
           50  finetune   -                       0.950 [0.900, 0.990]

Runs

run  detector  source  adapted to  shots  strategy   draws  seed  folder
--------------------------------------------------------------------------
  1  ft-res    zoo     -               0  zero-shot      -     0  runs/src
  2  ft-res    zoo     my_cats        10  finetune       5     0  runs/t10
  3  ft-res    zoo     my_cats        50  finetune       5     0  runs/t50

Test images and accuracy by class, %

run  tested on  reals  fakes  groups  shared  balanced  accuracy on reals  accuracy on fakes
--------------------------------------------------------------------------------------------
  1  my_cats      150    149     290       4      51.2  51.2 [47.2, 55.2]  51.2 [47.2, 55.2]
     zoo *        150    149     290       0      93.1  93.1 [89.1, 97.1]  93.1 [89.1, 97.1]
  2  my_cats      150    149     290       0      71.3  71.3 [67.3, 75.3]  71.3 [67.3, 75.3]
     zoo *        150    149     290       0      85.0  85.0 [81.0, 89.0]  85.0 [81.0, 89.0]
  3  my_cats      150    149     290       0      90.0  90.0 [86.0, 94.0]  90.0 [86.0, 94.0]

Forgetting: balanced accuracy on the source's own test before and after adaptation, %

run  source  adapted to  shots  strategy  before             after              change
--------------------------------------------------------------------------------------
  2  zoo     my_cats        10  finetune  93.1 [89.1, 97.1]  85.0 [81.0, 89.0]    -8.1
  3  zoo     my_cats        50  finetune  93.1 [89.1, 97.1]  -                       -
"""


def test_text_is_the_whole_table(three: list[Path]) -> None:
    assert table(three) == GOLDEN


def test_markdown(three: list[Path]) -> None:
    text = render_markdown(collect(three))
    assert "- threshold rule: balanced\n" in text
    assert "95 % intervals: bootstrap over groups and draws." in text
    assert "| source | shots | strategy | zoo | my_cats |\n| --- | ---: | --- | --- | --- |\n" in text
    assert "| zoo | 0 | zero-shot | **93.1 [89.1, 97.1]** | 51.2 [47.2, 55.2] |\n" in text
    assert "| zoo | 10 | finetune | - | 71.3 [67.3, 75.3] |\n" in text
    tables = [block for block in text.split("\n\n") if block.startswith("| ")]
    assert len(tables) == 5
    assert all(len({line.count(" | ") for line in block.splitlines()}) == 1 for block in tables)


def test_latex(three: list[Path]) -> None:
    text = render_latex(collect(three))
    assert r"\caption{ft-res: balanced accuracy, \%. detector: ft-res. seed: 0. shots per class: 10, 50." in text
    assert r"zoo & 0 & zero-shot & \textbf{93.1 {[}89.1, 97.1{]}} & 51.2 {[}47.2, 55.2{]} \\" in text
    assert r" & 10 & finetune & -- & 71.3 {[}67.3, 75.3{]} \\" in text
    assert r"source & shots & strategy & zoo & my\_cats \\" in text
    for name in ("table", "tabular"):
        assert text.count(rf"\begin{{{name}}}") == text.count(rf"\end{{{name}}}") >= 5
    assert text.count("{") == text.count("}")


def test_csv_is_long_and_unrounded(three: list[Path]) -> None:
    lines = list(csv.DictReader(io.StringIO(render_csv(collect(three)))))
    assert len(lines) == 5 * len(METRICS)
    line = next(x for x in lines if x["run"] == "runs/t10" and x["tested_on"] == "my_cats" and x["metric"] == "auc")
    assert [float(line[key]) for key in ("value", "low", "high")] == pytest.approx([0.763, 0.713, 0.803])
    wanted = {"source": "zoo", "adapted_to": "my_cats", "own_test": "no", "strategy": "finetune", "shots": "10"}
    wanted |= {"draws": "5", "seed": "0", "threshold_rule": "balanced", "stop_rule": "shots-loss", "split": "test"}
    wanted |= {"n_real": "150", "n_fake": "149", "n_groups": "290", "dropped_group": "0", "skipped": "0"}
    assert wanted.items() <= line.items()


def test_runs_of_one_cell_stand_apart(tmp_path: Path) -> None:
    src = write_run(tmp_path / "src", "zoo", {"zoo": 0.9, "cats": 0.5})
    options: dict[str, Any] = {"target": "cats", "parent": src}
    runs = [src, write_run(tmp_path / "a", "zoo", {"cats": 0.61}, **options)]
    runs.append(write_run(tmp_path / "b", "zoo", {"cats": 0.62}, seed=1, **options))
    runs.append(write_run(tmp_path / "c", "zoo", {"cats": 0.63}, seed=1, threshold_rule="midpoint", **options))
    text = render_text(collect(runs))
    lines = [" ".join(line.split()) for line in text.split("ft-res: AUC")[0].splitlines()]
    assert "10 finetune seed 0, threshold balanced - 61.0 [57.0, 65.0]" in lines
    assert "10 finetune seed 1, threshold balanced - 62.0 [58.0, 66.0]" in lines
    assert "10 finetune seed 1, threshold midpoint - 63.0 [59.0, 67.0]" in lines
    assert "seed               0, 1" in text
    assert "threshold rule     balanced (zero-shot, finetune); midpoint (finetune)" in text


def test_repeated_run_is_named_and_same_folder_counts_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options: dict[str, Any] = {"target": "cats", "parent": Path("src")}
    first = write_run(Path("a"), "zoo", {"cats": 0.61}, **options)
    again = write_run(Path("b"), "zoo", {"cats": 0.64}, **options)
    other = write_run(Path("c"), "zoo", {"dogs": 0.7}, **{**options, "target": "dogs"})
    lines = [" ".join(line.split()) for line in table([first, again, other, "./a", tmp_path / "b"]).splitlines()]
    assert "zoo 10 finetune run a 61.0 [57.0, 65.0] 70.0 [66.0, 74.0]" in lines
    assert "10 finetune run b 64.0 [60.0, 68.0] -" in lines


def test_two_source_models_are_never_mixed_in_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runs = [write_run(Path("s"), "zoo", {"cats": 0.5}), write_run(Path("t"), "zoo", {"dogs": 0.6})]
    lines = [" ".join(line.split()) for line in table(runs).splitlines()]
    assert "zoo 0 zero-shot model s 50.0 [46.0, 54.0] -" in lines
    assert "0 zero-shot model t - 60.0 [56.0, 64.0]" in lines


def test_domains_of_one_name_with_other_images_are_other_columns(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / "s", "zoo", {"zoo": 0.9, "cats": 0.5}, data={"cats": "aaaaaaaaaa"})]
    runs.append(write_run(tmp_path / "t", "zoo", {"cats": 0.8}, target="cats", data={"cats": "bbbbbbbbbb"}))
    assert "zoo                  cats (aaaaaaaa)    cats (bbbbbbbb)\n" in table(runs)
    assert "Test domains of one name are told apart" in table(runs) and "told apart" not in table(runs[:1])


def test_detectors_get_matrices_of_their_own(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / d, "zoo", {"zoo": 0.9}, detector=d) for d in ("ft", "ft-res")]
    text = table(runs)
    assert [line for line in text.splitlines() if ": " in line and line.startswith("ft")] == [
        "ft: balanced accuracy, %",
        "ft: AUC",
        "ft-res: balanced accuracy, %",
        "ft-res: AUC",
    ]
    assert "apart by" not in text


def test_wide_tables_are_cut_into_blocks_that_repeat_the_labels(tmp_path: Path) -> None:
    names = ["source", *(f"a_rather_long_domain_{i}" for i in range(6))]
    text = table([write_run(tmp_path / "s", "source", dict.fromkeys(names, 0.7))])
    assert max(map(len, text.splitlines())) <= 120
    assert text.count("source      0  zero-shot") == 4


def test_undefined_and_certain_numbers_are_explained(tmp_path: Path) -> None:
    text = table([write_run(tmp_path / "s", "zoo", {"zoo": 1.0}, interval=(1.0, 1.0))])
    assert "100.0 [100.0, 100.0] *" in text and "up to 3/n stays possible" in text
    text = table([write_run(tmp_path / "t", "zoo", {"zoo": 0.75}, interval=(None, None))])
    assert "75.0 [n/a] *" in text and "n/a: a class is missing, or stands in fewer than two groups." in text


def test_names_are_escaped(tmp_path: Path) -> None:
    cells = collect([write_run(tmp_path / "s", "zoo", {"50%_&|{x}": 0.7, "[a]_": 0.6})])
    assert r"50\%\_\&|\{x\} & {[}a{]}\_" in render_latex(cells)
    assert r"| 50%\_\&\|{x} | [a]\_ |" in render_markdown(cells)


def test_files_are_written_whole(three: list[Path], tmp_path: Path) -> None:
    text = table(three, markdown=tmp_path / "t.md", csv=tmp_path / "t.csv", latex=str(tmp_path / "t.tex"))
    cells = collect(three)
    assert text == render_text(cells)
    assert (tmp_path / "t.md").read_text() == render_markdown(cells)
    assert (tmp_path / "t.csv").read_text() == render_csv(cells)
    assert (tmp_path / "t.tex").read_text() == render_latex(cells)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["runs", "t.csv", "t.md", "t.tex"]
    with pytest.raises(UserError, match=r"missing/t\.md: ", check=lambda error: error.code == "path-not-writable"):
        table(three, markdown=tmp_path / "missing" / "t.md")


def test_runs_that_cannot_be_read_are_refused(three: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere", check=lambda error: error.code == "path-missing"):
        table([*three, tmp_path / "nowhere"])
    unfinished = write_run(tmp_path / "u", "zoo", {"zoo": 0.9}, finished=False)
    with pytest.raises(UserError, match="u: ", check=lambda error: error.code == "run-unfinished"):
        table([unfinished])
    file = three[0] / "evaluations" / "zoo" / "metrics.json"
    whole = file.read_text()
    file.write_text(whole[:40])
    with pytest.raises(UserError, match=r"zoo/metrics\.json: ", check=lambda error: error.code == "file-damaged"):
        table(three)
    file.write_text(whole.replace('"format": 1', '"format": 2'))
    with pytest.raises(
        UserError, match=r"zoo/metrics\.json: .*format 1", check=lambda error: error.code == "format-unknown"
    ):
        table(three)
    file.write_text(whole.replace('"split"', '"cut"'))
    with pytest.raises(
        UserError, match=r"zoo/metrics\.json: .*'split'", check=lambda error: error.code == "file-invalid"
    ):
        table(three)


def test_runs_that_were_not_evaluated_are_named(three: list[Path], tmp_path: Path) -> None:
    bare = write_run(tmp_path / "bare", "zoo", {})
    assert f"Not evaluated yet, so not in the table: {bare}" in " ".join(table([*three, bare]).split())
    with pytest.raises(
        UserError, match="bare: .*`forensictransfer evaluate", check=lambda error: error.code == "run-not-evaluated"
    ):
        table([bare])


def test_names_are_short_where_all_domains_are_of_one_data_set(tmp_path: Path) -> None:
    source = write_run(tmp_path / "a", "photos/a", {"photos/a": 0.9, "photos/b": 0.5})
    adapted = write_run(tmp_path / "b", "photos/a", {"photos/b": 0.7}, target="photos/b", parent=source)
    text = table([source, adapted])
    assert "All domains are of the data set photos." in text
    assert "photos/" not in text.replace(str(tmp_path), "")
    other = write_run(tmp_path / "c", "faces", {"faces": 0.8})
    assert "photos/b" in table([source, adapted, other])


def test_names_of_several_sources_leave_room_for_numbers() -> None:
    """They stand below each other where they are long; short ones, and any other label, stay on one line."""
    long, short = "copied_and_moved + inpainted_by_patches + faces_of_gan", "a + b"
    sheet = Sheet("title", ("source", "shots", "one", "two"), "lrll", (
        (long, "0", "71.3 [66.0, 76.2]", "50.1 [40.0, 60.2]"),
        (short, "10", "71.3 [66.0, 76.2]", "50.1 [40.0, 60.2]"),
    ), 2, own=frozenset({(0, 2)}))  # fmt: skip
    assert sheet_lines(sheet, 80)[4:] == [
        "copied_and_moved +          0  71.3 [66.0, 76.2] *  50.1 [40.0, 60.2]",
        "inpainted_by_patches +",
        "faces_of_gan",
        "a + b                      10  71.3 [66.0, 76.2]    50.1 [40.0, 60.2]",
    ]
