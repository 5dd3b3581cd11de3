"""The command line: what it prints, what it stores, and how it ends."""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors.numpy import load_file

from neuronscope import cli
from neuronscope.commands import run, shorthand, sweep
from neuronscope.errors import InvalidInput
from neuronscope.service.lock import FolderLock
from neuronscope.spec.experiments import Run, Sweep
from neuronscope.spec.metrics import KL, Prob
from neuronscope.spec.ops import (
    Add,
    Embed,
    Noise,
    Path,
    Reference,
    Resample,
    Scale,
    Set,
    Zero,
)
from neuronscope.spec.target import Target
from tests.tiny import LONGER, PROMPT, SOURCE, save


def test_a_run_is_printed_stored_and_found_again(ns):
    words = ("run", PROMPT, "--zero", "mlp_out.0", "--patch", f"resid_pre.2@-1={SOURCE}",
             "--metric", "kl", "--metric", "prob:w5", "--model", "tiny")
    code, out, _ = ns(*words)
    assert code == 0
    assert "zero mlp_out.0, patch resid_pre.2@-1" in out
    again = ns(*words)[1]
    assert "stored already" in again
    key = out.split("id ")[1].split()[0]
    assert f"id {key}" in ns("show", key)[1]
    assert key in ns("show")[1]


def test_json_is_the_record_and_a_file_gives_the_same_hash_as_the_short_form(ns, tmp_path):
    _, out, _ = ns("run", PROMPT, "--zero", "attn_out.1@2", "--model", "tiny", "--json")
    record = json.loads(out)
    (tmp_path / "spec.json").write_text(json.dumps(
        {"prompt": PROMPT, "edits": [{"target": {"site": "attn_out", "layer": 1, "position": 2},
                                      "op": {"kind": "zero"}}]}), encoding="utf-8")
    from_file = json.loads(ns("run", "spec.json", "--model", "tiny", "--json")[1])
    assert from_file["id"] == record["id"]


def test_a_sweep_prints_a_table_and_writes_csv(ns, tmp_path):
    code, out, _ = ns("sweep", PROMPT, "--zero", "--sites", "attn_out,mlp_out", "--positions",
                      "all", "--csv", "grid.csv", "--model", "tiny")
    assert code == 0
    assert "-- site mlp_out" in out
    assert "layer × position" in out
    assert len((tmp_path / "grid.csv").read_text().splitlines()) == 1 + 2 * 3 * 6


def test_a_capture_prints_statistics_and_writes_its_tensors(ns, tmp_path):
    words = ("capture", PROMPT, "--site", "resid_post.1", "--site", "z.2@-1", "--model", "tiny")
    code, out, _ = ns(*words, "--out", "found.safetensors")
    assert code == 0
    assert "6 position × 32 d_model" in out and "1 position × 4 head × 8 d_head" in out
    assert "960 bytes" not in out and "896 bytes of tensors" in out
    tensors = load_file(tmp_path / "found.safetensors")
    assert {name: array.shape for name, array in tensors.items()} == {
        "resid_post.1": (6, 32), "z.2": (1, 4, 8)}
    assert "stored already" in ns(*words)[1]
    record = json.loads(ns(*words, "--json")[1])
    assert record["id"] in out
    found = record["data"]["entries"][0]["statistics"]["max"]
    assert found == tensors["resid_post.1"].max()
    (tmp_path / "capture.json").write_text(json.dumps(record["data"]["spec"]), encoding="utf-8")
    assert json.loads(ns("capture", "capture.json", "--model", "tiny", "--json")[1]) == record
    assert "statistics alone" in ns(*words, "--statistics")[1]


@pytest.mark.parametrize("words, said", [
    ((), "Nothing is to be captured"), (("--site", "z.9"), "layer 9: this model has 0–2"),
    (("--site", "nowhere"), "must be 'embed'"),
    (("--site", "z", "--statistics", "--out", "x"), "--out writes tensors")])
def test_what_cannot_be_captured_ends_with_2(ns, words, said):
    code, _, err = ns("capture", PROMPT, *words, "--model", "tiny")
    assert code == 2
    assert said in err


def test_a_wide_sweep_is_shaded(ns):
    out = ns("sweep", PROMPT, "--zero", "--sites", "mlp_act", "--neurons", "all",
             "--model", "tiny")[1]
    assert "█" in out


