"""What an audit is asked for, checked before a domain is opened."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.results.places import check_output

if TYPE_CHECKING:
    from forensictransfer.data.domains import Domain


def check_arguments(*, workers: int | None, json: str | Path | None, other: bool, equalise: str | Path | None) -> None:
    """Raise UserError for a number of workers below 1, a file that cannot be one, or two domains to be equalised.

    json: the file for the findings. other: whether a second domain was named. equalise: the folder for the new domain.
    """
    if workers is not None and workers < 1:
        raise UserError(f"--workers: expected at least 1, got {workers}", code=ErrorCode.COMMAND_LINE)
    if json is not None and Path(json).expanduser().is_dir():
        raise UserError(
            f"{json}: expected a file to write the findings to, got a folder", code=ErrorCode.PATH_WRONG_KIND
        )
    if json is not None:
        check_output(Path(json).expanduser())
    if json is not None and not Path(json).expanduser().absolute().parent.is_dir():
        raise UserError(f"{json}: there is no such folder to write the findings to", code=ErrorCode.PATH_MISSING)
    if equalise is not None and other:
        raise UserError("--equalise: expected one domain, got two", code=ErrorCode.COMMAND_LINE)


def check_differ(domains: Sequence[Domain]) -> None:
    """Raise UserError for a domain that is to be compared with itself."""
    if len(domains) == 2 and domains[0].origin == domains[1].origin:
        raise UserError(
            f"{domains[0].origin}: is named twice; give one domain, or two different ones",
            code=ErrorCode.DOMAIN_REPEATED,
        )
