"""`python -m forensictransfer` is the same as the command `forensictransfer`."""

from __future__ import annotations

import sys

from forensictransfer.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
