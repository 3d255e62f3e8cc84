"""Explanations of a trained network against its own answers, derived a second way."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load as from_safetensors
from safetensors.torch import save as to_safetensors
from small import short_recipe

from glifo.data.dataset import open_data
from glifo.experiment import train
from glifo.experiment.assemble import split_as_recipe
from glifo.experiment.explain import Explanation, explain, mean_picture
from glifo.experiment.network import embed, rebuild
from glifo.images import FRAMES, Preparation
from glifo.recognizer import Recognizer, load


@pytest.fixture(scope="module")
def recognizer(run) -> Recognizer:
    return load(run.folder)


@pytest.fixture(scope="module")
def glyph(run) -> np.ndarray:
    """A digit that the network has not been trained on."""
    dataset = open_data("optdigits")
    return np.asarray(dataset.images[split_as_recipe(dataset, run.recipe, 0).validation[3]])


@pytest.fixture(scope="module")
def found(recognizer, glyph) -> Explanation:
    return explain(glyph, recognizer)


def test_the_answer_is_the_recognisers(found, recognizer, glyph) -> None:
    assert list(found.guesses) == recognizer.guess(glyph)
    assert np.array_equal(found.glyph, recognizer.glyph(glyph))
    logits = np.sort(recognizer.logits(found.glyph[None])[0])
    assert found.lead == pytest.approx(logits[-1] - logits[-2], abs=1e-4)
    assert found.parity < 1e-4


def test_the_lead_is_shared_out_completely(found, recognizer) -> None:
    best, other = (recognizer.classes.index(guess.character) for guess in found.guesses[:2])
    blank = recognizer.logits(np.zeros((1, 8, 8), np.uint8))[0]
    assert found.blank_lead == pytest.approx(blank[best] - blank[other], abs=1e-4)
    assert abs(found.incompleteness) < 0.03 * (abs(found.lead) + abs(found.blank_lead))
    assert sum(found.quadrants.values()) == pytest.approx(found.lead - found.blank_lead - found.incompleteness)
    assert not found.attribution[found.glyph == 0].any()


def test_the_gradient_is_the_slope_of_the_logit(found, recognizer) -> None:
    """Against a difference quotient of the rebuilt network in double precision."""
    bundle = recognizer.bundle
    network = rebuild(bundle).double()
    best = recognizer.classes.index(found.guesses[0].character)
    image = torch.from_numpy(bundle.preparation.as_batch(found.glyph[None])).double()
    for row, column in ((1, 3), (4, 4), (6, 2)):
        step = torch.zeros_like(image)
        step[0, 0, row, column] = 1e-6
        high, low = (network(bundle.preparation.normalise(image + sign * step))[0, best] for sign in (1, -1))
        assert found.saliency[row, column] == pytest.approx(abs(float(high - low)) / 2e-6, rel=1e-2, abs=1e-4)


def test_occlusion_is_the_fall_of_the_probability(found, recognizer) -> None:
    """The upper left pixel is covered by one square alone."""
    covered = found.glyph.copy()
    covered[: found.patch, : found.patch] = round(255 * recognizer.bundle.preparation.mean[0])
    best = recognizer.classes.index(found.guesses[0].character)
    before, after = recognizer.probabilities(np.stack([found.glyph, covered]))[:, best]
    assert found.occlusion[0, 0] == pytest.approx(before - after, abs=1e-6)


def test_a_training_glyph_is_its_own_nearest(run, recognizer) -> None:
    dataset = open_data("optdigits")
    row = int(split_as_recipe(dataset, run.recipe, 0).train[5])
    neighbours = explain(np.asarray(dataset.images[row]), recognizer).neighbours
    assert (neighbours[0].row, neighbours[0].distance) == (row, pytest.approx(0, abs=1e-4))
    assert neighbours[0].character == dataset.classes[dataset.labels[row]]
    distances = [each.distance for each in neighbours]
    assert distances == sorted(distances)


def test_neighbours_are_training_rows_and_mostly_of_the_class_read(found, run) -> None:
    train_rows = set(split_as_recipe(open_data("optdigits"), run.recipe, 0).train.tolist())
    assert {each.row for each in found.neighbours} <= train_rows
    assert sum(each.character == found.guesses[0].character for each in found.neighbours) > len(found.neighbours) / 2
    assert found.neighbours[0].distance < found.median_distance


def test_the_last_layer_of_the_embedding_is_the_answer(found, recognizer) -> None:
    network, bundle = rebuild(recognizer.bundle), recognizer.bundle
    last = [module for module in network.modules() if isinstance(module, torch.nn.Linear)][-1]
    given = torch.from_numpy(embed(network, bundle.preparation, found.glyph[None]))
    assert np.allclose(last(given).numpy(), recognizer.logits(found.glyph[None]), atol=1e-4)
    assert np.allclose(found.layers[-1].maps.ravel(), last(given).numpy(), atol=1e-4)


def test_layers_are_shown_in_the_order_they_run(found) -> None:
    kinds = [layer.kind for layer in found.layers]
    assert kinds[0] == "Conv2d"
    assert kinds[-1] == "Linear"
    assert {"MaxPool2d", "BatchNorm2d"} <= set(kinds)
    for layer in found.layers:
        if len(layer.output_shape) == 3:
            assert layer.maps.shape == (min(8, layer.output_shape[0]), *layer.output_shape[1:])
        else:
            assert layer.maps.shape == (1, 1, *layer.output_shape)


def test_the_reason_follows_the_quarters(found) -> None:
    best, other = (guess.character for guess in found.guesses[:2])
    heat = np.zeros_like(found.attribution)
    heat[0, 0], heat[-1, -1] = 2.0, -0.5
    mixed = replace(found, lead=1.0, blank_lead=-0.5, attribution=heat).reason()
    assert mixed == (
        f"{best} leads {other} by 1.00 logits: -0.50 for an empty picture, +1.50 by what is in this one. "
        f"The upper left quarter speaks most for {best} (+2.00). The lower right quarter speaks most for {other} (-0.50)."
    )
    assert replace(found, attribution=np.abs(heat)).reason().endswith(f"No quarter speaks for {other}.")
    assert f"most for {best}" not in replace(found, attribution=-np.abs(heat)).reason()


def test_it_goes_to_json(found) -> None:
    told = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert told["guesses"][0] == {"char": found.guesses[0].character, "probability": found.guesses[0].probability}
    assert len(told["neighbours"]) == 12
    assert told["reason"] == found.reason()


def test_the_same_picture_gives_the_same_explanation(found, recognizer, glyph) -> None:
    assert explain(glyph, recognizer).to_dict() == found.to_dict()


def test_missing_or_other_data_is_said_and_the_rest_explained(recognizer, glyph) -> None:
    facts = recognizer.bundle.facts
    elsewhere = facts | {"recipe": facts["recipe"] | {"data": "gone.npz"}}
    changed = facts | {"environment": facts["environment"] | {"data": {"name": "optdigits", "identity": "other"}}}
    for other, message in (
        (elsewhere, "gone.npz"),
        (changed, "not the data"),
        ({"recipe": facts["recipe"]}, "environ"),
    ):
        explained = explain(glyph, Recognizer(replace(recognizer.bundle, facts=other)))
        assert explained.neighbours == ()
        assert explained.median_distance is None
        assert message in explained.neighbours_note
        assert "cannot be looked at" in explained.neighbours_note


@pytest.mark.parametrize("network", ["own:Mine", None])
def test_a_network_that_glifo_does_not_know_is_refused(recognizer, glyph, network) -> None:
    facts = {"recipe": {"network": network}} if network else {}
    with pytest.raises(ValueError, match="cannot build anew"):
        explain(glyph, Recognizer(replace(recognizer.bundle, facts=facts)))


def test_weights_of_another_network_are_refused(recognizer, glyph) -> None:
    bundle = recognizer.bundle
    for weights in (b"not weights", to_safetensors({"a": torch.zeros(2)})):
        with pytest.raises(ValueError, match="weights do not fit its network"):
            explain(glyph, Recognizer(replace(bundle, weights=weights)))


def test_weights_that_disagree_with_the_graph_are_refused(recognizer, glyph) -> None:
    weights = from_safetensors(recognizer.bundle.weights)
    last = max((name for name in weights if name.endswith(".bias")), key=lambda name: int(name.split(".")[0]))
    changed = to_safetensors(weights | {last: weights[last] + torch.arange(weights[last].numel())})
    with pytest.raises(ValueError, match="answer this picture differently"):
        explain(glyph, Recognizer(replace(recognizer.bundle, weights=changed)))


def test_a_blank_or_broken_picture_is_refused(recognizer, tmp_path) -> None:
    with pytest.raises(ValueError, match="ink"):
        explain(np.full((40, 40), 255, np.uint8), recognizer)
    (tmp_path / "broken.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"broken\.png"):
        explain(tmp_path / "broken.png", recognizer)


def test_a_perceptron_is_explained_too(tmp_path, glyph) -> None:
    run = train(short_recipe(network="mlp_f", augment={}), out=tmp_path / "run")
    found = explain(glyph, load(run.folder))
    assert [layer.kind for layer in found.layers] == ["Linear"] * 3
    assert abs(found.incompleteness) < 0.05 * (abs(found.lead) + abs(found.blank_lead))


def test_the_mean_picture_is_what_the_preparation_turns_into_zero() -> None:
    random = np.random.default_rng(0)
    for num, frame in ((1, "optdigits"), (64, "optdigits"), (3, "cifar10"), (3072, "cifar10")):
        mean = tuple(random.random(num))
        preparation = Preparation(frame=FRAMES[frame], mean=mean, std=(0.5,))
        assert np.abs(preparation.normalise(mean_picture(preparation)[None])).max() < 1e-6
