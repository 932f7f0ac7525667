"""The data sets that come with the package: named, built and read. TensorFlow is loaded only to build."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import logging
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from forensictransfer.core.backend import import_tensorflow
from forensictransfer.core.errors import ErrorCode, UserError, nearest
from forensictransfer.core.files import new_folder, read_json
from forensictransfer.core.ownership import check_free, owning
from forensictransfer.core.progress import progress_bar
from forensictransfer.data.catalogue.data_sets import DataSet, data_sets, manual_folder
from forensictransfer.data.catalogue.manual import list_domain
from forensictransfer.data.records import SPLITS
from forensictransfer.data.stored import Example, StoredImage, read_examples, write_index

__all__ = [
    "Example",
    "build_builtin",
    "builtin_descriptions",
    "builtin_names",
    "builtin_notes",
    "find_builtin",
    "is_built",
    "load_builtin",
]
_log = logging.getLogger(__name__)
LABELS = ["real", "fake"]


def builtin_names() -> tuple[str, ...]:
    """List all built-in domains, `DATASET/CONFIG`, in the order of the data sets' catalogues."""
    return tuple(domain for data_set in data_sets().values() for domain in data_set.domains)


def builtin_descriptions() -> dict[str, str]:
    """Describe each built-in domain in one line."""
    return {f"{s.name}/{config}": text for s in data_sets().values() for config, text in s.configs.items()}


def is_built(name: str, data_dir: Path) -> bool:
    """Tell whether the built-in domain `name` stands complete under `data_dir`; a look at files, nothing is loaded."""
    folder = _folder(name, data_dir)
    return (folder / "dataset_info.json").is_file() and (folder / "features.json").is_file()