@pytest.mark.parametrize("words, said", [
    (("run", PROMPT, "--zero", "mlp_out.99"), "layer 99: this model has 0–2"),
    (("run", PROMPT, "--zero", "nowhere.0"), "must be 'embed'"),
    (("run", PROMPT, "--zero", "mlp_out.x"), "'x' is not an index"),
    (("run", PROMPT, "--zero", "embed.0"), "more parts than embed has axes"),
    (("run", PROMPT, "--mean", "mlp_out.0"), "--reference PROMPT"),
    (("run", PROMPT, "--patch", "resid_pre.0"), "lacks what comes after the target"),
    (("run", PROMPT, "--patch", f"resid_pre.0={LONGER}"), "tokens"),
    (("run", PROMPT, "--metric", "beauty"), "'beauty' is not a metric"),
    (("run", "nothing.json"), "cannot be read"),
    (("sweep", PROMPT, "--zero"), "the sites it is made at"),
    (("run", PROMPT, "--model", "absent"), "no such model"),
    (("run", PROMPT, "--model", "some/where"), "no config.json"),
])
def test_bad_input_ends_with_2_and_says_what_is_allowed(ns, words, said):
    model = () if "--model" in words else ("--model", "tiny")
    code, out, err = ns(*words, *model)
    assert (code, out) == (2, "")
    assert said in err
    assert "Traceback" not in err


def test_a_folder_in_use_ends_with_3(ns, tmp_path):
    lock = FolderLock(tmp_path / ".neuronscope")
    try:
        code, _, err = ns("show")
    finally:
        lock.release()
    assert code == 3
    assert "in use by process" in err


def test_a_variable_that_is_no_setting_ends_with_2(ns, monkeypatch):
    monkeypatch.setenv("NEURONSCOPE_COLOUR", "red")
    code, _, err = ns("show")
    assert code == 2
    assert "NEURONSCOPE_COLOUR is not a setting" in err


def test_models_are_listed_with_what_is_wrong_and_checked(ns):
    assert "tiny" in ns("models")[1]
    code, out, _ = ns("models", "check", "tiny")
    assert code == 0 and "resid_pre    yes          0-2" in out and "bypass       yes" in out
    code, out, _ = ns("models", "check", "broken")
    assert code == 1 and out.startswith("refused: ")


def test_a_model_anywhere_is_checked_as_a_table_of_the_terminal_s_width(
        ns, tmp_path, monkeypatch):
    save("falcon", tmp_path / "elsewhere" / "bird")
    for columns in (200, 80, 45):
        monkeypatch.setenv("COLUMNS", str(columns))
        code, out, _ = ns("models", "check", str(tmp_path / "elsewhere" / "bird"))
        assert code == 0 and max(map(len, out.splitlines())) <= max(columns, 66)
        assert "parallel block" in " ".join(out.split())
    info = json.loads(ns("models", "check", str(tmp_path / "elsewhere" / "bird"), "--json")[1])
    sites = {site["site"]: site for site in info["sites"]}
    assert sites["resid_mid"]["refused"][0]["layers"] == [0, 1, 2]
    assert {stage["stage"] for stage in info["stages"]} >= {"stream", "bypass"}
    assert set(info["steps_s"]) >= {"digest", "weights", "discover", "certify"}


@pytest.mark.parametrize("text", ["mlp_out.0", "z.5.2@-1", "mlp_act.3.17,18@2", "embed@1",
                                  "final_norm", "resid_pre.0,1", "pattern.1.2@-1/0,3",
                                  "pattern.1.2@*/0"])
def test_targets_are_read_as_they_are_printed(text):
    assert str(Target.model_validate(shorthand.target(text))) == text


def test_vectors_are_added_listed_and_named_by_a_run(ns, tmp_path):
    np.save(tmp_path / "m.npy", np.arange(64, dtype=np.float32).reshape(2, 32))
    assert ns("vectors")[1] == "No vectors are stored.\n"
    lock = FolderLock(tmp_path / ".neuronscope")  # a server's: adding does not need it
    try:
        info, = json.loads(ns("vectors", "add", "m.npy", "--name", "two", "--json")[1])
    finally:
        lock.release()
    assert info["shape"] == [2, 32]
    assert f"{info['sha256']}" in ns("vectors", "list")[1]
    code, out, _ = ns("run", PROMPT, "--add", f"resid_pre.1=2*stored:{info['sha256']}:1",
                      "--model", "tiny")
    assert (code, "add resid_pre.1" in out) == (0, True)


