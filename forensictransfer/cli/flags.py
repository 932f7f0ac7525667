"""Command-line flags: one for every setting, made from the typed settings, and an argument parser that helps."""

from __future__ import annotations

import argparse
import re
import typing
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NoReturn

from pydantic.fields import FieldInfo

from forensictransfer.core.errors import ErrorCode, UserError, nearest
from forensictransfer.core.settings import Settings, leaves
from forensictransfer.core.yaml_text import parse_value, shown
from forensictransfer.experiments.choices import CHOICES

# Destinations of settings are kept apart from those of other arguments by this prefix.
_PREFIX = "setting:"
# More names than these are listed once, below the flags, instead of beside each flag.
_FEW = 4


class Parser(argparse.ArgumentParser):
    """A parser whose mistakes are UserErrors and whose help keeps the line breaks that it was given."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, max_help_position=34, width=110),
            allow_abbrev=False,
            **options,
        )
        self._formerly: str | None = None
        self._several = False  # whether that flag may be given beside the positional RUN
        self._words: list[str] = []
        self.refused: dict[str, str] = {}  # flags of other commands -> why this one does not take them

    def error(self, message: str) -> NoReturn:
        if "required" in message and "--json" in self._words[:-1]:
            message += "; --json takes the word after it as its file: give it last to print"
        raise UserError(f"{message}{_nearest_choice(message)} (see `{self.prog} --help`)", code=ErrorCode.COMMAND_LINE)

    @property
    def flags(self) -> list[str]:
        """Every long flag that it knows."""
        return [flag for flag in self._option_string_actions if flag.startswith("--")]

    def add_run(self, about: str, others: str = argparse.SUPPRESS) -> None:
        """Add the run as the first positional argument; `--run RUN`, its earlier spelling, means the same.

        others: what `--run` is good for besides, where further runs may be given by it, as `other_runs`.
        """
        self.add_argument("run", metavar="RUN", help=about)
        self.add_argument("--run", dest="other_runs", action="append", default=[], metavar="RUN", help=others)
        self._formerly = "--run"
        self._several = others != argparse.SUPPRESS

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse as argparse does, after `--run RUN` has been put in the place of a positional RUN that is missing."""
        self._words = list(args or ())
        if not (self._several and self._has_positional(self._words)):
            self._words = _in_front(self._words, self._formerly)
        return super().parse_known_args(self._words, namespace)

    def _has_positional(self, words: Sequence[str]) -> bool:
        """Tell whether one of the words is neither a flag nor the value of one."""
        expected: int | str | None = 0  # values of the last flag that may still come, as `nargs`
        for word in words:
            if word.startswith("-"):
                action = self._option_string_actions.get(word)
                expected = 0 if action is None else 1 if action.nargs is None else action.nargs
            elif expected == 0:
                return True
            elif isinstance(expected, int):
                expected -= 1
        return False


class Judged(list[str]):
    """Choices that argparse shows and shells complete, while `load_settings` judges them with all other settings."""

    def __contains__(self, name: object) -> bool:
        return True


def check_flags(parser: Parser, words: Sequence[str]) -> None:
    """Raise UserError for the first flag that the parser does not know, with the nearest one that it knows."""
    for word in words:
        name = word.partition("=")[0]
        if name == "--":
            return
        if name in parser.refused:
            raise UserError(f"{name}: {parser.refused[name]}", code=ErrorCode.COMMAND_LINE)
        if name.startswith("--") and name not in parser.flags:
            leaf = [flag for flag in parser.flags if flag.rpartition(".")[2] == name[2:].rpartition(".")[2]]
            hint = f"; perhaps you meant '{leaf[0]}'" if leaf else nearest(name, parser.flags)
            raise UserError(f"unknown flag {name}{hint} (see `{parser.prog} --help`)", code=ErrorCode.COMMAND_LINE)


