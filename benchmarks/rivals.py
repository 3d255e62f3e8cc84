"""The ways to run a glyph network, and the programs that read characters, which reading_speed.py measures.

No measuring here. `NETWORK_READERS` are ways to compute the logits of a bundle's network; `PICTURE_READERS` read pictures
of one character from files. What cannot run on this machine raises `LeftOutError` with the reason.
"""

from __future__ import annotations

import logging
import math
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from torch import nn

from glifo.bundle import Bundle
from glifo.networks.blocks import Flatten
from glifo.networks.champion import GlobalMax, Residual
from glifo.recognizer import Recognizer


class LeftOutError(Exception):
    """A method that cannot run here, and why."""


@dataclass(frozen=True, kw_only=True)
class NetworkReader:
    """Canonical glyphs become the method's own input by `prepare` (not timed), and logits "n classes" by `run` (timed)."""

    prepare: Callable[[np.ndarray], Any]
    run: Callable[[Any], np.ndarray]


def need(*packages: str) -> None:
    for package in packages:
        if find_spec(package) is None:
            raise LeftOutError("not installed")


def normalised(bundle: Bundle, glyphs: np.ndarray) -> np.ndarray:
    return bundle.preparation.normalise(bundle.preparation.as_batch(glyphs))


def glifo_reader(bundle: Bundle, _: Path) -> NetworkReader:
    """`Recognizer.probabilities`: from bytes to calibrated probabilities, so that its preparation is timed too."""
    return NetworkReader(prepare=lambda glyphs: glyphs, run=Recognizer(bundle).probabilities)


def onnx_reader(bundle: Bundle, graph: bytes | str) -> NetworkReader:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return NetworkReader(
        prepare=lambda glyphs: normalised(bundle, glyphs), run=lambda image: session.run(None, {name: image})[0]
    )


