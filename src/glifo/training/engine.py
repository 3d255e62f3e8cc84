"""The engine under the loop: devices by Accelerate, precision and threads by a probe, memory that stays allocated.

engine = Engine.start(network, batch, device="auto", precision="auto")
with engine.autocast(): logits = network(engine.place(batch.image))
"""

from __future__ import annotations

import copy
import ctypes
import math
import platform
import time
from dataclasses import dataclass
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from jaxtyping import Float
from torch import Tensor, nn

from glifo.batch import Batch

PRECISIONS = {"fp32": torch.float32, "bf16": torch.bfloat16}
PROBE_STEPS = 4
MAX_THREADS = torch.get_num_threads()
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3


def keep_memory() -> None:
    """Stop glibc from returning freed memory to the kernel between steps; elsewhere do nothing.

    Activations of a batch are freed and asked for again at every step; page faults cost up to half of the training time.
    """
    if platform.libc_ver()[0] == "glibc":
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(M_MMAP_THRESHOLD, 1 << 30)
        libc.mallopt(M_TRIM_THRESHOLD, (1 << 31) - 1)


@dataclass(frozen=True, kw_only=True)
class Engine:
    """Where and how the steps run. `precision` is "fp32" or "bf16"; the weights stay float32 in both."""

    accelerator: Accelerator
    precision: str
    num_threads: int

    @classmethod
    def start(
        cls,
        network: nn.Module,
        batch: Batch,
        *,
        device: str = "auto",
        precision: str = "auto",
        num_threads: int | None = None,
    ) -> Engine:
        """Choose the device ("auto", "cpu", "cuda") and, where not given, the faster precision and number of threads.

        The number of threads is torch's own setting and holds for the whole process.
        """
        if device not in ("auto", "cpu", "cuda"):
            raise ValueError(f"device {device!r} is not known; give auto, cpu or cuda")
        if device == "cuda" and not torch.cuda.is_available():
            raise ValueError("device cuda was asked for and torch sees none; give --device cpu or auto")
        if precision not in ("auto", *PRECISIONS):
            raise ValueError(f"precision {precision!r} is not known; give auto, fp32 or bf16")
        keep_memory()
        accelerator = Accelerator(cpu=device == "cpu")
        if device not in ("auto", accelerator.device.type):
            raise ValueError(
                f"device {device} was asked for, and this process already trains on {accelerator.device.type}; "
                f"start another process for it"
            )
        precisions = tuple(PRECISIONS) if precision == "auto" else (precision,)
        threads = (num_threads,) if num_threads else thread_counts(accelerator.device)
        chosen = probe(network, batch, accelerator.device, precisions, threads)
        precision, num_threads = broadcast_object_list([chosen])[0]
        torch.set_num_threads(num_threads)
        return cls(accelerator=accelerator, precision=precision, num_threads=num_threads)

    def autocast(self) -> Any:
        """The context in which a forward pass runs in this engine's precision."""
        return autocast(self.accelerator.device, self.precision)

    def agree(self, value: Any) -> Any:
        """The value that the first of several processes has; in one process the value itself."""
        return broadcast_object_list([value])[0]

    def place(
        self, image: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch channels height width"]:
        """Pictures on the device, channels last in memory: the order the convolutions are fastest in."""
        return image.to(self.accelerator.device, memory_format=torch.channels_last, non_blocking=True)


def channels_last(network: nn.Module) -> nn.Module:
    """The network with its weights in the order the convolutions are fastest in."""
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it


def autocast(device: torch.device, precision: str) -> Any:
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16")


def thread_counts(device: torch.device) -> tuple[int, ...]:
    """One thread and all: threads of a small network wait for each other longer than they work."""
    return (1, MAX_THREADS) if device.type == "cpu" and MAX_THREADS > 1 else (torch.get_num_threads(),)


def probe(
    network: nn.Module, batch: Batch, device: torch.device, precisions: tuple[str, ...], threads: tuple[int, ...]
) -> tuple[str, int]:
    """The precision and the number of threads with which a copy of the network trains fastest on this device.

    The fastest of four steps each, taken in turn: other work on the machine can only slow a step down. More threads
    must be a tenth faster than one to be chosen.
    """
    choices = [(precision, num) for num in threads for precision in precisions]
    if len(choices) == 1:
        return choices[0]
    twin = channels_last(copy.deepcopy(network)).to(device).train()
    seconds = dict.fromkeys(choices, math.inf)
    before = torch.get_num_threads()
    with torch.random.fork_rng():
        for precision, num in choices * PROBE_STEPS:
            torch.set_num_threads(num)
            seconds[precision, num] = min(seconds[precision, num], time_step(twin, batch, device, precision))
    torch.set_num_threads(before)
    return min(choices, key=lambda choice: seconds[choice] * (1.0 if choice[1] == 1 else 1.1))


def time_step(network: nn.Module, batch: Batch, device: torch.device, precision: str) -> float:
    """Wall seconds of one forward and backward pass."""
    image = batch.image.to(device, memory_format=torch.channels_last)
    start = time.perf_counter()
    with autocast(device, precision):
        logits = network(image)
    nn.functional.cross_entropy(logits.float(), batch.label.to(device)).backward()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start