def add_settings(
    parser: Parser,
    *,
    sections: Collection[str],
    leave_out: Collection[str] = (),
    short: Collection[str] = (),
    hidden: Collection[str] = (),
) -> None:
    """Add a dotted flag for every setting of some sections ("" for those of none) but the names in `leave_out`.

    The settings in `short` stand in the group "settings" and are also called by their last name alone: `--shots` is
    `--adapt.shots`. Those of the sections in `hidden` are accepted, while the help says nothing of them.
    """
    groups: dict[str, Any] = {"": parser.add_argument_group("settings")}
    for name, info in leaves():
        section, _, last = name.rpartition(".")
        top = section.partition(".")[0]
        if top not in (*sections, *hidden) or name in leave_out or section in leave_out:
            continue
        if name in short:
            _add(groups[""], [f"--{last}", f"--{name}"] if section else [f"--{name}"], name, info)
            continue
        if section not in groups:
            groups[section] = (
                parser if top in hidden else parser.add_argument_group(f"settings: {section}", _about(section))
            )
        _add(groups[section], [f"--{name}"], name, info, hidden=top in hidden)


def setting(name: str) -> str:
    """Return the destination of a setting among parsed arguments, for a flag beside those of `add_settings`."""
    return _PREFIX + name


def settings_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """Select the settings among parsed arguments, by dotted name."""
    given = {key: value for key, value in vars(arguments).items() if key.startswith(_PREFIX)}
    return {key.removeprefix(_PREFIX): value for key, value in given.items() if value is not None}


def listed(described: Mapping[str, str]) -> str:
    """List names with a line on each, aligned, for the end of a help text."""
    width = max(map(len, described), default=0)
    return "\n".join(f"  {name:<{width}}  {text}" for name, text in described.items())


def _add(group: Any, names: list[str], name: str, info: FieldInfo, *, hidden: bool = False) -> None:
    kinds = _kinds(info)
    text = info.description or ""
    if "(default" not in text:
        text += f" (default: {'none' if info.default is None else _words(info.default)})"
    options: dict[str, Any] = {"nargs": "+" if ... in kinds else len(kinds)} if len(kinds) > 1 else {}
    if name in CHOICES:
        options["choices"] = Judged(CHOICES[name].names())
    if name not in CHOICES or len(options["choices"]) > _FEW:
        options["metavar"] = "NAME" if name in CHOICES else _METAVARS.get(kinds[0], "VALUE")
    group.add_argument(
        *names,
        dest=_PREFIX + name,
        # Text stays as it is typed; everything else is read as YAML reads it, and judged with the other settings.
        type=str if str in kinds else parse_value,
        help=argparse.SUPPRESS if hidden else text.replace("%", "%%").strip(),
        **options,
    )


_METAVARS: dict[Any, str] = {int: "N", float: "X", bool: "{true,false}", str: "TEXT"}


def _about(section: str) -> str:
    """Say what the settings of a section are for: the first line of its docstring."""
    kind: Any = Settings
    for part in section.split("."):
        kind = kind.model_fields[part].annotation
    return str(kind.__doc__).partition("\n")[0]


def _kinds(info: FieldInfo) -> list[Any]:
    """List the plain types of a setting's values: several for a tuple, one otherwise."""
    arguments = [kind for kind in typing.get_args(info.annotation) if kind is not type(None)]
    if typing.get_origin(info.annotation) is tuple:
        return [typing.get_args(kind)[0] if typing.get_args(kind) else kind for kind in arguments]
    if arguments and not isinstance(arguments[0], type):  # Literal: its values
        return [type(arguments[0])]
    return arguments[:1] or [info.annotation]


def _words(value: Any) -> str:
    """Write a default as it would be typed after its flag."""
    return " ".join(shown(item) for item in value) if isinstance(value, tuple) else shown(value)


def _in_front(words: list[str], flag: str | None) -> list[str]:
    """Put the value of `flag` in front of the words, without the flag."""
    for place, word in enumerate(words):
        if flag is not None and word.startswith(f"{flag}="):
            return [word.removeprefix(f"{flag}="), *words[:place], *words[place + 1 :]]
        if word == flag and place + 1 < len(words):
            return [words[place + 1], *words[:place], *words[place + 2 :]]
    return words


def _nearest_choice(message: str) -> str:
    """Find the name that a refused choice is closest to, for argparse's own words about it."""
    found = re.search(r"invalid choice: '([^']*)' \(choose from (.*)\)", message)
    return nearest(found[1], re.findall(r"'([^']*)'", found[2])) if found else ""
