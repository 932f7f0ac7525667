"""Domains, decoding, splits and batches; and the `data` command as Python calls.

`list`, `table`, `details` and `build` are about the built-in data sets, `show` and `sheet` about any domain.
"""

from forensictransfer.data.contact_sheet import sheet
from forensictransfer.data.describe import list_names as list
from forensictransfer.data.describe import show
from forensictransfer.data.listing import build, details, table

__all__ = ["build", "details", "list", "sheet", "show", "table"]
