"""A client that does a bit of everything, the same whenever it is asked to again."""

from __future__ import annotations

import hashlib
import json
import random
from typing import Any

import httpx

from neuronscope.spec.captures import Capture
from neuronscope.spec.experiments import Edit, Over, Run, Sweep
from neuronscope.spec.metrics import KL, Prob
from neuronscope.spec.ops import Noise, Patch, Scale, Zero
from neuronscope.spec.target import Target
from tests.tiny import PROMPT, SOURCE

JSON = {"Content-Type": "application/json"}
OWN = {"id", "created_at", "started_at", "duration_s"}
"""What differs between two runs of one spec."""
SITES = ("resid_pre", "attn_out", "mlp_out", "z", "mlp_act")


def stripped(content: bytes) -> str:
    """An answer without ids and times."""
    return json.dumps(_without(json.loads(content)), sort_keys=True)


def _without(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _without(value) for key, value in data.items() if key not in OWN}
    return [_without(each) for each in data] if isinstance(data, list) else data


class Mixed:
    """One client's work: its prompts and edits are its own, so that nobody answers for another."""

    def __init__(self, client: int, count: int) -> None:
        self._client, self._count = client, count

    def carry_out(self, http: httpx.Client) -> list[str]:
        """Does it all, and returns each answer without ids and times."""
        self._rng, self._http = random.Random(self._client), http
        self._name = f"w{20 + self._client} {PROMPT}"
        ways = [self._run, self._run, self._sweep, self._capture, self._tokenize]
        return [self._rng.choice(ways)() for _ in range(self._count)]

    def _run(self) -> str:
        op = self._rng.choice([Zero(), Scale(self._rng.random()), Noise(0.5, seed=self._client),
                               Patch(f"w{20 + self._client} {SOURCE}")])
        edit = Edit(Target(self._rng.choice(SITES), layer=self._rng.randrange(3)), op)
        found = self._sent("/api/experiments?rerun=true", Run(
            prompt=self._name, edits=[edit], metrics=[KL(), Prob("w5")]))
        key = found.json()["id"]
        line = self._http.patch(f"/api/experiments/{key}", json={
            "name": f"of {self._client}", "tags": [f"t{self._client % 3}"], "starred": True})
        assert line.status_code == 200, line.text
        seen = self._http.get("/api/experiments", params={"q": f"of {self._client}", "limit": 200})
        assert key in {item["id"] for item in seen.json()["items"]}
        return stripped(self._http.get(f"/api/experiments/{key}").content)

    def _sweep(self) -> str:
        sweep = Sweep(prompt=self._name, op=Scale(self._rng.random()), metrics=[KL()],
                      over=Over(sites=[self._rng.choice(SITES)], layers="all", positions="all"))
        accepted = self._sent("/api/sweeps?rerun=true", sweep).json()
        with self._http.stream("GET", f"/api/jobs/{accepted['job']['id']}/events") as answer:
            assert any(line == "event: end" for line in answer.iter_lines())
        grid = self._http.get(f"/api/sweeps/{accepted['id']}/grid")
        assert grid.json()["complete"], grid.text
        return stripped(grid.content)

    def _capture(self) -> str:
        layer = self._rng.randrange(3)
        found = self._sent("/api/captures?rerun=true", Capture(
            prompt=self._name, targets=[Target("resid_post", layer=layer)]))
        tensor = self._http.get(f"/api/captures/{found.json()['id']}",
                                params={"entry": f"resid_post.{layer}"},
                                headers={"Accept": "application/x-npy"})
        assert tensor.status_code == 200, tensor.text
        return stripped(found.content) + hashlib.sha256(tensor.content).hexdigest()

    def _tokenize(self) -> str:
        answer = self._http.post("/api/tokenize", json={"prompt": self._name})
        return stripped(answer.content)

    def _sent(self, path: str, spec: Run | Sweep | Capture) -> httpx.Response:
        answer = self._http.post(path, content=spec.model_dump_json(), headers=JSON)
        assert answer.status_code in {201, 202}, answer.text
        return answer
