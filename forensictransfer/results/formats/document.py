"""Read and write JSON files as typed classes; what is wrong with a file is one line that names the file and the field.

A class is a `Part` or a dataclass whose fields carry the types of `core.values`. Unknown fields are ignored, so that a
later version may add some; a known field of another type is an error.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from forensictransfer.core import files
from forensictransfer.core.errors import ErrorCode, UserError
from forensictransfer.core.values import FieldsByKey, Integer
from forensictransfer.core.version import __version__

T = TypeVar("T")

_LONGEST = 60  # characters of a value or a field's name in a message


class Part(FieldsByKey, BaseModel):
    """A part of a file."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    def __getitem__(self, key: str) -> Any:
        names = {field.alias: name for name, field in type(self).model_fields.items() if field.alias}
        return {**(self.__pydantic_extra__ or {}), **vars(self)}[names.get(key, key)]


class Document(Part):
    """A whole file, which says itself in which version of its format it is."""

    FORMAT: ClassVar[int] = 1
    READ: ClassVar[tuple[int, ...]] = (1,)  # the formats that this version reads
    WHAT: ClassVar[str]  # what the file is, in a message: "a run"

    format: Integer = 1


def read_document(path: Path, kind: type[T], remedy: str = "restore it") -> T:
    """Read a JSON file as one of the classes of `formats`.

    Args:
        path: the file. kind: the class. remedy: what to do about a file that is not as it should be.
    Raises:
        UserError: one line, for a file that is missing, no JSON, of another format, or with a field that is missing or
            of another type.
    """
    return parse_document(path, files.read_json(path), kind, remedy)


def parse_document(path: Path, content: object, kind: type[T], remedy: str = "restore it") -> T:
    """Check the content of a JSON file that was read already; see `read_document`."""
    if isinstance(kind, type) and issubclass(kind, Document):
        found = content.get("format") if isinstance(content, dict) else None
        if found not in kind.READ or isinstance(found, bool):
            expected = " or ".join(", ".join(map(str, kind.READ)).rsplit(", ", 1))
            raise UserError(
                f"{path}: expected {kind.WHAT} of format {expected}, got format {_shown(found)}; this is version "
                f"{__version__}; {remedy}",
                code=ErrorCode.FORMAT_UNKNOWN,
            )
    try:
        found_document: T = _adapter(kind).validate_python(content)
        return found_document
    except ValidationError as error:
        raise UserError(f"{path}: {_first_problem(error)}; {remedy}", code=ErrorCode.FILE_INVALID) from None


def document_content(document: object) -> dict[str, Any]:
    """Return the content of a document as plain values under their keys on disk, in the order of the fields."""
    content: dict[str, Any] = _adapter(type(document)).dump_python(document, by_alias=True)
    return content


def write_document(path: Path, document: object) -> None:
    """Write a document as JSON, whole or not at all."""
    files.write_json(path, document_content(document))


def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _first_problem(error: ValidationError) -> str:
    """Say in one line what is wrong with the first field that is, and how many others are."""
    problems = error.errors(include_url=False)
    first = problems[0]
    field = _cut(".".join(str(part) for part in first["loc"]))
    kind, context = first["type"], first.get("ctx", {})
    if kind == "missing":
        said = "is missing"
    elif kind == "value_error":
        said = str(context.get("error", first["msg"]))
    elif kind == "literal_error":
        said = f"expected {context['expected']}, got {_shown(first['input'])}"
    else:
        expected = _EXPECTED.get(kind) or first["msg"].removeprefix("Input should be ")
        said = f"expected {expected}, got {_shown(first['input'])}"
    others = f" ({len(problems) - 1} more fields are wrong)" if len(problems) > 1 else ""
    return f"field '{field}': {said}{others}" if field else f"{said}{others}"


_EXPECTED = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "an object {...}",
    "mapping_type": "an object {...}",
    "model_type": "an object {...}",
    "dataclass_type": "an object {...}",
    "model_attributes_type": "an object {...}",
}


def _shown(value: object) -> str:
    """Show a value in a message: short, on one line, however large or deep it is."""
    if isinstance(value, dict):
        return f"an object of {len(value)} fields"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int) and abs(value) >= 10**_LONGEST:
        return "a huge whole number"
    return f"'{_cut(value)}'" if isinstance(value, str) else _cut(str(value))


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 3] + "..."