def builtin_notes(name: str, data_dir: Path) -> tuple[str, ...]:
    """Read the remarks that the build of a domain left: what was skipped, and what its groups do not know."""
    try:
        return tuple(json.loads((_folder(name, data_dir) / "metadata.json").read_text(encoding="utf-8"))["notes"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def build_builtin(name: str, data_dir: Path, overwrite: bool = False, *, files: Path | None = None) -> tuple[str, ...]:
    """Make the built-in domain `name`, or all domains of the data set `name`, under `data_dir`.

    What is already there is left alone unless `overwrite`, so that a build that was stopped continues with the domain
    that it was at. Each domain appears in one move when it is complete. Progress and remarks go to stderr.

    Args:
        files: the folder with the extracted files of a data set that is got by hand, by default
            `data_dir`/manual/DATASET.
    Returns:
        The names of the domains that were built now.
    Raises:
        UserError: an unknown name, a folder that cannot be written to, files that are missing or not as expected.
    """
    data_set, chosen = _chosen(name)
    missing = [domain for domain in chosen if overwrite or not is_built(domain, data_dir)]
    if not missing:
        return ()
    for domain in missing:
        folder = _folder(domain, data_dir)
        if folder.exists() and any(folder.iterdir()):
            _check_own(folder, data_set.name)
        check_free(folder)
    root = Path(files).expanduser().absolute() if files is not None else manual_folder(data_set.name, data_dir)
    said: list[str] = []
    if data_set.facts.manual:
        _check_root(data_set, root)
        for domain in missing:
            # Before TensorFlow is loaded and before anything is written; the builder lists them again.
            config = domain.split("/")[1]
            _, notes = list_domain(data_set.name, data_set.module("layout"), data_set.facts, config, root)
            said += _say(f"{domain}: {note}" for note in notes)
    elif files is not None:
        raise UserError(
            f"{data_set.name} is made on this machine and takes no files, got {files}",
            code=ErrorCode.ARGUMENTS_CONFLICT,
        )
    with progress_bar(missing, desc="building", unit="domain") as bar:
        for domain in bar:
            bar.note(domain)
            _build(data_set, domain, data_dir, overwrite, root)
    for domain in missing:
        new = (f"{domain}: {note}" for note in builtin_notes(domain, data_dir))
        said += _say(note for note in new if note not in said)
    return tuple(missing)


def load_builtin(name: str, data_dir: Path) -> list[Example]:
    """Read what `find_builtin` finds, with the encoded images in memory."""
    return [
        example._replace(image=_bytes(example.image), mask=None if example.mask is None else _bytes(example.mask))
        for example in find_builtin(name, data_dir)
    ]


def find_builtin(name: str, data_dir: Path) -> list[Example]:
    """Find the examples of the built-in domain `name` in `data_dir`, sorted by split and name.

    The images stay where they are (`StoredImage`), since a domain may be larger than the memory. No TensorFlow.

    Raises:
        UserError: an unknown name, or a domain that has not been built in `data_dir`.
    """
    if name not in builtin_names():
        raise UserError(f"no built-in domain '{name}'{nearest(name, builtin_names())}", code=ErrorCode.NAME_UNKNOWN)
    if not is_built(name, data_dir):
        raise UserError(
            f"{name} is not built in {data_dir}: run `forensictransfer data build {name}`",
            code=ErrorCode.DATA_SET_NOT_BUILT,
        )
    return read_examples(_folder(name, data_dir), SPLITS)


def _bytes(image: StoredImage | bytes) -> bytes:
    return image if isinstance(image, bytes) else image.read_bytes()


def _chosen(name: str) -> tuple[DataSet, list[str]]:
    for data_set in data_sets().values():
        chosen = [domain for domain in data_set.domains if name in (data_set.name, domain)]
        if chosen:
            return data_set, chosen
    raise unknown_data_set(name)


def unknown_data_set(name: str) -> UserError:
    """Build the error for a name that is neither a data set's nor a domain's."""
    tail = nearest(name, [*data_sets(), *builtin_names()])
    return UserError(
        f"no built-in data set '{name}': `forensictransfer data list` names them all{tail}", code=ErrorCode.NAME_UNKNOWN
    )


def _say(notes: Iterable[str]) -> list[str]:
    said = list(notes)
    for note in said:
        _log.info("%s", note)
    return said


def _check_root(data_set: DataSet, root: Path) -> None:
    if root.is_dir() and any(not entry.name.startswith(".") for entry in root.iterdir()):
        return
    what = "is empty" if root.is_dir() else "is a file" if root.exists() else "is not there"
    raise UserError(
        f"{data_set.name} is got by hand ({data_set.facts.obtained}): expected what {' + '.join(data_set.facts.files)} "
        f"from {data_set.facts.page} extract to in {root}, which {what}; "
        f"`forensictransfer data list {data_set.name}` draws the folders",
        code=ErrorCode.DATA_SET_INCOMPLETE,
    )


def _folder(name: str, data_dir: Path) -> Path:
    dataset, _, config = name.partition("/")
    known = data_sets().get(dataset)
    return Path(data_dir).expanduser().absolute() / dataset / config / (known.version if known else "")


def _build(data_set: DataSet, domain: str, data_dir: Path, overwrite: bool, root: Path) -> None:
    import_tensorflow()
    import tensorflow as tf
    import tensorflow_datasets as tfds

    config = domain.split("/")[1]
    module = data_set.module(f"{data_set.name}_dataset_builder")
    options = tfds.download.DownloadConfig(manual_dir=root) if data_set.facts.manual else None
    try:
        # Built beside its place and moved there, so that a build that is killed leaves an earlier one as it was.
        replaces = functools.partial(_check_own, name=data_set.name)
        with (
            owning(_folder(domain, data_dir), "data build"),
            new_folder(_folder(domain, data_dir), replaces=replaces) as draft,
        ):
            with _quiet(tfds.core.utils.tqdm_utils):
                builder = module.Builder(data_dir=draft / "draft", config=config)
                builder.download_and_prepare(download_config=options)
            for path in Path(builder.data_dir).iterdir():
                path.rename(draft / path.name)
            shutil.rmtree(draft / "draft")
            _check_labels(domain, builder.info)
            write_index(draft, SPLITS)
    except (OSError, tf.errors.OpError) as error:
        # Another process may have finished the same domain while this one was at it.
        if overwrite or not is_built(domain, data_dir):
            reason = str(error).splitlines()[0]
            raise UserError(
                f"cannot build {domain} in {data_dir}: {reason}", code=ErrorCode.DATA_SET_NOT_BUILT
            ) from error


def _check_own(folder: Path, name: str) -> None:
    """Raise UserError unless a folder holds what a build of this data set has left, whole or not."""
    try:
        content = read_json(folder / "dataset_info.json")
    except UserError:
        content = None
    said = content.get("name") if isinstance(content, dict) else None
    both = all((folder / file).is_file() for file in ("dataset_info.json", "features.json"))
    if folder.is_symlink() or (said != name and not (said is None and both)):  # damaged, but of a build
        what = "is a link" if folder.is_symlink() else "holds other files"
        raise UserError(
            f"{folder}: {what} where {name} is to be built, and is not replaced; move it away",
            code=ErrorCode.PATH_EXISTS,
        )


def _check_labels(domain: str, info: Any) -> None:
    if info.features["label"].names != LABELS:
        raise UserError(
            f"{domain}: expected the labels {LABELS}, found {info.features['label'].names}", code=ErrorCode.FILE_DAMAGED
        )


@contextlib.contextmanager
def _quiet(bars: Any) -> Iterator[None]:
    """Keep the library's notices off stdout, which belongs to results, and its bars out of ours."""
    was_active = bars._active
    bars.display_progress_bar(False)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        bars.display_progress_bar(was_active)
