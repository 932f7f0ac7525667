"""A sweep in TensorBoard: what the event files and the projector's files hold, and what TensorBoard makes of them."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forensictransfer.core.errors import UserError
from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.evaluation.metrics import ScoredImages
from forensictransfer.report.tensorboard import thinned, write_hparams, write_hparams_config, write_projector
from forensictransfer.results.formats.document import write_document
from forensictransfer.results.formats.metrics import DrawMetrics, Metrics
from forensictransfer.results.formats.sweep import JobRecord
from forensictransfer.results.scores import write_predictions
from tests.documents import job_record, metrics_of, run_info, sweep_info

INFO = sweep_info(
    sources=("glue", "melt"),
    targets=("glue", "melt", "warp"),
    shots=(5, 10),
    strategies=("finetune", "head"),
    seeds=(0, 1),
)


def job(name: str, **changes: Any) -> JobRecord:
    """Describe a job that has ended, by default an adaptation from glue to warp."""
    about = {"kind": "adapt", "source": "glue", "target": "warp", "strategy": "head", "shots": 5, "seed": 1}
    return job_record(name, **{**about, "seconds": 12.5, **changes})


def metrics(balanced: float | None = 0.75, auc: float | None = 0.875) -> Metrics:
    """An evaluation with what the table shows."""
    values = {"balanced_accuracy": balanced, "auc": auc}
    return metrics_of("warp", metrics={name: Estimate(value, None, None) for name, value in values.items()})


def write_evaluation(
    run: Path, domain: str, scores: list[float], threshold: float = 0.5, rows: int | None = None
) -> None:
    """predictions.csv, metrics.json and latents.npz of real and fake images in turn; latent i is (i, 10 i)."""
    folder = run / "evaluations" / domain
    folder.mkdir(parents=True)
    write_document(run / "run.json", run_info())
    n = len(scores)
    draws = [
        ScoredImages(
            names=[f"a\tb, {i}.png" for i in range(n)],
            labels=np.arange(n) % 2,
            groups=["g"] * n,
            scores=np.array(scores),
            probabilities=np.full(n, 0.5),
            threshold=one,
            draw=draw,
            energies=np.zeros((n, 2)),
        )
        for draw, one in enumerate((threshold, 9.0))
    ]
    write_predictions(folder / "predictions.csv", draws)
    per_draw = tuple(DrawMetrics(draw=one.draw, threshold=one.threshold) for one in draws)
    write_document(folder / "metrics.json", metrics_of(domain, per_draw=per_draw))
    steps = np.arange(len(scores) if rows is None else rows, dtype=np.float32)
    np.savez_compressed(folder / "latents.npz", features=np.stack([steps, 10 * steps], axis=1))


def table(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def scalars(folder: Path) -> dict[str, float]:
    """The numbers in the event files of a folder, read by TensorBoard's own reader."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder))
    found.Reload()
    return {
        tag: float(found.Tensors(tag)[-1].tensor_proto.float_val[0])
        for tag in found.Tags()["tensors"]
        if not tag.startswith("_hparams_")
    }


