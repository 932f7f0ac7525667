"""The built-in data sets for reading: what there is, what is built, how to get the rest; and their build."""

from __future__ import annotations

import textwrap
from pathlib import Path

from forensictransfer.core.settings import DataSettings
from forensictransfer.core.tables import TextTable
from forensictransfer.data.catalogue.builtin import build_builtin, builtin_notes, is_built, unknown_data_set
from forensictransfer.data.catalogue.data_sets import DataSet, data_sets, manual_folder
from forensictransfer.data.domains import data_folder

WIDEST = 36  # letters in a column of the table; `details` has the whole text
COLUMNS = ("data set", "forgery", "content", "size", "licence", "obtained", "built")


def table(*, data: DataSettings | None = None) -> str:
    """List the built-in data sets as text, one line each."""
    return listing(data=data).text()


def listing(*, data: DataSettings | None = None) -> TextTable:
    """List the built-in data sets: forgery, content, size, licence, how obtained, how many domains are built."""
    folder = data_folder(data or DataSettings())
    return TextTable(
        COLUMNS,
        tuple(_row(data_set, folder) for data_set in data_sets().values()),
        "l" * len(COLUMNS),
        notes=(f"kept in {folder}; `forensictransfer data list NAME` says more on one",),
    )


def details(name: str, *, data: DataSettings | None = None) -> str:
    """Describe all that is known of one data set, its domains, and how to get it.

    Raises:
        UserError: an unknown name.
    """
    known = data_sets()
    data_set = known.get(name.split("/")[0])
    if data_set is None or name not in (data_set.name, *data_set.domains):
        raise unknown_data_set(name)
    folder = data_folder(data or DataSettings())
    facts = data_set.facts
    lines = [f"{data_set.name} {data_set.version}", ""]
    for label in ("forgery", "content", "size", "licence", "obtained", "groups", "splits"):
        lines.append(f"{label:<10}{getattr(facts, label)}")
    if facts.masks:
        lines.append("masks     of what was changed, for some images")
    lines += ["", "domains"]
    width = max(len(domain) for domain in data_set.domains)
    for domain, text in zip(data_set.domains, data_set.configs.values(), strict=True):
        lines.append(f"  {domain:<{width}}  {'built  ' if is_built(domain, folder) else '       '}{text}")
        lines += [f"  {'':<{width}}         note: {note}" for note in builtin_notes(domain, folder)]
    lines += ["", facts.instructions(str(manual_folder(data_set.name, folder))).rstrip()]
    if facts.manual:
        lines += ["", f"3. forensictransfer data build {data_set.name}    (or one domain of it)"]
    return "\n".join(lines)


def build(
    name: str, overwrite: bool = False, *, files: str | Path | None = None, data: DataSettings | None = None
) -> tuple[str, ...]:
    """Build a built-in domain, or all domains of a built-in data set; what is there stays unless `overwrite`.

    Args:
        files: the folder with the extracted files of a data set that is got by hand, if not in its usual place.
    Returns:
        The names of the domains that were built now.
    Raises:
        UserError: an unknown name, a folder that cannot be written, files that are missing or not as expected.
    """
    place = None if files is None else Path(files)
    return build_builtin(name, data_folder(data or DataSettings()), overwrite, files=place)


def _row(data_set: DataSet, folder: Path) -> tuple[str, ...]:
    facts = data_set.facts
    built = sum(is_built(domain, folder) for domain in data_set.domains)
    texts = (data_set.name, facts.forgery, facts.content, facts.size, facts.licence, facts.obtained)
    return (
        *(textwrap.shorten(text, WIDEST, placeholder=" ...") for text in texts),
        f"{built} of {len(data_set.domains)}",
    )
