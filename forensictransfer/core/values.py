"""Types of the plain values that files hold, and access to the fields of a class by name."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AllowInfNan, Strict

# Strict: "0.5" or true in a file is no number, and 1.5 is no whole one.
Integer = Annotated[int, Strict()]
Number = Annotated[float, Strict(), AllowInfNan(False)]
Flag = Annotated[bool, Strict()]


class FieldsByKey:
    """Give the fields of a class by their names on disk too, `found["target"]`, as version 0.1 gave dictionaries."""

    def __getitem__(self, key: str) -> Any:
        return vars(self)[key]
