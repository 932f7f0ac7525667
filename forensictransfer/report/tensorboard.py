"""A sweep in TensorBoard: a table of all jobs (HParams) and the latents of all test images (projector).

    SWEEP/tensorboard/<job>/events.out.tfevents.*   place in the grid and metrics of one job that was done
    SWEEP/tensorboard/projector_config.pbtxt, projector/<run>.*.tsv   one set of points for each source's run

`tensorboard --logdir SWEEP/tensorboard` shows both. Every file has a name of its own and is replaced as a whole, so a
job that is done again appears once. Reads files, and writes without TensorFlow (TensorBoard's own classes do).
"""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from forensictransfer.core import files
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.data.records import CLASSES
from forensictransfer.results.evaluations import read_metrics
from forensictransfer.results.formats.metrics import Metrics
from forensictransfer.results.formats.shots_only import ShotsOnlyMetrics
from forensictransfer.results.formats.sweep import JobRecord, SweepInfo

if TYPE_CHECKING:
    from tensorboard.compat.proto.summary_pb2 import Summary

MOST_POINTS = 5000  # of one run in the projector; a browser draws no more at ease
SCORES = ("balanced_accuracy", "auc")
_FOLDER = "tensorboard"
_GRID = ("source", "target", "detector", "strategy", "shots", "seed")
_COLUMNS = ("image", "label", "domain", "verdict")


def write_hparams_config(sweep: Path, info: SweepInfo) -> None:
    """Write what the columns of the HParams table are and which values they can take.

    Any worker may write it at any time: the file is the same, and replaced as a whole.
    """
    from tensorboard.plugins.hparams import api_pb2, metadata
    from tensorboard.plugins.hparams.summary_v2 import Discrete, Metric

    values: dict[str, Sequence[Any]] = {
        "source": info.learned_from,
        "target": [*info.learned_from, *info.targets],
        "detector": info.detectors,
        "strategy": ["train", "zero-shot", *info.strategies],
        "shots": [0, *info.shots],
        "seed": info.seeds,
    }
    experiment = api_pb2.Experiment()
    for name in _GRID:
        column = experiment.hparam_infos.add(name=name)
        Discrete(sorted(set(values[name]))).update_hparam_info(column)
        # TensorBoard ticks the first five of those that differ; the seed can wait.
        column.differs = len(set(values[name])) > 1 and name != "seed"
    for name in (*SCORES, "seconds"):
        experiment.metric_infos.append(Metric(name, display_name=name.replace("_", " ")).as_proto())
    # No time in it: every worker's file is the same.
    _write_events(sweep / _FOLDER, [_hparams_summary(metadata.EXPERIMENT_TAG, experiment=experiment)], 0.0)


def write_hparams(sweep: Path, record: JobRecord, *metrics: Metrics) -> None:
    """Write a job's row of the HParams table, to be written before the record that marks the job as done.

    metrics: metrics.json of the evaluation that the job was done for; of several, one for each source, the means are
    written. A training stands as target = source and strategy = train. A metric without a value is left out.
    """
    from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2
    from tensorboard.plugins.hparams.summary_v2 import hparams_pb
    from tensorboard.plugins.scalar.summary_v2 import scalar_pb

    now = time.time()
    row = {name: getattr(record, name) for name in _GRID}
    row["target"] = record.target or record.source
    row["strategy"] = "train" if record.kind == "train" else record.strategy
    summaries = [hparams_pb(row, trial_id=record.job, start_time_secs=now - record.seconds)]
    values = {name: mean_of(metrics, name) for name in SCORES} | {"seconds": record.seconds}
    summaries += [scalar_pb(name, float(value)) for name, value in values.items() if value is not None]
    end = plugin_data_pb2.SessionEndInfo(status=api_pb2.STATUS_SUCCESS, end_time_secs=now)
    summaries.append(_hparams_summary(metadata.SESSION_END_INFO_TAG, session_end_info=end))
    _write_events(sweep / _FOLDER / record.job, summaries, now)


