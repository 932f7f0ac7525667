"""What is wrong with settings, one line each, collected so that a user corrects all of it at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.visible import visible, visible_lines


@dataclass(frozen=True)
class Problem:
    """One mistake in settings. name: the dotted setting; flag: whether it was given on the command line."""

    name: str
    text: str
    code: ErrorCode = ErrorCode.SETTING_INVALID
    flag: bool = False

    def __str__(self) -> str:
        return f"{'--' if self.flag else ''}{self.name}: {self.text}"


class SettingsError(UserError):
    """Settings that cannot be used; `problems` holds every mistake, `code` is theirs where all have the same."""

    def __init__(self, where: str, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        lines = [visible(str(problem)) for problem in self.problems]
        if len(lines) == 1:
            message = f"{visible(where)}: {lines[0]}"
        else:
            message = "\n  ".join([f"{visible(where)}: {len(lines)} problems", *lines])
        codes = {problem.code for problem in self.problems}
        super().__init__(message, code=codes.pop() if len(codes) == 1 else ErrorCode.SETTING_INVALID)

    @staticmethod
    def _shown(message: str) -> str:
        return visible_lines(message)  # a line for each problem


def refuse(where: str, problems: Iterable[Problem]) -> None:
    """Raise SettingsError if there is any problem. where: the file, or what else the settings came from."""
    found = tuple(problems)
    if found:
        raise SettingsError(where, found)
