"""Read settings from YAML files and single values, and write them again; every mistake is named at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from forensictransfer.core.errors import ErrorCode, nearest
from forensictransfer.core.presets import find_config
from forensictransfer.core.problems import Problem, refuse
from forensictransfer.core.settings.choices import Choices, unknown_names
from forensictransfer.core.settings.sections import DomainSettings, Section, Settings, leaves
from forensictransfer.core.yaml_text import flat, merged, nested, read_yaml, shown, tuples, write_yaml

Model = TypeVar("Model", bound=Section)


def load_settings(
    config: str | Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    base: Settings | None = None,
    choices: Choices | None = None,
) -> Settings:
    """Lay a YAML file over the settings of `base` (the defaults), and `overrides` over both.

    Override names are dotted (`train.epochs`) or nested. choices: what the settings that name something may be set to;
    without them names are not checked, as for a run that another installation made.
    Raises one UserError that names every problem.
    """
    problems: list[Problem] = []
    given = nested(read_yaml(find_config(config)), problems) if config is not None else {}
    flags = nested(overrides or {}, problems)
    raw = merged(merged((base or Settings()).model_dump(), given), flags)
    settings = _validated(Settings, raw, problems, flagged=set(flat(flags)))
    problems += unknown_names(flat(given), choices or {})
    problems += [replace(problem, flag=True) for problem in unknown_names(flat(flags), choices or {})]
    refuse(str(config) if config is not None else "settings", problems)
    assert settings is not None
    return settings


def load_checked(model: type[Model], path: Path, changes: Mapping[str, Any] | None = None) -> Model:
    """Read a YAML file as `model`, with `changes` laid over it. Raises one UserError that names every problem."""
    problems: list[Problem] = []
    found = _validated(model, {**read_yaml(path), **(changes or {})}, problems)
    refuse(str(path), problems)
    assert found is not None
    return found


def load_domain_file(path: str | Path) -> DomainSettings:
    """Read a domain file; paths in it are relative to the file. Raises one UserError that names every problem."""
    path = Path(path)
    domain = load_checked(DomainSettings, path)
    folder = path.resolve().parent
    changes = {}
    # A name such as forged_photos/splice is left as it is when no folder of that name lies beside the file.
    if (folder / domain.path).exists() or domain.path.startswith((".", "/")):
        changes["path"] = str((folder / domain.path).resolve())
    if domain.group.lower().endswith(".csv"):
        changes["group"] = str((folder / domain.group).resolve())
    return domain.model_copy(update=changes)


def dump(settings: Section) -> str:
    """Write settings as YAML text that `load_settings` reads back to the same settings."""
    return write_yaml(settings.model_dump(mode="json"))


def _validated(
    model: type[Model], raw: dict[str, Any], problems: list[Problem], flagged: set[str] | None = None
) -> Model | None:
    """Check raw settings and return the model, or None with each problem added to `problems`."""
    try:
        return model.model_validate(tuples(raw))
    except ValidationError as error:
        known = [name for name, _ in leaves(model)]
        for item in error.errors():
            name = ".".join(part for part in item["loc"] if isinstance(part, str))
            code = ErrorCode.SETTING_UNKNOWN if item["type"] == "extra_forbidden" else ErrorCode.SETTING_INVALID
            problems.append(Problem(name, _said(item, name, known), code, flag=bool(flagged and name in flagged)))
        return None


def _said(item: Any, name: str, known: list[str]) -> str:
    """Say one of pydantic's errors in our words: what was expected, what came."""
    if item["type"] == "extra_forbidden":
        sections = {other.rpartition(".")[0] for other in known} - {""}
        if isinstance(item["input"], dict):
            return f"unknown section of settings{nearest(name, sections)} (sections: {', '.join(sorted(sections))})"
        leaf = name.rpartition(".")[2]
        same = [other for other in known if other.rpartition(".")[2] == leaf]
        return "unknown setting" + (f"; perhaps you meant '{same[0]}'" if same else nearest(name, known))
    if item["type"] == "missing" and not isinstance(item["loc"][-1], int):
        return "is required"
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    if item["type"] in ("too_long", "missing"):
        return f"expected another number of values, got {shown(item['input'])}"
    said = item["msg"].replace("Input should be ", "expected ")
    said = re.sub(r"a valid dictionary or instance of \w+", "a section of settings", said)
    said = said.replace("a valid tuple", "a list").replace("a valid ", "a ").replace("a integer", "an integer")
    return f"{said}, got {shown(item['input'])}"