def mean_of(metrics: Sequence[Metrics | ShotsOnlyMetrics], name: str) -> float | None:
    """Compute the mean of one metric over some evaluations; None if one of them has no value."""
    values = [one.metrics[name].value for one in metrics]
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def write_projector(sweep: Path) -> int:
    """Write the latents of all test images, a set of points for each source's run; returns how many sets.

    Read from runs/*/evaluations/*/latents.npz and predictions.csv. A run with more than 5,000 images is thinned evenly
    and its name in the projector says so. Raises UserError for latents that are damaged or of other images.
    """
    folder, sets = sweep / _FOLDER, []
    for run in sorted(path for path in (sweep / "runs").glob("[!.]*") if (path / "run.json").is_file()):
        evaluations = sorted(path.parent for path in run.glob("evaluations/[!.]*/latents.npz"))
        if not evaluations:
            continue
        parts = [_points(evaluation) for evaluation in evaluations]
        features = np.concatenate([features for features, _ in parts])
        rows = [row for _, found in parts for row in found]
        chosen = thinned(len(rows), MOST_POINTS)
        some = "" if len(chosen) == len(rows) else f" ({len(chosen):,} of {len(rows):,} images, evenly thinned)"
        (folder / "projector").mkdir(parents=True, exist_ok=True)
        latents, labels = f"projector/{run.name}.latents.tsv", f"projector/{run.name}.images.tsv"
        # Six digits: a picture needs no more, and the browser loads it all.
        files.write_text(folder / latents, _tsv([[f"{x:.6g}" for x in features[i]] for i in chosen]))
        files.write_text(folder / labels, _tsv([_COLUMNS, *(rows[i] for i in chosen)]))
        sets.append((run.name + some, len(chosen), features.shape[1], latents, labels))
    if sets:
        files.write_text(folder / "projector_config.pbtxt", "".join(_config(*item) for item in sets))
    return len(sets)


def thinned(count: int, most: int) -> list[int]:
    """Choose indices of at most `most` of `count` things, evenly spaced, in order.

    They are the middles of equal stretches.
    """
    kept = min(count, most)
    return [(2 * i + 1) * count // (2 * kept) for i in range(kept)]


def _points(evaluation: Path) -> tuple[np.ndarray, list[Sequence[str]]]:
    """Read the latents (n, d) of the images of one evaluation, and for each its name, label, domain and verdict."""
    metrics = read_metrics(evaluation / "metrics.json")
    first = metrics.per_draw[0]
    with (evaluation / "predictions.csv").open(newline="", encoding="utf-8") as file:
        found = [row for row in csv.DictReader(file) if row["draw"] == str(first.draw)]
    try:
        with np.load(evaluation / "latents.npz") as content:
            features = content["features"]
    except (ValueError, KeyError, EOFError, BadZipFile) as error:
        raise UserError(
            f"{evaluation / 'latents.npz'}: is damaged or was changed; evaluate the run again",
            code=ErrorCode.FILE_DAMAGED,
        ) from error
    if features.ndim != 2 or len(features) != len(found):
        raise UserError(
            f"{evaluation / 'latents.npz'}: expected one row for each of the {len(found)} images of predictions.csv, "
            f"got an array of shape {features.shape}; evaluate the run again",
            code=ErrorCode.FILE_DAMAGED,
        )
    rows: list[Sequence[str]] = [
        (row["path"], CLASSES[int(row["label"])], metrics.target, CLASSES[float(row["score"]) > first.threshold])
        for row in found
    ]
    return features, rows


def _tsv(rows: Sequence[Sequence[str]]) -> str:
    """Write rows as lines; a tab or line end inside a value would start another column or row and becomes a space."""
    return "".join("\t".join(" ".join(value.split()) for value in row) + "\n" for row in rows)


def _config(name: str, points: int, width: int, latents: str, labels: str) -> str:
    """Write one set of points in the projector's configuration (protocol buffer text)."""

    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    return (
        f"embeddings {{\n  tensor_name: {quoted(name)}\n  tensor_shape: {points}\n  tensor_shape: {width}\n"
        f"  tensor_path: {quoted(latents)}\n  metadata_path: {quoted(labels)}\n}}\n"
    )


def _hparams_summary(tag: str, **content: Any) -> Summary:
    """Build a message to the HParams view, as TensorBoard's own functions pack it."""
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.plugins.hparams import metadata, plugin_data_pb2

    about = metadata.create_summary_metadata(plugin_data_pb2.HParamsPluginData(**content))
    return Summary(value=[Summary.Value(tag=tag, metadata=about, tensor=metadata.NULL_TENSOR)])


def _write_events(folder: Path, summaries: Sequence[Summary], wall_time: float) -> None:
    """Write the event file of a folder as a whole; those that were there before are removed."""
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.summary.writer.record_writer import RecordWriter

    content = io.BytesIO()
    writer = RecordWriter(content)
    for event in _events(Event, summaries, wall_time):
        writer.write(event.SerializeToString())
    folder.mkdir(parents=True, exist_ok=True)
    old = [path for path in folder.iterdir() if "tfevents" in path.name]
    # Hidden names with "tfevents" in them are read by TensorBoard, too, so this one gets that name last. A new name
    # each time: a TensorBoard that runs would not look again into a file that it has read to its end.
    part = folder / f"{os.getpid()}.part"
    with files.writing(part) as temporary:
        temporary.write_bytes(content.getvalue())
    part.replace(folder / f"events.out.tfevents.{time.time_ns()}.{os.getpid()}")
    for path in old:
        path.unlink(missing_ok=True)


def _events(event: Any, summaries: Sequence[Summary], wall_time: float) -> Iterator[Any]:
    yield event(wall_time=wall_time, file_version="brain.Event:2")
    for summary in summaries:
        yield event(wall_time=wall_time, step=0, summary=summary)
