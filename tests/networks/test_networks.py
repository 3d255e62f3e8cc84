"""The networks: parameter counts to the unit, hand-derived shapes, the summary, and ONNX parity."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from glifo.networks import NETWORKS, build
from glifo.networks.blocks import Flatten
from glifo.networks.summary import count_parameters, summarize
from glifo.networks.to_onnx import check_parity, run_onnx, to_onnx

SPECIFIED = [
    ("lenet", (1, 28, 28), 62, 1_206_590),
    ("custom", (1, 28, 28), 62, 199_934),
    ("resnet", (1, 28, 28), 62, 960_190),
    # 3x3 without bias, normalisation 4 * channels: stem 208, stages 14,080 + 55,808 + 222,208, dense 128 * 62 + 62
    ("champion", (1, 28, 28), 62, 208 + 14_080 + 55_808 + 222_208 + 7_998),
    ("net_1", (1, 28, 28), 10, 1_625_866),
    ("net_2", (1, 28, 28), 10, 1_625_866),
    ("net_1", (3, 32, 32), 10, 2_117_962),
    ("mlp_a", (1, 8, 8), 10, 760),
    ("mlp_b", (1, 8, 8), 10, 3_010),
    ("mlp_c", (1, 8, 8), 10, 760),
    ("mlp_d", (1, 8, 8), 10, 3_010),
    ("mlp_e", (1, 8, 8), 10, 870),
    ("mlp_f", (1, 8, 8), 10, 4_650),
    # conv 320 + 18,496 + 73,856, normalisation 4 * (32 + 64 + 128), dense 1152 * 128 + 128 and 128 * 26 + 26
    ("scanner", (1, 28, 28), 26, 320 + 18_496 + 73_856 + 896 + 147_584 + 3_354),
    # 11,173,962 trainable for (3, 32, 32) and 10 classes, less two channels in, plus 52 classes and 9,600 running
    ("resnet18", (1, 28, 28), 62, 11_173_962 - 2 * 64 * 9 + 52 * 513 + 9_600),
]


@pytest.mark.parametrize(("name", "shape", "num_classes", "parameters"), SPECIFIED)
def test_parameter_counts_are_the_specified_ones(name, shape, num_classes, parameters):
    network = build(name, shape=shape, num_classes=num_classes)
    assert count_parameters(network) == parameters
    assert network.eval()(torch.zeros(2, *shape)).shape == (2, num_classes)


def test_every_network_is_in_the_table_above():
    assert {name for name, *_ in SPECIFIED} == set(NETWORKS)


def test_an_unknown_network_is_refused_with_the_nearest_name():
    with pytest.raises(ValueError, match="no network is called 'lenett'; did you mean lenet"):
        build("lenett", shape=(1, 28, 28), num_classes=10)


def test_pictures_too_small_for_a_network_are_refused():
    with pytest.raises(ValueError, match=r"lenet does not fit pictures of \(1, 4, 4\)"):
        build("lenet", shape=(1, 4, 4), num_classes=10)


def test_flatten_orders_as_keras_does():
    image = torch.arange(2 * 3 * 4 * 5).view(2, 3, 4, 5)
    expected = image.numpy().transpose(0, 2, 3, 1).reshape(2, -1)
    assert np.array_equal(Flatten()(image.float()).numpy(), expected)


def test_summary_lists_layers_and_counts_flops_by_hand():
    summary = summarize(build("net_1", shape=(1, 28, 28), num_classes=10), (1, 28, 28))
    assert [layer.kind for layer in summary.layers][:5] == ["Conv2d", "ReLU", "Conv2d", "MaxPool2d", "ReLU"]
    assert summary.layers[0].output_shape == (32, 28, 28)
    assert sum(layer.num_parameters for layer in summary.layers) == summary.num_parameters == 1_625_866
    multiply_adds = 28 * 28 * 32 * 9 + 28 * 28 * 64 * 32 * 9 + 12_544 * 128 + 128 * 10
    assert summary.flops == 2 * multiply_adds


def test_summary_takes_any_module_and_leaves_it_as_it_was():
    mine = nn.Sequential(nn.Flatten(), nn.Linear(16, 3)).train()
    summary = summarize(mine, (1, 4, 4))
    assert summary.num_parameters == 51
    assert mine.training
    assert not any(module._forward_hooks for module in mine.modules())


@pytest.mark.parametrize("name", ["custom", "resnet", "net_2", "scanner", "mlp_f"])
def test_onnx_answers_as_the_network_does(name):
    torch.manual_seed(0)
    network = build(name, shape=(1, 28, 28), num_classes=7)
    network.train()(torch.rand(16, 1, 28, 28))  # moves the running statistics off their start
    images = torch.rand(5, 1, 28, 28)
    with torch.inference_mode():
        expected = network.eval()(images).numpy()
    assert check_parity(run_onnx(to_onnx(network, (1, 28, 28)), images.numpy()), expected) < 1e-5


def test_a_graph_that_answers_otherwise_is_refused():
    logits = np.ones((3, 4), np.float32)
    with pytest.raises(ValueError, match="logits differ from the network's"):
        check_parity(logits + 0.01, logits)
    with pytest.raises(ValueError, match="logits differ"):
        check_parity(logits * np.nan, logits)
