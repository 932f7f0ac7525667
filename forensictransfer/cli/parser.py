"""What the command line takes: every command's arguments, and help that teaches. Nothing is done here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from forensictransfer.cli.data_parser import DOMAIN, NAME, add_audit, add_data, add_group
from forensictransfer.cli.flags import Parser, add_settings, check_flags
from forensictransfer.core.errors import UserError, nearest
from forensictransfer.core.version import __version__
from forensictransfer.detectors.registry import descriptions
from forensictransfer.experiments.strategies import STRATEGIES

_SETTINGS = """\
Settings come from the defaults, then --config FILE, then single flags such as --train.epochs 15.
A run folder's settings.yaml is valid as --config again.
"""
_RUN_SETTINGS = """\
Settings come from the run (which may differ from the defaults shown above: `forensictransfer show RUN`), then --config
FILE, then single flags such as --evaluate.stride 32.
"""


def build_parser() -> tuple[Parser, dict[str, Any]]:
    """The parser, and its commands by name: each a parser, or a parser with commands of its own."""
    parser = Parser(
        prog=NAME,
        description="Train a forgery detector on one domain, adapt it to the next with a few shots, report honestly.",
        epilog=DOMAIN
        + f"""
examples:
  {NAME} data build forged_photos
  {NAME} audit forged_photos/splice
  {NAME} train --source forged_photos/splice --out runs/splice
  {NAME} evaluate --run runs/splice --on forged_photos/splice forged_photos/copy_move
  {NAME} adapt --run runs/splice --target my/photos --shots 10 --out runs/mine
  {NAME} table runs/splice runs/mine
  {NAME} sweep configs/sweep.yaml --out sweeps/first && {NAME} report sweeps/first

`{NAME} COMMAND --help` tells more. Each command is also a Python call: `import forensictransfer as ft; ft.train(...)`.
""",
    )
    parser.add_argument("--version", action="version", version=f"{NAME} {__version__}")
    sub = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)
    commands: dict[str, Any] = {
        "train": _train(sub),
        "adapt": _adapt(sub),
        "evaluate": _evaluate(sub),
        "sweep": _sweep(sub),
        "report": _report(sub),
        "table": _table(sub),
        "show": _show(sub),
        "audit": add_audit(sub),
        "data": add_data(sub),
        "detectors": _detectors(sub),
    }
    return parser, commands


def _train(sub: Any) -> Parser:
    parser: Parser = sub.add_parser(
        "train",
        usage=f"{NAME} train --source DOMAIN --out RUN [flags]",
        help="fit a detector on a source domain and write a run folder",
        description="Fit a detector on the train split of a source domain, stop by its validation split, and write\n"
        "a run folder. Killed at any moment, it goes on with --resume and ends in the same weights.",
        epilog=DOMAIN
        + f"""
detectors:
{_listed(descriptions())}

{_SETTINGS}
examples:
  {NAME} train --source forged_photos/splice --out runs/splice
  {NAME} train --source photos/faces --group 'id\\d+' --detector ft --train.epochs 15 --out runs/faces
  {NAME} train --source photos/faces --detector meso4 --data.crop 256 --weights Meso4_DF.h5 --train.epochs 0 --out m
""",
    )
    parser.add_argument("--source", required=True, metavar="DOMAIN", help="the domain to learn from")
    parser.add_argument("--out", required=True, metavar="RUN", help="run folder to write")
    _add_common(parser, "goes on from where it was interrupted")
    add_settings(
        parser,
        sections=("", "data", "train", "adapt", "evaluate"),
        short=("detector", "seed", "train.weights"),
    )
    parser.set_defaults(command="train")
    return parser


def _adapt(sub: Any) -> Parser:
    parser: Parser = sub.add_parser(
        "adapt",
        usage=f"{NAME} adapt --run RUN --target DOMAIN --out RUN [--shots K] [--strategy NAME] [--draws N] [flags]",
        help="adapt a run to a target domain with a few shots and write a new run folder",
        description="Adapt a trained run to a target domain with a few labelled images per class (shots), drawn from\n"
        "the target's train split. Each draw repeats it with other shots. Settings are those of the run unless\n"
        "given here.",
        epilog=DOMAIN
        + f"""
