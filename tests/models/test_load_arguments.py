"""Arguments of the wrong kind are refused in words that say what is allowed."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from neuronscope.engine.session import load
from neuronscope.errors import InvalidInput, ModelNotFound, ModelRefused
from neuronscope.models.options import LoadOptions
from neuronscope.service.opening import open_lab
from tests.tiny import build, save, tokenizer


@pytest.mark.parametrize(("options", "told"), [
    ({"quantization": 8}, "'8bit' or '4bit'; this is an int"),
    ({"quantization": ["8bit"]}, "'8bit' or '4bit'; this is a list"),
    ({"device": 5}, "torch.device; this is an int"),
    ({"device": None}, "torch.device; this is a NoneType"),
    ({"dtype": ["float32"]}, "torch.dtype; this is a list"),
    ({"device_map": ["cpu"]}, "a mapping of modules to devices; this is a list"),
    ({"device_map": {}}, "names no module"),
    ({"device_map": {0: "cpu"}}, "named by text; this is an int"),
    ({"device_map": "auto", "max_memory": 5}, "a mapping of devices to bytes; this is an int"),
    ({"device_map": "auto", "max_memory": {"cpu": None}}, "no part of a memory bound"),
    ({"device_map": "auto", "offload_folder": 5}, "the path of a folder; this is an int"),
    ({"device_map": "auto", "offload_folder": "a\0b"}, "no path that can be read here"),
])
def test_options_of_another_kind_are_refused(options, told):
    with pytest.raises(InvalidInput, match=told):
        LoadOptions(**options)


def test_torch_devices_and_dtypes_are_taken(tmp_path):
    model = load(save("llama", tmp_path / "tiny"), device=torch.device("cpu"),
                 dtype=torch.bfloat16)
    assert (model.info.device, model.info.dtype) == ("cpu", "bfloat16")


@pytest.mark.parametrize("name", ["offload_folder", "kept"])
@pytest.mark.parametrize("below", ["", "below"])
def test_a_file_where_a_folder_is_due_is_said_to_be_one(tmp_path, name, below):
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(InvalidInput, match=f"{name} leads to a file"):
        load(tmp_path, **{name: file / below})


@pytest.mark.parametrize("folder", [5, ["LLM/atlas"], b"LLM/atlas", 1.5])
def test_a_folder_is_a_path(folder):
    with pytest.raises(InvalidInput, match="The folder must be a path; this is a"):
        load(folder)


@pytest.mark.parametrize("folder", ["", "a\0b", "a" * 5000, "no/such/folder"])
def test_a_path_that_leads_nowhere_is_no_model(folder):
    with pytest.raises(ModelNotFound, match=r"it has no config\.json"):
        load(folder)


def test_a_name_is_no_model_and_no_tokenizer():
    with pytest.raises(InvalidInput, match="hf_model must be a transformers model; this is a str"):
        load(hf_model="gpt2", tokenizer=tokenizer())
    with pytest.raises(InvalidInput, match="tokenizer must be a transformers tokenizer"):
        load(hf_model=build("llama"), tokenizer="gpt2")
    with pytest.raises(ModelRefused, match="not a transformers model"):
        load(hf_model=nn.Linear(2, 2), tokenizer=tokenizer())
    with pytest.raises(InvalidInput, match="model_id must be text"):
        load(hf_model=build("llama"), tokenizer=tokenizer(), model_id=5)


@pytest.mark.parametrize("model_id", [5, None, ["tiny"]])
def test_a_lab_takes_ids_only(tmp_path, model_id):
    with open_lab(tmp_path / "data", tmp_path) as lab, pytest.raises(ModelNotFound):
        lab.load(model_id)


def test_a_device_map_that_names_what_is_not_there_is_refused(tmp_path):
    folder = save("llama", tmp_path / "tiny")
    with pytest.raises(InvalidInput, match=r"names 'model\.layer\.1', which") as told:
        load(folder, device_map={"": "cpu", "model.layer.1": "cpu"})
    assert "model.layers.1" in told.value.hint
    named = load(folder, device_map={"model": "cpu", "lm_head.weight": "cpu", "lm_head": "cpu"})
    assert named.info.device == "cpu"