def torch_reader(bundle: Bundle, precision: str) -> NetworkReader:
    """Plain PyTorch: the weights in glifo's module, channels-last, inference mode."""
    import torch

    from glifo.experiment.network import rebuild
    from glifo.training.engine import channels_last

    abilities = torch.cpu.get_capabilities()
    if precision == "bf16" and not (abilities.get("avx512_bf16") or abilities.get("amx_bf16")):
        raise LeftOutError("the processor has no bf16 arithmetic")
    network = channels_last(rebuild(bundle))

    def run(image: torch.Tensor) -> np.ndarray:
        with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            return network(image).float().numpy()

    def prepare(glyphs: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(normalised(bundle, glyphs)).to(memory_format=torch.channels_last)

    return NetworkReader(prepare=prepare, run=run)


def keras_reader(bundle: Bundle, _: Path) -> NetworkReader:
    """Keras 3 on TensorFlow with its defaults: the same layers with the same weights, `predict_on_batch`."""
    need("keras", "tensorflow")
    from glifo.experiment.network import rebuild

    frame = bundle.preparation.frame
    model = keras_twin(rebuild(bundle), (frame.height, frame.width, frame.channels))
    return NetworkReader(
        prepare=lambda glyphs: np.ascontiguousarray(normalised(bundle, glyphs).transpose(0, 2, 3, 1)),
        run=model.predict_on_batch,
    )


def openvino_reader(bundle: Bundle, graph: bytes | str, precision: str) -> NetworkReader:
    need("openvino")
    import openvino

    core = openvino.Core()
    if precision == "bf16" and "BF16" not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise LeftOutError("the processor has no bf16 arithmetic")
    compiled = core.compile_model(core.read_model(graph), "CPU", {"INFERENCE_PRECISION_HINT": precision})
    request = compiled.create_infer_request()
    return NetworkReader(
        prepare=lambda glyphs: normalised(bundle, glyphs), run=lambda image: request.infer({0: image})[0]
    )


NETWORK_READERS: dict[str, Callable[[Bundle, Path], NetworkReader]] = {
    "glifo": glifo_reader,
    "onnxruntime": lambda bundle, _: onnx_reader(bundle, bundle.onnx),
    "torch": lambda bundle, _: torch_reader(bundle, "fp32"),
    "torch_bf16": lambda bundle, _: torch_reader(bundle, "bf16"),
    "keras": keras_reader,
    "onnxruntime_int8": lambda bundle, int8: onnx_reader(bundle, str(int8)),
    "openvino": lambda bundle, _: openvino_reader(bundle, bundle.onnx, "f32"),
    "openvino_bf16": lambda bundle, _: openvino_reader(bundle, bundle.onnx, "bf16"),
    "openvino_int8": lambda bundle, int8: openvino_reader(bundle, str(int8), "f32"),
}


def quantise(bundle: Bundle, glyphs: np.ndarray, path: Path) -> None:
    """The bundle's graph with int8 weights and activations at `path`, its ranges measured on `glyphs`."""
    logging.getLogger().setLevel(logging.ERROR)  # it warns of each normalisation, whose weights have no channel axis
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    images = normalised(bundle, glyphs)

    class Calibration(CalibrationDataReader):
        def __init__(self) -> None:
            self.batches: Iterator[np.ndarray] = iter(np.array_split(images, max(1, len(images) // 128)))

        def get_next(self) -> dict[str, np.ndarray] | None:
            batch = next(self.batches, None)
            return None if batch is None else {"image": batch}

    with tempfile.TemporaryDirectory() as folder:
        plain, ready = Path(folder) / "plain.onnx", Path(folder) / "ready.onnx"
        plain.write_bytes(bundle.onnx)
        quant_pre_process(str(plain), str(ready))
        quantize_static(
            str(ready),
            str(path),
            Calibration(),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
        )


def keras_twin(network: nn.Module, shape: tuple[int, int, int]) -> Any:
    """The same layers and weights as a Keras model; shape: height, width, channels."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras

    image = keras.Input(shape)
    return keras.Model(image, grown(network, image))


def grown(module: nn.Module, value: Any) -> Any:
    """What Keras' layers make of `value` in the place of a torch module."""
    if isinstance(module, nn.Sequential):
        for child in module:
            value = grown(child, value)
        return value
    if isinstance(module, Residual):
        import keras

        return keras.layers.Add()([value, grown(module.body, value)])
    layer, weights = keras_layer(module)
    value = layer(value)
    if weights:
        layer.set_weights([weight.detach().numpy() for weight in weights])
    return value


def keras_layer(module: nn.Module) -> tuple[Any, list[Any]]:
    """Keras' layer for a torch one, and its weights in Keras' order."""
    from keras import layers

    match module:
        case nn.Conv2d(groups=1, dilation=(1, 1)):
            same = tuple(side // 2 for side in module.kernel_size)
            padding = "valid" if module.padding == (0, 0) else "same" if module.padding == same else None
            if padding is None or (padding == "same" and module.stride != (1, 1)):
                raise LeftOutError(f"no Keras twin of {module}")
            bias = module.bias is not None
            conv = layers.Conv2D(module.out_channels, module.kernel_size, module.stride, padding, use_bias=bias)
            return conv, [module.weight.permute(2, 3, 1, 0), *([module.bias] if bias else [])]
        case nn.BatchNorm2d() | nn.BatchNorm1d():
            norm = layers.BatchNormalization(epsilon=module.eps)
            return norm, [module.weight, module.bias, module.running_mean, module.running_var]
        case nn.Linear():
            return layers.Dense(module.out_features), [module.weight.T, module.bias]
        case nn.ReLU():
            return layers.ReLU(), []
        case nn.MaxPool2d(padding=0):
            return layers.MaxPooling2D(module.kernel_size, module.stride), []
        case nn.Dropout():
            return layers.Dropout(module.p), []
        case Flatten():
            return layers.Flatten(), []
        case GlobalMax():
            return layers.GlobalMaxPooling2D(), []
    raise LeftOutError(f"no Keras twin of {module}")


def start_glifo(bundle: Bundle) -> Callable[[Sequence[Path]], list[str]]:
    recognizer = Recognizer(bundle)
    return lambda paths: [reading.text for reading in recognizer.read(list(paths), top=1)]


def start_tesseract(bundle: Bundle) -> Callable[[Sequence[Path]], list[str]]:
    """Tesseract on lists of pictures: one process of one thread for each core, its start included."""
    if shutil.which("tesseract") is None:
        raise LeftOutError("not installed")
    whitelist = "tessedit_char_whitelist=" + "".join(bundle.classes)
    environment = os.environ | {"OMP_THREAD_LIMIT": "1"}

    def start(names: Path) -> subprocess.Popen[str]:
        command = ["tesseract", str(names), "stdout", "--psm", "10", "-l", "eng", "-c", whitelist]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)

    def read(paths: Sequence[Path]) -> list[str]:
        size = math.ceil(len(paths) / num_cores())
        parts = [paths[first : first + size] for first in range(0, len(paths), size)]
        with tempfile.TemporaryDirectory() as folder:
            lists = [Path(folder) / f"{number}.txt" for number in range(len(parts))]
            for names, part in zip(lists, parts, strict=True):
                names.write_text("".join(f"{path}\n" for path in part))
            outputs = [process.communicate()[0] for process in [start(names) for names in lists]]
        return [text for output, part in zip(outputs, parts, strict=True) for text in pages_of(output, len(part))]

    return read


def pages_of(output: str, num: int) -> list[str]:
    """The text of each picture of a list: a form feed stands between them in Tesseract 5, and behind each in 4."""
    pages = output.split("\f")
    pages = pages[:-1] if len(pages) == num + 1 else pages
    if len(pages) != num:
        raise ValueError(f"tesseract gave {len(pages)} answers for {num} pictures")
    return [page.strip() for page in pages]


def start_rapidocr(_: Bundle) -> Callable[[Sequence[Path]], list[str]]:
    """RapidOCR's recognition stage in its own batches: no search for lines, no threshold, no whitelist (it has none)."""
    need("rapidocr_onnxruntime")
    from rapidocr_onnxruntime import RapidOCR

    engine = RapidOCR()
    return lambda paths: [text for text, _ in engine.text_rec([cv2.imread(str(path)) for path in paths])[0]]


def num_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


PICTURE_READERS: dict[str, Callable[[Bundle], Callable[[Sequence[Path]], list[str]]]] = {
    "glifo": start_glifo,
    "tesseract": start_tesseract,
    "rapidocr": start_rapidocr,
}
OPTIONS = {
    "glifo": "Recognizer.read",
    "tesseract": "--psm 10 -l eng, whitelist of the classes, OMP_THREAD_LIMIT=1, one process for each core",
    "rapidocr": "recognition stage alone, default models; it has no whitelist",
}
