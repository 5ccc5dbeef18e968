"""What two processes do together; started by torchrun from test_runtime.py. Prints `fine` when all of it holds."""

from __future__ import annotations

import contextlib
import faulthandler
import importlib.util
import json
import math
import os
import signal
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from adaseq.data.batching import BatchSampler
from adaseq.errors import AdaSeqError
from adaseq.training import finite
from adaseq.training import runtime as runtime_module
from adaseq.training.averages import Averages, NonFiniteLoss
from adaseq.training.evaluation import EvaluationInterrupted, Evaluator
from adaseq.training.loader import BatchLoader
from adaseq.training.runtime import ProcessLost, Runtime
from adaseq.training.state import Progress


def check_messages(runtime: Runtime) -> None:
    assert runtime.gather([runtime.rank, "x"]) == [0, "x", 1, "x"]
    assert runtime.gather([] if runtime.rank == 0 else [3]) == [3]
    assert runtime.broadcast(f"from {runtime.rank}") == "from 0"
    assert runtime.any(runtime.rank == 1) and not runtime.any(False)
    assert runtime.mean(torch.tensor([float(runtime.rank), 4.0])).tolist() == [0.5, 4.0]
    calls: list[int] = []
    assert runtime.on_main(lambda: calls.append(1) or "done") == "done"
    assert len(calls) == (1 if runtime.is_main else 0)

    def fail() -> None:
        raise AdaSeqError("the disk is full")

    try:
        runtime.on_main(fail)
        raise AssertionError("the error of the main process was lost")
    except AdaSeqError as error:
        assert str(error) == "the disk is full"


def check_evaluation(runtime: Runtime, fakes: Any) -> None:
    """Shards of different sizes, one of them empty, and an interrupt in one process only."""
    torch.manual_seed(0)
    model = fakes.Quadrants()
    for count in (13, 8, 1):
        points = fakes.Points(count)
        scores = []
        for rank, size in ((runtime.rank, 2), (0, 1)):
            sampler = BatchSampler(points.lengths, 4, shuffle=False, rank=rank, world_size=size)
            loader = BatchLoader(points, sampler, fakes.collate)
            scores.append(Evaluator("valid", loader, [fakes.Share()], [], runtime).evaluate(model))
        assert scores[0] == scores[1], (count, scores)
    try:
        Evaluator("valid", loader, [fakes.Share()], [], runtime).evaluate(model, lambda: runtime.rank == 1)
        raise AssertionError("one process was interrupted and the other was not told")
    except EvaluationInterrupted:
        pass


def check_averages(runtime: Runtime) -> None:
    averages = Averages(runtime)
    for iteration in (1, 2):
        averages.add_loss(iteration, torch.tensor(float(iteration + runtime.rank)), torch.tensor([iteration]))
    averages.collect()
    assert averages.since({}) == {"loss": 2.0}
    averages.add_loss(3, torch.tensor(math.nan if runtime.rank else 1.0), torch.tensor([7 + runtime.rank]))
    try:
        averages.collect()
        raise AssertionError("a loss that is not finite went by")
    except NonFiniteLoss as error:
        assert runtime.gather(error.examples) in ([8], [8, 8]) and error.iteration == 3


def check_nonfinite(runtime: Runtime, fakes: Any) -> None:
    """Each example of the batch is named once, though all processes know of it."""
    folder = Path(runtime.broadcast(tempfile.mkdtemp()))
    batches = SimpleNamespace(dataset=fakes.Points(10))
    trainer: Any = SimpleNamespace(runtime=runtime, batches=batches, work_dir=folder, progress=Progress())
    message = str(finite.explain(trainer, NonFiniteLoss(3, math.nan, [7, 8])))
    assert "holds the examples points:8, points:9; they are saved" in message, message
    saved = json.loads((folder / "nonfinite_batch.json").read_text(encoding="utf-8"))
    assert [each["id"] for each in saved["examples"]] == ["7", "8"]


def lose_the_other(runtime: Runtime) -> None:
    """The second process dies; the first one says so."""
    if not runtime.is_main:
        sys.stdout.flush()
        os._exit(9)
    # The launcher, when it has seen that one is gone, ends the other; here it waits until that has spoken.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with runtime.together():
            runtime.gather([1])
        raise AssertionError("nobody missed the other process")
    except ProcessLost as error:
        assert str(error).startswith("Process 0 of 2 cannot go on, because another one has died")
        print("missed", flush=True)


def leave_slow_threads(runtime: Runtime) -> None:
    """Leave when threads of the group get to work only while the main one rests: each process ends all the same."""
    layer = torch.nn.Linear(2, 2)
    model = runtime.prepare(layer, torch.optim.SGD(layer.parameters(), 0.1))
    runtime.broadcast(1)
    if hasattr(os, "sched_setscheduler"):
        core = max(os.sched_getaffinity(0))
        for thread in map(int, os.listdir("/proc/self/task")):
            with contextlib.suppress(OSError):  # one that has ended meanwhile, or a system that does not let us
                os.sched_setaffinity(thread, {core})
                if thread != os.getpid():
                    os.sched_setscheduler(thread, os.SCHED_IDLE, os.sched_param(0))
    # They rest even where other programs want all processors.
    settled, runtime_module._SETTLED = runtime_module._SETTLED, 5.0
    assert 0.1 <= settled <= 1
    faulthandler.dump_traceback_later(60, exit=True)
    runtime.broadcast([1, 2])
    runtime.close()
    del model
    sys.stdout.write("left\n")


def main() -> None:
    path = Path(__file__).with_name("conftest.py")
    spec = importlib.util.spec_from_file_location("fakes", path)
    assert spec is not None and spec.loader is not None
    fakes = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fakes)
    runtime = Runtime("cpu")
    assert runtime.world_size == 2 and runtime.device.type == "cpu"
    check_messages(runtime)
    check_averages(runtime)
    check_nonfinite(runtime, fakes)
    check_evaluation(runtime, fakes)
    if sys.argv[1:] == ["lose"]:
        lose_the_other(runtime)
        return
    if sys.argv[1:] == ["leave"]:
        leave_slow_threads(runtime)
        return
    if runtime.is_main:
        print("fine")
    runtime.close()
    assert not torch.distributed.is_initialized()


if __name__ == "__main__":
    sys.exit(main())