@contextlib.contextmanager
def tensorboard(folder: Path) -> Iterator[str]:
    """A TensorBoard of a folder; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--host", "127.0.0.1"]
    words += ["--port", str(port), "--reload_interval", "1", "--load_fast", "false"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            yield f"http://127.0.0.1:{port}/data"
        finally:
            server.terminate()
            server.wait(20)


def ask(address: str, question: Any = None, *, seconds: float = 60) -> bytes:
    """The answer to a GET, or a POST with a question, once TensorBoard is up."""
    body = None if question is None else json.dumps(question).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    end = time.monotonic() + seconds
    while True:
        try:
            with opener.open(request, timeout=20) as answer:
                return bytes(answer.read())
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.5)


def test_tensorboard_shows_every_job_and_all_points(tmp_path: Path) -> None:
    write_hparams_config(tmp_path, INFO)
    write_hparams_config(tmp_path, INFO)
    write_hparams(tmp_path, job("glue-to-warp"), metrics())
    write_hparams(tmp_path, job("on-melt", kind="zero-shot", target="melt", strategy="zero-shot", shots=0), metrics())
    write_hparams(tmp_path, job("glue", kind="train", target=None, strategy="zero-shot", shots=0), metrics(auc=None))
    write_hparams(tmp_path, job("glue-to-warp", seconds=20.0), metrics(balanced=0.5))  # done again
    run = tmp_path / "runs" / "glue-1"
    write_evaluation(run, "glue", [0.0, 1.0])
    write_evaluation(run, 'wa"rp', [0.0, 1.0, 2.0])
    assert write_projector(tmp_path) == 1
    with tensorboard(tmp_path / "tensorboard") as address:
        wanted = {"startIndex": 0, "sliceSize": 99, "colParams": [], "allowedStatuses": ["STATUS_SUCCESS"]}
        end = time.monotonic() + 60
        groups: list[Any] = []
        while len(groups) < 3 and time.monotonic() < end:
            groups = json.loads(ask(f"{address}/plugin/hparams/session_groups", wanted))["sessionGroups"]
            time.sleep(0.3)
        experiment = json.loads(ask(f"{address}/plugin/hparams/experiment", {}))
        info = json.loads(ask(f"{address}/plugin/projector/info?run=."))
        labels = ask(f"{address}/plugin/projector/metadata?run=.&name=glue-1").decode()
        points = np.frombuffer(ask(f"{address}/plugin/projector/tensor?run=.&name=glue-1"), np.float32)
    found = {
        group["name"]: (group["hparams"], {value["name"]["tag"]: value["value"] for value in group["metricValues"]})
        for group in groups
    }
    place = {"detector": "ft-res", "source": "glue", "seed": 1.0}
    assert found == {
        "glue-to-warp": (
            {**place, "target": "warp", "strategy": "head", "shots": 5.0},
            {"balanced_accuracy": 0.5, "auc": 0.875, "seconds": 20.0},
        ),
        "on-melt": (
            {**place, "target": "melt", "strategy": "zero-shot", "shots": 0.0},
            {"balanced_accuracy": 0.75, "auc": 0.875, "seconds": 12.5},
        ),
        "glue": (
            {**place, "target": "glue", "strategy": "train", "shots": 0.0},
            {"balanced_accuracy": 0.75, "seconds": 12.5},
        ),
    }
    columns = {column["name"]: (column["domainDiscrete"], column["differs"]) for column in experiment["hparamInfos"]}
    assert columns == {
        "source": (["glue", "melt"], True),
        "target": (["glue", "melt", "warp"], True),
        "detector": (["ft-res"], False),
        "strategy": (["finetune", "head", "train", "zero-shot"], True),
        "shots": ([0.0, 5.0, 10.0], True),
        "seed": ([0.0, 1.0], False),
    }
    shown = [metric["displayName"] for metric in experiment["metricInfos"]]
    assert shown == ["balanced accuracy", "auc", "seconds"]
    assert [(item["tensorName"], item["tensorShape"]) for item in info["embeddings"]] == [("glue-1", [5, 2])]
    assert labels.splitlines()[0].split("\t") == ["image", "label", "domain", "verdict"]
    assert len(labels.splitlines()) == 6
    assert points.reshape(5, 2).tolist() == [[0, 0], [1, 10], [0, 0], [1, 10], [2, 20]]


def test_a_job_that_is_done_again_has_one_file_with_the_new_values(tmp_path: Path) -> None:
    for balanced in (0.25, 0.5):
        write_hparams(tmp_path, job("a"), metrics(balanced, None))
    folder = tmp_path / "tensorboard" / "a"
    assert len(list(folder.iterdir())) == 1
    assert scalars(folder) == {"balanced_accuracy": 0.5, "seconds": 12.5}


def test_workers_write_the_columns_at_the_same_time(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib, forensictransfer.report.tensorboard as board\n"
        "from forensictransfer.results.formats.sweep import SweepInfo\n"
        "info = SweepInfo.model_validate_json(sys.argv[2])\n"
        "for _ in range(20): board.write_hparams_config(pathlib.Path(sys.argv[1]), info)\n"
        "assert 'tensorflow' not in sys.modules"
    )
    words = [sys.executable, "-c", code, str(tmp_path), INFO.model_dump_json()]
    workers = [subprocess.Popen(words, env={**os.environ}) for _ in range(3)]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    write_hparams_config(tmp_path, INFO)
    names = [path.name for path in (tmp_path / "tensorboard").iterdir()]
    assert len(names) == 1 and names[0].startswith("events.out.tfevents.")


def test_the_projector_has_all_images_of_all_domains(tmp_path: Path) -> None:
    first, second = tmp_path / "runs" / "glue-1", tmp_path / "runs" / "melt-2"
    write_evaluation(first, "glue", [0.5, 0.6, 0.7, 0.1])
    write_evaluation(first, "warp", [0.0, 0.0], threshold=-1.0)
    write_evaluation(second, "warp", [0.0])
    (tmp_path / "runs" / "adapted" / "evaluations" / "warp").mkdir(parents=True)  # no latents: not shown
    assert write_projector(tmp_path) == 2
    board = tmp_path / "tensorboard"
    rows = table(board / "projector" / "glue-1.images.tsv")
    assert [tuple(row.values()) for row in rows] == [
        # At the threshold itself real is called. Of the draws, the first is shown.
        ("a b, 0.png", "real", "glue", "real"),
        ("a b, 1.png", "fake", "glue", "fake"),
        ("a b, 2.png", "real", "glue", "fake"),
        ("a b, 3.png", "fake", "glue", "real"),
        ("a b, 0.png", "real", "warp", "fake"),
        ("a b, 1.png", "fake", "warp", "fake"),
    ]
    points = np.loadtxt(board / "projector" / "glue-1.latents.tsv", delimiter="\t")
    assert points.tolist() == [[0, 0], [1, 10], [2, 20], [3, 30], [0, 0], [1, 10]]
    config = (board / "projector_config.pbtxt").read_text()
    assert re.findall(r'tensor_name: "(.*)"', config) == ["glue-1", "melt-2"]
    assert re.findall(r"tensor_shape: (\d+)", config) == ["6", "2", "1", "2"]


def test_more_points_than_a_browser_draws_are_thinned_evenly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forensictransfer.report.tensorboard.MOST_POINTS", 4)
    write_evaluation(tmp_path / "runs" / "r", "glue", [0.0] * 8)
    write_projector(tmp_path)
    board = tmp_path / "tensorboard"
    assert [row["image"] for row in table(board / "projector" / "r.images.tsv")] == [
        f"a b, {i}.png" for i in (1, 3, 5, 7)
    ]
    assert np.loadtxt(board / "projector" / "r.latents.tsv", delimiter="\t")[:, 0].tolist() == [1, 3, 5, 7]
    assert '"r (4 of 8 images, evenly thinned)"' in (board / "projector_config.pbtxt").read_text()


def test_thinning() -> None:
    assert thinned(3, 5) == [0, 1, 2]
    assert thinned(0, 5) == []
    assert thinned(9, 3) == [1, 4, 7]
    assert thinned(1_000_000, 5000)[:2] == [100, 300]


def test_latents_of_another_number_of_images_are_refused(tmp_path: Path) -> None:
    write_evaluation(tmp_path / "runs" / "r", "glue", [0.0] * 3, rows=2)
    with pytest.raises(UserError, match=r"latents\.npz: .*3 images", check=lambda error: error.code == "file-damaged"):
        write_projector(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and no more", b"text"])
def test_damaged_latents_are_named(tmp_path: Path, content: bytes) -> None:
    write_evaluation(tmp_path / "runs" / "r", "glue", [0.0] * 3)
    (tmp_path / "runs" / "r" / "evaluations" / "glue" / "latents.npz").write_bytes(content)
    with pytest.raises(UserError, match=r"glue/latents\.npz: ", check=lambda error: error.code == "file-damaged"):
        write_projector(tmp_path)


def test_a_sweep_without_latents_has_no_projector(tmp_path: Path) -> None:
    assert write_projector(tmp_path) == 0
    assert not (tmp_path / "tensorboard").exists()
