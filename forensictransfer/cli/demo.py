"""The demo: every public command once, on the embedded data set, with the command line that does the same.

One process runs them all, because starting Python with TensorFlow takes longer than some of the commands.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from pathlib import Path

import forensictransfer as ft
from forensictransfer.core.errors import UserError
from forensictransfer.core.log import messages_on_stderr
from forensictransfer.core.presets import presets
from forensictransfer.report.model_card import evaluation_lines

DATASET = "forged_photos"
SOURCE = f"{DATASET}/resynth_nearest"
SHOTS = 10
FITTED = "rich_model"
DRAWS = 2  # of its shots: as many as configs/demo.yaml has


def main(argv: list[str] | None = None) -> int:
    """Run the demo; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m forensictransfer.cli.demo", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("runs/demo"), help="folder of the runs (default: runs/demo)")
    parser.add_argument("--source", default=SOURCE, help=f"built-in domain to train on (default: {SOURCE})")
    options = parser.parse_args(argv)
    try:
        with messages_on_stderr():
            demo(options.out, options.source)
    except UserError as error:
        print(f"demo: error: {error.line}", file=sys.stderr)
        return 2
    return 0


def demo(out: Path, source: str = SOURCE) -> None:
    """Build, train, evaluate, adapt to every other domain, evaluate, and print the cross-domain table."""
    start = time.monotonic()
    config = _config()
    targets = [name for name in ft.data.list() if name.startswith(f"{DATASET}/") and name != source]
    trained = out / _last(source)
    adapted = {name: out / f"{_last(source)}-to-{_last(name)}" for name in targets}
    fitted = out / f"{FITTED}-{_last(source)}"
    refitted = {name: out / f"{FITTED}-{_last(source)}-to-{_last(name)}" for name in targets}
    files = {"markdown": out / "table.md", "csv": out / "table.csv"}

    _step("Make the embedded data set: real photographs, forged in seven ways, each way one domain.")
    _command("data build", DATASET)
    ft.data.build(DATASET)

    _step(f"Train on one of them, {source}; it is tested on images that it has not seen.")
    _command("train", "--source", source, "--out", trained, "--config", config)
    ft.train(source, trained, config=config, overwrite=True)

    _step("Zero-shot: how well does it find the six forgeries that it has never seen?")
    _command("evaluate", trained, "--on", *targets)
    print("\n".join(evaluation_lines(ft.evaluate(trained, targets))))

    _step(f"Adapt it to each of them with {SHOTS} real and {SHOTS} fake images.")
    for target, path in adapted.items():
        _command("adapt", trained, "--target", target, "--shots", SHOTS, "--out", path)
        ft.adapt(trained, target, path, shots=SHOTS, overwrite=True)

    _step(f"The same with {FITTED}, statistics and a linear classifier: the best known start for a few shots.")
    _command("train", "--source", source, "--out", fitted, "--config", FITTED)
    ft.train(source, fitted, config=presets()[FITTED], overwrite=True)
    for target, path in refitted.items():
        _command("adapt", fitted, "--target", target, "--shots", SHOTS, "--draws", DRAWS, "--out", path)
        ft.adapt(fitted, target, path, shots=SHOTS, draws=DRAWS, overwrite=True)

    _step("The cross-domain table: source x target, zero-shot and adapted.")
    runs = [trained, *adapted.values(), fitted, *refitted.values()]
    _command("table", *runs, "--markdown", files["markdown"], "--csv", files["csv"])
    print(ft.table(*runs, **files))
    _close(out, trained, fitted, files, time.monotonic() - start)


def _close(out: Path, trained: Path, fitted: Path, files: dict[str, Path], seconds: float) -> None:
    program = _program()
    print(f"""
Done in {seconds:.0f} s. The runs are short and the data set is for trying things, so quote none of these numbers.

Written:
  {trained}/    the trained run: model, settings, predictions per image, CARD.md
  {fitted}/    the same by {FITTED}
  {out}/*-to-*/    the adapted runs
  {files["markdown"]}, {files["csv"]}    the table

Next, on images of your own (a folder with real/ and fake/ in it):
  {program} data show my/photos
  {program} evaluate {trained} --on my/photos
  {program} adapt {fitted} --target my/photos --shots 10 --out runs/mine
  {program} --help""")


def _step(text: str) -> None:
    print(f"\n== {text}", flush=True)


def _command(name: str, *arguments: object) -> None:
    print(f"$ {_program()} {name} {shlex.join(str(argument) for argument in arguments)}", flush=True)


def _program() -> str:
    """Return the command as it can be typed here: by its path if it lies in a virtual environment below this folder."""
    program = Path(sys.executable).with_name("forensictransfer")
    return str(program.relative_to(Path.cwd())) if program.is_relative_to(Path.cwd()) else "forensictransfer"


def _config() -> Path:
    """Find configs/demo.yaml of the checkout, or of the wheel."""
    config = presets()["demo"]
    return config.relative_to(Path.cwd()) if config.is_relative_to(Path.cwd()) else config


def _last(name: str) -> str:
    return name.rpartition("/")[2]


if __name__ == "__main__":
    sys.exit(main())
