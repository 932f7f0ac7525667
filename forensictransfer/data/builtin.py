"""The data sets that come with the package: listed, built and read. TensorFlow is loaded only to build or to read."""

from __future__ import annotations

import contextlib
import importlib
import io
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import forensictransfer.datasets
from forensictransfer.errors import UserError, nearest
from forensictransfer.progress import progress_bar
from forensictransfer.quiet import import_tensorflow

LABELS = ["real", "fake"]
SPLITS = ("train", "validation", "test")


class Example(NamedTuple):
    """One image of a built-in data set: its encoded bytes as they were stored, and what is known about it."""

    name: str
    label: int
    group: str
    split: str
    image: bytes


def builtin_names() -> tuple[str, ...]:
    """All built-in domains, `DATASET/CONFIG`, in the order of the data sets' catalogues."""
    return tuple(f"{dataset}/{config}" for dataset, (_, configs) in _catalogues().items() for config in configs)


def builtin_descriptions() -> dict[str, str]:
    """One line on each built-in domain."""
    return {
        f"{dataset}/{config}": text
        for dataset, (_, configs) in _catalogues().items()
        for config, text in configs.items()
    }


def is_built(name: str, data_dir: Path) -> bool:
    """Whether the built-in domain `name` stands complete under `data_dir`; a look at files, nothing is loaded."""
    folder = _folder(name, data_dir)
    return (folder / "dataset_info.json").is_file() and (folder / "features.json").is_file()


def build_builtin(name: str, data_dir: Path, overwrite: bool = False) -> tuple[str, ...]:
    """Make the built-in domain `name`, or all domains of the data set `name`, under `data_dir`.

    What is already there is left alone unless `overwrite`. Each domain appears in one move when it is complete.
    Progress goes to stderr.

    Returns:
        The names of the domains that were built now.
    Raises:
        UserError: an unknown name, or a folder that cannot be written to.
    """
    chosen = _chosen(name)
    missing = [domain for domain in chosen if overwrite or not is_built(domain, data_dir)]
    if not missing:
        return ()
    with progress_bar(missing, desc="building", unit="domain") as bar:
        for domain in bar:
            bar.set_postfix_str(domain)
            _build(domain, data_dir, overwrite)
    return tuple(missing)


def load_builtin(name: str, data_dir: Path) -> list[Example]:
    """Read the built-in domain `name` from `data_dir`, sorted by split and name; images stay encoded.

    Raises:
        UserError: an unknown name, or a domain that has not been built in `data_dir`.
    """
    if name not in builtin_names():
        raise UserError(f"no built-in domain '{name}'{nearest(name, builtin_names())}")
    if not is_built(name, data_dir):
        dataset = name.split("/")[0]
        raise UserError(f"{name} is not built in {data_dir}: run `forensictransfer data build {dataset}`")
    import_tensorflow()
    import tensorflow_datasets as tfds

    builder = tfds.builder_from_directory(_folder(name, data_dir))
    if builder.info.features["label"].names != LABELS:
        raise UserError(f"{name}: expected the labels {LABELS}, found {builder.info.features['label'].names}")
    examples = []
    for split in SPLITS:
        stored = builder.as_dataset(split=split, decoders={"image": tfds.decode.SkipDecoding()})
        for item in tfds.as_numpy(stored):
            label, group = int(item["label"]), item["group"].decode()
            examples.append(Example(item["name"].decode(), label, group, split, item["image"]))
    return sorted(examples, key=lambda example: (SPLITS.index(example.split), example.name))


def _catalogues() -> dict[str, tuple[str, dict[str, str]]]:
    """Version and described configurations of each data set: every builder folder that has a `catalogue.py`."""
    found = {}
    for root in forensictransfer.datasets.__path__:
        for file in sorted(Path(root).glob("*/catalogue.py")):
            module = importlib.import_module(f"forensictransfer.datasets.{file.parent.name}.catalogue")
            found[file.parent.name] = (module.VERSION, module.CONFIGS)
    return found


def _chosen(name: str) -> list[str]:
    names = builtin_names()
    chosen = [known for known in names if name in (known, known.split("/")[0])]
    if not chosen:
        raise UserError(f"no built-in data set '{name}'{nearest(name, [*_catalogues(), *names])}")
    return chosen


def _folder(name: str, data_dir: Path) -> Path:
    dataset, _, config = name.partition("/")
    version = _catalogues()[dataset][0] if dataset in _catalogues() else ""
    return Path(data_dir).expanduser().absolute() / dataset / config / version


def _build(domain: str, data_dir: Path, overwrite: bool) -> None:
    import_tensorflow()
    import tensorflow as tf
    import tensorflow_datasets as tfds

    dataset, config = domain.split("/")
    module = importlib.import_module(f"forensictransfer.datasets.{dataset}.{dataset}_dataset_builder")
    target = _folder(domain, data_dir)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        # Built beside its place and moved there, so that a build that is killed leaves an earlier one as it was.
        with tempfile.TemporaryDirectory(prefix=".building-", dir=target.parent) as draft:
            with _quiet(tfds.core.utils.tqdm_utils):
                builder = module.Builder(data_dir=draft, config=config)
                builder.download_and_prepare()
            if overwrite and target.exists():
                shutil.rmtree(target)
            Path(builder.data_dir).rename(target)
    except (OSError, tf.errors.OpError) as error:
        # Another process may have finished the same domain while this one was at it.
        if overwrite or not is_built(domain, data_dir):
            reason = str(error).splitlines()[0]
            raise UserError(f"cannot build {domain} in {data_dir}: {reason}") from error


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
