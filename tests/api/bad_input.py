"""What must be refused: requests, with the status, code and pointer of the answer."""

from __future__ import annotations

import json
from typing import Any

from tests.tiny import LONGER, PROMPT, SOURCE

CANARY = "Canary7f3a"


def run(**changes: Any) -> bytes:
    """A valid run with changes; None removes a field."""
    spec = {"prompt": PROMPT, "metrics": [{"kind": "kl"}],
            "edits": [{"target": {"site": "mlp_out", "layer": 0}, "op": {"kind": "zero"}}]}
    return json.dumps({key: value for key, value in (spec | changes).items()
                       if value is not None}).encode()


def edit(target: dict | None = None, op: dict | None = None) -> bytes:
    return run(edits=[{"target": target or {"site": "mlp_out", "layer": 0},
                       "op": op or {"kind": "zero"}}])


def sweep(**changes: Any) -> bytes:
    spec = {"prompt": PROMPT, "op": {"kind": "zero"},
            "over": {"sites": ["mlp_out"], "layers": "all"}}
    return json.dumps(spec | changes).encode()


def add(direction: Any, **more: Any) -> bytes:
    return edit(op={"kind": "add", "direction": direction, **more})


def path(**more: Any) -> bytes:
    return edit({"site": "z", "layer": 0}, {"kind": "path", "source_prompt": SOURCE, **more})


ZERO = {"target": {"site": "mlp_out", "layer": 0}, "op": {"kind": "zero"}}
REFERENCE = {"prompts": [SOURCE, PROMPT]}
UNKNOWN = {"kind": "stored", "sha256": "0" * 64}

