"""Train a detector on one domain: `python train.py --source DOMAIN --out RUN` (`--help` tells all).

The same as `forensictransfer train`, and in Python:

    import forensictransfer as ft

    ft.train("forged_photos/splice", out="runs/splice", detector="ft-res", settings={"train.epochs": 15})
"""

import sys

try:
    from forensictransfer.cli.main import main
except ModuleNotFoundError as error:
    sys.exit(f"{error.name} is not installed here: run `make install`, then `.venv/bin/python train.py ...`")

if __name__ == "__main__":
    sys.exit(main(["train", *sys.argv[1:]]))
