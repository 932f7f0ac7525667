"""Types of the plain values that files hold, and access to the fields of a class by name."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import AllowInfNan, PlainValidator, Strict

# Strict: "0.5" or true in a file is no number, and 1.5 is no whole one.
Integer = Annotated[int, Strict()]
Number = Annotated[float, Strict(), AllowInfNan(False)]
Flag = Annotated[bool, Strict()]


def _setting(value: object) -> object:
    if isinstance(value, (str, bool, int)) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise ValueError("expected the value of a setting: text, a number, true or false")


# Of a single setting, as files and searches name them ("adapt.steps").
SettingValue = Annotated[str | bool | int | float, PlainValidator(_setting)]


class FieldsByKey:
    """Give the fields of a class by their names on disk too, `found["target"]`, as version 0.1 gave dictionaries."""

    def __getitem__(self, key: str) -> Any:
        return vars(self)[key]
