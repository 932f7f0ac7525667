"""Settings of a call: what a detector that is fitted at once is adapted by, where nobody says."""

from __future__ import annotations

from pathlib import Path

import pytest

from forensictransfer.experiments.requests import requested_settings


@pytest.mark.parametrize(
    ("text", "settings", "expected"),
    [
        ("detector: rich_model", {}, "head"),
        ("detector: rich_model", {"adapt": {"strategy": "finetune"}}, "finetune"),
        ("detector: rich_model", {"adapt.strategy": "prototype"}, "prototype"),
        ("detector: rich_model\nadapt: {strategy: finetune}", {}, "finetune"),
        ("adapt.strategy: finetune\ndetector: rich_model", {}, "finetune"),
        ("detector: ft-res", {}, "finetune"),
    ],
)
def test_head_is_taken_where_the_default_cannot_adapt_and_none_is_named(
    tmp_path: Path, text: str, settings: dict[str, object], expected: str
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(text)
    assert requested_settings(config, settings, {}).adapt.strategy == expected
    base = requested_settings(config, {}, {})
    assert requested_settings(None, None, {"adapt.strategy": "finetune"}, base=base).adapt.strategy == "finetune"
