"""A network becomes an ONNX graph, and the graph is refused when it does not answer as the network does.

The TorchScript exporter is used on purpose: on a seven-layer net it took 0.13 s, the torch.export one 2.4 s and two more
packages, for the same nodes (docs/log.md, 2026-11-21).
"""

from __future__ import annotations

import copy
import io
import warnings

import numpy as np
import onnxruntime
import torch
from jaxtyping import Float
from torch import nn

INPUT, OUTPUT = "image", "logits"
OPSET = 17


def to_onnx(network: nn.Module, shape: tuple[int, int, int]) -> bytes:
    """The network as an ONNX graph from "image" (batch channels height width, float32) to "logits" (batch classes)."""
    frozen = copy.deepcopy(network).to(device="cpu", dtype=torch.float32).eval()
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        warnings.filterwarnings("ignore", message="Constant folding", category=UserWarning)
        torch.onnx.export(
            frozen,
            (torch.zeros(2, *shape),),
            buffer,  # type: ignore[arg-type]  # a file object is what the TorchScript exporter takes
            dynamo=False,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: {0: "batch"}, OUTPUT: {0: "batch"}},
        )
    return buffer.getvalue()


def run_onnx(graph: bytes, images: Float[np.ndarray, "n channels height width"]) -> Float[np.ndarray, "n classes"]:
    """The graph's logits, computed by ONNX Runtime in batches of 512."""
    session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
    batches = [images[start : start + 512] for start in range(0, len(images), 512)]
    return np.concatenate([session.run([OUTPUT], {INPUT: batch})[0] for batch in batches])


def check_parity(
    graph_logits: Float[np.ndarray, "n classes"], torch_logits: Float[np.ndarray, "n classes"], tolerance: float = 1e-3
) -> float:
    """The largest difference between two sets of logits, relative to their spread; over `tolerance` is a ValueError."""
    scale = max(float(np.abs(torch_logits).max()), 1.0)
    difference = float(np.abs(graph_logits - torch_logits).max()) / scale
    if not difference <= tolerance:
        raise ValueError(
            f"the ONNX graph's logits differ from the network's by {difference:.2g} of their range, at most "
            f"{tolerance:.2g} is allowed; the network uses an operation that does not export faithfully: replace it"
        )
    return difference