RUNS = [
    # not JSON
    (b"", 400, "malformed-json", None),
    (b"{", 400, "malformed-json", None),
    (b"{'prompt': 1}", 400, "malformed-json", None),
    (b"\xef\xbb\xbf" + run(), 400, "malformed-json", None),
    (run().decode().encode("utf-16"), 400, "malformed-json", None),
    (b'{"prompt": "\x80"}', 400, "malformed-json", None),
    (b"[" * 200_000, 400, "malformed-json", None),
    (b'{"a":' * 100 + b"1" + b"}" * 100, 400, "malformed-json", None),
    (b'{"top_k": ' + b"9" * 5000 + b"}", 400, "malformed-json", None),
    # numbers
    (b'{"prompt": "w3", "top_k": NaN}', 422, "non-finite-number", "/top_k"),
    (b'{"prompt": "w3", "top_k": -Infinity}', 422, "non-finite-number", "/top_k"),
    (run().replace(b'"zero"', b'"add", "direction": {"kind": "values", "values": [1e999]}'),
     422, "non-finite-number", "/edits/0/op/direction/values/0"),
    (run(top_k=True), 422, "invalid-field", "/top_k"),
    (run(top_k="3"), 422, "invalid-field", "/top_k"),
    (run(top_k=2.5), 422, "invalid-field", "/top_k"),
    (run(top_k=0), 422, "invalid-field", "/top_k"),
    (run(top_k=1001), 422, "invalid-field", "/top_k"),
    (run(top_k=1000), 422, "out-of-range", "/top_k"),
    (run(read_position=2**60), 422, "invalid-field", "/read_position"),
    # shape
    (b"[]", 422, "invalid-field", None),
    (b'"text"', 422, "invalid-field", None),
    (b"null", 422, "invalid-field", None),
    (b"{}", 422, "invalid-field", "/prompt"),
    (run(prompt=None), 422, "invalid-field", "/prompt"),
    (run(prompt=3), 422, "invalid-field", "/prompt"),
    (run(prompt={"text": CANARY}), 422, "invalid-field", "/prompt"),
    (run(prompt=[3, CANARY]), 422, "invalid-field", "/prompt/1"),
    (run(unknown_field=CANARY), 422, "invalid-field", "/unknown_field"),
    (run(**{f"<b>{CANARY}</b>": 1}), 422, "invalid-field", None),
    (b'{"prompt": "w3", "prompt": "w4"}', 422, "invalid-field", "/prompt"),
    (run(edits={}), 422, "invalid-field", "/edits"),
    (run(edits=[CANARY]), 422, "invalid-field", "/edits/0"),
    (run(metrics=[]), 422, "invalid-field", "/metrics"),
    (run(metrics=[{"kind": CANARY}]), 422, "invalid-field", "/metrics/0/kind"),
    (run(metrics=[{}]), 422, "invalid-field", "/metrics/0/kind"),
    (run(metrics=[{"kind": "prob"}]), 422, "invalid-field", "/metrics/0/token"),
    (run(metrics=[{"kind": "prob", "token": 1.5}]), 422, "invalid-field", "/metrics/0/token"),
    (edit(op={"kind": CANARY}), 422, "invalid-field", "/edits/0/op/kind"),
    (edit(op={"kind": "zero", "scale": 1}), 422, "invalid-field", "/edits/0/op/scale"),
    (edit({"site": CANARY}), 422, "invalid-field", "/edits/0/target/site"),
    (edit({"site": f"blocks.{'9' * 5000}.hook_resid_pre"}), 422, "invalid-field",
     "/edits/0/target/site"),
    (edit({"site": "blocks.\u0663.hook_resid_pre"}), 422, "invalid-field",
     "/edits/0/target/site"),
    (edit({"site": "mlp_out", "layer": "all"}), 422, "invalid-field", "/edits/0/target/layer"),
    (edit({"site": "mlp_out", "layer": [0, "1"]}), 422, "invalid-field",
     "/edits/0/target/layer/1"),
    (edit({"site": "mlp_out", "layer": [0, 0]}), 422, "invalid-field", "/edits/0/target"),
    # text
    (b'{"prompt": "\\ud800"}', 422, "invalid-text", "/prompt"),
    (b'{"prompt": "w3", "model": "\\udc00x"}', 422, "invalid-text", "/model"),
    # the model
    (run(model=CANARY), 404, "model-not-found", None),
    (run(model="../../etc/passwd"), 404, "model-not-found", None),
    (run(model="other"), 409, "model-mismatch", "/model"),
    (run(model="sha256:" + "0" * 64), 409, "model-mismatch", "/model"),
    # indices
    (edit({"site": "mlp_out", "layer": 3}), 422, "out-of-range", "/edits/0/target/layer"),
    (edit({"site": "mlp_out", "layer": -4}), 422, "out-of-range", "/edits/0/target/layer"),
    (edit({"site": "z", "layer": 0, "head": 99}), 422, "out-of-range", "/edits/0/target/head"),
    (edit({"site": "mlp_act", "layer": 0, "neuron": 48}), 422, "out-of-range",
     "/edits/0/target/neuron"),
    (edit({"site": "mlp_out", "layer": 0, "position": 6}), 422, "out-of-range",
     "/edits/0/target/position"),
    (run(read_position=6), 422, "out-of-range", "/read_position"),
    (edit({"site": "mlp_out", "layer": 0, "head": 1}), 422, "unsupported-target",
     "/edits/0/target"),
    (edit({"site": "embed", "layer": 0}), 422, "unsupported-target", "/edits/0/target"),
    # prompts and tokens
    (run(prompt=[]), 422, "prompt-length", "/prompt"),
    (run(prompt=" ".join(["w3"] * 65)), 422, "prompt-length", "/prompt"),
    (run(prompt=[3, 96]), 422, "out-of-range", "/prompt/1"),
    (run(prompt=[-1]), 422, "out-of-range", "/prompt/0"),
    (run(metrics=[{"kind": "prob", "token": "w3 w4"}]), 422, "not-one-token",
     "/metrics/0/token"),
    (run(metrics=[{"kind": "logit_diff", "answer": "w3", "foil": "w4 w5"}]), 422,
     "not-one-token", "/metrics/0/foil"),
    # operations
    (edit(op={"kind": "patch", "source_prompt": LONGER}), 422, "length-mismatch",
     "/edits/0/op/positions"),
    (edit(op={"kind": "patch"}), 422, "missing-source", "/edits/0/op/source_prompt"),
    (edit({"site": "z", "layer": 0}, {"kind": "path"}), 422, "missing-source",
     "/edits/0/op/source_prompt"),
    (edit(op={"kind": "mean"}), 422, "missing-source", "/edits/0/op/reference"),
    (edit(op={"kind": "resample", "seed": 1}), 422, "missing-source", "/edits/0/op/reference"),
    (edit(op={"kind": "mean", "reference": {"prompts": []}}), 422, "invalid-field",
     "/edits/0/op/reference/prompts"),
    (edit(op={"kind": "add"}), 422, "bad-direction", "/edits/0/op/direction"),
    (add({"kind": "values", "values": [1.0]}), 422, "bad-direction",
     "/edits/0/op/direction/values"),
    (add({"kind": "values", "values": [0.0] * 32}, unit="site_norm"), 422, "bad-direction",
     "/edits/0/op/direction/values"),
    (add({"kind": "random", "seed": -1}), 422, "invalid-field", "/edits/0/op/direction/seed"),
    (add({"kind": "values", "values": [1.0] * 32}, unit=CANARY), 422, "invalid-field",
     "/edits/0/op/unit"),
    (run(edits=[{"target": {"site": "mlp_out", "layer": 0}, "op": {"kind": "zero"}}] * 2), 422,
     "overlapping-edits", "/edits/1/target"),
    (run(metrics=[{"kind": "recovered", "of": {"kind": "prob", "token": "w5"}}]), 422,
     "missing-source", "/metrics"),
    (edit(op={"kind": "scale"}), 422, "invalid-field", "/edits/0/op/factor"),
    (edit(op={"kind": "scale", "factor": "2"}), 422, "invalid-field", "/edits/0/op/factor"),
    (edit(op={"kind": "set", "value": None}), 422, "invalid-field", "/edits/0/op/value"),
    (edit(op={"kind": "set", "value": True}), 422, "invalid-field", "/edits/0/op/value"),
    (edit(op={"kind": "set", "value": 1}).replace(b"1}", b"1e999}"), 422, "non-finite-number",
     "/edits/0/op/value"),
    # draws
    (edit(op={"kind": "noise", "sigma": 1.0}), 422, "invalid-field", "/edits/0/op/seed"),
    (edit(op={"kind": "noise", "sigma": 0, "seed": 1}), 422, "invalid-field",
     "/edits/0/op/sigma"),
    (edit(op={"kind": "noise", "sigma": 1, "seed": 2**53}), 422, "invalid-field",
     "/edits/0/op/seed"),
    (edit(op={"kind": "noise", "sigma": 1, "seed": 1, "draws": 0}), 422, "invalid-field",
     "/edits/0/op/draws"),
    (edit(op={"kind": "resample", "reference": REFERENCE, "seed": 1, "draws": 3}), 422,
     "out-of-range", "/edits/0/op/draws"),
    (edit(op={"kind": "resample", "reference": {"prompts": [SOURCE, LONGER]}, "seed": 1}), 422,
     "length-mismatch", "/edits/0/op/reference/prompts/1"),
    (run(edits=[{"target": {"site": "mlp_out", "layer": layer},
                 "op": {"kind": "noise", "sigma": 1, "seed": 1, "draws": layer + 2}}
                for layer in (0, 1)]), 422, "invalid-input", "/edits/1/op/draws"),
    # directions
    (add(UNKNOWN), 404, "vector-not-found", "/edits/0/op/direction/sha256"),
    (add({"kind": "stored", "sha256": CANARY}), 422, "invalid-field",
     "/edits/0/op/direction/sha256"),
    (add(UNKNOWN | {"row": -1}), 422, "invalid-field", "/edits/0/op/direction/row"),
    (add({"kind": "embed", "token": "w3 w4"}), 422, "not-one-token",
     "/edits/0/op/direction/token"),
    (edit({"site": "final_norm"}, {"kind": "add", "direction": {"kind": "embed", "token": "w3"}}),
     422, "bad-direction", "/edits/0/op/direction"),
    (edit({"site": "z", "layer": 0}, {"kind": "add", "direction": {"kind": "unembed",
                                                                  "token": "w3"}}),
     422, "bad-direction", "/edits/0/op/direction"),
    # held edits and their order
    (run(held=[CANARY]), 422, "invalid-field", "/held/0"),
    (run(ordered="yes"), 422, "invalid-field", "/ordered"),
    (run(held=[ZERO]), 422, "overlapping-edits", "/edits/0/target"),
    (run(held=[ZERO, ZERO], edits=[]), 422, "overlapping-edits", "/held/1/target"),
    (run(held=[{"target": {"site": "mlp_out", "layer": 9}, "op": {"kind": "zero"}}]), 422,
     "out-of-range", "/held/0/target/layer"),
    (run(ordered=True, held=[{"target": {"site": "embed"}, "op": {"kind": "zero"}}],
         edits=[{"target": {"site": "resid_pre", "layer": 0}, "op": {"kind": "zero"}}]), 422,
     "overlapping-edits", "/edits/0/target"),
    # metrics' positions
    (run(metrics=[{"kind": "kl", "position": 6}]), 422, "out-of-range", "/metrics/0/position"),
    (run(metrics=[{"kind": "kl", "position": CANARY}]), 422, "invalid-field",
     "/metrics/0/position"),
    (run(metrics=[{"kind": "kl"}, {"kind": "kl", "position": -1}]), 422, "out-of-range",
     "/metrics"),
    (run(metrics=[{"kind": "recovered", "of": {"kind": "prob", "token": "w5", "position": 1}}]),
     422, "invalid-field", "/metrics/0"),
    # paths
    (path(source_prompt=LONGER), 422, "length-mismatch", "/edits/0/op/source_prompt"),
    (path(to=[]), 422, "invalid-field", "/edits/0/op/to"),
    (path(through=CANARY), 422, "invalid-field", "/edits/0/op/through"),
    (path(to=[{"site": "embed"}]), 422, "unsupported-target", "/edits/0/op/to/0/site"),
    (path(to=[{"site": "final_norm"}]), 422, "unsupported-target", "/edits/0/op/to/0/site"),
    (path(to=[{"site": "pattern", "layer": 1}]), 422, "unsupported-target",
     "/edits/0/op/to/0/site"),
    (path(to=[{"site": "resid_pre", "layer": 3}]), 422, "out-of-range",
     "/edits/0/op/to/0/layer"),
    (edit({"site": "resid_pre", "layer": 0}, {"kind": "path", "source_prompt": SOURCE}), 422,
     "unsupported-target", "/edits/0/op"),
    (run(edits=[ZERO, {"target": {"site": "z", "layer": 0},
                       "op": {"kind": "path", "source_prompt": SOURCE}}]), 422,
     "invalid-input", "/edits/1/op"),
    (run(held=[{"target": {"site": "z", "layer": 0},
                "op": {"kind": "path", "source_prompt": SOURCE}}]), 422,
     "invalid-input", "/held/0/op"),
]

