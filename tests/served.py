"""Model folders, labs and real servers for the tests of store, service and interface."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import uvicorn

from neuronscope.api.app import create_app
from neuronscope.api.serve import HTTP, _bind
from neuronscope.service.executor import Executor
from neuronscope.service.lab import Lab
from neuronscope.service.token import access_token
from neuronscope.settings import Settings
from neuronscope.spec.experiments import Edit, Over, Run, Sweep
from neuronscope.spec.metrics import KL, Prob
from neuronscope.spec.ops import Add, Values, Zero
from neuronscope.spec.target import Target
from tests.tiny import PROMPT, save

RUN = Run(prompt=PROMPT, edits=[Edit(Target("mlp_out", layer=0), Zero())],
          metrics=[KL(), Prob("w5")])
RUN_JSON = {"prompt": PROMPT, "metrics": [{"kind": "kl"}, {"kind": "prob", "token": "w5"}],
            "edits": [{"target": {"site": "mlp_out", "layer": 0}, "op": {"kind": "zero"}}]}
SWEEP = Sweep(prompt=PROMPT, op=Zero(), metrics=[KL()],
              over=Over(sites=["resid_pre", "attn_out"], layers="all", positions="all"))
LONG = Sweep(prompt=PROMPT, op=Zero(), metrics=[KL()], mode="exact",
             over=Over(sites=["mlp_act"], layers="all", positions="all", neurons="all"))
"""864 cells, each alone: seconds of work, so that something can happen in the middle of it."""
OVERFLOW = Run(prompt=PROMPT, metrics=[KL()], edits=[Edit(
    Target("resid_pre", layer=1), Add(Values([1.0] * 32), scale=1e300))])
"""Its logits are not finite."""


def write_models(folder: Path) -> Path:
    """`tiny` (Llama) and `other` (GPT-2), which load, and `broken`, which does not."""
    save("llama", folder / "tiny")
    save("gpt2", folder / "other")
    save("llama", folder / "broken", seed=1)
    weights = folder / "broken" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    return folder


def wait_for(condition, timeout_s: float = 120.0) -> None:
    """Until `condition()` is true; fails the test if it does not become so."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@dataclass(frozen=True)
class Served:
    """A lab behind a real server, and a client that holds the token."""

    lab: Lab
    url: str
    token: str
    client: httpx.Client
    bare: httpx.Client
    """Sends no token and no header of its own."""


@contextmanager
def served(settings: Settings, executor: Executor | None = None,
           load: str | None = "tiny") -> Iterator[Served]:
    """A server on a free port, in a thread."""
    sockets = _bind("127.0.0.1", 0, 1)
    settings = replace(settings, port=sockets[0].getsockname()[1])
    with Lab(settings, executor) as lab:
        if load:
            lab.load(load)
        config = uvicorn.Config(create_app(lab), log_level="error", lifespan="off",
                                timeout_graceful_shutdown=2, **HTTP)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": sockets})
        thread.start()
        url, token = f"http://localhost:{settings.port}", access_token(settings)
        headers = {"Authorization": f"Bearer {token}", "X-NeuronScope": "1"}
        try:
            wait_for(lambda: server.started)
            with (closing(httpx.Client(base_url=url, headers=headers, timeout=60)) as client,
                  closing(httpx.Client(base_url=url, timeout=60)) as bare):
                yield Served(lab, url, token, client, bare)
        finally:
            server.should_exit = True
            thread.join()
            for each in sockets:
                each.close()
