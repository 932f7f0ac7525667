"""The run folder: what a training or an adaptation leaves behind, how it is written and how it is opened.

    run.json         what it is: kind, detector, domains, shots, seed, rules    settings.yaml   valid as --config again
    model.keras      the detector            decision.json   threshold and slope (train)
    draws/<i>/       decision.json, shots.csv, model.keras if the weights changed (adapt)
    history.csv      losses by epoch         source_features.npz, data.json, environment.json, tensorboard/
    evaluations/<domain>/  predictions.csv, metrics.json              CARD.md  the same for people
    FINISHED         SHA-256 of every file that the result rests on; without it the run is not finished

Every file is written atomically. No TensorFlow is imported.
"""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from forensictransfer.core import files
from forensictransfer.core.errors import ErrorCode, UserError, nearest
from forensictransfer.core.files import check_folder, csv_text, file_sha256, now, read_json
from forensictransfer.core.settings import Settings, dump, load_settings
from forensictransfer.core.version import __version__
from forensictransfer.core.yaml_text import flat

if TYPE_CHECKING:
    from forensictransfer.data.domains import Domain

FORMAT = 1
MARKER = "FINISHED"
INFO = ("detector", "source", "target", "strategy", "shots", "draws", "seed", "threshold_rule", "stop_rule", "parent")
# Rewritten after the run has finished, so the marker does not vouch for them.
_LIVE = ("CARD.md", "evaluations", "tensorboard", MARKER)
# Settings that a resumed run may change: they do not touch the result.
_FREE = ("data.workers", "data.memory_mb", "data.data_dir")


