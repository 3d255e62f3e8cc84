"""Transfer: what is taken over, what starts fresh, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.numpy import load as from_safetensors
from small import short_recipe
from torch import nn

from glifo.experiment import resume, train
from glifo.experiment.transfer import bridged, find_source, start_from
from glifo.files import digest
from glifo.networks import build


def weights(run) -> dict[str, np.ndarray]:
    return from_safetensors(run.bundle.weights)


def fresh(num_classes: int = 10) -> nn.Module:
    torch.manual_seed(7)
    return build("scanner", shape=(1, 8, 8), num_classes=num_classes)


def test_a_run_gives_its_body_and_keeps_its_head_where_classes_differ(run):
    network = fresh(num_classes=5)
    own_head = network[-1].weight.detach().clone()
    loaded = start_from(find_source(str(run.folder)), network, tuple("abcde"))
    state = network.state_dict()
    for name, tensor in weights(run).items():
        if name not in loaded.fresh:
            np.testing.assert_array_equal(state[name].numpy(), tensor)
    assert torch.equal(network[-1].weight, own_head)
    head = len(network) - 1
    assert loaded.fresh == (f"{head}.weight", f"{head}.bias")


def test_the_same_classes_keep_the_head(run):
    network = fresh()
    loaded = start_from(find_source(str(run.bundle_path)), network, run.bundle.classes)
    assert loaded.fresh == ()
    for name, tensor in weights(run).items():
        np.testing.assert_array_equal(network.state_dict()[name].numpy(), tensor)


def test_a_training_goes_on_from_other_weights(run, tmp_path):
    start = {"start_from": str(run.folder), "num_epochs": 1, "learning_rate": 1e-9, "average_decay": None}
    on = train(short_recipe(**start), seed=5, out=tmp_path / "on")
    afresh = train(short_recipe(**start | {"start_from": None}), seed=5, out=tmp_path / "afresh")
    assert on.scores["accuracy"]["value"] >= 0.95 > 0.5 > afresh.scores["accuracy"]["value"]


def test_a_head_alone_learns_over_a_frozen_body(run, tmp_path):
    recipe = short_recipe(start_from=str(run.folder), train_part="head", average_decay=None, keep_best=False)
    other = weights(train(recipe, seed=1, out=tmp_path / "head"))
    head = max(int(name.split(".")[0]) for name in other)
    for name, tensor in weights(run).items():
        same = np.array_equal(tensor, other[name])
        assert same is (not name.startswith(f"{head}.")), name


def torchvision_file(path, **changes):
    """A weight file with the names and shapes of torchvision's ResNet-18: three channels, 7x7 stem, 1,000 classes."""
    torch.manual_seed(3)
    network = build("resnet18", shape=(3, 28, 28), num_classes=1000)
    state = network.state_dict() | {"conv1.weight": torch.randn(64, 3, 7, 7)} | changes
    torch.save(state, path)
    return state


def test_torchvisions_resnet18_loads(tmp_path):
    state = torchvision_file(tmp_path / "resnet18.pth")
    network = build("resnet18", shape=(1, 28, 28), num_classes=26)
    loaded = start_from(find_source(str(tmp_path / "resnet18.pth")), network, tuple("abc"))
    assert set(loaded.fresh) == {"fc.weight", "fc.bias"}
    assert torch.equal(network.layer4[1].conv2.weight, state["layer4.1.conv2.weight"])
    assert torch.allclose(network.conv1.weight, state["conv1.weight"].sum(1, keepdim=True)[:, :, 2:5, 2:5])


def test_grey_pictures_read_as_their_colour_copies():
    colour = torch.randn(4, 3, 3, 3)
    grey = bridged(colour, torch.empty(4, 1, 3, 3))
    picture = torch.randn(2, 1, 8, 8)
    expected = nn.functional.conv2d(picture.expand(-1, 3, -1, -1), colour)
    torch.testing.assert_close(nn.functional.conv2d(picture, grey), expected)


def test_what_cannot_be_started_from_is_refused(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ValueError, match=r"no weights to start from at 'nowhere'; give a run, a bundle or a \.pth file"
    ):
        start_from(find_source("nowhere"), fresh(), ())
    with pytest.raises(ValueError, match="train it first: glifo train resnet18-mnist"):
        start_from(find_source("resnet18-mnist"), fresh(), ())
    with pytest.raises(ValueError, match=r"no fitting weights for .* start from a training of the same network"):
        start_from(find_source(str(run.folder)), build("custom", shape=(1, 28, 28), num_classes=10), ())
    (tmp_path / "text.pth").write_text("not weights")
    with pytest.raises(ValueError, match="no torch weight file that can be read safely"):
        start_from(find_source("text.pth"), fresh(), ())
    torch.save({"epoch": 3}, tmp_path / "other.pth")
    with pytest.raises(ValueError, match="holds no state_dict"):
        start_from(find_source("other.pth"), fresh(), ())


def test_a_weight_file_that_would_run_code_is_not_read(tmp_path):
    class Evil:
        def __reduce__(self):
            return (open, (str(tmp_path / "written"), "w"))

    torch.save({"weight": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(ValueError, match="read safely"):
        start_from(find_source(str(tmp_path / "evil.pth")), fresh(), ())
    assert not (tmp_path / "written").exists()


def test_an_unfinished_run_needs_its_weights_only_until_its_first_checkpoint(run, tmp_path):
    """The hash of the weights is on record; other weights under the same name are refused, unless a checkpoint has all."""
    source = tmp_path / "start.glifo"
    source.write_bytes(run.bundle_path.read_bytes())
    recipe = short_recipe(start_from=str(source), average_decay=None)
    whole = train(recipe, seed=1, out=tmp_path / "run")
    assert whole.environment["start_from_sha256"] == digest(source)
    finished = weights(whole)
    whole.bundle_path.unlink()
    source.write_bytes(b"something else")
    for name, tensor in weights(resume(whole.folder)).items():
        np.testing.assert_array_equal(tensor, finished[name])
    whole.bundle_path.unlink()
    (whole.folder / "checkpoint.pt").unlink()
    with pytest.raises(ValueError, match=r"have changed since .* began with them; train anew"):
        resume(whole.folder)


def test_the_recipe_trained_beside_a_run_is_its_source(run, tmp_path):
    beside = tmp_path / "resnet18-mnist-seed3" / "model.glifo"
    beside.parent.mkdir()
    beside.write_bytes(run.bundle_path.read_bytes())
    assert find_source("resnet18-mnist", tmp_path) == beside
