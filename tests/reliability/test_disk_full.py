"""A real server whose disk fills up: nothing is acknowledged that is not stored, reads go on.

The data folder lies on a small file system of its own where this user may mount one; elsewhere
the system refuses the server's processes larger files.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from neuronscope.spec.captures import Capture
from neuronscope.spec.target import Target
from tests.reliability.hosted import Hosted, hosted
from tests.reliability.mixed import JSON
from tests.served import RUN_JSON, SWEEP, write_models
from tests.tiny import PROMPT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="prlimit and mount of Linux")

SIZE = 8 << 20


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return write_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def small(tmp_path) -> Iterator[tuple[Path, bool]]:
    """A data folder, and whether it is a file system of its own."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(command, check=False, capture_output=True).returncode == 0
    except OSError:
        mounted = False
    yield folder, mounted
    if mounted:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def full(folder: Path, mounted: bool, server: Hosted) -> Iterator[None]:
    """Meanwhile there is no more space."""
    if mounted:
        filler = folder / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 4096)
            except OSError:
                pass
        yield
        filler.unlink()
        return
    least = min(file.stat().st_size for file in folder.glob("*.sqlite"))
    pids = [server.process.pid, *children(server.process.pid)]
    before = [resource.prlimit(pid, resource.RLIMIT_FSIZE) for pid in pids]
    for pid, (_, hard) in zip(pids, before, strict=True):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (least, hard))
    yield
    for pid, limits in zip(pids, before, strict=True):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(each) for each in found.split()]


def test_a_full_disk_loses_nothing_and_stops_no_reader(small, models):
    folder, mounted = small
    codes = {"storage-full"} if mounted else {"storage-full", "storage-error"}
    capture = Capture(prompt=PROMPT, targets=[Target("resid_post")]).model_dump_json()
    with hosted(folder, models) as server:
        client = server.client
        kept = client.post("/api/experiments", json=RUN_JSON).json()
        bundle = client.get("/api/export", params={"id": kept["id"]}).content
        with full(folder, mounted, server):
            refused = refuse(server, capture, bundle)
            assert set(refused.values()) <= codes, refused
            assert client.get(f"/api/experiments/{kept['id']}").json() == kept
            assert client.get("/api/export", params={"id": kept["id"]}).status_code == 200
            stored = [line["id"] for line in client.get("/api/experiments").json()["items"]]
        assert kept["id"] in stored
        for path, body in (("/api/experiments?rerun=true", RUN_JSON), ("/api/captures", capture)):
            given = {"content": body, "headers": JSON} if isinstance(body, str) else {"json": body}
            assert client.post(path, **given).status_code == 201, path
        job = client.post("/api/sweeps", content=SWEEP.model_dump_json(), headers=JSON).json()
        assert server.ended(job["job"]["id"])["state"] == "done"
        now = {line["id"] for line in client.get("/api/experiments").json()["items"]}
        assert set(stored) < now
        assert server.stop() == 0


def refuse(server: Hosted, capture: str, bundle: bytes) -> dict[str, str]:
    """Asks for work until there is no space for it; the codes of what was refused."""
    client, found = server.client, {}
    for _ in range(200):
        answer = client.post("/api/experiments?rerun=true", json=RUN_JSON)
        if answer.status_code != 201:
            assert answer.status_code == 507
            found["run"] = answer.json()["code"]
            break
    asked = {
        "capture": client.post("/api/captures", content=capture, headers=JSON),
        "sweep": client.post("/api/sweeps", content=SWEEP.model_dump_json(), headers=JSON),
        "import": client.post("/api/import", content=bundle + os.urandom(SIZE),
                              headers={"Content-Type": "application/zip"}),
        "vector": client.post("/api/vectors", json={"values": [[1.0] * 32] * 1000})}
    for name, answer in asked.items():
        assert answer.status_code == 507, (name, answer.text)
        found[name] = answer.json()["code"]
    assert "run" in found
    return found