class RunFolder:
    """One run on disk. `info` is the content of run.json; every key of INFO is in it, None where it does not apply."""

    def __init__(self, path: Path, info: dict[str, Any]) -> None:
        self.path = path
        self.info = info

    @classmethod
    def open(cls, path: str | Path, *, finished: bool = True) -> RunFolder:
        """A run that is whole. Raises UserError: missing, no run, another format, unfinished, or a torn file named.

        With `finished=False` a run that is still being written is opened too.
        """
        path = Path(path).expanduser()
        if not path.is_dir():
            others = [run.parent.name for run in path.parent.glob("*/run.json")] if path.parent.is_dir() else []
            raise UserError(
                f"{path}: there is no such run folder{nearest(path.name, others)}", code=ErrorCode.PATH_MISSING
            )
        if not (path / "run.json").is_file():
            raise UserError(f"{path}: is not a run folder (it has no run.json)", code=ErrorCode.NOT_A_RUN)
        info = read_json(path / "run.json")
        if not isinstance(info, dict) or info.get("format") != FORMAT or info.get("kind") not in ("train", "adapt"):
            form = info.get("format") if isinstance(info, dict) else None
            raise UserError(
                f"{path}: expected a run of format {FORMAT}, got format {form}; this is version {__version__}",
                code=ErrorCode.FORMAT_UNKNOWN,
            )
        run = cls(path, {**dict.fromkeys(INFO), **info})
        if run.finished:
            run._check_whole()
        elif finished:
            raise UserError(
                f"{path}: is not finished; train it with --resume to go on, or --overwrite to start anew",
                code=ErrorCode.RUN_UNFINISHED,
            )
        return run

    @classmethod
    def create(
        cls,
        path: str | Path,
        info: Mapping[str, Any],
        settings: Settings,
        *,
        overwrite: bool = False,
        resume: bool = False,
    ) -> RunFolder:
        """A new unfinished run at `path`, with run.json (`info`: kind and the keys of INFO) and settings.yaml in it.

        With `resume` a run that is already there is opened, if its info and settings are the same. Raises UserError.
        """
        path = Path(path).expanduser()
        check_new(path, overwrite=overwrite, resume=resume)
        if resume and (path / "run.json").exists():
            run = cls.open(path, finished=False)
            run.check_same(info, settings)
            run._clear_temporary()
            return run
        with files.new_folder(path, overwrite=overwrite) as folder:
            run = cls(folder, _full_info(info))
            run._begin(settings)
        return cls(path, run.info)

    @classmethod
    @contextlib.contextmanager
    def building(
        cls, path: str | Path, info: Mapping[str, Any], settings: Settings, *, overwrite: bool = False
    ) -> Iterator[RunFolder]:
        """A run written in a hidden folder beside `path`; when the block ends well it is finished and put in place."""
        path = Path(path).expanduser()
        check_new(path, overwrite=overwrite)
        with files.new_folder(path, overwrite=overwrite) as folder:
            run = cls(folder, _full_info(info))
            run._begin(settings)
            yield run
            run.finish()

    @property
    def finished(self) -> bool:
        return (self.path / MARKER).is_file()

    @property
    def kind(self) -> str:
        """`train` or `adapt`."""
        return str(self.info["kind"])

    @property
    def settings(self) -> Settings:
        return load_settings(self.path / "settings.yaml")

    def file(self, name: str) -> Path:
        """The path of a file of the run; the folder that it lies in is made."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def writing(self, name: str) -> contextlib.AbstractContextManager[Path]:
        """A path to write a file to that becomes `name` when the block ends well (`model.save(path)`)."""
        return files.writing(self.file(name))

    def write_text(self, name: str, text: str) -> None:
        files.write_text(self.file(name), text)

    def write_json(self, name: str, content: Any) -> None:
        files.write_json(self.file(name), content)

    def write_csv(self, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        files.write_text(self.file(name), csv_text(header, rows))

    def write_npz(self, name: str, **arrays: np.ndarray) -> None:
        with self.writing(name) as path:
            np.savez_compressed(path, allow_pickle=False, **arrays)

    def read_json(self, name: str) -> Any:
        """A JSON file of the run. Raises UserError if it is missing or torn."""
        return read_json(self.path / name)

    def draws(self) -> list[Path]:
        """The folders of an adaptation's draws, in order."""
        return sorted((self.path / "draws").glob("[0-9]*"), key=lambda path: int(path.name))

    def evaluation_path(self, domain: str) -> Path:
        """Where the evaluation on a domain of this name lies, or would lie."""
        return self.path / "evaluations" / re.sub(r"[^\w.+-]+", "_", domain).strip(".")

    def write_evaluation(
        self,
        domain: str,
        header: Sequence[str],
        rows: Iterable[Sequence[Any]],
        metrics: Mapping[str, Any],
        *,
        overwrite: bool = False,
        more: Callable[[Path], None] | None = None,
    ) -> Path:
        """predictions.csv, metrics.json and what `more` adds, all or none; returns their folder."""
        path = self.evaluation_path(domain)
        if path.exists() and not overwrite:
            raise UserError(f"{path}: exists already; --overwrite replaces it", code=ErrorCode.PATH_EXISTS)
        with files.new_folder(path, overwrite=overwrite) as folder:
            files.write_text(folder / "predictions.csv", csv_text(header, rows))
            files.write_json(folder / "metrics.json", metrics)
            if more is not None:
                more(folder)
        return path

    def evaluations(self) -> list[dict[str, Any]]:
        """metrics.json of every domain that the run was evaluated on, by folder name."""
        return [read_json(path) for path in sorted((self.path / "evaluations").glob("[!.]*/metrics.json"))]

    def finish(self) -> None:
        """Write the marker with the hash of every file that the result rests on."""
        names = sorted(
            path.relative_to(self.path).as_posix()
            for path in self.path.rglob("*")
            if path.is_file() and not path.name.startswith(".") and path.relative_to(self.path).parts[0] not in _LIVE
        )
        hashes = {name: file_sha256(self.path / name) for name in names}
        self.write_json(MARKER, {"format": FORMAT, "finished": now(), "sha256": hashes})

    def _clear_temporary(self) -> None:
        """Remove what a killed process was in the middle of writing."""
        for path in self.path.rglob(".tmp-*"):
            path.unlink(missing_ok=True)

    def _begin(self, settings: Settings) -> None:
        self.write_json("run.json", self.info)
        self.write_text("settings.yaml", dump(settings))

    def _check_whole(self) -> None:
        marker = self.read_json(MARKER)
        hashes = marker.get("sha256") if isinstance(marker, dict) else None
        if not isinstance(hashes, dict):
            raise UserError(
                f"{self.path / MARKER}: is torn: expected the SHA-256 of the run's files", code=ErrorCode.FILE_DAMAGED
            )
        for name, expected in hashes.items():
            if not (self.path / name).is_file():
                raise UserError(
                    f"{self.path / name}: is missing, so the run cannot be used; make it again",
                    code=ErrorCode.PATH_MISSING,
                )
            if file_sha256(self.path / name) != expected:
                raise UserError(
                    f"{self.path / name}: was changed or torn since the run finished; make it again",
                    code=ErrorCode.FILE_DAMAGED,
                )

    def check_same(self, info: Mapping[str, Any], settings: Settings) -> None:
        """Raise UserError unless a resumed run was started with this info and these settings."""
        for key in (key for key in INFO if key in info):
            if json.dumps(self.info.get(key)) != json.dumps(info[key]):
                raise UserError(
                    f"{self.path}: cannot resume: {key} was {_short(self.info.get(key))}, "
                    f"now it is {_short(info[key])}",
                    code=ErrorCode.INPUTS_CHANGED,
                )
        then, now = flat(self.settings.model_dump()), flat(settings.model_dump())
        other = [f"{name} was {then.get(name)}, now it is {now[name]}" for name in now if then.get(name) != now[name]]
        other = [line for line in other if not line.startswith(_FREE)]
        if other:
            raise UserError(
                f"{self.path}: cannot resume with other settings: {'; '.join(other)}", code=ErrorCode.INPUTS_CHANGED
            )


