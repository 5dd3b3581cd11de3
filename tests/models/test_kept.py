"""A kept certification is used only where the model behaves as it says."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

import neuronscope as ns
from neuronscope.models.load import load
from neuronscope.models.plain import from_plain, to_plain
from neuronscope.models.sealed import KEY_FILE, seal
from tests.families import FAMILIES
from tests.served import write_models
from tests.tiny import PROMPT, build


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return write_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def twice(models, tmp_path):
    """Loads the model; before that, `spoil` may change the body that was kept, sealed or not."""
    folder = tmp_path / "certified"
    load(models / "tiny", kept=folder)
    file, = (each for each in folder.glob("*.json") if not each.stem.startswith("digest-"))

    def again(spoil=None, sealed=True):
        if spoil is not None:
            body = json.loads(file.read_text())["body"]
            spoil(body)
            if sealed:
                seal(folder, file.stem, body)
            else:
                file.write_text(json.dumps({"seal": "0" * 64, "body": body}))
        return load(models / "tiny", kept=folder)
    return again


def points(body):
    """The kept points by site and layer."""
    return {tuple(key["tuple"]): point["fields"]
            for key, point in body["layout"]["fields"]["points"]["items"]}


def test_a_known_model_is_understood_as_it_was(twice, models):
    first, again = load(models / "tiny"), twice()
    assert "verified again" in again.info.certification
    assert again.info.sites == first.info.sites
    assert "discover" not in again.info.steps_s and "discover" in first.info.steps_s
    sweep = ns.Sweep(prompt=PROMPT, op=ns.Zero(), over=ns.Over(sites=["z"], layers="all",
                                                              heads="all", positions="all"))
    found, wanted = (ns.Model(host).sweep(sweep) for host in (again, first))
    assert found.data.values == wanted.data.values and found.data.execution.startswith("fast:")


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_family_s_layout_survives_being_written(family):
    from neuronscope.models.layout import discover
    from neuronscope.models.text import probe_ids

    model = build(family)
    layout = discover(model, probe_ids(model.config.get_text_config().vocab_size,
                                       torch.device("cpu")))
    again = from_plain(json.loads(json.dumps(to_plain(layout, model))), model)
    assert again.layers == layout.layers and again.branches == layout.branches
    assert again.reasons == layout.reasons and again.points.keys() == layout.points.keys()
    for key, point in layout.points.items():
        mine = vars(again.points[key])
        assert all(torch.equal(mine[name], value) if isinstance(value, torch.Tensor)
                   else mine[name] is value or mine[name] == value
                   for name, value in vars(point).items())


def swap_branches(body):
    place = points(body)
    one, other = place["attn_out", 1], place["mlp_out", 1]
    one["module"], other["module"] = other["module"], one["module"]


def swap_heads(body):
    point = points(body)["q", 0]
    point["columns"] = {"columns": [[16, 16], [0, 16]]}


def forget_the_scale(body):
    points(body)["mlp_out", 0]["scale"] = 0.5


def name_no_module(body):
    points(body)["z", 0]["module"] = {"module": "model.nothing"}


def claim_a_site(body):
    body["values"].append(["z", 99, 0.0, 0.0])


@pytest.mark.parametrize("spoil", [swap_branches, swap_heads, forget_the_scale, name_no_module,
                                   claim_a_site])
def test_what_does_not_hold_is_certified_anew_and_said(twice, spoil):
    plain = twice().info
    info = twice(spoil).info
    assert info.certification.startswith("done on this load: the one that was kept did not hold")
    assert info.sites == plain.sites and "discover" in info.steps_s
    assert "verified again" in twice().info.certification  # the new one took its place


def test_a_file_of_another_folder_is_not_believed(twice):
    assert "seal" in twice(lambda body: None, sealed=False).info.certification


def test_other_weights_are_another_model(models, tmp_path):
    shutil.copytree(models / "tiny", tmp_path / "tiny")
    load(tmp_path / "tiny", kept=tmp_path / "certified")
    file = tmp_path / "tiny" / "model.safetensors"
    weights = load_file(file)
    name = next(name for name in weights if "o_proj" in name)
    save_file(weights | {name: weights[name] * 0}, file, metadata={"format": "pt"})
    info = load(tmp_path / "tiny", kept=tmp_path / "certified").info
    assert info.certification == "done on this load"
    z = next(site for site in info.sites if site.site == "z")
    assert 0 not in z.layers and len(z.layers) == info.n_layers - 1


def test_the_key_is_readable_by_its_owner_alone(models, tmp_path):
    load(models / "tiny", kept=tmp_path / "certified")
    assert (tmp_path / "certified" / KEY_FILE).stat().st_mode & 0o77 == 0
