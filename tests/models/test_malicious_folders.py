"""Folders made to harm: refused with the reason, in words of our own, and nothing of them runs."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import struct

import pytest

from neuronscope.engine.session import load
from neuronscope.errors import ModelNotFound, ModelRefused, NeuronScopeError
from neuronscope.models.discover import Registry
from tests.tiny import save


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save("llama", tmp_path_factory.mktemp("base") / "base")


@pytest.fixture
def folder(base, tmp_path):
    return shutil.copytree(base, tmp_path / "models" / "harm")


def changed(file, **changes):
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))


def config(**changes):
    return lambda folder: changed(folder / "config.json", **changes)


def text(name, content):
    return lambda folder: (folder / name).write_text(content)


def header(change):
    """Rewrites the header of the weights: `change` is given it, and the first tensor's name."""
    def spoil(folder):
        file = folder / "model.safetensors"
        raw = file.read_bytes()
        length = struct.unpack("<Q", raw[:8])[0]
        found = json.loads(raw[8:8 + length])
        new = change(found, next(name for name in found if name != "__metadata__"))
        new = new if isinstance(new, bytes) else json.dumps(found).encode()
        file.write_bytes(struct.pack("<Q", len(new)) + new + raw[8 + length:])
    return spoil


def first(**changes):
    return header(lambda found, name: found[name].update(changes))


def index(content):
    def spoil(folder):
        (folder / "model.safetensors").unlink()
        (folder / "model.safetensors.index.json").write_text(content)
    return spoil


def mapped(**files):
    return index(json.dumps({"weight_map": files}))


DEEP = "[" * 100_000
HARM = {
    "auto_map": config(auto_map={"AutoModelForCausalLM": "evil.Model"}),
    "auto_map below": config(text_config={"auto_map": {"AutoConfig": "evil.C"}}),
    "trust below": config(x=[{"trust_remote_code": True}]),
    "a kernel by name": config(_attn_implementation="evil/kernel"),
    "a kernel below": config(text_config={"attn_implementation": {"": "evil/kernel"}}),
    "kernels": config(use_kernels=True),
    "a type that is a path": config(model_type="../llama"),
    "a type that is a list": config(model_type=["llama"]),
    "a type of half a character": config(model_type="\ud800"),
    "architectures of numbers": config(architectures=[5]),
    "architectures of another kind": config(architectures={"a": 1}),
    "text for a number": config(vocab_size="x"),
    "a negative number": config(vocab_size=-1),
    "too large a vocabulary": config(vocab_size=10**12),
    "too many layers": config(num_hidden_layers=10**9),
    "too many experts": config(num_local_experts=10**9),
    "no heads": config(num_attention_heads=0),
    "half layers": config(num_hidden_layers=2.5),
    "a list for a number": config(hidden_size=[32]),
    "an activation that is none": config(hidden_act="evil"),
    "a rope that is none": config(rope_parameters="x"),
    "a text side that is none": config(text_config=[1]),
    "a quantisation that is a path": config(quantization_config={"quant_method": "../x"}),
    "a quantisation that is none": config(quantization_config=[1]),
    "a deep configuration": text("config.json", DEEP),
    "a rather deep one": text("config.json", '{"model_type": "llama", "x": '
                              + "[" * 900 + "]" * 900 + "}"),
    "a long integer": text("config.json", '{"model_type": "llama", "x": ' + "9" * 9999 + "}"),
    "a deep generation_config": text("generation_config.json", DEEP),
    "weights that are a pickle": lambda folder: (folder / "model.safetensors").write_bytes(
        pickle.dumps({"a": 1})),
    "a shard elsewhere": mapped(a="../base/model.safetensors"),
    "a shard by its path": mapped(a="/etc/passwd"),
    "a shard that is a number": mapped(a=5),
    "an index that is none": index("[]"),
    "a deep index": index(DEEP),
    "a header too long": lambda folder: (folder / "model.safetensors").write_bytes(
        struct.pack("<Q", 2**63) + b"{}"),
    "a deep header": header(lambda found, name: DEEP.encode()),
    "a header that is no text": header(lambda found, name: b"\xff\xfe{}"),
    "a tensor twice": header(lambda found, name: json.dumps(found).encode()[:-1] + b", "
                             + json.dumps({name: found[name]}).encode()[1:]),
    "negative offsets": first(data_offsets=[-4, 0]),
    "offsets that are none": first(data_offsets=[False, True]),
    "fractions for offsets": first(data_offsets=[0.0, 4096.0]),
    "offsets of another tensor": header(lambda found, name: found[name].update(
        data_offsets=found[sorted(found)[-1]]["data_offsets"])),
    "an endless shape": first(shape=[2**62, 2**62]),
    "a negative shape": first(shape=[-1]),
    "a shape that is none": first(shape="x"),
    "an unknown dtype": first(dtype="X99"),
    "no dtype": first(dtype=None),
    "metadata that are none": header(lambda found, name: found.update(__metadata__={"a": 5})),
    "a deep tokenizer": text("tokenizer.json", DEEP),
    "a tokenizer that is none": text("tokenizer.json", "[]"),
    "rubbish for a tokenizer": lambda folder: (folder / "tokenizer.json").write_bytes(
        bytes(range(256))),
    "settings of a tokenizer that are none": text("tokenizer_config.json", "[]"),
    "deep settings of a tokenizer": text("tokenizer_config.json", DEEP),
    "tokens that are numbers": text("tokenizer_config.json", '{"bos_token": 5}'),
}


