"""A domain: the images of one kind of forgery, from a built-in name, a folder or a settings file."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from forensictransfer.core.errors import ErrorCode, UserError, nearest, some
from forensictransfer.core.names import check_name
from forensictransfer.core.settings import DataSettings, DomainSettings, load_domain_file
from forensictransfer.core.visible import visible
from forensictransfer.data.catalogue.builtin import builtin_names, builtin_notes, find_builtin
from forensictransfer.data.checks.groups import GroupFindings, asked_for, check_groups
from forensictransfer.data.checks.names import check_names
from forensictransfer.data.decode import Source
from forensictransfer.data.folders.groups import groups_of, keep_apart
from forensictransfer.data.folders.layout import list_images
from forensictransfer.data.folders.masks import find_masks
from forensictransfer.data.records import CLASSES, FAKE, REAL, SPLITS, Record
from forensictransfer.data.splits import split_of
from forensictransfer.data.stored import StoredImage


@dataclass(frozen=True)
class Domain:
    """Real and fake images of one kind of forgery; nothing is read before it is needed.

    name: the name in tables. origin: absolute path of the folder, or the built-in name. notes: one-line remarks for
    the user on what was skipped, dropped or renamed. spec: what it was opened by, with the group rule that was
    used (a built-in domain brings its groups along). warnings: one-line remarks on what makes results doubtful.
    skipped: (name, reason) of links that were not followed. refusal: why nothing should learn from these groups, None
    where nothing speaks against it (`check_learnable`).
    """

    name: str
    origin: str
    records: tuple[Record, ...]
    notes: tuple[str, ...] = ()
    spec: DomainSettings = field(default_factory=lambda: DomainSettings(path="."))
    warnings: tuple[str, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    refusal: str | None = None

    def split(self, split: str) -> tuple[Record, ...]:
        """Return the images of train, validation or test, in the domain's order."""
        if split not in SPLITS:
            raise ValueError(f"expected a split out of {SPLITS}, got {split!r}")
        return tuple(record for record in self.records if record.split == split)

    def check_learnable(self) -> None:
        """Raise UserError if nothing should learn from these images, since their groups are surely wrong."""
        if self.refusal is not None:
            raise UserError(self.refusal, code=ErrorCode.GROUPS_AMBIGUOUS)

    def fingerprint(self) -> str:
        """Compute the SHA-256, in hex, over name, label, group, split and size in bytes of all images.

        Nothing is decoded.

        It changes when images come, go, grow or move between groups and splits, not with their order or their place.
        """
        state = hashlib.sha256()
        for record in sorted(self.records, key=lambda record: record.name):
            line = repr((record.name, record.label, record.group, record.split, _size(record.source)))
            state.update(line.encode("utf-8", "surrogatepass") + b"\n")
        return state.hexdigest()


def open_domain(spec: str | Path | DomainSettings, *, group: str | None = None, data: DataSettings) -> Domain:
    """Open a domain by a built-in name, a folder, a settings file (.yaml, .yml) or settings.

    Args:
        spec: what is tried in this order: a built-in name, a settings file, a folder.
        group: rule by which images belong together (`groups.groups_of`); goes before the rule of a settings file.
        data: the shares of the splits, and where built-in data sets are kept.
    Raises:
        UserError: no such folder, a name that no folder can have, another layout, a class missing or empty, a group
            rule that does not fit, a built-in domain that has not been built.
    """
    settings = _settings(spec)
    if settings.name is not None:
        check_name(settings.name, settings.path)
    explicit = group is not None or "group" in settings.model_fields_set
    if group is not None:
        # An absolute path, so that the rule can be used again from elsewhere.
        rule = os.path.abspath(os.path.expanduser(group)) if group.lower().endswith(".csv") else group
        settings = settings.model_copy(update={"group": rule})
    builtin = settings.path in builtin_names()
    if builtin:
        domain = _open_builtin(settings, data_folder(data))
    else:
        domain = _open_folder(settings, data.split, explicit=explicit)
    return replace(domain, notes=(*domain.notes, *_gaps(domain)))


def data_folder(data: DataSettings) -> Path:
    """Return the folder of built-in data sets: the setting, else $FORENSICTRANSFER_DATA, else the user's cache."""
    chosen = data.data_dir or os.environ.get("FORENSICTRANSFER_DATA") or "~/.cache/forensictransfer"
    return Path(chosen).expanduser()


