"""chosen.json: what a search among settings tried, and which of them it took; and the trials behind it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, RootModel, SerializerFunctionWrapHandler, model_serializer

from forensictransfer.core.values import Integer, Number, SettingValue
from forensictransfer.results.formats.document import Part

TrialState = Literal["complete", "pruned", "failed"]


class Trial(Part):
    """A trial that ended. value: what the search compares, None where it is no number; settings: by dotted name.

    done: folds or epochs that were done of it; seconds: wall clock.
    """

    number: Integer
    state: TrialState
    value: Number | None
    done: Integer
    seconds: Number
    settings: dict[str, SettingValue]


class EndedTrial(Trial):
    """A trial of a search that is still on. curve: the best value so far after each epoch, None before the first."""

    done: Integer = Field(alias="epochs")
    curve: tuple[Number | None, ...]


class EndedTrials(RootModel[tuple[EndedTrial, ...]]):
    """ended.json: the trials of a search that is still on, in their order."""


class SearchOutcome(Part):
    """chosen.json. number, value: of the best trial; default_value: of trial 0, which is what was asked for.

    pruned, failed: trials that were stopped early, or have no value; seconds: of all trials. objective: what the value
    is, in words; settings: those that were taken, by dotted name; reason: why they are those that were asked for, left
    out of the file where a trial decided.
    """

    trials: Integer
    pruned: Integer
    failed: Integer
    seconds: Number
    number: Integer | None
    value: Number | None
    default_value: Number | None
    objective: str
    settings: dict[str, SettingValue]
    reason: str | None = None

    @model_serializer(mode="wrap")
    def _as_before(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        content: dict[str, Any] = handler(self)
        if self.reason is None:
            del content["reason"]
        if not self.trials:
            content["seconds"] = 0  # as every version wrote it: the sum of nothing
        return content
