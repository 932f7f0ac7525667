"""The folder of a training from its first file to its mark of completion: what cannot be resumed leaves nothing."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from forensictransfer.core.environment import environment
from forensictransfer.core.ownership import Ownership
from forensictransfer.core.settings import Settings
from forensictransfer.experiments import checkpoint
from forensictransfer.report.model_card import card_text
from forensictransfer.results.formats.run import RunInfo
from forensictransfer.results.runs import RunFolder

_log = logging.getLogger(__name__)


@contextmanager
def begun_run(
    out: Path,
    info: RunInfo,
    settings: Settings,
    owned: Ownership,
    *,
    resume: bool,
    overwrite: bool,
    resumable: Callable[[RunFolder], bool] = lambda run: False,
) -> Iterator[RunFolder]:
    """Create the run folder of a training, or open the one that is resumed; yields it.

    An error inside removes the folder again, unless an earlier call has made it, an epoch is saved that a resumed
    training could continue from, or `resumable` says that something else is, or the folder is another's by now.
    """
    continued = resume and (out / "run.json").exists()
    run = RunFolder.create(out, info, settings, resume=resume, overwrite=overwrite, owned=owned)
    if run.finished:
        _log.info("%s: is finished already; nothing to resume", run.path)
        yield run
        return
    try:
        run.write("environment.json", environment())
        yield run
    except Exception:
        kept = continued or (run.path / checkpoint.NAME).exists() or resumable(run)
        if owned.holds() and not kept:
            shutil.rmtree(owned.folder, ignore_errors=True)  # not by a link, which would stay
        raise


def complete(run: RunFolder) -> RunFolder:
    """Write the card and mark the run as finished; returns it, owned by nobody."""
    run.write_text("CARD.md", card_text(run))
    run.finish()
    # Last of all: a kill before this line costs no epoch.
    (run.path / checkpoint.NAME).unlink(missing_ok=True)
    run.owned = ()
    return run
