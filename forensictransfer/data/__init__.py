"""Domains, decoding, splits and batches; and the `data` command as Python calls: `list`, `build`, `show`."""

from forensictransfer.data.describe import build, show
from forensictransfer.data.describe import list_names as list

__all__ = ["build", "list", "show"]
