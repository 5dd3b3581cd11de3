"""What is stored, by the command line: verified, resumed, carried to another folder."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from neuronscope.settings import Settings
from neuronscope.store.database import FILE_NAME
from tests.served import RUN_JSON, served
from tests.tiny import PROMPT


def test_a_stored_run_is_verified_on_its_own_model(ns):
    _, out, _ = ns("run", PROMPT, "--zero", "mlp_out.0", "--model", "other")
    key = out.split("id ")[1].split()[0]
    code, out, _ = ns("verify", key)  # on `other`, although it is not named
    assert code == 0 and "exact: every number has the same bits" in out
    code, out, _ = ns("verify", key, "--model", "tiny")
    assert code == 1 and "not comparable" in out and "/resolved/" in out
    code, out, _ = ns("verify", key, "--json")
    assert code == 0 and json.loads(out)["verdict"] == "exact"
    assert ns("verify", "nothing")[0] == 2


def test_experiments_go_from_one_folder_to_another(ns):
    _, out, _ = ns("run", PROMPT, "--zero", "mlp_out.0", "--model", "tiny")
    key = out.split("id ")[1].split()[0]
    _, out, _ = ns("capture", PROMPT, "--site", "z.1", "--model", "tiny")
    capture = out.split("id ")[1].split()[0]
    assert ns("export", "one.zip")[0] == 2
    code, out, _ = ns("export", "one.zip", "--all", "--capture", capture)
    assert code == 0 and "1 experiments, 1 captures" in out
    code, out, _ = ns("import", "one.zip", "--list", "--data", "there")
    assert code == 0 and key in out and f"capture {capture}: all heads of layer 1" in out
    assert "Nothing is stored" in ns("show", "--data", "there")[1]
    code, out, _ = ns("import", "one.zip", "--data", "there")
    assert code == 0 and f"neuronscope verify {key}" in out
    assert "exact" in ns("verify", key, "--data", "there")[1]


def test_beside_a_running_server_what_is_stored_is_shown_and_verified_by_it(ns, models, tmp_path):
    settings = Settings(data=tmp_path / ".neuronscope", models=models)
    with served(settings) as running:
        running.lab.announce(running.url)
        key = running.client.post("/api/experiments", json=RUN_JSON).json()["id"]
        capture = running.client.post("/api/captures", json={
            "prompt": PROMPT, "targets": [{"site": "z"}]}).json()["id"]
        assert ns("show", key, "--json")[1].strip() == running.lab.record(key).model_dump_json()
        assert key in ns("show", "--search", "mlp", "--since", "2020-01-01", "--kind", "run")[1]
        assert "Nothing fits" in ns("show", "--starred")[1]
        assert capture in ns("show", "--captures", "--of", "tiny")[1]
        code, out, err = ns("verify", key)
        assert code == 0 and "exact" in out, err
        code, _, err = ns("verify", key, "--device", "cpu")
        assert code == 2 and "--device" in err and "server" in err
        assert ns("verify", "nothing")[0] == 2


def test_a_database_of_a_newer_version_ends_with_4_and_stays_as_it_was(ns, tmp_path):
    assert ns("show")[0] == 0
    file = tmp_path / ".neuronscope" / FILE_NAME
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = file.read_bytes()
    code, _, err = ns("show")
    assert code == 4 and "nothing was changed" in err
    assert file.read_bytes() == before
    assert not list(file.parent.glob("*.backup"))


def test_captures_are_listed_and_chosen(ns):
    _, out, _ = ns("capture", PROMPT, "--site", "z.1", "--model", "tiny")
    key = out.split("id ")[1].split()[0]
    assert key in ns("show", "--captures", "--search", "HEADS of layer 1", "--of", "tiny")[1]
    assert "Nothing fits" in ns("show", "--captures", "--search", "nowhere")[1]
    code, _, err = ns("show", "--captures", "--starred")
    assert code == 2 and "--search" in err


def test_a_sweep_is_resumed_by_its_id_and_not_without_one(ns):
    _, out, _ = ns("sweep", PROMPT, "--zero", "--sites", "mlp_out", "--model", "tiny")
    key = out.split("id ")[1].split()[0]
    code, out, _ = ns("sweep", "--resume", key)
    assert code == 0 and f"id {key}  complete" in out
    code, _, err = ns("sweep")
    assert code == 2 and "--resume" in err


@pytest.mark.parametrize("words", [
    [PROMPT], ["spec.json"], ["--zero"], ["--add", "random:0"], ["--sites", "mlp_out"],
    ["--layers", "0"], ["--heads", "all"], ["--positions", "all"], ["--neurons", "1"],
    ["--keys", "0"], ["--metric", "js"], ["--exact"], ["--rerun"], ["--hold", "zero mlp_out.0"],
    ["--read", "1"], ["--seed", "1"], ["--draws", "2"], ["--ordered"], ["--reference", "w3"],
    ["--pool", "per_position"], ["--unit", "site_norm"], ["--map", "0=0"], ["--to", "mlp_out.0"],
    ["--through", "mlps"]])
def test_nothing_is_said_beside_resume_that_would_be_ignored(ns, words):
    code, _, err = ns("sweep", "--resume", "0" * 16, *words)
    assert code == 2 and "would change it" in err
    assert (words[0] if words[0].startswith("--") else "a prompt") in err