SWEEPS = [
    (sweep(over={"sites": []}), 422, "invalid-field", "/over/sites"),
    (sweep(over={"sites": ["mlp_out", "mlp_out"]}), 422, "invalid-field", "/over"),
    (sweep(over={"sites": ["mlp_out"], "layers": []}), 422, "invalid-field", "/over/layers"),
    (sweep(over={"sites": ["mlp_out"], "layers": CANARY}), 422, "invalid-field", "/over/layers"),
    (sweep(over={"sites": ["mlp_out"], "layers": [0, 7]}), 422, "out-of-range", "/over/layers"),
    (sweep(over={"sites": ["mlp_out"], "heads": "all"}), 422, "unsupported-target", "/over"),
    (sweep(held=[ZERO]), 422, "overlapping-edits", "/over"),
    (sweep(over={"sites": ["embed"], "keys": "all"}), 422, "unsupported-target", "/over"),
    (sweep(op={"kind": "noise", "sigma": 1, "seed": 1, "draws": 2},
           held=[{"target": {"site": "embed"},
                  "op": {"kind": "noise", "sigma": 1, "seed": 1, "draws": 3}}]), 422,
     "invalid-input", "/held/0/op/draws"),
    (sweep(edits=[]), 422, "invalid-field", "/edits"),
    (sweep(over=CANARY), 422, "invalid-field", "/over"),
]

