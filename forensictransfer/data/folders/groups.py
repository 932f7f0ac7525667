"""What belongs together: from the names of images to groups that never stand on two sides of a split."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from forensictransfer.core.csv_rows import MissingColumns, csv_rows
from forensictransfer.core.errors import ErrorCode, UserError, some
from forensictransfer.data.folders.layout import SPLIT_FOLDERS
from forensictransfer.data.records import CLASS_FOLDERS, SPLITS

FOLDER = "folder"


def groups_of(names: Sequence[str], rule: str, where: str) -> tuple[list[str], list[str]]:
    """Find the group of each image by a rule, and write one-line notes.

    Args:
        names: posix paths relative to the domain's folder.
        rule: `stem` (the file's name without suffix), `folder` (the folder below the class folder, which is the same
            group in both classes: one for each video), `path` (each image by itself), a file ending in .csv with the
            columns path and group, or a regular expression that is searched in the path: its first bracket that
            matched, or the whole match if it has no brackets.
        where: the domain, for errors.
    Raises:
        UserError: a broken expression or table, or a path without a group (the first one is named).
    """
    if rule == "stem":
        return [PurePosixPath(name).stem for name in names], []
    if rule == FOLDER:
        return _from_folders(names, where)
    if rule == "path":
        return list(names), []
    if rule.lower().endswith(".csv"):
        return _from_table(names, Path(rule).expanduser(), where)
    return _from_expression(names, rule, where), []


def keep_apart(groups: Sequence[str], splits: Sequence[str], rule: str) -> tuple[list[str], list[int], list[str]]:
    """Repair groups that stand in more than one split folder.

    File stems (the default rule) are taken for different photographs that were numbered alike: the group becomes
    `split/stem`. Any other rule was given by someone who knows: the images of the later split are dropped.

    Returns:
        The groups, the kept indices, and one-line notes.
    """
    first: dict[str, int] = {}
    doubled = set()
    ranks = [SPLITS.index(split) for split in splits]
    for group, rank in zip(groups, ranks, strict=True):
        if first.setdefault(group, rank) != rank:
            doubled.add(group)
            first[group] = min(first[group], rank)
    everything = list(range(len(groups)))
    if not doubled:
        return list(groups), everything, []
    if rule == "stem":
        renamed = [f"{s}/{g}" if g in doubled else g for g, s in zip(groups, splits, strict=True)]
        note = (
            f"{len(doubled)} file stems stand in more than one split folder and were taken for different "
            "photographs; give a group rule if they are the same"
        )
        return renamed, everything, [note]
    kept = [i for i in everything if ranks[i] == first[groups[i]]]
    dropped = Counter(splits[i] for i in set(everything) - set(kept))
    counts = " and ".join(f"{dropped[split]} {split}" for split in SPLITS if dropped[split])
    return list(groups), kept, [f"{counts} images dropped: their groups stand in an earlier split folder, too"]


def _from_folders(names: Sequence[str], where: str) -> tuple[list[str], list[str]]:
    """Take the path below the class folder as the group; an image that lies in that itself is grouped by its stem.

    So fake/0001.png belongs to real/0001/, the video that has its name.
    """
    groups, loose = [], 0
    for name in names:
        *parts, _ = name.split("/")
        own = 2 if parts and parts[0].lower() in SPLIT_FOLDERS and parts[0].lower() not in CLASS_FOLDERS else 1
        loose += len(parts) <= own
        groups.append("/".join(parts[own:]) or PurePosixPath(name).stem)
    if loose == len(names):
        raise UserError(
            f"{where}: the group rule '{FOLDER}' needs folders in the class folders, one for each video "
            f"(real/VIDEO/{PurePosixPath(names[0]).name}), found none",
            code=ErrorCode.GROUPS_INVALID,
        )
    last = Counter(group.rpartition("/")[2] for group in set(groups))
    notes = [f"{loose} images lie in no folder of their class and were grouped by file name"] if loose else []
    doubled = sorted(name for name, count in last.items() if count > 1)
    if doubled:
        notes.append(
            f"folders of one name ({some(doubled, 3)}) in different folders are different groups; "
            r"--group '([^/]+)/[^/]+$' takes them for one"
        )
    return groups, notes


def _from_expression(names: Sequence[str], rule: str, where: str) -> list[str]:
    try:
        expression = re.compile(rule)
    except re.error as error:
        raise UserError(
            f"group rule '{rule}': expected stem, folder, path, a .csv file or a regular expression: {error}",
            code=ErrorCode.GROUPS_INVALID,
        ) from None
    groups = []
    for name in names:
        match = expression.search(name)
        group = match and (next((part for part in match.groups() if part), "") if expression.groups else match.group())
        if not group or not group.strip():
            raise UserError(f"{where}: the group rule '{rule}' finds no group in {name}", code=ErrorCode.GROUPS_INVALID)
        groups.append(group)
    return groups


def _from_table(names: Sequence[str], table: Path, where: str) -> tuple[list[str], list[str]]:
    rows = table_groups(table)
    lacking = [name for name in names if name not in rows]
    if lacking:
        raise UserError(
            f"{where}: the group table {table} has no group for {len(lacking)} of {len(names)} images: "
            f"{some(lacking, 3)}",
            code=ErrorCode.GROUPS_INVALID,
        )
    spare = len(rows.keys() - set(names))
    return [rows[name] for name in names], [f"{spare} rows of {table.name} name no image"] if spare else []


def table_groups(table: Path) -> dict[str, str]:
    """Read the group of each path. Raises UserError for what is no such table, also a row without path or group."""
    rows: dict[str, str] = {}
    try:
        with open(table, encoding="utf-8-sig", newline="") as file:
            for line, row in csv_rows(file, ("path", "group")):
                path, group = PurePosixPath(row["path"]).as_posix(), row["group"]
                if not row["path"] or not group:
                    lacks = f"{path} has no group" if row["path"] else f"the group {group} has no path"
                    raise UserError(f"{table}: line {line}: {lacks}", code=ErrorCode.GROUPS_INVALID)
                if rows.setdefault(path, group) != group:
                    raise UserError(
                        f"{table}: line {line}: {path} has two groups, {rows[path]} and {group}",
                        code=ErrorCode.GROUPS_INVALID,
                    )
    except MissingColumns as error:
        raise UserError(
            f"{table}: expected the columns path and group, found {error.found}", code=ErrorCode.GROUPS_INVALID
        ) from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"group table {table}: cannot be read: {reason}", code=ErrorCode.GROUPS_INVALID) from None
    return rows
