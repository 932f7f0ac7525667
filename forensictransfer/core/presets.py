"""Settings files by name: `--config quick` is configs/quick.yaml of the checkout, or of the wheel."""

from __future__ import annotations

from pathlib import Path

from forensictransfer.core.errors import ErrorCode, UserError, nearest

_PACKAGE = Path(__file__).resolve().parents[1]
SWEEP = "sweep"  # a grid, not the settings of a run


def presets() -> dict[str, Path]:
    """Find the settings files that come with the package, by name."""
    for folder in (_PACKAGE.parent / "configs", _PACKAGE / "configs"):
        found = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
        if found:
            return found
    return {}


def find_config(name: str | Path) -> Path:
    """Find the settings file that a user means: a file of that name, else the preset. Raises UserError for neither."""
    path = Path(name).expanduser()
    if path.exists() and not path.is_dir():
        return path
    if path.name != str(name) or path.suffix:
        raise UserError(f"{name}: there is no such settings file", code=ErrorCode.PATH_MISSING)
    known = presets()
    if path.name in known:
        return known[path.name]
    listed = ", ".join(preset for preset in known if preset != SWEEP)
    raise UserError(
        f"{name}: there is no such settings file or preset{nearest(str(name), known)} (presets: {listed})",
        code=ErrorCode.NAME_UNKNOWN,
    )
