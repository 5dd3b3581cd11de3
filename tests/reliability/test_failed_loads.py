"""A load that fails leaves the model that was loaded, and the server says why."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.reliability.hosted import hosted
from tests.served import RUN_JSON, write_models

pytestmark = pytest.mark.skipif(os.name == "nt", reason="sparse files")

ROWS = 2**32
"""Of the embedding of a model that no machine has the memory for: a hole in a file."""


def write_huge(tiny: Path, folder: Path) -> None:
    """A model like `tiny` whose embedding has two billion rows, none of which is on the disk."""
    shutil.copytree(tiny, folder)
    weights = folder / "model.safetensors"
    content = weights.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8:8 + length])
    own = header["model.embed_tokens.weight"]
    width = own["shape"][1]
    start = max(entry["data_offsets"][1] for name, entry in header.items()
                if name != "__metadata__")
    own |= {"shape": [ROWS, width], "data_offsets": [start, start + 4 * ROWS * width]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with weights.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + content[8 + length:])
        file.truncate(8 + len(text) + own["data_offsets"][1])


def test_a_failed_load_keeps_the_model_and_says_why(tmp_path):
    models = write_models(tmp_path / "models")
    write_huge(models / "tiny", models / "huge")
    (models / "nothing").mkdir()
    (models / "nothing" / "config.json").write_text("{}")
    with hosted(tmp_path / "data", models) as server:
        run = server.client.post("/api/experiments", json=RUN_JSON).json()
        for model, codes in (("broken", {"model-refused"}), ("huge", {"out-of-memory"}),
                             ("nothing", {"model-refused"})):
            job = server.load(model)
            assert (job["state"], job["error"]["code"] in codes) == ("failed", True), job
            assert server.client.get("/api/model").json()["info"]["id"] == "tiny"
            again = server.client.post("/api/experiments?rerun=true", json=RUN_JSON)
            assert again.status_code == 201
            assert again.json()["result"]["metrics"] == run["result"]["metrics"]
        assert server.client.post("/api/models/absent/load").status_code == 404
        assert server.load("other")["state"] == "done"
        assert server.stop() == 0
