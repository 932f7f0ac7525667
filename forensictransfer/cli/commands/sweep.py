"""The command `sweep`: train on each source, adapt to each target, at each number of shots."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from forensictransfer.cli.common import NAME
from forensictransfer.cli.flags import Judged, Parser
from forensictransfer.cli.output import say
from forensictransfer.detectors.registry import detectors

_OPTIONS = ("workers", "threads", "trials", "train_trials", "detectors")
_EPILOG = f"""\
SETTINGS, with examples; only domains (or sources and targets) must be given:
  domains: [forged_photos, my/photos]         names, data sets, folders or domain files (relative to this file)
  sources: [...]   targets: [...]             where they are not the same
  leave_one_out: true                         each target from all other sources together, too; with
                                              pairs: false these alone
  detectors: [ft-res]
  shots: [0, 10]                              0 is zero-shot
  draws: 5
  strategies: [finetune, head, prototype, threshold]
  seeds: [0]
  settings: {{train.epochs: 30}}                of all jobs, as in a settings file
  source_settings: {{NAME: {{data.crop: 64}}}}    of the jobs of one source
  detector_settings: {{NAME: {{train.batch: 16}}}}    of the jobs of one detector, over both
  tuned_shots: [10]                           where `tuned` is tried (default: all)
  keep_weights: false                         of adapted runs
  threads: 1   heartbeat: 10                  of each worker; seconds between its signs of life

several machines, one folder and one database for all:
  {NAME} sweep grid.yaml --out /shared/sweep --storage postgresql://me@host/sweeps
  (needs forensictransfer[postgresql])

examples:
  {NAME} sweep configs/sweep.yaml --out sweeps/first --dry-run
  {NAME} sweep configs/sweep.yaml --out sweeps/first
  {NAME} sweep configs/sweep.yaml --out sweeps/meso4 --detector meso4
  {NAME} sweep configs/sweep.yaml --out sweeps/tuned --trials 12
  {NAME} report sweeps/first
  tensorboard --logdir sweeps/first/tensorboard
  optuna-dashboard sqlite:///sweeps/first/study.db       (needs forensictransfer[dashboard])
"""


def add(sub: Any) -> Parser:
    """Add the command to the parser of all commands."""
    parser: Parser = sub.add_parser(
        "sweep",
        usage=f"{NAME} sweep SETTINGS --out SWEEP [--dry-run] [--workers N] [flags]",
        help="train on each source, adapt to each target, at each number of shots: the whole matrix",
        description="Do all jobs of a grid: sources x targets x shots x draws x strategies x seeds. A source's model\n"
        "is trained once. Each job is done once, whatever happens: started again, the command continues where it was\n"
        "stopped or killed, and started on several machines with a shared folder and --storage it shares the work.",
        epilog=_EPILOG,
    )
    parser.add_argument("settings", metavar="SETTINGS", help="YAML file of the grid, or the preset `sweep`")
    parser.add_argument("--out", required=True, metavar="SWEEP", help="folder of the sweep")
    parser.add_argument("--dry-run", action="store_true", help="print the jobs, which are done, and the time it takes")
    parser.add_argument("--retry", action="store_true", help="do failed jobs again")
    place = parser.add_argument_group("work")
    place.add_argument("--workers", type=int, metavar="N", help="processes (default: one a processor, up to 8)")
    place.add_argument(
        "--threads", type=int, metavar="N", help="threads of each worker (default: those of SETTINGS, 1)"
    )
    place.add_argument("--storage", metavar="URL", help="where Optuna keeps the study (default: SQLite in SWEEP)")
    place = parser.add_argument_group("instead of what SETTINGS say")
    place.add_argument(
        "--detector",
        dest="detectors",
        nargs="+",
        metavar="NAME",
        choices=Judged(detectors()),
        help="these detectors (`detectors list` names them)",
    )
    place.add_argument("--trials", type=int, metavar="N", help="add the strategy `tuned`: N trials inside the shots")
    place.add_argument("--train-trials", type=int, metavar="N", help="tune each source's training, N trials")
    parser.set_defaults(handler=run)
    return parser


def run(arguments: Namespace) -> int:
    """Do the sweep, or say what it would do; 1 if a job failed."""
    from forensictransfer import api

    options = {name: getattr(arguments, name) for name in _OPTIONS}
    if arguments.dry_run:
        say(api.dry_run(arguments.settings, arguments.out, **options))
        return 0
    outcome = api.run_sweep(
        arguments.settings, arguments.out, storage=arguments.storage, retry=arguments.retry, **options
    )
    say(outcome.text)
    return 0 if outcome.complete else 1