strategies:
{_listed(STRATEGIES)}

{_RUN_SETTINGS}
examples:
  {NAME} adapt --run runs/splice --target forged_photos/copy_move --shots 10 --out runs/splice-copy_move
  {NAME} adapt --run runs/splice --target photos/faces --shots 5 --strategy threshold --draws 10 --out runs/faces
""",
    )
    parser.add_argument("--run", required=True, metavar="RUN", help="the run to adapt")
    parser.add_argument("--target", required=True, metavar="DOMAIN", help="the domain to adapt to")
    parser.add_argument("--out", required=True, metavar="RUN", help="run folder to write")
    _add_common(parser)
    add_settings(
        parser,
        sections=("", "data", "adapt", "evaluate"),
        leave_out=("detector", "data.crop"),
        short=("adapt.shots", "adapt.strategy", "adapt.draws", "seed"),
    )
    parser.set_defaults(command="adapt")
    return parser


def _evaluate(sub: Any) -> Parser:
    parser: Parser = sub.add_parser(
        "evaluate",
        usage=f"{NAME} evaluate --run RUN --on DOMAIN [DOMAIN ...] [flags]",
        help="score the test splits of some domains with a run",
        description="Score the test split of each domain with a run. RUN/evaluations/ gets predictions.csv (every\n"
        "image) and metrics.json (accuracy, AUC and more with 95 % intervals). Images that share a photograph with\n"
        "what the run has learned from are left out. Settings are those of the run unless given here.",
        epilog=DOMAIN
        + f"""
{_RUN_SETTINGS}
examples:
  {NAME} evaluate --run runs/splice --on forged_photos/splice forged_photos/copy_move photos/faces
""",
    )
    parser.add_argument("--run", required=True, metavar="RUN", help="the run to evaluate")
    parser.add_argument("--on", required=True, nargs="+", metavar="DOMAIN", help="the domains to score")
    _add_common(parser)
    add_settings(parser, sections=("data", "evaluate"), leave_out=("data.crop", "data.augment"))
    parser.set_defaults(command="evaluate")
    return parser


def _sweep(sub: Any) -> Parser:
    parser: Parser = sub.add_parser(
        "sweep",
        usage=f"{NAME} sweep SETTINGS --out SWEEP [--dry-run] [--workers N] [flags]",
        help="train on each source, adapt to each target, at each number of shots: the whole matrix",
        description="Do all jobs of a grid: sources x targets x shots x draws x strategies x seeds. A source's model\n"
        "is trained once. Each job is done once, whatever happens: started again, the command goes on where it was\n"
        "stopped or killed, and started on several machines with a shared folder and --storage it shares the work.",
        epilog=_SWEEP,
    )
    parser.add_argument("settings", metavar="SETTINGS", help="YAML file of the grid")
    parser.add_argument("--out", required=True, metavar="SWEEP", help="folder of the sweep")
    parser.add_argument("--dry-run", action="store_true", help="print the jobs, which are done, and the time it takes")
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default: one a processor, up to 8)")
    parser.add_argument("--threads", type=int, metavar="N", help="threads of each worker (default: 1)")
    parser.add_argument("--storage", metavar="URL", help="where Optuna keeps the study (default: SQLite in SWEEP)")
    parser.add_argument(
        "--detector", dest="detectors", nargs="+", metavar="NAME", help="these instead of SETTINGS' detectors"
    )
    parser.add_argument("--trials", type=int, metavar="N", help="add the strategy `tuned`: N trials inside the shots")
    parser.add_argument("--train-trials", type=int, metavar="N", help="tune each source's training, N trials")
    parser.add_argument("--retry", action="store_true", help="do failed jobs again")
    parser.set_defaults(command="sweep")
    return parser


_SWEEP = f"""\
SETTINGS, with examples; only domains (or sources and targets) must be given:
  domains: [forged_photos, my/photos]         names, data sets, folders or domain files (relative to this file)
  sources: [...]   targets: [...]             where they are not the same
  detectors: [ft-res]
  shots: [0, 10]                              0 is zero-shot
  draws: 5
  strategies: [finetune, head, prototype, threshold]
  seeds: [0]
  settings: {{train.epochs: 30}}                of all jobs, as in a settings file
  source_settings: {{NAME: {{data.crop: 64}}}}    of the jobs of one source
  detector_settings: {{NAME: {{train.batch: 16}}}}    of the jobs of one detector, over both
  tuned_shots: [10]                           where `tuned` is tried (default: all)
  keep_weights: no                            of adapted runs
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