def _settings(spec: str | Path | DomainSettings) -> DomainSettings:
    if isinstance(spec, DomainSettings):
        return spec
    text = str(spec)
    if text not in builtin_names() and text.lower().endswith((".yaml", ".yml")) and not Path(text).is_dir():
        return load_domain_file(Path(text).expanduser())
    return DomainSettings(path=text)


def _open_builtin(settings: DomainSettings, folder: Path) -> Domain:
    examples = find_builtin(settings.path, folder)
    records = tuple(
        Record(e.name, e.label, e.group, e.split, e.image, e.mask if e.label == FAKE else None) for e in examples
    )
    notes = builtin_notes(settings.path, folder)
    if masks := sum(record.mask is not None for record in records):
        fakes = sum(record.label == FAKE for record in records)
        notes = (*notes, f"masks: {masks} of {fakes} fakes have one")
    if settings.group != "stem":
        passed = f"the group rule '{settings.group}' was skipped: {settings.path} has its own groups"
        notes = (*notes, passed)
        settings = settings.model_copy(update={"group": "stem"})
    return Domain(settings.name or settings.path, settings.path, records, notes, settings)


def _open_folder(settings: DomainSettings, shares: tuple[float, float, float], *, explicit: bool) -> Domain:
    folder = Path(settings.path).expanduser()
    if not folder.is_dir():
        raise UserError(_missing(settings.path, folder), code=ErrorCode.PATH_MISSING)
    # The name is the one the user typed, the origin the true place: the same folder by two paths is one origin.
    name = settings.name or Path(os.path.abspath(folder)).name or str(folder)
    check_name(name, settings.path)
    listing = list_images(folder)
    entries, notes = listing.entries, list(listing.notes)
    groups, group_notes = groups_of([entry.name for entry in entries], settings.group, str(folder))
    notes += group_notes
    warnings = _links_skipped(listing.skipped)
    kept = list(range(len(entries)))
    if entries[0].split is None:
        splits = [split_of(name, shares) for name in groups]
    else:
        splits = [str(entry.split) for entry in entries]
    found = GroupFindings()
    if settings.group == "stem":
        found = check_groups(folder, entries, splits)
        if explicit:
            notes += asked_for(found, settings.group)
            found = GroupFindings()
    if entries[0].split is not None:
        groups, kept, apart_notes = keep_apart(groups, splits, settings.group)
        notes += apart_notes
    warnings += [*check_names(entries, groups), *found.warnings]
    masks = find_masks(folder, entries)
    notes += masks.notes
    records = tuple(
        Record(entry.name, entry.label, groups[i], splits[i], entry.path, masks.files.get(entry.name))
        for i, entry in ((i, entries[i]) for i in kept)
    )
    return Domain(
        name,
        str(folder.resolve()),
        records,
        tuple(notes),
        settings,
        warnings=tuple(map(visible, warnings)),
        skipped=listing.skipped,
        refusal=found.refusal,
    )


def _links_skipped(skipped: Sequence[tuple[str, str]]) -> list[str]:
    """Write a line on links that were not followed, if there are any."""
    if not skipped:
        return []
    listed = some((f"{name} {reason}" for name, reason in skipped), 20)
    return [f"{len(skipped)} link{'s' * (len(skipped) > 1)} skipped: {listed}"]


def _missing(spec: str, folder: Path) -> str:
    if folder.exists():
        return f"{spec}: expected a folder, a built-in name or a settings file (.yaml), found another file"
    names = builtin_names()
    inside = [name for name in names if name.startswith(f"{spec.rstrip('/')}/")]
    if inside:
        return f"{spec}: expected one domain of this data set: {', '.join(inside)}"
    try:
        beside = [str(other) for other in folder.parent.iterdir() if other.is_dir()]
    except OSError:
        beside = []
    return f"{spec}: there is no such folder or built-in domain{nearest(spec, [*names, *beside])}"


def _gaps(domain: Domain) -> list[str]:
    """Write one line for each split that lacks a class."""
    counts = Counter((record.split, record.label) for record in domain.records)
    notes = []
    for split in SPLITS:
        lacking = [CLASSES[label] for label in (REAL, FAKE) if not counts[split, label]]
        if len(lacking) == 2:
            notes.append(f"the {split} split is empty")
        elif lacking:
            notes.append(f"the {split} split has no {lacking[0]} images")
    return notes


def _size(source: Source) -> int:
    """Return the size in bytes; -1 for a file that is not there."""
    if isinstance(source, StoredImage):
        return source.length
    if isinstance(source, bytes):
        return len(source)
    try:
        return source.stat().st_size
    except OSError:
        return -1
