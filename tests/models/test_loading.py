"""Folders: loaded safely, refused with a reason, and known by content rather than by name."""

from __future__ import annotations

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from neuronscope import errors
from neuronscope.engine.session import load
from neuronscope.models.discover import Registry
from neuronscope.models.fingerprint import tokenizer_digest
from neuronscope.spec.experiments import Edit, Run
from neuronscope.spec.ops import Zero
from neuronscope.spec.target import Target
from tests.families import FAMILIES
from tests.tiny import PROMPT, build, save, tokenizer

SPEC = Run(prompt=PROMPT, edits=[Edit(Target("mlp_out", layer=0), Zero())])


@pytest.fixture
def folder(tmp_path):
    return save("llama", tmp_path / "tiny")


@pytest.mark.parametrize("family", ["gemma3", "gpt2", "gpt_neox", "llama", "opt"])
def test_a_folder_gives_the_same_model_as_the_one_in_memory(family, tmp_path):
    from_folder = load(save(family, tmp_path / family))
    in_memory = load(hf_model=build(family), tokenizer=tokenizer())
    assert from_folder.info.architecture == in_memory.info.architecture
    assert from_folder.info.dtype == "float32"
    assert from_folder.run(SPEC).metrics == in_memory.run(SPEC).metrics


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_what_an_architecture_has_is_certified_and_the_rest_refused_with_the_reason(family):
    expected = FAMILIES[family]
    info = load(hf_model=build(family), tokenizer=tokenizer()).info
    refused = {site.site: (site.layers, site.reason) for site in info.sites if site.reason}
    assert refused.keys() == expected.refused.keys()
    for site, (layers, reason) in expected.refused.items():
        assert refused[site][0] == layers and refused[site][1].startswith(reason), site
    assert (info.n_layers, info.n_heads, info.d_model, info.d_mlp) == (
        3, 4, 32, expected.d_mlp)
    assert (info.d_head, info.n_kv_heads) == expected.heads


def test_the_digest_is_of_the_weights_alone(folder, tmp_path):
    digest = load(folder).info.model_digest
    moved = shutil.copytree(folder, tmp_path / "another name")
    tensors = load_file(moved / "model.safetensors")
    names = sorted(tensors)
    halves = {"a.safetensors": names[::2], "b.safetensors": names[1::2]}
    for file, part in halves.items():
        save_file({name: tensors[name] for name in part}, moved / file,
                  metadata={"format": "pt", "written by": "someone else"})
    table = {name: file for file, part in halves.items() for name in part}
    (moved / "model.safetensors.index.json").write_text(
        json.dumps({"metadata": {"total_size": 1}, "weight_map": table}))
    (moved / "model.safetensors").unlink()
    again = load(moved)
    assert again.info.model_digest == digest
    assert again.resolve(SPEC).spec_hash == load(folder).resolve(SPEC).spec_hash


def test_one_changed_weight_changes_digest_and_hash(folder):
    before = load(folder)
    tensors = load_file(folder / "model.safetensors")
    tensors["model.norm.weight"][3] += 1e-3
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    after = load(folder)
    assert after.info.model_digest != before.info.model_digest
    assert after.resolve(SPEC).spec_hash != before.resolve(SPEC).spec_hash


def test_the_configuration_is_part_of_the_hash_and_not_of_the_weights_digest(folder):
    before = load(folder)
    edit_config(folder, rms_norm_eps=0.1)
    after = load(folder)
    assert after.info.model_digest == before.info.model_digest
    assert after.resolve(SPEC).spec_hash != before.resolve(SPEC).spec_hash
    edit_config(folder, rms_norm_eps=before.host.model.config.rms_norm_eps, architectures=None,
                transformers_version="0")
    assert load(folder).resolve(SPEC).spec_hash == before.resolve(SPEC).spec_hash
    held = load(hf_model=build("llama"), tokenizer=tokenizer())
    assert held.info.config_digest == before.info.config_digest


def test_a_changed_tokenizer_changes_digest_and_hash(folder):
    before = load(folder)
    text = (folder / "tokenizer.json").read_text()
    (folder / "tokenizer.json").write_text(text.replace('"w90"', '"w90x"'))
    after = load(folder)
    assert after.info.tokenizer_digest != before.info.tokenizer_digest
    assert after.resolve(SPEC).spec_hash != before.resolve(SPEC).spec_hash


def edit_config(folder, **changes):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