OTHERS = [
    ("POST", "/tokenize", b'{"prompt": [96]}', 422, "out-of-range", "/prompt/0"),
    ("POST", "/tokenize", b'{"text": "w3"}', 422, "invalid-field", "/prompt"),
    ("PATCH", "/experiments/0000000000000000", b'{"name": "a\\u0000b"}', 422, "invalid-text",
     "/name"),
    ("PATCH", "/experiments/0000000000000000", b'{"tags": ["a\\u0000"]}', 422, "invalid-text",
     "/tags"),
    ("PATCH", "/experiments/0000000000000000", b'{"starred": 1}', 422, "invalid-field",
     "/starred"),
    ("PATCH", "/experiments/0000000000000000", b'{"name": "x"}', 404, "not-found", None),
    ("GET", "/experiments/0000000000000000", None, 404, "not-found", None),
    ("DELETE", f"/experiments/{CANARY}", None, 404, "not-found", None),
    ("GET", "/experiments?limit=0", None, 422, "invalid-field", None),
    ("GET", "/experiments?limit=many", None, 422, "invalid-field", None),
    ("GET", f"/experiments?kind={CANARY}", None, 422, "invalid-field", None),
    ("GET", f"/experiments?cursor={CANARY}", None, 422, "invalid-field", "/cursor"),
    ("GET", "/experiments?q=" + "x" * 201, None, 422, "invalid-field", None),
    ("POST", "/experiments?rerun=maybe", run(), 422, "invalid-field", None),
    ("POST", "/experiments?dryrun=true", run(), 422, "invalid-field", None),
    ("GET", "/experiments?sicne=2999-01-01", None, 422, "invalid-field", None),
    ("GET", f"/models?{CANARY}=1", None, 422, "invalid-field", None),
    ("GET", "/export?al=true", None, 422, "invalid-field", None),
    ("GET", "/health?x", None, 422, "invalid-field", None),
    ("GET", "/sweeps/0000000000000000", None, 404, "not-found", None),
    ("GET", "/sweeps/0000000000000000/grid", None, 404, "not-found", None),
    ("POST", "/sweeps/0000000000000000/cancel", None, 404, "not-found", None),
    ("GET", "/jobs/0000000000000000", None, 404, "not-found", None),
    ("GET", "/jobs/0000000000000000/events", None, 404, "not-found", None),
    ("POST", "/jobs/0000000000000000/cancel", None, 404, "not-found", None),
    ("POST", f"/models/{CANARY}/load", None, 404, "model-not-found", None),
    ("POST", "/models/..%2F..%2Fetc/load", None, 404, "not-found", None),
    ("GET", f"/{CANARY}", None, 404, "not-found", None),
    ("PUT", "/experiments", b"{}", 405, "method-not-allowed", None),
    ("DELETE", "/health", None, 405, "method-not-allowed", None),
]

JSON = {"Content-Type": "application/json"}
CASES = ([("POST", "/experiments", *case) for case in RUNS]
         + [("POST", "/sweeps", *case) for case in SWEEPS] + OTHERS)
