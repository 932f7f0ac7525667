"""ForensicTransfer: train a forgery detector on one domain, adapt it to the next with a few shots, report honestly.

Each command of the command line is one call here, with the same arguments:

    import forensictransfer as ft

    ft.train("photos/splice", out="runs/src", settings={"train.epochs": 15})
    ft.adapt("runs/src", target="photos/retouch", out="runs/tgt", shots=10, strategy="finetune", draws=5)
    ft.evaluate("runs/src", on=["photos/retouch"])
    print(ft.table("runs/src", "runs/tgt"))
    ft.audit("photos/splice")["domains"][0]["verdict"]
    ft.run_sweep("configs/sweep.yaml", out="sweeps/first")
    ft.write_report("sweeps/first")

TensorFlow is loaded when a call needs it, not by `import forensictransfer`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from forensictransfer.core.moved import answer_for_moved_modules
from forensictransfer.core.version import __version__ as __version__
from forensictransfer.detectors.registration import register_layers_with_keras

if TYPE_CHECKING:
    from forensictransfer import data
    from forensictransfer.api import (
        adapt,
        audit,
        check_camera,
        check_generator,
        enroll_camera,
        enroll_generator,
        evaluate,
        generator_table,
        inspect,
        light,
        load_model,
        predict,
        robustness,
        run_sweep,
        show,
        table,
        train,
        write_report,
    )
    from forensictransfer.core.errors import UserError
    from forensictransfer.detectors.registry import register_detector

__all__ = [
    "UserError",
    "adapt",
    "audit",
    "check_camera",
    "check_generator",
    "data",
    "enroll_camera",
    "enroll_generator",
    "evaluate",
    "generator_table",
    "inspect",
    "light",
    "load_model",
    "predict",
    "register_detector",
    "robustness",
    "run_sweep",
    "show",
    "table",
    "train",
    "write_report",
]

answer_for_moved_modules()
register_layers_with_keras()


def __getattr__(name: str) -> Any:
    if name == "data":
        return importlib.import_module("forensictransfer.data")
    if name == "UserError":
        return importlib.import_module("forensictransfer.core.errors").UserError
    if name == "register_detector":
        return importlib.import_module("forensictransfer.detectors.registry").register_detector
    if name in __all__:
        return getattr(importlib.import_module("forensictransfer.api"), name)
    raise AttributeError(f"module 'forensictransfer' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
