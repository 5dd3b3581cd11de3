"""`--dry-run`: what is told, that it is true, and that nothing is made or kept."""

from __future__ import annotations

import json

import pytest

from tests.tiny import PROMPT, SOURCE

RUN = ("run", PROMPT, "--patch", f"resid_pre.1={SOURCE}", "--model", "tiny")
SWEEP = ("sweep", PROMPT, "--zero", "--sites", "attn_out,mlp_out", "--positions", "0,1",
         "--model", "tiny")


@pytest.mark.parametrize(("words", "told"), [
    (RUN, ["4 forwards over 24 tokens", "1 source"]),
    (SWEEP, ["12 cells (site 2 × layer 3 × position 2)", "14 forwards"]),
])
def test_it_tells_what_it_takes_and_keeps_nothing(ns, words, told):
    code, out, _ = ns(*words, "--dry-run")
    assert code == 0
    for each in told:
        assert each in out
    assert "Nothing is stored here yet" in ns("show")[1]


@pytest.mark.parametrize("words", [RUN, SWEEP])
def test_the_hash_is_that_of_the_result(ns, words):
    plan = json.loads(ns(*words, "--dry-run", "--json")[1])
    record = json.loads(ns(*words, "--json")[1])
    assert plan["spec_hash"] == record["result"]["spec_hash"]
    if "n_cells" in plan:
        assert plan["n_cells"] == len(record["result"]["values"]["kl"])


def test_what_would_be_refused_is_refused(ns):
    code, _, err = ns("run", PROMPT, "--zero", "mlp_out.7", "--model", "tiny", "--dry-run")
    assert code == 2 and "layer 7" in err


def test_a_resume_has_none(ns):
    code, _, err = ns("sweep", "--resume", "0" * 16, "--dry-run")
    assert code == 2 and "--dry-run would change it" in err
