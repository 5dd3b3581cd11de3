"""A real server under load: it answers at once, gives everyone the same, and does not grow.

No test asserts on time: the soak writes the times down.
"""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from neuronscope.service.bundles import Bundle
from neuronscope.service.lab import Lab
from neuronscope.settings import Settings
from tests.reliability.hosted import Hosted, copies, hosted, pinged
from tests.reliability.mixed import JSON, Mixed, stripped
from tests.served import LONG, RUN, RUN_JSON, wait_for, write_models

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")

CLIENTS, POSTERS = 16, 8
GROWN_MIB = 150
"""A server that kept something of every request would grow by far more."""


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return write_models(tmp_path_factory.mktemp("models"))


def told(times: list[float]) -> str:
    """Percentiles of answers to requests for the health, in words."""
    ordered = sorted(times)
    p50, p99 = (ordered[int(len(ordered) * part)] for part in (0.5, 0.99))
    return f"{p50:.1f}, {p99:.1f}, {ordered[-1]:.1f} ms ({len(ordered)} requests)"


def follow(server: Hosted, job_id: str) -> None:
    """Reads the events of a job to their end, as the page does."""
    with server.another() as client, client.stream("GET", f"/api/jobs/{job_id}/events") as answer:
        assert any(line == "event: end" for line in answer.iter_lines())


def test_the_health_is_answered_whatever_else_goes_on(models, tmp_path, amount, figures):
    data, rows = tmp_path / "data", amount(1_000, 100_000)
    with Lab(Settings(data=data, models=models)) as lab:
        lab.load("tiny")
        key = lab.run(RUN)[0].id
    copies(data, key, rows - 1)
    values = {}
    with hosted(data, models) as server:
        with pinged(server.url) as values["nothing else"]:
            threading.Event().wait(amount(1, 20))
        with pinged(server.url) as values["sweeps, their events followed"]:
            for _ in range(amount(1, 6)):
                job = server.client.post("/api/sweeps?rerun=true", content=LONG.model_dump_json(),
                                         headers=JSON).json()["job"]
                follow(server, job["id"])
        with pinged(server.url) as values[f"an export of {rows:,} runs"], \
                server.client.stream("GET", "/api/export?kind=run") as answer, \
                (tmp_path / "all.zip").open("wb") as file:
            file.writelines(answer.iter_raw())
        with pinged(server.url) as values["loads of models"]:
            for _ in range(amount(1, 12)):
                for model in ("other", "atlas", "tiny"):
                    assert server.load(model)["state"] == "done"
        assert server.stop() == 0
    with Bundle(tmp_path / "all.zip") as bundle:
        assert len(bundle.manifest.experiments) == rows
    figures("health", "/api/health from another process: p50, p99 and largest, while the server "
            "is busy with", {name: told(times) for name, times in values.items()})


def test_sixteen_clients_get_what_one_gets(models, tmp_path, amount, figures):
    scripts = [Mixed(client, amount(3, 60)) for client in range(CLIENTS)]
    found = []
    for folder, threads in (("serial", 1), ("at once", CLIENTS)):
        with hosted(tmp_path / folder, models) as server, ExitStack() as open_clients:
            clients = [open_clients.enter_context(server.another()) for _ in scripts]
            with ThreadPoolExecutor(threads) as pool:
                found.append(list(pool.map(Mixed.carry_out, scripts, clients)))
            stored = [stripped(server.client.get(f"/api/experiments/{line['id']}").content)
                      for line in history(server)]
            found[-1].append(sorted(stored))
            assert server.stop() == 0
    for alone, together in zip(*found, strict=True):
        assert alone == together
    figures("clients", "Sixteen clients at once and the same jobs one by one", {
        "answers compared, byte by byte but for ids and times": sum(map(len, found[0][:-1])),
        "stored results compared": len(found[0][-1]), "differences": 0})


def history(server: Hosted) -> list[dict]:
    """Every line of the history."""
    lines, cursor = [], None
    while True:
        parameters = {"limit": 200} | ({"cursor": cursor} if cursor else {})
        page = server.client.get("/api/experiments", params=parameters).json()
        lines += page["items"]
        cursor = page["next"]
        if cursor is None:
            return lines


def post(server: Hosted, numbers: range) -> list[tuple[int, httpx.Response]]:
    """Posts a run for each number, whose prompt says which; all on one connection."""
    with server.another() as client:
        return [(number, client.post("/api/experiments", headers={"Prefer": "respond-async"},
                                     json=RUN_JSON | {"prompt": prompt(number)}))
                for number in numbers]


def prompt(number: int) -> str:
    return " ".join(f"w{3 + (number // 90**place) % 90}" for place in range(3))


def test_thousands_of_posts_are_stored_or_refused_and_nothing_grows(
        models, tmp_path, amount, figures):
    count = amount(400, 10_000)
    with hosted(tmp_path / "data", models) as server:
        post(server, range(700_000, 700_000 + 100))  # what the first requests bring once
        wait_for(lambda: server.health()["running"] is None and not server.health()["queued"])
        before = server.memory()
        with ThreadPoolExecutor(POSTERS) as pool:
            answers = [pair for pairs in pool.map(
                post, [server] * POSTERS,
                [range(first, count, POSTERS) for first in range(POSTERS)]) for pair in pairs]
        wait_for(lambda: server.health()["running"] is None and not server.health()["queued"])
        after = server.memory()
        accepted = {prompt(number) for number, answer in answers if answer.status_code == 202}
        refused = [answer for _, answer in answers if answer.status_code == 503]
        assert len(accepted) + len(refused) == count == len(answers)
        assert {answer.json()["code"] for answer in refused} <= {"queue-full"}
        assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
        first = {prompt(number) for number in range(700_000, 700_000 + 100)}
        assert {line["prompt"] for line in history(server)} - first == accepted
        assert after - before < GROWN_MIB
        assert server.stop() == 0
    figures("posts", f"{count:,} posts of runs from {POSTERS} connections", {
        "accepted, and stored at the end": len(accepted),
        "refused with 503 `queue-full` and Retry-After": len(refused), "other answers": 0,
        "resident memory of the server before and after": f"{before:.0f} and {after:.0f} MiB"})


def test_a_stop_ends_a_sweep_open_streams_and_a_half_sent_export(models, tmp_path):
    with hosted(tmp_path / "data", models) as server, ExitStack() as opened:
        server.client.post("/api/experiments", json=RUN_JSON).raise_for_status()
        job = server.client.post("/api/sweeps", content=LONG.model_dump_json(),
                                 headers=JSON).json()["job"]
        for _ in range(5):
            client = opened.enter_context(server.another())
            answer = opened.enter_context(client.stream("GET", f"/api/jobs/{job['id']}/events"))
            next(answer.iter_lines())
        for _ in range(3):
            client = opened.enter_context(server.another())
            opened.enter_context(client.stream("GET", "/api/export?all=true"))
        assert server.stop() == 0
    with Lab(Settings(data=tmp_path / "data", models=models)) as lab:
        assert {line.state for line in lab.history().items} == {"complete", "cancelled"}
