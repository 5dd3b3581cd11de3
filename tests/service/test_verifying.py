"""Verify says the same comes out only when it does, and names what does not."""

from __future__ import annotations

import json

import pytest
import torch
from sqlalchemy import select, update

from neuronscope.errors import NoModel, NotFound, VectorNotFound
from neuronscope.spec.experiments import Edit, Over, Run, Sweep
from neuronscope.spec.ops import Add, Stored
from neuronscope.spec.target import Target
from neuronscope.store.tables import cells, experiments
from tests.served import LONG, RUN, SWEEP, wait_for
from tests.tiny import PROMPT


def altered(lab, key: str, change) -> None:
    """Changes a stored body behind the lab's back."""
    with lab._store.database.write() as connection:
        body = json.loads(connection.execute(
            select(experiments.c.body).where(experiments.c.id == key)).scalar_one())
        change(body)
        connection.execute(update(experiments).where(experiments.c.id == key)
                           .values(body=json.dumps(body)))


def test_what_has_not_changed_is_exact_and_stores_nothing(lab):
    for key in (lab.run(RUN)[0].id, lab.sweep(SWEEP)[0].id):
        found = lab.verify(key)
        assert found.verdict == "exact" and found.max_difference == 0
        assert found.n_compared > 30 and found.differences == () and found.environment == ()
    assert len(lab.history().items) == 2


@pytest.mark.parametrize(("by", "verdict"), [(1e-6, "within_tolerance"), (1e-2, "mismatch")])
def test_a_run_whose_stored_number_is_off_is_told_where(lab, by, verdict):
    key, first = lab.run(RUN)[0].id, []

    def change(body):
        first.append(body["edited"]["top"][0]["logit"])
        body["edited"]["top"][0]["logit"] += by

    altered(lab, key, change)
    found = lab.verify(key)
    assert found.verdict == verdict and found.n_differences == 1
    where, = found.differences
    assert where.where == "/edited/top/0/logit"
    assert (where.stored, where.found) == (first[0] + by, first[0])
    assert found.max_difference == pytest.approx(by / max(1, abs(where.stored)), rel=1e-3)


def test_another_word_is_a_mismatch_however_small_the_numbers(lab):
    key = lab.run(RUN)[0].id
    altered(lab, key, lambda body: body["clean"]["top"][0].update(id=7))
    found = lab.verify(key)
    assert found.verdict == "mismatch" and found.max_difference == 0
    assert [each.where for each in found.differences] == ["/clean/top/0/id"]


def test_a_cell_that_is_off_is_named_by_its_coordinates(lab):
    key = lab.sweep(SWEEP)[0].id
    with lab._store.database.write() as connection:
        row = connection.execute(select(cells).where(cells.c.cell == 20)).one()
        body = json.loads(row.body)
        body["values"]["kl"] += 1.0
        connection.execute(update(cells).where(cells.c.cell == 20).values(body=json.dumps(body)))
    found = lab.verify(key)
    where, = found.differences
    assert found.verdict == "mismatch" and where.where == "/values/kl/20"
    assert where.place == "site attn_out, layer 0, position 2"


def test_cells_that_have_not_run_are_not_compared(lab):
    accepted = lab.start_sweep(LONG)
    wait_for(lambda: lab.sweep_state(accepted.id).done > 10)
    lab.cancel(accepted.job.id)
    wait_for(lambda: lab.events.has_ended(accepted.job.id))
    done = lab.sweep_state(accepted.id).done
    found = lab.verify(accepted.id)
    assert found.verdict == "exact"
    assert 2 * done < found.n_compared < 2 * 864


def test_another_model_is_not_comparable_and_says_what_differs(lab):
    key = lab.run(RUN)[0].id
    lab.load("other")
    found = lab.verify(key)
    assert found.verdict == "not_comparable" and found.n_compared == 0
    assert any("model" in each.where for each in found.differences)


def test_a_changed_environment_is_told_beside_the_verdict(lab, monkeypatch):
    key, threads = lab.run(RUN)[0].id, torch.get_num_threads()
    monkeypatch.setattr(torch, "get_num_threads", lambda: 77)
    lab.load("tiny")
    found = lab.verify(key)
    assert found.verdict == "exact"
    assert [(each.where, each.stored, each.found) for each in found.environment] == [
        ("/threads", threads, 77)]


def test_it_needs_a_model_and_an_experiment(lab):
    key = lab.run(RUN)[0].id
    with pytest.raises(NotFound):
        lab.verify("no-such-id")
    lab.unload()
    with pytest.raises(NoModel):
        lab.verify(key)


def test_without_its_vector_a_result_is_not_comparable_and_a_sweep_not_resumed(lab):
    sha = lab.add_vector([1.0] * 32)
    add = Add(Stored(sha))
    run = lab.run(Run(prompt=PROMPT, edits=[Edit(Target("resid_pre", layer=1), add)]))[0]
    sweep = lab.sweep(Sweep(prompt=PROMPT, op=add, over=Over(sites=["resid_pre"], layers="all")))[0]
    lab._store.experiments.set_state(sweep.id, "cancelled")
    (lab.settings.data / "vectors" / f"{sha}.npy").unlink()
    for key in (run.id, sweep.id):
        found = lab.verify(key)
        assert found.verdict == "not_comparable" and sha in found.differences[0].found
    with pytest.raises(VectorNotFound, match=sha):
        lab.start_resume(sweep.id)
    assert lab.record(sweep.id).state == "cancelled"
