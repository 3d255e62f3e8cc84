"""Layer groups: which weights move, at which rates, and that frozen normalisations rest."""

from __future__ import annotations

import copy

import pytest
import torch
from test_loop import make_batches, make_fit
from torch import Tensor, nn

from glifo.networks import build
from glifo.training.freezing import Unfreezing, freeze, layer_groups, num_trained
from glifo.training.loop import fit
from glifo.training.optimizers import make_optimizer


def after_training(run, callbacks=()) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The weights before and after three epochs."""
    before = copy.deepcopy(run.network.state_dict())
    fit(run, make_batches(), 3, lambda network: {"validation_loss": 0.0, "validation_accuracy": 0.0}, callbacks)
    return before, run.network.state_dict()


def changed(before: dict[str, Tensor], after: dict[str, Tensor]) -> set[str]:
    return {name for name in before if not torch.equal(before[name], after[name])}


def test_the_groups_of_resnet18_stand_from_input_to_head():
    network = build("resnet18", shape=(1, 28, 28), num_classes=26)
    names = {id(part): name for name, part in network.named_children()}
    found = [names[id(part)] for part in layer_groups(network)]
    assert found == ["conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "fc"]


def test_a_frozen_body_keeps_weights_and_running_figures():
    run = make_fit()
    groups = layer_groups(run.network)
    run.frozen = groups[:-1]
    freeze(run.frozen, groups[-1:])
    before, after = after_training(run)
    assert changed(before, after) == {"5.weight", "5.bias"}


def test_without_freezing_everything_moves():
    before, after = after_training(make_fit())
    assert changed(before, after) == set(before)


@pytest.mark.parametrize(("progress", "count"), [(0.0, 1), (0.24, 1), (0.25, 2), (0.49, 2), (0.5, 3), (1.0, 3)])
def test_groups_join_one_by_one(progress, count):
    assert num_trained(progress, 3, 0.5) == count


def test_unfreezing_goes_from_the_head_down():
    run = make_fit(num_epochs=4)
    moved = []

    class Watch(Unfreezing):
        def before_epoch(self, run):
            super().before_epoch(run)
            self.before = copy.deepcopy(run.network.state_dict())

        def after_epoch(self, run):
            moved.append({name.split(".")[0] for name in changed(self.before, run.network.state_dict())})

    fit(run, make_batches(), 3, lambda network: {"validation_loss": 0.0, "validation_accuracy": 0.0}, [Watch(0.75)])
    assert moved == [{"5"}, {"5"}, {"1", "5"}, {"0", "1", "5"}]


def test_rates_fall_from_the_head_down():
    network = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 4), nn.Linear(4, 2))
    optimizer = make_optimizer("adamw", network, learning_rate=1.0, weight_decay=0.1, options={}, layer_decay=0.5)
    rates = {id(each): group["lr"] for group in optimizer.param_groups for each in group["params"]}
    found = [rates[id(part.weight)] for part in (network[0], network[2], network[3])]
    assert found == [0.25, 0.5, 1.0]
    assert [rates[id(part.bias)] for part in (network[0], network[2], network[3])] == found
    assert optimizer.param_groups[0]["lr"] == 1.0  # the rate that the history shows is the head's
