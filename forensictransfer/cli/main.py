"""The command line, `forensictransfer train | adapt | evaluate | sweep | report | ...`: no logic, no TensorFlow."""

from __future__ import annotations

import errno
import os
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence

from forensictransfer.cli.data_parser import NAME
from forensictransfer.cli.flags import settings_of
from forensictransfer.cli.parser import build_parser, check_words
from forensictransfer.core.errors import UserError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 2 for a mistake in the input or a full disk, 130 if interrupted."""
    try:
        code = _run(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
        return code
    except UserError as error:
        return _say(f"error: {error}", 2)
    except BrokenPipeError:  # whoever read our output (`| head`) has gone
        _discard_output()
        return 141
    except OSError as error:
        if error.errno not in _TROUBLE:
            raise
        if error.filename is None:
            _discard_output()
        return _say(f"error: {_file(error)}: {_TROUBLE[error.errno]}", 2)
    except KeyboardInterrupt:
        return _say("interrupted; a training goes on with --resume, a sweep and `data faces` when called again", 130)
    except Exception as error:
        trouble = _TENSORFLOW_TROUBLE.get(type(error).__name__)
        if trouble is None or not type(error).__module__.startswith("tensorflow"):
            raise
        return _say(f"error: {trouble}: {str(error).splitlines()[0]}", 2)


# What the machine may refuse while nothing is wrong with the program: said in one line, without a traceback.
_TROUBLE = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than the system allows",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "no permission",
    errno.EPERM: "no permission",
    errno.ENOTDIR: "part of the path is a file, not a folder",
    errno.EISDIR: "is a folder, not a file",
    errno.ENAMETOOLONG: "the name is too long",
    errno.EIO: "the disk reports an error",
    errno.EMFILE: "too many files are open",
}
_TENSORFLOW_TROUBLE = {
    "ResourceExhaustedError": "out of memory or disk (a smaller --train.batch or --evaluate.batch needs less memory)",
    "PermissionDeniedError": "no permission",
    "FailedPreconditionError": "cannot be written",
}


def _discard_output() -> None:
    """Send what is left of stdout nowhere, so that Python does not fail on it again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _file(error: OSError) -> str:
    """The file that a system error is about; the second one of a rename is the one that a user knows."""
    name = error.filename2 or error.filename or "the output"
    return os.fsdecode(name) if isinstance(name, (str, bytes)) else str(name)


def _run(words: list[str]) -> int:
    parser, commands = build_parser()
    if not words:
        parser.print_help(sys.stderr)
        return 2
    check_words(parser, commands, words)
    try:
        arguments = parser.parse_args(words)
    except SystemExit as stop:  # --help and --version
        return int(stop.code or 0)
    return _HANDLERS[arguments.command](arguments) or 0


def _train(arguments: Namespace) -> None:
    from forensictransfer import api as commands

    out = commands.train(
        arguments.source,
        arguments.out,
        config=arguments.config,
        settings=settings_of(arguments),
        group=arguments.group,
        resume=arguments.resume,
        overwrite=arguments.overwrite,
    )
    print(commands.results(out))
    print(f"wrote {out}; next: {NAME} evaluate --run {out} --on DOMAIN")


def _adapt(arguments: Namespace) -> None:
    from forensictransfer import api as commands

    out = commands.adapt(
        arguments.run,
        arguments.target,
        arguments.out,
        config=arguments.config,
        settings=settings_of(arguments),
        group=arguments.group,
        overwrite=arguments.overwrite,
    )
    print(commands.results(out))
    print(f"wrote {out}; next: {NAME} table {arguments.run} {out}")


def _evaluate(arguments: Namespace) -> None:
    from forensictransfer import api as commands
    from forensictransfer.report.card import evaluation_lines
    from forensictransfer.results.metadata_baseline import warnings

    found = commands.evaluate(
        arguments.run,
        arguments.on,
        config=arguments.config,
        settings=settings_of(arguments),
        group=arguments.group,
        overwrite=arguments.overwrite,
    )
    print("\n".join([*evaluation_lines(found), *warnings(found)]))


def _table(arguments: Namespace) -> None:
    from forensictransfer import api as commands

    print(commands.table(*arguments.runs, markdown=arguments.markdown, csv=arguments.csv, latex=arguments.latex))


def _show(arguments: Namespace) -> None:
    from forensictransfer import api as commands

    print(commands.show(arguments.run))


def _sweep(arguments: Namespace) -> int:
    from forensictransfer import api as commands

    options = {name: getattr(arguments, name) for name in ("workers", "threads", "trials", "train_trials", "detectors")}
    if arguments.dry_run:
        print(commands.dry_run(arguments.settings, arguments.out, **options))
        return 0
    outcome = commands.run_sweep(
        arguments.settings, arguments.out, storage=arguments.storage, retry=arguments.retry, **options
    )
    print(outcome.text)
    return 0 if outcome.complete else 1


def _report(arguments: Namespace) -> None:
    from forensictransfer import api as commands

    print(f"wrote {commands.write_report(arguments.sweep, arguments.out)}")


def _audit(arguments: Namespace) -> int:
    from forensictransfer import api as commands
    from forensictransfer.auditing.text import audit_text, is_condemned

    options = {name: getattr(arguments, name) for name in ("group", "workers", "json", "mend", "overwrite")}
    found = commands.audit(arguments.domain, arguments.other, **options)
    print(audit_text(found))
    return 1 if arguments.strict and is_condemned(found) else 0


def _data(arguments: Namespace) -> None:
    raise UserError(f"data: expected one of list, build, show, faces (see `{NAME} data --help`)")


def _data_list(arguments: Namespace) -> None:
    from forensictransfer import data

    print(data.details(arguments.name) if arguments.name else data.table())


def _data_build(arguments: Namespace) -> None:
    from forensictransfer import data

    built = data.build(arguments.name, overwrite=arguments.overwrite, files=arguments.files)
    print(f"built {', '.join(built)}" if built else f"{arguments.name} is built already; --overwrite makes it again")


def _data_show(arguments: Namespace) -> None:
    from forensictransfer import data

    print(data.show(arguments.domain, group=arguments.group))
    if arguments.sheet:
        print(data.sheet(arguments.domain, arguments.sheet, group=arguments.group))


def _data_faces(arguments: Namespace) -> None:
    from forensictransfer.data.video import FaceSettings, extract_faces

    names = ("per_video", "per_second", "margin", "shape", "side", "smallest", "confidence")
    settings = FaceSettings(**{name: getattr(arguments, name) for name in names})
    print(
        extract_faces(
            arguments.source,
            arguments.out,
            settings=settings,
            masks=arguments.masks,
            group=arguments.group_by,
            overwrite=arguments.overwrite,
        )
    )


def _detectors(arguments: Namespace) -> None:
    raise UserError(f"detectors: expected list (see `{NAME} detectors --help`)")


def _detectors_list(arguments: Namespace) -> None:
    from forensictransfer import api as commands

    print(commands.detectors_table(arguments.crop))


_HANDLERS: dict[str, Callable[[Namespace], int | None]] = {
    "train": _train,
    "adapt": _adapt,
    "evaluate": _evaluate,
    "sweep": _sweep,
    "report": _report,
    "table": _table,
    "show": _show,
    "audit": _audit,
    "data": _data,
    "data_list": _data_list,
    "data_build": _data_build,
    "data_show": _data_show,
    "data_faces": _data_faces,
    "detectors": _detectors,
    "detectors_list": _detectors_list,
}


def _say(message: str, code: int) -> int:
    print(f"{NAME}: {message}", file=sys.stderr)
    return code