def _report(sub: Any) -> Parser:
    parser: Parser = sub.add_parser(
        "report",
        help="write a sweep's page and tables",
        description="Write a sweep's results as one self-contained page (index.html) and as tables.md, tables.csv and\n"
        "tables.tex, from its result files alone: the same files give the same bytes. An unfinished sweep is shown\n"
        "as far as it went.",
        epilog=f"examples:\n  {NAME} report sweeps/first\n  {NAME} report sweeps/first --out appendix\n",
    )
    parser.add_argument("sweep", metavar="SWEEP", help="folder of a sweep")
    parser.add_argument("--out", metavar="FOLDER", help="folder to write to (default: SWEEP/report)")
    parser.set_defaults(command="report")
    return parser


def _table(sub: Any) -> Parser:
    parser: Parser = sub.add_parser(
        "table",
        help="print the source x target matrix of evaluated runs",
        description="Print the source x target matrix of any number of runs: zero-shot and at each number of shots,\n"
        "mean over draws with 95 % interval. The header names seed, shots, strategy and threshold rule.",
        epilog=f"examples:\n  {NAME} table runs/*\n  {NAME} table runs/splice runs/mine --markdown table.md\n",
    )
    parser.add_argument("runs", nargs="+", metavar="RUN", help="evaluated runs")
    for kind in ("markdown", "csv", "latex"):
        parser.add_argument(f"--{kind}", metavar="FILE", help=f"write the table as {kind} too")
    parser.set_defaults(command="table")
    return parser


def _show(sub: Any) -> Parser:
    parser: Parser = sub.add_parser(
        "show",
        help="print what a run is and what was measured",
        description="Print what a run is, what it was made from, and what was measured.",
        epilog=f"examples:\n  {NAME} show runs/splice\n",
    )
    parser.add_argument("run", metavar="RUN", help="a run folder, finished or not")
    parser.set_defaults(command="show")
    return parser


def _detectors(sub: Any) -> tuple[Parser, dict[str, Parser]]:
    parser: Parser = sub.add_parser(
        "detectors",
        help="the detectors, and what each costs",
        description="The registered detectors; `train --detector NAME` takes one.",
        epilog=f"examples:\n  {NAME} detectors list\n  {NAME} detectors list --crop 256\n",
    )
    parser.set_defaults(command="detectors")
    inner = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)
    listed: Parser = inner.add_parser(
        "list",
        help="parameters, multiply-adds and strategies of each",
        description="Parameters, multiply-adds for a crop, and how it is trained.",
    )
    listed.add_argument("--crop", type=int, default=128, metavar="N", help="side of the crops, pixels (default: 128)")
    listed.set_defaults(command="detectors_list")
    return parser, {"list": listed}


def _add_common(parser: Parser, resume: str = "") -> None:
    parser.add_argument("--config", metavar="FILE", help="YAML file of settings")
    add_group(parser)
    if resume:
        parser.add_argument("--resume", action="store_true", help=resume)
    parser.add_argument("--overwrite", action="store_true", help="replace what is there")


def _listed(described: Mapping[str, str]) -> str:
    return "\n".join(f"  {name:<12}{text}" for name, text in described.items())


def check_words(parser: Parser, commands: dict[str, Any], words: Sequence[str]) -> None:
    """Raise UserError for an unknown command or flag, before argparse complains of what follows from it."""
    while words:
        if words[0].startswith("-"):
            check_flags(parser, words[:1])
            words = words[1:]
            continue
        if words[0] not in commands:
            known = ", ".join(commands)
            raise UserError(f"unknown command '{words[0]}'{nearest(words[0], commands)} (there are: {known})")
        entry = commands[words[0]]
        words = words[1:]
        if isinstance(entry, Parser):
            return check_flags(entry, words)
        parser, commands = entry
