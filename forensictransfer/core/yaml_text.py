"""Settings as YAML text and as nested or dotted names: reading, writing, merging. Knows nothing of what they mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.problems import Problem

_LARGEST = 256 * 1024  # bytes of a settings file; the largest of this project has 2 KiB
_DEEPEST = 20  # lists and mappings in one another; settings have three


class _Loader(yaml.SafeLoader):
    """YAML as people expect it: a key may stand once, and 1e-3 is a number.

    Aliases (`*name`) are refused: a few nested ones in a short file stand for millions of values.
    """

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event: Any = self.peek_event()
        if self.check_event(yaml.AliasEvent):
            problem = f"the alias '*{event.anchor}': write the value out, aliases are not read"
            raise yaml.composer.ComposerError(None, None, problem, event.start_mark)
        if self._depth > _DEEPEST:
            problem = f"expected at most {_DEEPEST} lists and mappings in one another"
            raise yaml.composer.ComposerError(None, None, problem, event.start_mark)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "expected a name before ':'", key.start_mark)
            if key.tag != "tag:yaml.org,2002:merge" and key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"'{key.value}' is given twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"), list("-+.0123456789")
)


class _Dumper(yaml.SafeDumper):
    """YAML with lists on one line."""


_Dumper.add_representer(list, lambda dumper, data: dumper.represent_sequence("tag:yaml.org,2002:seq", data, True))


def read_yaml(path: Path) -> dict[str, Any]:
    """Read the mapping that a YAML file holds; an empty file holds an empty one. Raises UserError."""
    try:
        with path.open("rb") as file:
            text = file.read(_LARGEST + 1)
        if len(text) > _LARGEST:
            raise UserError(
                f"{path}: expected settings of at most {_LARGEST // 1024} KiB, got a larger file",
                code=ErrorCode.FILE_INVALID,
            )
        content = yaml.load(text.decode("utf-8-sig"), _Loader)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise UserError(f"{path}: there is no such settings file", code=ErrorCode.PATH_MISSING) from None
    except UnicodeDecodeError:
        raise UserError(
            f"{path}: expected a YAML text file in UTF-8, got other bytes", code=ErrorCode.FILE_INVALID
        ) from None
    except yaml.MarkedYAMLError as error:
        line = f" line {error.problem_mark.line + 1}:" if error.problem_mark else ""
        raise UserError(f"{path}:{line} {error.problem or error.context}", code=ErrorCode.FILE_INVALID) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UserError(
            f"{path}: is not valid YAML: {' '.join(str(error).split())}", code=ErrorCode.FILE_INVALID
        ) from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        kind = "list" if isinstance(content, list) else f"single value ({shown(content)})"
        raise UserError(f"{path}: expected settings as 'name: value' lines, got a {kind}", code=ErrorCode.FILE_INVALID)
    return content


def parse_value(text: str) -> Any:
    """Read a value typed on the command line as YAML would read it; text that is no YAML stays text."""
    try:
        return yaml.load(text, _Loader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return text


def write_yaml(values: Mapping[str, Any]) -> str:
    """Write nested values as YAML text, in their order."""
    return yaml.dump(values, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def shown(value: Any) -> str:
    """Show a value as it would stand in a YAML file, on one line and not longer than 60 characters."""
    text = yaml.dump(_lists(value), Dumper=_Dumper, width=1000, allow_unicode=True, default_flow_style=True)
    text = " ".join(text.removesuffix("...\n").split())
    return text if len(text) <= 60 else text[:57] + "..."


def nested(values: Mapping[Any, Any], problems: list[Problem]) -> dict[str, Any]:
    """Turn dotted names (`train.epochs`) into nested sections; a value given twice adds to `problems`."""
    result: dict[str, Any] = {}
    for key, value in values.items():
        head, _, rest = str(key).partition(".")
        if rest:
            value = {rest: value}
        if isinstance(value, Mapping):
            value = nested(value, problems)
        there = result.get(head)
        if isinstance(value, dict) and isinstance(there, dict):
            problems += [_twice(f"{head}.{name}") for name in flat(value) if name in flat(there)]
            value = merged(there, value)
        elif head in result:
            problems.append(_twice(head))
        result[head] = value
    return result


def _twice(name: str) -> Problem:
    return Problem(name, "is given twice", ErrorCode.ARGUMENTS_CONFLICT)


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Lay nested values over others; a section left empty in YAML (None) changes nothing."""
    result = dict(below)
    for key, value in above.items():
        if isinstance(result.get(key), dict):
            if value is None:
                continue
            if isinstance(value, dict):
                value = merged(result[key], value)
        result[key] = value
    return result


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Put nested values under their dotted names."""
    result: dict[str, Any] = {}
    for key, value in values.items():
        result.update(flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value})
    return result


def tuples(value: Any) -> Any:
    """Return the same nested values with tuples for lists (YAML knows lists only, frozen settings take tuples only)."""
    if isinstance(value, dict):
        return {key: tuples(item) for key, item in value.items()}
    return tuple(tuples(item) for item in value) if isinstance(value, (list, tuple)) else value


def _lists(value: Any) -> Any:
    return [_lists(item) for item in value] if isinstance(value, (list, tuple)) else value