REFUSED = {
    "code in the folder": (lambda f: edit_config(f, auto_map={"AutoModel": "evil.Model"}),
                           "code of its own"),
    "code in a nested config": (lambda f: edit_config(f, text_config={
        "auto_map": {"AutoConfig": "evil.C"}}), "code of its own"),
    "an unknown type": (lambda f: edit_config(f, model_type="no_such_type"), "no model type"),
    "an encoder": (lambda f: edit_config(f, model_type="clip", architectures=["CLIPModel"]),
                   "not a language model"),
    "no type": (lambda f: (f / "config.json").write_text("{}"), "no model_type"),
    "broken json": (lambda f: (f / "config.json").write_text("{"), "cannot be read"),
    "json of another kind": (lambda f: (f / "config.json").write_text("[1]"), "no model_type"),
    "deep json": (lambda f: (f / "config.json").write_text("[" * 100_000), "cannot be read"),
    "a cut file": (lambda f: _cut(f / "model.safetensors"), "bytes, its header tells"),
    "rubbish for weights": (lambda f: (f / "model.safetensors").write_bytes(b"x" * 99),
                            "not a valid safetensors"),
    "a pickle": (lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"),
                 "can run code"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "no weights"),
    "missing shards": (lambda f: ((f / "model.safetensors").unlink(), _index(f)),
                       "2 of 2 weight files are missing"),
    "weights twice": (lambda f: [_index(f)], "both model.safetensors and an index"),
    "weights of another shape": (lambda f: edit_config(f, intermediate_size=40), "cannot load"),
    "no tokenizer": (lambda f: [(f / name).unlink() for name in (
        "tokenizer.json", "tokenizer_config.json")], "tokenizer"),
}


def _index(folder):
    (folder / "model.safetensors.index.json").write_text(json.dumps(
        {"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}))


def _cut(file):
    file.write_bytes(file.read_bytes()[:-100])


@pytest.mark.parametrize("fault", sorted(REFUSED))
def test_unsafe_and_damaged_folders_are_refused_with_the_reason(folder, fault):
    spoil, told = REFUSED[fault]
    spoil(folder)
    with pytest.raises(errors.ModelRefused, match=told) as caught:
        load(folder)
    assert str(folder.parent) not in str(caught.value)


@pytest.mark.parametrize("given", [{"device": "tpu:x"}, {"device": "cuda:77"}, {"dtype": "int8"}])
def test_unknown_devices_and_dtypes_are_refused(folder, given):
    if given.get("device", "").startswith("cuda") and torch.cuda.is_available():
        pytest.skip("this machine has CUDA")
    with pytest.raises(errors.InvalidInput):
        load(folder, **given)


def test_the_registry_lists_folders_and_takes_ids_never_paths(tmp_path):
    save("llama", tmp_path / "LLM" / "one")
    save("gpt2", tmp_path / "LLM" / "two")
    save("gpt2", tmp_path / "outside")
    (tmp_path / "LLM" / "three").symlink_to(tmp_path / "outside")
    (tmp_path / "LLM" / "notes").mkdir()
    edit_config(tmp_path / "LLM" / "two", auto_map={"AutoModel": "evil.Model"})
    registry = Registry(tmp_path / "LLM")
    entries = {entry.id: entry for entry in registry.entries()}
    assert set(entries) == {"one", "two", "three"}
    assert entries["one"].problem is None and entries["one"].architecture == "LlamaForCausalLM"
    assert "code of its own" in entries["two"].problem
    assert "leads out" in entries["three"].problem
    assert registry.path("one") == tmp_path / "LLM" / "one"
    for bad in ("three", "../outside", str(tmp_path / "outside"), "nope", "", "one/../one", "."):
        with pytest.raises(errors.ModelNotFound):
            registry.path(bad)


def test_the_models_folder_may_itself_be_a_model(tmp_path):
    registry = Registry(save("gpt2", tmp_path / "mine"))
    assert [entry.id for entry in registry.entries()] == ["mine"]
    assert registry.path("mine") == tmp_path / "mine"
    assert Registry(tmp_path / "nothing").entries() == []


def test_load_wants_a_folder_or_a_model():
    for given in ({}, {"hf_model": build("llama")}):
        with pytest.raises(errors.InvalidInput):
            load(**given)


def test_a_checkpoint_that_lacks_a_weight_is_refused_not_filled_with_random_numbers(folder):
    tensors = load_file(folder / "model.safetensors")
    del tensors["model.layers.1.mlp.down_proj.weight"]
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(errors.ModelRefused, match="1 weights are missing"):
        load(folder)


def test_padding_that_a_call_left_behind_is_not_part_of_the_tokenizers_digest():
    used = tokenizer()
    used(["w3", "w3 w4"], padding=True, truncation=True, max_length=5)
    assert tokenizer_digest(used) == tokenizer_digest(tokenizer())