def check_new(path: str | Path, *, overwrite: bool = False, resume: bool = False) -> None:
    """Raise UserError unless a run may be written to `path`: nothing there, an empty folder, or a run to replace.

    Only a folder that is a run is ever replaced. Called before any work, so that nothing is computed in vain.
    """
    path = Path(path).expanduser()
    if overwrite and resume:
        raise UserError(
            "--resume goes on with a run and --overwrite throws it away: give one of them",
            code=ErrorCode.ARGUMENTS_CONFLICT,
        )
    check_folder(path)
    if not path.exists() or not any(path.iterdir()):
        return
    if not (path / "run.json").is_file():
        raise UserError(
            f"{path}: holds other files and is no run; choose another folder (it will not be overwritten)",
            code=ErrorCode.NOT_A_RUN,
        )
    if not (overwrite or resume):
        hint = "" if (path / MARKER).is_file() else ", --resume goes on with its training"
        raise UserError(f"{path}: exists already; --overwrite replaces it{hint}", code=ErrorCode.PATH_EXISTS)


def domain_info(domain: Domain) -> dict[str, Any]:
    """What run.json says of a domain."""
    return {
        "name": domain.name,
        "origin": domain.origin,
        "group": domain.spec.group,
        "fingerprint": domain.fingerprint(),
    }


def _full_info(info: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(info) - {"kind", *INFO}
    if unknown or info.get("kind") not in ("train", "adapt"):
        raise ValueError(f"run.json: expected kind and some of {INFO}, got {dict(info)}")
    head = {"format": FORMAT, "kind": info["kind"], "version": __version__, "created": now()}
    return {**head, **{key: info.get(key) for key in INFO}}


def _short(value: Any) -> str:
    """A value of run.json in a message; a domain by its name and the start of its fingerprint."""
    if isinstance(value, Mapping):
        return f"{value.get('name')} ({str(value.get('fingerprint'))[:12]})"
    return "nothing" if value is None else str(value)
