"""Devices, processes and precision of a run: the one module that imports accelerate.

One process, `torchrun` on one machine and on many are the same code above this module.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, TypeVar

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import (
    DistributedDataParallelKwargs,
    InitProcessGroupKwargs,
    broadcast_object_list,
    gather_object,
)
from torch import Tensor, nn
from torch.optim import Optimizer

from adaseq.errors import AdaSeqError
from adaseq.training.state import plain
from adaseq.utils.devices import find_device

logger = logging.getLogger(__name__)

T = TypeVar("T")

PRECISIONS = {"fp32": "no", "no": "no", "fp16": "fp16", "bf16": "bf16"}
# The others wait while the main process encodes the data, which may take long.
_PATIENCE = timedelta(hours=1)
# Seconds for the threads of a group of processes to end what they do.
_SETTLED = 0.2

# What gloo and NCCL say when the process at the other end is gone.
_LOST = ("connection reset by peer", "connection closed by peer", "communicator was aborted", "remote process exited")


class ProcessLost(AdaSeqError):
    """Another process of the run has died, so that this one cannot go on."""


class Runtime:
    """Where this process runs, and what the processes of a run do together.

    Args:
        device: `gpu` (falls back to the CPU with a notice), `cpu`, `cuda:1`, `mps`.
        precision: `fp32`, `bf16` or `fp16`.
        parallel: options of torch's DistributedDataParallel, such as `find_unused_parameters`.

    Raises:
        AdaSeqError: there is no such device, or it cannot compute in that precision.
    """

    def __init__(self, device: str = "gpu", precision: str = "fp32", parallel: Mapping[str, Any] | None = None) -> None:
        if precision not in PRECISIONS:
            raise AdaSeqError(f"precision is '{precision}'; it must be fp32, bf16 or fp16")
        # accelerate keeps one state for the whole program; a second run in it may want another device or precision.
        AcceleratorState._reset_state(reset_partial_state=True)
        wanted = find_device(device)
        if precision == "fp16" and wanted.type == "cpu":
            logger.warning("fp16 needs a GPU; computing in fp32. On this device bf16 may be faster.")
            precision = "fp32"
        with _chosen_device(wanted):
            try:
                self._accelerator = Accelerator(
                    mixed_precision=PRECISIONS[precision],
                    cpu=wanted.type == "cpu",
                    kwargs_handlers=[
                        DistributedDataParallelKwargs(**(parallel or {})),
                        InitProcessGroupKwargs(timeout=_PATIENCE),
                    ],
                )
            except ValueError as error:
                raise AdaSeqError(f"Precision {precision} does not work on {wanted}: {error}") from error
        self._optimizer: Any = None
        self.device: torch.device = self._accelerator.device
        self.rank: int = self._accelerator.process_index
        self.world_size: int = self._accelerator.num_processes
        self.is_main: bool = self.rank == 0

    def prepare(self, model: nn.Module, optimizer: Optimizer) -> nn.Module:
        """The model on its device, wrapped for mixed precision and several processes; the optimizer is remembered."""
        self._optimizer = self._accelerator.prepare_optimizer(optimizer)
        prepared: nn.Module = self._accelerator.prepare_model(model)
        return prepared

    def autocast(self) -> contextlib.AbstractContextManager[Any]:
        """Mixed precision for code outside the model's `forward`."""
        return self._accelerator.autocast()

    def backward(self, loss: Tensor) -> None:
        """Compute the gradients of a loss, scaled where the precision needs it."""
        self._accelerator.backward(loss)

    def accumulating(self, model: nn.Module) -> contextlib.AbstractContextManager[Any]:
        """Within it, `backward` leaves the gradients in this process."""
        return self._accelerator.no_sync(model)

    def clip_gradients(self, parameters: list[nn.Parameter], max_norm: float, norm_type: float) -> Tensor:
        """Scale the gradients down to a norm.

        Returns:
            Their norm before, a scalar on the device.
        """
        return self._accelerator.clip_grad_norm_(parameters, max_norm, norm_type)

    def optimizer_step(self) -> bool:
        """Step the prepared optimizer.

        Returns:
            False if the step was skipped because half-precision gradients overflowed.
        """
        if self._accelerator.scaler is None:
            self._optimizer.optimizer.step()
            return True
        self._optimizer.step()
        return not self._optimizer.step_was_skipped

    def mean(self, values: Tensor) -> Tensor:
        """The element-wise mean over the processes."""
        return self._accelerator.reduce(values, reduction="mean")

    def any(self, flag: bool) -> bool:
        """Whether the flag is set in some process."""
        if self.world_size == 1:
            return flag
        counted = torch.tensor([float(flag)], device=self.device)
        return bool(self._accelerator.reduce(counted, reduction="sum").item() > 0)

    def gather(self, values: list[T]) -> list[T]:
        """The lists of all processes joined in the order of their ranks, in every process."""
        return gather_object(values) if self.world_size > 1 else values

    def broadcast(self, value: T) -> T:
        """The value of the main process, in every process."""
        return broadcast_object_list([value])[0] if self.world_size > 1 else value

    def on_main(self, function: Callable[[], T]) -> T:
        """Call a function in the main process; every process gets its result, or its `AdaSeqError`."""
        if self.world_size == 1:
            return function()
        outcome: tuple[Any, str | None] = (None, None)
        if self.is_main:
            try:
                outcome = (function(), None)
            except AdaSeqError as error:
                outcome = (None, str(error))
        result, problem = self.broadcast(outcome)
        if problem is not None:
            raise AdaSeqError(problem)
        return result

    def main_first(self) -> contextlib.AbstractContextManager[Any]:
        """Within it the main process goes first; the others wait for it."""
        return self._accelerator.main_process_first()

    def state_dict(self) -> dict[str, Any]:
        """The state of the gradient scaler, where there is one."""
        scaler = self._accelerator.scaler
        return {} if scaler is None else {"scaler": plain(scaler.state_dict(), "the gradient scaler")}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a saved state."""
        if "scaler" in state and self._accelerator.scaler is not None:
            self._accelerator.scaler.load_state_dict(state["scaler"])

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """Say clearly if another process dies while the block runs."""
        try:
            yield
        except RuntimeError as error:
            if self.world_size == 1 or not any(words in str(error).lower() for words in _LOST):
                raise
            if threading.current_thread() is threading.main_thread():
                # The launcher has seen it too, and ends this process in a moment: not before it has said why it stops.
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
            raise ProcessLost(
                f"Process {self.rank} of {self.world_size} cannot go on, because another one has died; what that one printed, or "
                "its out_worker<number>.log in the run folder, says why. Go on with --resume."
            ) from error

    def close(self) -> None:
        """Leave the group of processes and forget the devices; call it when the run is over."""
        self._accelerator.free_memory()
        if self.world_size > 1:
            # A thread of gloo frees what was sent last, for which it needs Python's lock. The group, when it goes, waits for that
            # thread and holds the lock itself: for ever, if the thread has not been heard by then.
            time.sleep(_SETTLED)
        self._accelerator.end_training()
        AcceleratorState._reset_state(reset_partial_state=True)


@contextlib.contextmanager
def _chosen_device(device: torch.device) -> Iterator[None]:
    """Make accelerate take a device with a number of its own."""
    if device.index is None and device.type != "mps":
        yield
        return
    if device.type == "cuda":
        torch.cuda.set_device(device)
    before = os.environ.get("ACCELERATE_TORCH_DEVICE")
    os.environ["ACCELERATE_TORCH_DEVICE"] = str(device)
    try:
        yield
    finally:
        if before is None:
            del os.environ["ACCELERATE_TORCH_DEVICE"]
        else:
            os.environ["ACCELERATE_TORCH_DEVICE"] = before