@pytest.mark.parametrize("harm", HARM)
def test_a_harmful_folder_is_refused_in_words(folder, harm):
    HARM[harm](folder)
    with pytest.raises(NeuronScopeError) as caught:
        load(folder)
    assert caught.value.code in {"model-refused", "out-of-memory"}
    assert str(folder.parent) not in str(caught.value)
    Registry(folder.parent).entries()  # one bad folder does not spoil the list


def test_no_code_of_a_folder_is_run(folder, tmp_path):
    """Neither what a name would have imported, nor a pickle beside the weights."""
    witness = tmp_path / "it ran"
    code = f"open({str(witness)!r}, 'w').close()\n"

    class Runs:
        def __reduce__(self):
            return exec, (code,)

    for name in ("modeling_llama", "configuration_llama", "tokenization_llama", "tokenizer",
                 "torch", "sitecustomize", "__init__"):
        (folder / f"{name}.py").write_text(code)
    (folder / "custom_generate").mkdir()
    (folder / "custom_generate" / "generate.py").write_text(code)
    for name in ("pytorch_model.bin", "training_args.bin", "model.pt"):
        (folder / name).write_bytes(pickle.dumps(Runs()))
    (folder / "chat_template.jinja").write_text("{{ ''.__class__.__mro__[1].__subclasses__() }}")
    changed(folder / "tokenizer_config.json", auto_map={"AutoTokenizer": ["tokenizer.Evil", None]})
    assert load(folder).info.n_layers == 3  # read without any of them
    changed(folder / "tokenizer_config.json", tokenizer_class="Evil")
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelRefused, match="tokenizer"):
        load(folder)
    assert not witness.exists()


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_folder_of_the_registry_does_not_lead_out_of_it(base, folder, name):
    (folder / name).unlink()
    (folder / name).symlink_to(base / name)
    registry = Registry(folder.parent)
    (entry,) = registry.entries()
    assert "leads out of the model folder" in entry.problem
    with pytest.raises(ModelNotFound):
        registry.path("harm")
    assert Registry(folder).path("harm") == folder  # named itself, as one of a cache of links


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_pipe_is_not_waited_for(folder, name):
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises((ModelRefused, ModelNotFound)):
        load(folder)
