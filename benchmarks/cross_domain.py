"""Every trained run on every domain, zero-shot and adapted with every strategy: the study behind a cross-domain table.

    python benchmarks/cross_domain.py --runs runs/a runs/b --domains a.yaml b.yaml c/ --out study --shots 10 50

A domain is a folder or a domain file (which says what belongs together). Jobs that are finished are passed over, so a
study that was interrupted goes on where it stopped. The table goes to OUT/table.{md,csv}.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # works in a bare clone, too

import forensictransfer as ft
from forensictransfer.config import DataSettings
from forensictransfer.data.domains import Domain, open_domain
from forensictransfer.errors import UserError
from forensictransfer.quiet import prepare_tensorflow
from forensictransfer.runs import RunFolder
from forensictransfer.strategies import STRATEGIES


def main() -> int:
    """Evaluate, adapt, print the table; returns the exit code: 1 if a job failed, 2 for a mistake in the input."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", nargs="+", type=Path, required=True, help="folders of finished trainings")
    parser.add_argument("--domains", nargs="+", required=True, help="folders, domain files or built-in names")
    parser.add_argument("--out", type=Path, required=True, help="folder of the adapted runs")
    parser.add_argument("--shots", nargs="+", type=int, default=[10, 50])
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--config", type=Path, help="settings of the adaptations (default: the runs' own)")
    parser.add_argument("--strategies", nargs="+", default=list(STRATEGIES), choices=list(STRATEGIES))
    options = parser.parse_args()
    try:
        return study(options)
    except UserError as error:
        print(f"cross_domain: error: {error}", file=sys.stderr)
        return 2


def study(options: argparse.Namespace) -> int:
    """All jobs that are not finished, then the table; returns 1 if a job failed."""
    prepare_tensorflow()  # built-in domains are stored in TensorFlow's record files
    domains = {spec: open_domain(spec, data=DataSettings()) for spec in options.domains}
    failed = 0
    adapted: list[Path] = []
    for run in options.runs:
        targets = [(spec, domain) for spec, domain in domains.items() if not is_source(run, domain)]
        missing = [spec for spec, domain in targets if not RunFolder.open(run).evaluation_path(domain.name).exists()]
        if missing:
            ft.evaluate(run, missing)
        for spec, domain in targets:
            for strategy in options.strategies:
                for shots in options.shots:
                    out = options.out / f"{run.name}-to-{domain.name}-{strategy}-{shots}"
                    failed += not adapt(run, spec, out, strategy, shots, options.draws, options.config)
                    adapted += [out] if (out / "FINISHED").is_file() else []
    runs = [*options.runs, *adapted]
    print(ft.table(*runs, markdown=options.out / "table.md", csv=options.out / "table.csv"))
    return int(failed > 0)


def is_source(run: Path, domain: Domain) -> bool:
    """Whether a run was trained on this domain."""
    source = RunFolder.open(run).info["source"]
    return bool(source["origin"] == domain.origin)


def adapt(run: Path, spec: str, out: Path, strategy: str, shots: int, draws: int, config: Path | None) -> bool:
    """One job, unless it is done; says how long it took. Returns whether it is done now."""
    if (out / "FINISHED").is_file():
        return True
    start = time.monotonic()
    try:
        ft.adapt(run, spec, out, shots=shots, strategy=strategy, draws=draws, config=config)
    except UserError as error:
        print(f"{out.name}: {error}", file=sys.stderr)
        return False
    finally:
        import keras

        keras.utils.clear_session()  # the graphs of finished jobs would pile up
        gc.collect()
    print(f"{out.name}: {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
