"""`adaseq train`: from a configuration to a trained and tested model."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from adaseq.commands.flags import add_device_flag, add_import_flag, add_set_flag, not_empty
from adaseq.errors import AdaSeqError
from adaseq.utils.terminal import harmless

HELP = "train a model from a configuration, and test it"

_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    parser.add_argument("-c", "--config_path", type=not_empty, metavar="FILE", help="the configuration: YAML or JSON")
    parser.add_argument(
        "-w",
        "--work_dir",
        type=not_empty,
        metavar="FOLDER",
        help="the run folder, instead of exp_dir/exp_name/run_name",
    )
    parser.add_argument(
        "-n",
        "-r",
        "--run_name",
        type=not_empty,
        metavar="NAME",
        help="the name of the run; by default the time of its start",
    )
    parser.add_argument(
        "-f",
        "--force",
        nargs="?",
        const=True,
        default=False,
        type=_switch,
        metavar="true|false",
        help="overwrite what an earlier run has left in the folder",
    )
    parser.add_argument(
        "-ckpt",
        "--checkpoint_path",
        type=not_empty,
        metavar="PATH",
        help="weights to begin with: a file or a folder",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on with a run that was stopped; name it with -w or -n"
    )
    parser.add_argument("--seed", type=int, metavar="NUMBER", help="the seed, instead of experiment.seed")
    add_device_flag(parser)
    parser.add_argument("--use_fp16", action="store_true", help="compute in half precision")
    parser.add_argument("--use_bf16", action="store_true", help="compute in bfloat16")
    parser.add_argument(
        "--local_rank", "--local-rank", type=int, metavar="NUMBER", help="set by launchers; torchrun does without it"
    )
    add_set_flag(parser)
    add_import_flag(parser)


def run(args: argparse.Namespace) -> int:
    """Train; of several processes only the first one talks."""
    return run_with(args, "adaseq.training.train:train_model", "train")


def run_with(args: argparse.Namespace, function: str, verb: str) -> int:
    """Train with a function that takes the flags.

    Args:
        args: the flags.
        function: its module and name.
        verb: the command that goes on with a stopped run.
    """
    if args.local_rank is not None:
        os.environ.setdefault("LOCAL_RANK", str(args.local_rank))
    if args.config_path is None and not (args.resume and args.work_dir):
        raise AdaSeqError("A configuration is needed: -c FILE. Only --resume -w RUN_FOLDER finds it by itself.")
    from adaseq.training.interrupts import TrainingInterrupted
    from adaseq.training.runtime import ProcessLost

    module, _, name = function.partition(":")
    train_model = getattr(importlib.import_module(module), name)
    try:
        train_model(
            args.config_path,
            work_dir=args.work_dir,
            run_name=args.run_name,
            force=args.force,
            checkpoint_path=args.checkpoint_path,
            resume=args.resume,
            seed=args.seed,
            device=args.device,
            use_fp16=args.use_fp16,
            use_bf16=args.use_bf16,
            overrides=args.set,
            imports=args.imports,
        )
    except TrainingInterrupted as stop:
        _say(f"{stop} To go on: adaseq {verb} --resume -w {stop.folder}")
        return stop.exit_status
    except AdaSeqError as error:
        _say(f"error: {error}", everyone=isinstance(error, ProcessLost))
        return 2
    return 0


def _switch(text: str) -> bool:
    """The value of an old `-f true`."""
    if text.lower() not in (*_YES, *_NO):
        raise argparse.ArgumentTypeError(f"received '{text}'; expected true or false, or nothing at all")
    return text.lower() in _YES


def _say(message: str, everyone: bool = False) -> None:
    if everyone or os.environ.get("RANK", "0") == "0":
        print(harmless(message), file=sys.stderr)
