"""Every operation of the OpenAPI document, with requests that are made from the document.

Answers are held to it: status, headers, content type, body, and a problem for all that is
refused. What the document's types allow can still be refused by the model, so that a 4xx is
never wrong by itself. A 5xx always is, but for 503 with `Retry-After`.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from neuronscope.api.app import create_app, document
from neuronscope.errors import catalogue
from neuronscope.settings import Settings
from tests.served import RUN_JSON, SWEEP, served, wait_for, write_models
from tests.tiny import PROMPT

pytest.importorskip("schemathesis", reason="schemathesis needs Python 3.11")
import requests
import schemathesis
from schemathesis.specs.openapi import checks

DOCUMENT = document(create_app(Settings(token="only-for-its-routes".ljust(32, "-"))))
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = sorted(((method.upper(), path) for path, methods in DOCUMENT["paths"].items()
                     for method in methods), key=lambda pair: pair[0] == "DELETE")
"""Those that delete come last: the others know ids that exist."""
CHECKS = [checks.status_code_conformance, checks.content_type_conformance,
          checks.response_headers_conformance, checks.response_schema_conformance]
MODES = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
JOB_S = 60.0


@schemathesis.serializer("application/zip")
def zipped(_context: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else repr(value).encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A real server with the tiny Llama, which takes small sweeps only."""
    folder = tmp_path_factory.mktemp("fuzz")
    chosen = Settings(data=folder / "data", models=write_models(folder / "models"),
                      max_cells=500, max_capture=2**20)
    with served(chosen) as running:
        yield running


@pytest.fixture(scope="module")
def known(server):
    """Ids that exist, by the name of the path's parameter that takes them."""
    client = server.client
    run = client.post("/api/experiments", json=RUN_JSON).json()
    sweep = client.post("/api/sweeps", content=SWEEP.model_dump_json(),
                        headers={"Content-Type": "application/json"}).json()
    capture = client.post("/api/captures",
                          json={"prompt": PROMPT, "targets": [{"site": "z"}]}).json()
    vector = client.post("/api/vectors", json={"values": [[1.0, 2.0], [3.0, 4.0]]}).json()
    wait_for(lambda: not server.lab.sweep_state(sweep["id"]).job)
    return {"key": [run["id"], run["result"]["spec_hash"], sweep["id"], capture["id"]],
            "job_id": [job["id"] for job in client.get("/api/jobs").json()],
            "model_id": ["tiny", "broken"], "sha256": [vector["sha256"]]}


@pytest.fixture(scope="module")
def session(server):
    with requests.Session() as opened:
        opened.trust_env = False
        opened.headers["Authorization"] = f"Bearer {server.token}"
        opened.headers["X-NeuronScope"] = "1"
        yield opened


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda part: part)
def test_every_answer_is_as_the_document_says(server, session, known, amount, soaking,
                                              method, path):
    operation = SCHEMA[path][method]
    given_ids = {name: ids for name, ids in known.items() if f"{{{name}}}" in path}

    @settings(max_examples=amount(5, 400), deadline=None, database=None,
              derandomize=not soaking, suppress_health_check=list(HealthCheck))
    @given(case=st.one_of(*(operation.as_strategy(generation_mode=mode) for mode in MODES)),
           chosen=st.fixed_dictionaries(
               {}, optional={name: st.sampled_from(ids) for name, ids in given_ids.items()}))
    def send(case: Any, chosen: dict[str, str]) -> None:
        case.path_parameters = {**case.path_parameters, **chosen}
        answer = case.call(base_url=server.url, session=session, timeout=JOB_S)
        check(case, answer)

    send()
    settle(server)


def check(case: Any, answer: Any) -> None:
    """Holds an answer to the document, and a refusal to its form."""
    if answer.status_code == 503:
        assert int(answer.headers["retry-after"][0]) > 0
    else:
        assert answer.status_code < 500, answer.text
    case.validate_response(answer, checks=CHECKS)
    if answer.status_code >= 400:
        told = answer.json()
        assert answer.headers["content-type"] == ["application/problem+json"]
        assert catalogue()[told["code"]].status == answer.status_code == told["status"]


def settle(server) -> None:
    """Until no job is left and the model is loaded, for the next operation."""
    wait_for(lambda: all(job.state not in ("queued", "running") for job in server.lab.jobs()))
    if server.lab.model().info is None or server.lab.model().info.id != "tiny":
        server.lab.load("tiny")
