"""`adaseq grid_search`: try all combinations of hyper-parameters."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from adaseq.errors import AdaSeqError
from adaseq.utils.logging import logging_to
from adaseq.utils.terminal import harmless

HELP = "try all combinations of the lists in a configuration (tune), tabulate the scores (collect), stop (kill)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the flags."""
    steps = parser.add_subparsers(dest="step", metavar="STEP", required=True)
    tune = steps.add_parser("tune", help="run the grid; what is finished is not run again")
    tune.add_argument("-c", "--config_path", required=True, metavar="FILE", help="a configuration; its lists are axes")
    tune.add_argument(
        "-c_env", "--config_env", metavar="FILE", help="YAML: python_interpreter, python_file, envs, trainer"
    )
    tune.add_argument("-to", "--output_log", default=os.devnull, metavar="FILE", help="where the runs write to")
    tune.add_argument("-g", "--gpus", metavar="0,1", help="the GPUs, one run on each; by default all; cpu for none")
    tune.add_argument("-y", "--yes", action="store_true", help="do not ask")
    tune.add_argument("-f", "--foreground", action="store_true", help="wait for the end")
    table = steps.add_parser("collect", help="write a table of all runs of the experiment")
    table.add_argument("-c", "--config_path", required=True, metavar="FILE", help="the same configuration")
    table.add_argument("-o", "--output", default="res.csv", metavar="FILE", help="a row for each run")
    table.add_argument(
        "-oa", "--output_average", default="res_seed_avg.csv", metavar="FILE", help="mean and deviation over seeds"
    )
    kill = steps.add_parser("kill", help="stop the grids that are running; the runs under way save first")
    kill.add_argument("-c", "--config_path", metavar="FILE", help="only the grid of this configuration")


def run(args: argparse.Namespace) -> int:
    """Do one of the three steps."""
    # What a configuration is warned of, each of its runs is.
    with logging_to(console=False):
        return {"tune": _tune, "collect": _collect, "kill": _kill}[args.step](args)


def _tune(args: argparse.Namespace) -> int:
    from adaseq.config.writer import to_yaml, without_secrets
    from adaseq.tuning.grid import Grid
    from adaseq.tuning.runner import Launcher, Runner, is_finished, start_in_background
    from adaseq.utils.files import atomic_write

    grid = Grid.read(args.config_path)
    launcher = Launcher.read(Path(args.config_env)) if args.config_env else Launcher()
    grid.check()
    for axis in grid.axes:
        print(harmless(f"{axis.path}: {', '.join(map(str, axis.values))}"))
    done = sum(is_finished(grid.folder / trial.name) for trial in grid.trials)
    devices = _devices(args.gpus)
    print(f"{len(grid.trials)} runs in {grid.folder}, {done} of them finished; on {', '.join(devices)}")
    if not args.yes and not _confirmed():
        return 0
    for number, trial in enumerate(grid.trials):
        with atomic_write(grid.folder / "configs" / f"config.{number}.yaml") as file:
            file.write(to_yaml(without_secrets(trial.config)))
    log = Path(args.output_log)
    if not args.foreground:
        arguments = ["grid_search", "tune", "-c", args.config_path, "-y", "-f", "-to", args.output_log]
        arguments += ["-c_env", args.config_env] if args.config_env else []
        process = start_in_background([*arguments, "-g", ",".join(devices)], log)
        print(f"running in the background as process {process}; to stop: adaseq grid_search kill -c {args.config_path}")
        return 0
    failed = Runner(grid, launcher, devices, log).run()
    if failed:
        raise AdaSeqError(
            f"{len(failed)} of {len(grid.trials)} runs failed: {', '.join(failed)}. To see why: -to FILE keeps their output"
        )
    return 0


def _collect(args: argparse.Namespace) -> int:
    from adaseq.tuning.grid import Grid
    from adaseq.tuning.table import collect, mean_over_seeds, without_constants, write_csv

    rows = without_constants(collect(Grid.read(args.config_path).folder))
    write_csv(rows, Path(args.output))
    write_csv(mean_over_seeds(rows), Path(args.output_average))
    print(f"{len(rows)} runs in {args.output}; means over seeds in {args.output_average}")
    return 0


def _kill(args: argparse.Namespace) -> int:
    from adaseq.config import find_config
    from adaseq.tuning.runner import stop_all

    stopped = stop_all(find_config(args.config_path) if args.config_path else None)
    print(f"told to stop: {', '.join(map(str, stopped))}" if stopped else "no grid is running")
    return 0


def _devices(named: str | None) -> list[str]:
    from adaseq.tuning.runner import CPU

    if named is not None:
        devices = [each.strip() for each in named.split(",")]
        if not all(each == CPU or each.isdecimal() or each.startswith(("GPU-", "MIG-")) for each in devices):
            raise AdaSeqError(f"-g takes the numbers of GPUs, with commas, or cpu; received '{named}'")
        return devices
    import torch

    return [str(number) for number in range(torch.cuda.device_count())] or [CPU]


def _confirmed() -> bool:
    if not sys.stdin.isatty():
        raise AdaSeqError("nobody can be asked here; -y starts without asking")
    return input("Start? [y/N] ").strip().lower() in ("y", "yes")
