"""Models that one device does not hold: predicted, spread, in shards and in half precision."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch
from accelerate import cpu_offload
from safetensors.torch import load_file, save_file

from neuronscope import errors
from neuronscope.engine.session import load
from neuronscope.models import memory
from neuronscope.models.discover import embedded_folder, weight_files
from neuronscope.models.fingerprint import module_digest
from neuronscope.models.options import LoadOptions
from neuronscope.spec.captures import Capture
from neuronscope.spec.experiments import Edit, Over, Run, Sweep
from neuronscope.spec.ops import Add, Embed, Noise, Patch, Path, Unembed, Zero
from neuronscope.spec.target import Target
from tests.tiny import PROMPT, SOURCE, build, save, tokenizer

EDITS = [Edit(Target("mlp_out", layer=0), Zero()),
         Edit(Target("z", layer=1, head=2), Patch(SOURCE)),
         Edit(Target("embed"), Noise(sigma=0.5, seed=1)),
         Edit(Target("resid_pre", layer=2), Add(direction=Unembed(token="w9"))),
         Edit(Target("attn_out", layer=2), Add(direction=Embed(token="w8")))]
SITES = ("resid_pre", "q", "v", "pattern", "z", "attn_out", "resid_mid", "mlp_act", "mlp_out",
         "resid_post")


@pytest.fixture(scope="module", params=["gpt2", "llama"])
def pair(request, tmp_path_factory):
    """The same folder in memory, and with all or some of its weights on the disk."""
    folder = save(request.param, tmp_path_factory.mktemp("big") / "tiny")
    return load(folder, device="cpu"), load(folder, device_map={"": "disk"})


def test_a_model_on_the_disk_is_the_same_model(pair):
    plain, spread = pair
    assert spread.info.device == "disk"
    assert all(weight.is_meta for weight in spread.host.model.parameters())
    told = {"device": "", "load_s": 0.0, "steps_s": {}}
    assert spread.info.model_copy(update=told) == plain.info.model_copy(update=told)
    assert module_digest(spread.host.model) == module_digest(plain.host.model)


def test_runs_captures_and_directions_on_the_disk_are_the_same_to_the_bit(pair):
    plain, spread = pair
    for edit in EDITS:
        run = Run(prompt=PROMPT, edits=[edit])
        one, other = plain.run(run), spread.run(run)
        assert (one.metrics, one.spec_hash) == (other.metrics, other.spec_hash)
        assert "no-op" not in {note.code for note in one.warnings}
    spec = Capture(prompt=PROMPT, targets=[Target(site, layer=1) for site in SITES])
    one, other = plain.capture(spec).arrays, spread.capture(spec).arrays
    assert one.keys() == other.keys() and all(
        np.array_equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_sweeps_on_the_disk_are_the_same_to_the_bit(pair, mode):
    spec = Sweep(prompt=PROMPT, op=Patch(SOURCE), mode=mode,
                 over=Over(sites=SITES, layers="all", positions="all"))
    one, other = (model.sweep(spec) for model in pair)
    assert other.data.execution == one.data.execution
    assert one.data.execution.startswith(mode)
    assert np.array_equal(one.values["kl"], other.values["kl"], equal_nan=True)
    assert np.nanmax(one.values["kl"]) > 0


def test_paths_and_held_edits_on_the_disk_are_the_same(pair):
    path = Sweep(prompt=PROMPT, op=Path(SOURCE, to=(Target("v", layer=2),)),
                 over=Over(sites=("z",), layers=(0, 1), heads="all"))
    held = Sweep(prompt=PROMPT, op=Zero(), held=[EDITS[0]],
                 over=Over(sites=("z", "attn_out"), layers=(1, 2)))
    for spec in (path, held):
        one, other = (model.sweep(spec) for model in pair)
        assert other.data.execution == one.data.execution
        assert np.array_equal(one.values["kl"], other.values["kl"], equal_nan=True)


def test_weights_that_accelerate_keeps_on_the_cpu_are_brought_for_each_module():
    plain = load(hf_model=build("llama"), tokenizer=tokenizer())
    kept = build("llama")
    cpu_offload(kept, execution_device=torch.device("cpu"))
    spread = load(hf_model=kept, tokenizer=tokenizer())
    assert spread.info.model_digest == plain.info.model_digest
    for edit in EDITS:
        run = Run(prompt=PROMPT, edits=[edit])
        assert spread.run(run).metrics == plain.run(run).metrics


def test_accelerate_chooses_within_the_given_bounds(tmp_path):
    folder = save("llama", tmp_path / "tiny")
    plain = load(folder, device="cpu")
    spread = load(folder, device_map="auto", max_memory="cpu=60KB")
    assert spread.info.device == "cpu, disk"
    on_cpu = sum(weight.numel() * 4 for weight in spread.host.model.parameters()
                 if not weight.is_meta)
    assert 0 < on_cpu <= 60_000
    run = Run(prompt=PROMPT, edits=EDITS[:1])
    assert spread.run(run).metrics == plain.run(run).metrics


@pytest.mark.parametrize("given", [
    {"device_map": "everywhere"}, {"device_map": "auto", "device": "cpu"},
    {"max_memory": "cpu=1GB"}, {"device_map": "auto", "max_memory": "cpu"},
    {"device_map": "auto", "max_memory": "cpu=much"}, {"device_map": {"": "nowhere"}},
    {"device_map": "auto", "max_memory": {"toaster": 5}}, {"quantization": "3bit"}])
def test_what_is_no_way_to_load_is_refused(tmp_path, given):
    folder = save("llama", tmp_path / "tiny")
    with pytest.raises(errors.InvalidInput):
        load(folder, **given)


def test_bounds_are_read_in_the_usual_units():
    told = LoadOptions(device_map="auto", max_memory="cuda:1=1.5GiB, cpu=2GB,0=7").memory()
    assert told == {1: 3 * 2**29, "cpu": 2 * 10**9, 0: 7}


@pytest.mark.parametrize(("dtype", "size"), [("float32", 4), ("bfloat16", 2)])
def test_the_weights_bytes_are_known_from_the_headers(tmp_path, dtype, size):
    folder = save("llama", tmp_path / "tiny")
    model = load(folder, device="cpu", dtype=dtype).host.model
    assert memory.weight_bytes(weight_files(folder), model.dtype) == sum(
        weight.numel() * size for weight in model.parameters())


def test_a_model_that_cannot_fit_is_refused_with_both_numbers_before_it_is_read(
        tmp_path, monkeypatch):
    folder = save("llama", tmp_path / "tiny")
    monkeypatch.setattr(memory, "free_bytes", lambda device: 50_000)
    monkeypatch.setattr("neuronscope.models.load.read_model", None)
    with pytest.raises(errors.OutOfMemory, match=r"least 0\.39 MiB .* 0\.05 MiB is") as told:
        load(folder, device="cpu")
    assert "bfloat16" in told.value.hint and "device map" in told.value.hint
    with pytest.raises(errors.OutOfMemory, match="The device map puts"):
        load(folder, device_map={"": "cpu"})


def test_nothing_is_refused_where_the_free_memory_cannot_be_known(tmp_path, monkeypatch):
    folder = save("llama", tmp_path / "tiny")
    monkeypatch.setattr(memory, "free_bytes", lambda device: None)
    assert load(folder, device="cpu").info.n_layers == 3


def test_the_limits_of_control_groups_count(tmp_path):
    root, own = tmp_path / "cgroup", tmp_path / "own"
    inner = root / "a" / "b"
    inner.mkdir(parents=True)
    own.write_text("0::/a/b\n")
    for folder, limit in ((inner, "max"), (inner.parent, "5000")):
        (folder / "memory.max").write_text(limit)
        (folder / "memory.current").write_text("1500")
        (folder / "memory.stat").write_text("anon 1000\ninactive_file 300\n")
    assert list(memory._groups(root, own)) == [5000 - 1500 + 300]


def sharded(folder, to):
    model = load(folder, device="cpu").host.model
    model.save_pretrained(to, max_shard_size="30KB")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(folder / name, to / name)
    assert len(list(to.glob("*.safetensors"))) > 2
    return to


@pytest.mark.parametrize("family", ["gpt2", "llama"])  # tied and untied embeddings
def test_shards_are_the_same_model(family, tmp_path):
    folder = save(family, tmp_path / "tiny")
    one, other = load(folder, device="cpu"), load(sharded(folder, tmp_path / "shards"))
    run = Run(prompt=PROMPT, edits=EDITS[:1])
    assert other.info.model_digest == one.info.model_digest
    assert other.resolve(run).spec_hash == one.resolve(run).spec_hash
    assert other.run(run).metrics == one.run(run).metrics


def test_shards_that_lack_what_the_index_has_in_them_are_refused(tmp_path):
    folder = sharded(save("llama", tmp_path / "tiny"), tmp_path / "shards")
    file = sorted(folder.glob("*.safetensors"))[1]
    tensors = load_file(file)
    name, tensor = next(iter(tensors.items()))
    save_file({key: value for key, value in tensors.items() if key != name}, file)
    with pytest.raises(errors.ModelRefused, match="1 tensors are not in the files") as told:
        load(folder)
    assert name in str(told.value)
    other = sorted(folder.glob("*.safetensors"))[0]
    save_file({**load_file(other), name: tensor, **tensors}, other)
    save_file(tensors, file)
    with pytest.raises(errors.ModelRefused, match=r"is in .* and in"):
        load(folder)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_certifies_and_sweeps_the_embedded_model(dtype):
    whole, half = (load(embedded_folder(), device="cpu", dtype=each)
                   for each in ("float32", dtype))
    # patterns are apart: they need the model's eager attention to compute what sdpa does
    sites = {site.site: site.layers for site in whole.info.sites if site.site != "pattern"}
    assert all(site.certified for site in half.info.sites if site.site in sites)
    assert {site.site: site.layers for site in half.info.sites if site.site in sites} == sites
    spec = Sweep(prompt="The Eiffel Tower is in", op=Patch("The Colosseum is in"),
                 over=Over(sites=("resid_pre", "attn_out"), layers="all", positions="all"))
    fine, coarse = (model.sweep(spec).values["kl"] for model in (whole, half))
    assert np.abs(fine - coarse).max() < 0.05 * fine.max()
    run = Run(prompt="The Eiffel Tower is in", edits=[Edit(Target("mlp_out", layer=1), Zero())])
    assert half.resolve(run).spec_hash != whole.resolve(run).spec_hash
    assert np.isfinite(half.run(run).metrics["kl"].edited)
