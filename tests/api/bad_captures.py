"""What is refused at the addresses of captures, with the answer."""

from __future__ import annotations

import json
from typing import Any

from tests.api.bad_input import CANARY
from tests.tiny import PROMPT


def capture(**changes: Any) -> bytes:
    """A valid capture with changes; None removes a field."""
    spec = {"prompt": PROMPT, "targets": [{"site": "z"}]} | changes
    return json.dumps({key: value for key, value in spec.items() if value is not None}).encode()


CAPTURES = [
    (b"{}", 422, "invalid-field", "/prompt"),
    (capture(targets=[]), 422, "invalid-field", "/targets"),
    (capture(targets=None), 422, "invalid-field", "/targets"),
    (capture(targets={"site": "z"}), 422, "invalid-field", "/targets"),
    (capture(targets=[{"site": CANARY}]), 422, "invalid-field", "/targets/0/site"),
    (capture(targets=[{"site": "z"}] * 1001), 422, "invalid-field", "/targets"),
    (capture(targets=[{"site": "z", "neuron": 1}]), 422, "unsupported-target", "/targets/0"),
    (capture(targets=[{"site": "z", "key": 1}]), 422, "unsupported-target", "/targets/0"),
    (capture(targets=[{"site": "z", "layer": 3}]), 422, "out-of-range", "/targets/0/layer"),
    (capture(targets=[{"site": "z", "layer": [2, -1]}]), 422, "out-of-range",
     "/targets/0/layer"),
    (capture(targets=[{"site": "z"}, {"site": "z", "head": -5}]), 422, "out-of-range",
     "/targets/1/head"),
    (capture(targets=[{"site": "mlp_act", "neuron": 48}]), 422, "out-of-range",
     "/targets/0/neuron"),
    (capture(targets=[{"site": "embed", "position": 6}]), 422, "out-of-range",
     "/targets/0/position"),
    (capture(targets=[{"site": "z", "head": 0, "position": 0},
                      {"site": "z", "head": 1, "position": 1}]), 422, "invalid-input",
     "/targets/1"),
    (capture(tensors="yes"), 422, "invalid-field", "/tensors"),
    (capture(held=[]), 422, "invalid-field", "/held"),
    (capture(prompt=[]), 422, "prompt-length", "/prompt"),
    (capture(prompt=[96]), 422, "out-of-range", "/prompt/0"),
    (capture(model="other"), 409, "model-mismatch", "/model"),
    (capture(model=CANARY), 404, "model-not-found", None),
    (capture(edits=[{"target": {"site": "mlp_out"}, "op": {"kind": "zero"}}] * 2), 422,
     "overlapping-edits", "/edits/1/target"),
]

OTHERS = [
    ("GET", "/captures/0000000000000000", None, 404, "not-found", None),
    ("GET", f"/captures/{CANARY}?entry={CANARY}", None, 422, "invalid-field", None),
    ("DELETE", f"/captures/{CANARY}", None, 404, "not-found", None),
    ("GET", "/captures?limit=0", None, 422, "invalid-field", None),
    ("GET", f"/captures?cursor={CANARY}", None, 422, "invalid-field", "/cursor"),
    ("PATCH", "/captures/0000000000000000", b"{}", 405, "method-not-allowed", None),
    ("POST", "/vectors", b'{"values": []}', 422, "invalid-field", "/values"),
    ("POST", "/vectors", b'{"values": [[1.0], [1.0, 2.0]]}', 422, "invalid-input", "/values"),
    ("POST", "/vectors", b'{"values": [NaN]}', 422, "non-finite-number", "/values/0"),
    ("POST", "/vectors", b'{"values": [1e300], "dtype": "float32"}', 422, "non-finite-number",
     "/values"),
    ("POST", "/vectors", f'{{"values": "{CANARY}"}}'.encode(), 422, "invalid-field", "/values"),
    ("POST", "/vectors", f'{{"values": ["{CANARY}"]}}'.encode(), 422, "invalid-field",
     "/values/0"),
    ("POST", "/vectors", b'{"values": [[true]]}', 422, "invalid-field", "/values/0/0"),
    ("POST", "/vectors", b'{"values": [[[1]]]}', 422, "invalid-field", "/values/0/0"),
    ("POST", "/vectors", b'{"values": [1], "name": "a\\u0000"}', 422, "invalid-text", "/name"),
    ("POST", "/vectors", b'{"values": [1], "dtype": "int8"}', 422, "invalid-field", "/dtype"),
    ("POST", "/vectors", b'{"values": [1], "path": "/etc/passwd"}', 422, "invalid-field",
     "/path"),
    ("POST", "/vectors", b'{"name": "x"}', 422, "invalid-field", "/values"),
    ("GET", "/vectors/" + "0" * 64, None, 404, "vector-not-found", None),
    ("GET", f"/vectors/{CANARY}", None, 404, "vector-not-found", None),
    ("GET", "/vectors/..%2Ftoken", None, 404, "not-found", None),
    ("DELETE", "/vectors", None, 405, "method-not-allowed", None),
]

CASES = [("POST", "/captures", *case) for case in CAPTURES] + OTHERS
