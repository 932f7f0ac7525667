"""Command-line flags: one for every setting, made from the typed settings, and an argument parser that helps."""

from __future__ import annotations

import argparse
import typing
from collections.abc import Collection, Sequence
from typing import Any, NoReturn

from pydantic.fields import FieldInfo

from forensictransfer.core.errors import UserError, nearest
from forensictransfer.core.settings import leaves
from forensictransfer.core.yaml_text import parse_value, shown

# Destinations of settings are kept apart from those of other arguments by this prefix.
_PREFIX = "setting:"


class Parser(argparse.ArgumentParser):
    """A parser whose mistakes are UserErrors and whose help keeps the line breaks that it was given."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, max_help_position=34, width=110),
            allow_abbrev=False,
            **options,
        )

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} (see `{self.prog} --help`)")

    @property
    def flags(self) -> list[str]:
        """Every long flag that it knows."""
        return [flag for flag in self._option_string_actions if flag.startswith("--")]


def check_flags(parser: Parser, words: Sequence[str]) -> None:
    """Raise UserError for the first flag that the parser does not know, with the nearest one that it knows."""
    for word in words:
        name = word.partition("=")[0]
        if name == "--":
            return
        if name.startswith("--") and name not in parser.flags:
            leaf = [flag for flag in parser.flags if flag.rpartition(".")[2] == name[2:].rpartition(".")[2]]
            hint = f"; perhaps you meant '{leaf[0]}'" if leaf else nearest(name, parser.flags)
            raise UserError(f"unknown flag {name}{hint} (see `{parser.prog} --help`)")


def add_settings(
    parser: Parser, *, sections: Collection[str], leave_out: Collection[str] = (), short: Collection[str] = ()
) -> None:
    """Add a dotted flag for every setting of some sections ("" for those of none) but the names in `leave_out`.

    The settings in `short` stand among the command's own arguments and are also called by their last name alone:
    `--shots` is `--adapt.shots`.
    """
    groups: dict[str, Any] = {}
    for name, info in leaves():
        section, _, last = name.rpartition(".")
        top = section.partition(".")[0]
        if top not in sections or name in leave_out or section in leave_out:
            continue
        if name in short:
            _add(parser, [f"--{last}", f"--{name}"] if section else [f"--{name}"], name, info)
            continue
        if section not in groups:
            groups[section] = parser.add_argument_group(f"settings: {section}" if section else "settings")
        _add(groups[section], [f"--{name}"], name, info)


def settings_of(arguments: argparse.Namespace) -> dict[str, Any]:
    """The settings among parsed arguments, by dotted name."""
    given = {key: value for key, value in vars(arguments).items() if key.startswith(_PREFIX)}
    return {key.removeprefix(_PREFIX): value for key, value in given.items() if value is not None}


def _add(group: Any, names: list[str], name: str, info: FieldInfo) -> None:
    kinds = _kinds(info)
    text = info.description or ""
    if "(default" not in text:
        text += f" (default: {'none' if info.default is None else _words(info.default)})"
    many = {"nargs": len(kinds)} if len(kinds) > 1 else {}
    group.add_argument(
        *names,
        dest=_PREFIX + name,
        # Text stays as it is typed; everything else is read as YAML reads it, and judged with the other settings.
        type=str if str in kinds else parse_value,
        metavar=_METAVARS.get(kinds[0], "VALUE"),
        help=text.replace("%", "%%").strip(),
        **many,
    )


_METAVARS: dict[Any, str] = {int: "N", float: "X", bool: "yes|no", str: "TEXT"}


def _kinds(info: FieldInfo) -> list[Any]:
    """The plain types of a setting's values: several for a tuple, one otherwise."""
    arguments = [kind for kind in typing.get_args(info.annotation) if kind is not type(None)]
    if typing.get_origin(info.annotation) is tuple:
        return [typing.get_args(kind)[0] if typing.get_args(kind) else kind for kind in arguments]
    if arguments and not isinstance(arguments[0], type):  # Literal: its values
        return [type(arguments[0])]
    return arguments[:1] or [info.annotation]


def _words(value: Any) -> str:
    """A default as it would be typed after its flag."""
    return " ".join(shown(item) for item in value) if isinstance(value, tuple) else shown(value)