def run_spec(*words):
    arguments = cli.parser().parse_args(["run", PROMPT, *words])
    return Run.model_validate(run.from_arguments(arguments))


def test_every_edit_has_a_short_form_and_their_order_is_kept():
    spec = run_spec(
        "--set", "mlp_act.1.3=-2.5", "--zero", "mlp_out.0", "--scale", "z.1.2=0.5",
        "--noise", "embed@1,2=3", "--resample", "attn_out.2", "--add", "resid_pre.1=4*embed:w3",
        "--reference", SOURCE, "--reference", PROMPT, "--seed", "5", "--draws", "2",
        "--hold", "set mlp_act.0.7=1", "--hold", "zero z.0", "--ordered",
        "--metric", "prob@3:w5", "--metric", "kl@-2")
    assert [edit.op for edit in spec.edits] == [
        Set(-2.5), Zero(), Scale(0.5), Noise(3.0, seed=5, draws=2),
        Resample(Reference([SOURCE, PROMPT]), seed=5, draws=2), Add(Embed("w3"), scale=4.0)]
    assert [str(edit.target) for edit in spec.held] == ["mlp_act.0.7", "z.0"]
    assert spec.ordered and spec.held[0].op == Set(1.0)
    assert spec.metrics == (Prob("w5", position=3), KL(position=-2))
    path, = run_spec("--path", f"z.0.1={SOURCE}", "--to", "q.2.3", "--through", "mlps").edits
    assert path.op == Path(SOURCE, to=[Target("q", layer=2, head=3)], through="mlps")


def test_draws_and_held_edits_are_told(ns):
    out = ns("run", PROMPT, "--noise", "embed@1,2=2", "--draws", "3", "--hold", "zero mlp_out.0",
             "--model", "tiny")[1]
    assert "noise embed@1,2, with zero mlp_out.0 held, 3 draws" in out
    assert "edited spread change" in " ".join(out.split())
    assert "noise on token embeddings at w3, w14; held: zero MLP of layer 0" in ns("show")[1]


@pytest.mark.parametrize("words, said", [
    (("--set", "mlp_out.0=much"), "'much' is not a number"),
    (("--scale", "mlp_out.0"), "lacks what comes after the target"),
    (("--resample", "mlp_out.0"), "resample needs the prompts"),
    (("--hold", "zero"), "is not an edit"),
    (("--hold", "burn mlp_out.0"), "is not an edit"),
    (("--metric", "kl@last"), "'last' is not a number"),
    (("--add", "mlp_out.0=stored:ab:x"), "'x' is not a number")])
def test_short_forms_that_say_too_little_are_refused(words, said):
    with pytest.raises(InvalidInput, match=said):
        run_spec(*words)


def test_sweeps_have_every_edit_too(ns):
    for words in (("--scale", "0"), ("--set", "0"), ("--noise", "2", "--draws", "2"),
                  ("--add", "3*random:1")):
        arguments = cli.parser().parse_args(["sweep", PROMPT, *words, "--sites", "attn_out"])
        spec = Sweep.model_validate(sweep.from_arguments(arguments))
        assert spec.op.kind == words[0][2:] and spec.over.layers == "all"


def test_hook_names_are_targets_too():
    read = Target.model_validate(shorthand.target("blocks.3.attn.hook_z@2"))
    assert str(read) == "z.3@2"


@pytest.mark.parametrize("text, kind", [("kl", "kl"), ("prob: Paris", "prob"),
                                        ("logit_diff: Paris, Rome", "logit_diff"),
                                        ("recovered:logit_diff: Paris, Rome", "recovered")])
def test_metrics_are_read(text, kind):
    assert shorthand.metric(text)["kind"] == kind


def test_a_token_keeps_its_leading_space():
    assert shorthand.metric("prob: Paris") == {"kind": "prob", "token": " Paris"}


def test_directions_are_read():
    assert shorthand.direction("token: Paris") == {"kind": "unembed", "token": " Paris"}
    assert shorthand.direction("random:7") == {"kind": "random", "seed": 7}
    with pytest.raises(InvalidInput):
        shorthand.direction("up")
