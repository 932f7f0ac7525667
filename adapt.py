"""Adapt a run to another domain with a few shots: `python adapt.py RUN --target DOMAIN --out RUN` (`--help`).

The same as `forensictransfer adapt`, and in Python:

    import forensictransfer as ft

    ft.adapt("runs/splice", target="my/photos", out="runs/mine", shots=10, strategy="finetune", draws=5)
"""

import sys

try:
    from forensictransfer.cli.main import main
except ModuleNotFoundError as error:
    sys.exit(f"{error.name} is not installed here: run `make install`, then `.venv/bin/python adapt.py ...`")

if __name__ == "__main__":
    sys.exit(main(["adapt", *sys.argv[1:]]))
