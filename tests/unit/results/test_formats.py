"""Files of runs that somebody has edited: one line that names the file and the field, whatever stands there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forensictransfer.core.environment import environment
from forensictransfer.core.errors import UserError
from forensictransfer.core.settings import Settings
from forensictransfer.data.counts import Counts
from forensictransfer.data.exclusion import LeftOut
from forensictransfer.data.records import SPLITS
from forensictransfer.evaluation.decision import Decision
from forensictransfer.evaluation.estimate import Estimate
from forensictransfer.report.model_card import show_text
from forensictransfer.report.tables.cross_domain import table
from forensictransfer.results.formats.audit import StoredAudit
from forensictransfer.results.formats.audits import EqualisedDomain
from forensictransfer.results.formats.data import AdaptationData, SeenImages, TargetData, TrainingData, WeightsFile
from forensictransfer.results.formats.decision import DecisionFile
from forensictransfer.results.formats.document import document_content, read_document, write_document
from forensictransfer.results.formats.metrics import DrawMetrics, MetadataBaseline, Metrics
from forensictransfer.results.formats.pictures import PicturedImage, PicturedImages
from forensictransfer.results.formats.run import Marker, MemberRun, RunInfo
from forensictransfer.results.formats.search import SearchOutcome
from forensictransfer.results.formats.sweep import ImpossibleCell, JobRecord, SweepDomain, SweepInfo
from forensictransfer.results.runs import RunFolder
from tests.documents import audit_of, domain_of, metrics_of, run_info, search_outcome

SEEN = SeenImages(groups=("a",), digests=("b",))
TRAINING = TrainingData(
    name="splice",
    origin="/photos/splice",
    fingerprint="ab",
    notes=("one note",),
    splits={"train": Counts(3, 3, 3)},
    skipped=(("a.png", "is empty"),),
    left_out={"train": LeftOut(1, 4, 0, 3)},
    links=(("real/up", "leads to a folder above it"),),
    seen=SEEN,
    weights=WeightsFile(file="/w.h5", sha256="ab"),
)
DOCUMENTS: dict[str, Any] = {
    "run.json": run_info("adapt"),
    "run.json of several sources": run_info(source=None, sources=(domain_of("splice"), domain_of("copy"))),
    "run.json of runs that are fused": run_info(
        "adapt",
        parent=None,
        members=tuple(
            MemberRun(path=f"/runs/{name}", detector=name, crop=64, trained_on=(domain_of("splice"),))
            for name in ("ft-res", "meso4")
        ),
    ),
    "FINISHED": Marker(finished="2026-11-23T00:00:00Z", sha256={"run.json": "ab"}),
    "environment.json": environment(),
    "decision.json": DecisionFile.of(Decision(threshold=0.5)),
    "data.json": TRAINING,
    "adapted data.json": AdaptationData(
        source=TRAINING.without_seen,
        target=TargetData(**domain_of("retouch").model_dump(), notes=(), left_out=LeftOut(0, 2, 0, 2)),
        seen=SEEN,
    ),
    "metrics.json": metrics_of(
        skipped=(("a.png", "is empty"),),
        left_out=LeftOut(1, 31, 0, 31),
        metadata_baseline=MetadataBaseline(balanced_accuracy=0.6, low=0.5, high=0.7, n=Counts(1, 2, 3)),
        metrics={"auc": Estimate(0.9, 0.8, 0.95)},
        per_draw=(DrawMetrics(draw=0, threshold=0.5, auc=0.9),),
    ),
}
DOCUMENTS |= {
    "job": JobRecord(
        job="a",
        kind="adapt",
        detector="ft-res",
        source="b",
        target="c",
        strategy="head",
        shots=1,
        draws=2,
        seed=0,
        state="done",
        seconds=0.5,
        run="runs/a",
        sha256={"a": "b"},
    ),
    "sweep.json": SweepInfo(
        kind="sweep",
        id="a",
        detectors=("ft-res",),
        sources=("a",),
        targets=("b",),
        shots=(0, 1),
        draws=2,
        strategies=("head",),
        seeds=(0,),
        jobs=("a",),
        sha256={"sweep.yaml": "ab"},
        combined=(("a", "b"),),
        domains={
            name: SweepDomain(
                origin=f"/{name}", group="stem", fingerprint="ab", splits=dict.fromkeys(SPLITS, Counts(1, 2, 3))
            )
            for name in "ab"
        },
        impossible=(ImpossibleCell(target="b", shots=9, reason="too few"),),
    ),
}
DOCUMENTS |= {
    "audit": StoredAudit(**dict(audit_of("a", "ab", accuracy=0.98))),
    "mend.json": EqualisedDomain(
        version="0.2.0",
        source="a",
        fingerprint="ab",
        width=64,
        height=32,
        quality=90,
        tables=((1, 2), (3, 4)),
        subsampling="4:2:0",
        images=2,
        too_small={"real": ("a.png",), "fake": ()},
        unreadable=(("b.png", "is empty"),),
        split_folders=False,
    ),
}
DOCUMENTS |= {
    "chosen.json": search_outcome(trials=4, seconds=1.5, number=3, value=0.4, default_value=0.6, settings={}),
    "chosen.json with a reason": search_outcome(settings={}, reason="nothing can be held out"),
}
WITHOUT_TARGET = ("target", "shots", "draws")
OF_A_RUN = {
    "strategy",
    "seed",
    "threshold_rule",
    "stop_rule",
    "parent",
    "recompress",
    "protocol",
    "background",
    "material",
}
# A field that may be left out: what did not apply, or what earlier versions did not write.
OPTIONAL = {
    "run.json of several sources": {*OF_A_RUN, *WITHOUT_TARGET},
    "run.json": OF_A_RUN,
    "run.json of runs that are fused": OF_A_RUN,
    "data.json": {"weights", "sources", "left_out", "left_out.train", "not_applied", "links"},
    "adapted data.json": {
        *("source.weights", "source.sources", "source.left_out", "source.left_out.train", "source.links"),
        *("target.skipped", "target.left_out", "target.not_applied", "target.links", "background"),
        "source.not_applied",
    },
    "metrics.json": {
        "origin",
        "fingerprint",
        "metadata_only",
        "metadata_only.strongest",
        "left_out",
        "not_applied",
        "warnings",
        "localisation",
        "abstention",
    },
    "job": {"error", "balanced_accuracy", "worker", "attempt", "ended", "checksum"},
    "sweep.json": {"version", "created", "checksum", "pairs", "combined"},
    "audit": {"kind", "checksum"},
    "chosen.json with a reason": {"reason"},
    "decision.json": {"spread"},
}
FLAGS = {"split_folders", "pairs"}


def fields(content: Any, prefix: str = "") -> Iterator[str]:
    """Dotted names of all fields with a fixed name, those within objects too."""
    for name, value in content.items():
        yield prefix + name
        if isinstance(value, dict) and name not in (
            "sha256",
            "packages",
            "splits",
            "metrics",
            "domains",
            "evidence",
            "too_small",
        ):
            yield from fields(value, f"{prefix}{name}.")


def changed(content: dict[str, Any], field: str, *value: Any) -> dict[str, Any]:
    """The content with another value in a field, or without it."""
    copy = json.loads(json.dumps(content))
    *above, last = field.split(".")
    place = copy
    for name in above:
        place = place[name]
    if value:
        place[last] = value[0]
    else:
        del place[last]
    return copy


def refusal(path: Path, text: str, kind: Any) -> str | None:
    """What is said of a file with this text; None if it is read."""
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    try:
        read_document(path, kind)
    except UserError as error:
        assert "\n" not in str(error) and str(error).startswith(f"{path}: ") and len(str(error)) < 400
        return str(error)
    return None


CONTENTS = {name: json.loads(json.dumps(document_content(document))) for name, document in DOCUMENTS.items()}
CASES = [(name, field) for name, content in CONTENTS.items() for field in fields(content)]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_is_written_is_read_back(tmp_path: Path, name: str) -> None:
    write_document(tmp_path / "file", DOCUMENTS[name])
    assert read_document(tmp_path / "file", type(DOCUMENTS[name])) == DOCUMENTS[name]


@pytest.mark.parametrize(("name", "field"), CASES)
def test_a_field_that_was_edited_is_named(tmp_path: Path, name: str, field: str) -> None:
    content, kind = CONTENTS[name], type(DOCUMENTS[name])
    top = field == "format"
    missing = refusal(tmp_path / "file", json.dumps(changed(content, field)), kind)
    if field in OPTIONAL.get(name, ()):
        assert missing is None
    else:
        assert missing and ("got format null" if top else f"'{field}': is missing") in missing
    deep = "[" * 60 + "]" * 60
    for other in ([[1], {"a": 1}], True, json.loads(deep), 10**400 if not top else 7):
        said = refusal(tmp_path / "file", json.dumps(changed(content, field, other)), kind)
        if isinstance(other, int) and other == 10**400 and said is None:
            continue  # a whole number may be as large as it likes
        if other is True and said is None and field in FLAGS:
            continue
        assert said and ("got format" if top else f"field '{field}") in said


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "3", '{"format": NaN}', "\udcff\udcfe", "[" * 100_000, '{"format": ' + "9" * 5000 + "}"],
    ids=["empty", "cut", "list", "null", "number", "nan", "bytes", "deep", "long"],
)
def test_what_is_no_such_file_is_said_in_one_line(tmp_path: Path, name: str, text: str) -> None:
    assert refusal(tmp_path / "file", text, type(DOCUMENTS[name]))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", '"0.5"', "true"])
def test_what_is_no_number_is_refused(tmp_path: Path, number: str) -> None:
    text = json.dumps(document_content(DOCUMENTS["metrics.json"])).replace("0.95", number)
    assert "field 'metrics.auc.high': expected" in str(refusal(tmp_path / "file", text, Metrics))
    text = json.dumps(document_content(DOCUMENTS["decision.json"])).replace("0.5", number)
    assert "field 'threshold': expected" in str(refusal(tmp_path / "file", text, DecisionFile))


def test_fields_of_later_versions_are_ignored_and_earlier_ones_read_by_key(tmp_path: Path) -> None:
    content = {**document_content(DOCUMENTS["metrics.json"]), "calibration": {"a": [1]}}
    assert refusal(tmp_path / "file", json.dumps(content), Metrics) is None
    found = read_document(tmp_path / "file", Metrics)
    assert found["metadata_only"]["balanced_accuracy"] == 0.6 and found["per_draw"][0]["auc"] == 0.9
    assert found.metrics["auc"].n == found.n.groups
    with pytest.raises(KeyError):
        found["calibration"]


def test_settings_that_were_chosen_keep_their_types(tmp_path: Path) -> None:
    settings = {"adapt.strategy": "head", "adapt.steps": 1, "adapt.learning_rate": 1.0, "data.augment.flip": True}
    write_document(tmp_path / "file", search_outcome(trials=1, settings=settings))
    found = read_document(tmp_path / "file", SearchOutcome).settings
    assert [(name, repr(value)) for name, value in found.items()] == [(k, repr(v)) for k, v in settings.items()]
    for value in ("[1]", "null", "NaN", "1e999"):
        text = (tmp_path / "file").read_text().replace("1.0", value)
        said = str(refusal(tmp_path / "other", text, SearchOutcome))
        assert "field 'settings.adapt.learning_rate': expected the value of a setting" in said


def test_a_search_that_tried_nothing_is_written_as_ever(tmp_path: Path) -> None:
    write_document(tmp_path / "file", search_outcome(settings={"train.batch": 64}, reason="why"))
    assert (tmp_path / "file").read_text() == (
        '{\n  "trials": 0,\n  "pruned": 0,\n  "failed": 0,\n  "seconds": 0,\n  "number": null,\n  "value": null,\n'
        '  "default_value": null,\n  "objective": "best val_loss",\n  "settings": {\n    "train.batch": 64\n  },\n'
        '  "reason": "why"\n}\n'
    )


def test_a_run_of_a_detector_that_is_not_installed_is_shown_and_tabled(tmp_path: Path) -> None:
    settings = Settings(detector="not_here")
    run = RunFolder.create(tmp_path / "run", run_info(detector="not_here"), settings)
    figures = dict.fromkeys(("balanced_accuracy", "auc"), Estimate(0.9, 0.8, 1.0))
    run.write_evaluation("retouch", [], metrics_of(detector="not_here", metrics=figures))
    run.finish()
    assert "not_here trained on splice" in show_text(RunFolder.open(run.path))
    assert "90.0 [80.0, 100.0]" in table([run.path])


def test_an_adapted_run_without_its_target_is_refused(tmp_path: Path) -> None:
    content = document_content(run_info("adapt"))
    content["target"] = None
    assert "field 'target': is missing from an adapted run" in str(
        refusal(tmp_path / "file", json.dumps(content), RunInfo)
    )


def test_a_picture_that_was_edited_is_named(tmp_path: Path) -> None:
    about = {"name": "a.png", "label": 1, "score": 0.5, "probability": 0.75, "threshold": 0.25, "why": "why"}
    image = PicturedImage(**about, files={"crop": "0-crop.png"}, place=(0, 16, 32, 32), size=(48, 64))
    write_document(tmp_path / "file", PicturedImages((image, image)))
    assert read_document(tmp_path / "file", PicturedImages).root == (image, image)
    content = json.loads((tmp_path / "file").read_text())
    assert list(content[0]) == [*about, "files", "place", "size"]
    for field, value in (("label", 2), ("score", "0.5"), ("files", []), ("place", [1, 2, 3]), ("size.0", [0, 9])):
        text = json.dumps([content[0], {**content[1], field.split(".")[0]: value}])
        assert f"field '1.{field}" in str(refusal(tmp_path / "other", text, PicturedImages))
    del content[0]["place"], content[0]["size"], content[1]["name"]
    assert refusal(tmp_path / "other", json.dumps(content[:1]), PicturedImages) is None
    assert "field '1.name': is missing" in str(refusal(tmp_path / "other", json.dumps(content), PicturedImages))
    assert "expected a list" in str(refusal(tmp_path / "other", "{}", PicturedImages))
