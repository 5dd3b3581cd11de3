"""The lab with its results in PostgreSQL: resumed, exported, imported and found as on SQLite."""

from __future__ import annotations

from dataclasses import replace

import pytest

from neuronscope.errors import Gone
from neuronscope.service.lab import Lab
from neuronscope.service.views import Annotation
from neuronscope.spec.captures import Capture
from neuronscope.spec.target import Target
from neuronscope.store.history import Filter
from tests import postgres
from tests.postgres import postgres_socket  # noqa: F401
from tests.served import LONG, RUN, SWEEP
from tests.service.test_resuming import stopped, without_times
from tests.tiny import PROMPT


@pytest.fixture
def there(settings, postgres_socket):  # noqa: F811
    """A lab on PostgreSQL with the tiny Llama loaded."""
    data = settings.data.with_name("there")
    with (postgres.database(postgres_socket, "lab") as url,
          Lab(replace(settings, data=data, database_url=url)) as opened):
        opened.load("tiny")
        yield opened


def test_a_lab_on_postgresql_does_what_one_on_sqlite_does(there, lab, tmp_path):
    run, capture = there.run(RUN)[0], there.capture(
        Capture(prompt=PROMPT, targets=[Target("z", layer=1)]))[0]
    assert there.run(RUN) == (run, False)
    assert without_times(run.result) == without_times(lab.run(RUN)[0].result)
    there.annotate(run.id, Annotation(name="first", tags=("a",), starred=True))
    assert [line.id for line in there.history(
        Filter(q="FIRST", tag="a", starred=True, site="mlp_out")).items] == [run.id]

    key = stopped(there)
    whole = lab.sweep(LONG)[0]
    assert without_times(there.resume(key).result) == without_times(whole.result)
    assert there.verify(key).verdict == "exact"

    sweep = there.sweep(SWEEP)[0]
    there.export(tmp_path / "all.zip", [run.id, key, sweep.id], [capture.id])
    lab.take_in(tmp_path / "all.zip")
    for each in (run.id, key, sweep.id):
        assert lab.record(each) == there.record(each)
        there.delete(each)
        with pytest.raises(Gone):
            there.record(each)
    lab.export(tmp_path / "back.zip", [run.id, key, sweep.id])
    there.take_in(tmp_path / "back.zip")
    assert all(lab.record(each) == there.record(each) for each in (run.id, key, sweep.id))
    assert there.captures.page().items == lab.captures.page().items
