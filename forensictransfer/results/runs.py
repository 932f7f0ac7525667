"""The run folder: what a training or an adaptation leaves behind, how it is written and how it is opened.

    run.json         what it is: kind, detector, domains, shots, seed, rules    settings.yaml   valid as --config again
    model.keras      the detector            decision.json   threshold and slope (train)
    members/<i>/     model.keras of each run that was fused with others (adapt)
    familiarity.npz  what its images look like (of an adaptation also draws/<i>/familiarity.npz)
    draws/<i>/       decision.json, shots.csv, held_out.csv where fits without a shot's group scored it, model.keras if
                     the weights changed (adapt)
    history.csv      losses by epoch         source_features.npz, data.json, environment.json, tensorboard/
    evaluations/<domain>/  predictions.csv, metrics.json              CARD.md  the same for people
    robustness/<domain>.json  the same test split compressed, scaled and filtered
    shots_only/      predictions.csv, metrics.json: what the shots alone reach on the target's test (adapt)
    FINISHED         SHA-256 of every file that the result rests on; without it the run is not finished

Every file is written atomically. No TensorFlow is imported.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from forensictransfer.core import files
from forensictransfer.core.errors import ErrorCode, UserError, nearest
from forensictransfer.core.files import csv_text, file_sha256, now
from forensictransfer.core.ownership import Ownership, check_free, owning
from forensictransfer.core.settings import Settings, dump, load_settings
from forensictransfer.core.yaml_text import flat
from forensictransfer.evaluation.metrics import ScoredImages
from forensictransfer.results.evaluations import (
    FOLDER,
    METRICS,
    check_evaluation,
    check_replaceable,
    evaluation_path,
    read_metrics,
)
from forensictransfer.results.formats.document import read_document, write_document
from forensictransfer.results.formats.metrics import Metrics
from forensictransfer.results.formats.run import ABOUT, SOURCES, DomainReference, Marker, RunInfo
from forensictransfer.results.places import MARKER, check_is_run, check_new
from forensictransfer.results.scores import Scored, write_predictions, write_scores

if TYPE_CHECKING:
    from forensictransfer.data.domains import Domain

T = TypeVar("T")

MODEL = "model.keras"
ROBUSTNESS = "robustness"
# Rewritten after the run has finished, so the marker does not cover them.
_LIVE = ("CARD.md", FOLDER, ROBUSTNESS, "tensorboard", MARKER)
# Settings that a resumed run may change: they do not touch the result.
_FREE = ("data.workers", "data.memory_mb", "data.data_dir")


class RunFolder:
    """One run on disk; `info` is what its run.json says.

    owned: the rights to write to it, which are asked for again before every file.
    """

    def __init__(self, path: Path, info: RunInfo, owned: Sequence[Ownership] = ()) -> None:
        self.path = path
        self.info = info
        self.owned = owned
        self._seal: Marker | None = None  # what FINISHED said when the run was opened

    @classmethod
    def open(cls, path: str | Path, *, finished: bool = True) -> RunFolder:
        """Open a run that is whole.

        Raises UserError: missing, no run, another format, unfinished, or a damaged file named.

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
        run = cls(path, read_document(path / "run.json", RunInfo, "make the run again"))
        if run.finished:
            run._check_whole()
        elif finished:
            raise UserError(
                f"{path}: is not finished; train it with --resume to continue, or --overwrite to start over",
                code=ErrorCode.RUN_UNFINISHED,
            )
        return run

    @classmethod
    def create(
        cls,
        path: str | Path,
        info: RunInfo,
        settings: Settings,
        *,
        overwrite: bool = False,
        resume: bool = False,
        owned: Ownership | None = None,
    ) -> RunFolder:
        """Begin a run at `path`, with run.json (`info`) and settings.yaml in it.

        With `resume` a run that is already there is opened, if its info and settings are the same. Raises UserError.
        """
        path = Path(path).expanduser()
        check_new(path, overwrite=overwrite, resume=resume)
        if resume and (path / "run.json").exists():
            run = cls.open(path, finished=False)
            run.check_same(info, settings)
            run._clear_temporary()
            run._own(owned)
            return run
        with files.new_folder(path, replaces=check_is_run if overwrite else None) as folder:
            run = cls(folder, info, () if owned is None else (owned,))
            run._begin(settings)
        run = cls(path, run.info)
        run._own(owned)
        return run

    @classmethod
    @contextlib.contextmanager
    def building(
        cls,
        path: str | Path,
        info: RunInfo,
        settings: Settings,
        *,
        overwrite: bool = False,
        owned: Ownership | None = None,
    ) -> Iterator[RunFolder]:
        """Yield a run in a hidden folder beside `path`; when the block ends well it is finished and put in place."""
        path = Path(path).expanduser()
        check_new(path, overwrite=overwrite)
        with files.new_folder(path, replaces=check_is_run if overwrite else None) as folder:
            run = cls(folder, info, () if owned is None else (owned,))
            run._begin(settings)
            yield run
            run.finish()

    @property
    def finished(self) -> bool:
        return (self.path / MARKER).is_file()

    @property
    def kind(self) -> str:
        """`train` or `adapt`."""
        return self.info.kind

    @property
    def settings(self) -> Settings:
        return load_settings(self.path / "settings.yaml")

    def file(self, name: str) -> Path:
        """Return the path of a file of the run to write to; the folder that it lies in is made.

        Raises UserError if the run is no longer owned.
        """
        self.check_owned()
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def folder(self, name: str) -> Path:
        """Return the path of a folder of the run to write files to, made. Raises UserError if it is no longer owned."""
        self.check_owned()
        path = self.path / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def writing(self, name: str) -> contextlib.AbstractContextManager[Path]:
        """Yield a path to write a file to that becomes `name` when the block ends well (`model.save(path)`)."""
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

    def read(self, name: str, kind: type[T]) -> T:
        """Read a JSON file of the run as a class of `results.formats`. Raises UserError: missing, or not as it was."""
        return read_document(self.path / name, kind, "make the run again")

    def read_json(self, name: str) -> Any:
        """Read a JSON file of the run. Raises UserError if it is missing or damaged."""
        return files.read_json(self.path / name)

    def write(self, name: str, document: object) -> None:
        """Write a document of `results.formats` as a JSON file of the run."""
        write_document(self.file(name), document)

    def draws(self) -> list[Path]:
        """List the folders of an adaptation's draws, in order."""
        return sorted((self.path / "draws").glob("[0-9]*"), key=lambda path: int(path.name))

    def evaluation_path(self, domain: str) -> Path:
        """Return where the evaluation on a domain of this name lies, or would lie."""
        return evaluation_path(self.path, domain)

    def write_scores(self, name: str, scored: Scored) -> None:
        """Write a file of scored images: validation.csv, shots.csv of a draw."""
        write_scores(self.file(name), scored)

    def write_evaluation(
        self,
        domain: str,
        draws: Sequence[ScoredImages],
        metrics: Metrics,
        *,
        overwrite: bool = False,
        add_files: Callable[[Path], None] | None = None,
    ) -> Path:
        """Write predictions.csv, metrics.json and what `add_files` adds, all or none; returns their folder.

        draws: the test images as each draw scores them.
        """
        self.check_owned()
        path = check_evaluation(self.path, domain, overwrite=overwrite)
        replaces = functools.partial(check_replaceable, domain=domain) if overwrite else None
        with files.new_folder(path, replaces=replaces) as folder:
            write_predictions(folder / "predictions.csv", draws)
            write_document(folder / "metrics.json", metrics)
            if add_files is not None:
                add_files(folder)
            self.check_owned()
        return path

    def evaluations(self) -> list[Metrics]:
        """Read the metrics of every domain that the run was evaluated on, in the order of their folders."""
        return [read_metrics(path) for path in sorted((self.path / FOLDER).glob(f"[!.]*/{METRICS}"))]

    def finish(self) -> None:
        """Write the marker with the hash of every file that the result rests on."""
        names = sorted(
            path.relative_to(self.path).as_posix()
            for path in self.path.rglob("*")
            if path.is_file() and not path.name.startswith(".") and path.relative_to(self.path).parts[0] not in _LIVE
        )
        hashes = {name: file_sha256(self.path / name) for name in names}
        self.check_owned()  # once more: a marker over another's files would confirm a mixture
        self.write(MARKER, Marker(finished=now(), sha256=hashes))

    def check_owned(self) -> None:
        """Raise UserError if the run was to be owned by this process and no longer is."""
        for owned in self.owned:
            owned.check()

    def _own(self, owned: Ownership | None) -> None:
        """Take the folder that lies there now as the one that is owned."""
        if owned is not None:
            owned.bind(self.path)
            self.owned = (*self.owned, owned)

    @contextlib.contextmanager
    def owning_evaluations(self, domains: Iterable[str]) -> Iterator[None]:
        """Own the evaluations on some domains, and no others, while the block runs.

        Raises UserError if another process writes to one of them, or to the run itself.
        """
        with contextlib.ExitStack() as stack:
            for place in sorted({self.evaluation_path(domain) for domain in domains}):
                self._own(stack.enter_context(owning(place, "evaluate")))
            check_free(self.path)
            self.check_unchanged()
            try:
                yield
            finally:
                self.owned = ()

    def _clear_temporary(self) -> None:
        """Remove what a killed process was in the middle of writing."""
        for path in self.path.rglob(".tmp-[0-9]*-*"):
            if path.is_file() and not path.is_symlink():
                path.unlink(missing_ok=True)

    def _begin(self, settings: Settings) -> None:
        self.write("run.json", self.info)
        self.write_text("settings.yaml", dump(settings))

    def check_unchanged(self) -> None:
        """Raise UserError if the run was made again since it was opened: what was read since may be of either."""
        if self._seal is not None and (not self.finished or self.read(MARKER, Marker) != self._seal):
            raise UserError(
                f"{self.path}: was replaced by another run after it was opened; give the command again",
                code=ErrorCode.FOLDER_LOST,
            )

    def _check_whole(self) -> None:
        self._seal = self.read(MARKER, Marker)
        for name, expected in self._seal.sha256.items():
            if not (self.path / name).is_file():
                raise UserError(
                    f"{self.path / name}: is missing, so the run cannot be used; make it again",
                    code=ErrorCode.PATH_MISSING,
                )
            if file_sha256(self.path / name) != expected:
                raise UserError(
                    f"{self.path / name}: was changed or damaged since the run finished; make it again",
                    code=ErrorCode.FILE_DAMAGED,
                )

    def check_same(self, info: RunInfo, settings: Settings) -> None:
        """Raise UserError unless a resumed run was begun with these settings, and with what `info` was given."""
        for key in (key for key in ABOUT if key in info.model_fields_set):
            was, asked = ((i.trained_on if key in SOURCES else getattr(i, key)) for i in (self.info, info))
            key = "source" if key in SOURCES else key
            if was != asked:
                raise UserError(
                    f"{self.path}: cannot resume: {key} was {_short(was)}, now it is {_short(asked)}",
                    code=ErrorCode.INPUTS_CHANGED,
                )
        then, now = flat(self.settings.model_dump()), flat(settings.model_dump())
        other = [f"{name} was {then.get(name)}, now it is {now[name]}" for name in now if then.get(name) != now[name]]
        other = [line for line in other if not line.startswith(_FREE)]
        if other:
            raise UserError(
                f"{self.path}: cannot resume with other settings: {'; '.join(other)}", code=ErrorCode.INPUTS_CHANGED
            )


def member_file(place: int) -> str:
    """Return where a run that fuses several keeps the model of one of them."""
    return f"members/{place}/{MODEL}"


def domain_reference(domain: Domain) -> DomainReference:
    """Name a domain as the files of a run do."""
    return DomainReference(
        name=domain.name, origin=domain.origin, group=domain.spec.group, fingerprint=domain.fingerprint()
    )


def _short(value: object) -> str:
    """Show a value of run.json in a message; a domain by its name and the start of its fingerprint."""
    if isinstance(value, DomainReference):
        return f"{value.name} ({value.fingerprint[:12]})"
    if isinstance(value, tuple):
        return " + ".join(map(_short, value))
    return "nothing" if value is None else str(value)
