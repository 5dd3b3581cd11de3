"""Whatever goes wrong, in whatever order: nothing is left behind, and results are the same."""

from __future__ import annotations

import logging
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from typing import Any

import pytest

from neuronscope.engine.session import load
from neuronscope.errors import Conflict, NeuronScopeError, StorageError
from neuronscope.service import child
from neuronscope.service.child import ChildProcess
from neuronscope.service.lab import Lab
from neuronscope.settings import Settings
from neuronscope.spec.captures import Capture
from neuronscope.spec.experiments import Edit, Over, Run, Sweep
from neuronscope.spec.metrics import KL, Prob
from neuronscope.spec.ops import Add, Noise, Patch, Path, Scale, Values, Zero
from neuronscope.spec.target import Target
from tests.reliability import disturbed
from tests.reliability.disturbed import LEFT, Disturbed, Mishaps
from tests.served import LONG, wait_for, write_models
from tests.tiny import PROMPT, SOURCE

METRICS = [KL(), Prob("w5")]
RUNS = [Run(prompt=PROMPT, metrics=METRICS, edits=[Edit(target, op)]) for target, op in (
    (Target("z", layer=1, head=2), Zero()), (Target("resid_pre", layer=0), Patch(SOURCE)),
    (Target("embed", position=2), Noise(1.0, seed=3, draws=2)), (Target("q", layer=2), Scale(2.0)),
    (Target("pattern", layer=1, head=0), Scale(0.5)),
    (Target("mlp_out", layer=2), Add(Values([1.0] * 32))),
    (Target("z", layer=0, head=1), Path(SOURCE, to=[Target("v", layer=2)])))]
SWEEPS = [Sweep(prompt=PROMPT, metrics=METRICS, op=op, mode=mode, over=Over(**over))
          for op, mode, over in (
    (Zero(), "fast", {"sites": ["z", "q"], "layers": "all", "heads": "all"}),
    (Patch(SOURCE), "fast", {"sites": ["resid_pre", "mlp_out"], "layers": [0, 2],
                             "positions": "all"}),
    (Scale(0.5), "fast", {"sites": ["pattern"], "layers": "all", "heads": "all"}),
    (Path(SOURCE, to=[Target("v", layer=2)]), "fast", {"sites": ["z"], "layers": [0, 1],
                                                       "heads": "all"}),
    (Noise(1.0, seed=1, draws=2), "fast", {"sites": ["embed"], "positions": "all"}),
    (Zero(), "exact", {"sites": ["attn_out"], "layers": "all", "positions": [1, 5]}))]
CAPTURES = [Capture(prompt=PROMPT, targets=[Target("resid_post"), Target("z", layer=1)]),
            Capture(prompt=PROMPT, targets=[Target("pattern", layer=2)],
                    edits=[Edit(Target("mlp_out", layer=0), Zero())])]
NEAR = 1e-4


class Wanted:
    """What an undisturbed model gives, by model and spec: fast, and one forward per cell."""

    def __init__(self, models) -> None:
        self._models = {name: load(models / name) for name in ("tiny", "other")}
        self._known: dict[Any, Any] = {}

    def of(self, name: str, spec: Run | Sweep, **changed: Any) -> Any:
        key = name, spec.model_dump_json(), str(changed)
        if key not in self._known:
            model, asked = self._models[name], spec.model_copy(update=changed)
            self._known[key] = (model.run(asked) if isinstance(spec, Run)
                                else model.sweep(asked).data)
        return self._known[key]

    def check_run(self, name: str, spec: Run, found: Any) -> None:
        wanted = self.of(name, spec)
        assert found.metrics == wanted.metrics and found.edited == wanted.edited

    def check_sweep(self, name: str, spec: Sweep, found: Any, disturbed: bool) -> None:
        """To the bit where the cells were run as they are without disturbance."""
        alone = found.execution.startswith("one forward per cell: ")
        wanted = self.of(name, spec, **({"mode": "exact"} if alone else {}))
        failed, pending = {int(index) for index in found.errors}, 0
        for key, values in wanted.values.items():
            for index, value in enumerate(values):
                mine = found.values[key][index]
                if mine is None:
                    status = found.status[key][index]
                    assert index in failed or status in ("pending", wanted.status[key][index])
                    pending += status == "pending"
                elif disturbed:
                    assert mine == pytest.approx(value, abs=NEAR)
                else:
                    assert mine == value, (found.execution, key, index)
        assert disturbed or not (failed or pending)
        assert found.complete == (not failed and not pending)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return write_models(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def wanted(models):
    return Wanted(models)


class Sequence:
    """Random jobs on one lab. mishaps: the executor's, where it lives in this process."""

    def __init__(self, lab: Lab, wanted: Wanted, chance: random.Random, told: Counter,
                 mishaps: Mishaps | None) -> None:
        self.lab, self.wanted, self.chance, self.told = lab, wanted, chance, told
        self.mishaps = mishaps

    def play(self) -> None:
        for _ in range(self.chance.randrange(1, 5)):
            self.told["jobs"] += 1
            kind = self.chance.choices(("run", "sweep", "capture", "load", "unload", "check"),
                                       (5, 5, 2, 1, 0.3, 0.3))[0]
            try:
                getattr(self, f"_{kind}")()
                self.told[f"{kind} done"] += 1
            except NeuronScopeError as error:
                assert not error.detail.startswith(LEFT), error.detail
                self.told[f"{kind}: {error.code}"] += 1

    @property
    def _name(self) -> str | None:
        loaded = self.lab._shelf.loaded
        return None if loaded is None else loaded.info.id

    def _met(self) -> bool:
        """Whether a mishap was meant for the last order, as far as can be known."""
        executor = self.lab._executor
        return not isinstance(executor, Disturbed) or bool(executor.last)

    def _run(self) -> None:
        spec, name = self.chance.choice(RUNS), self._name
        record, _ = self.lab.run(spec, rerun=True)
        self.wanted.check_run(name, spec, record.result)

    def _sweep(self) -> None:
        spec, name = self.chance.choice(SWEEPS), self._name
        full = self.chance.random() < 0.05
        with self._full() if full else nullcontext():
            started = self.lab.start_sweep(spec, rerun=True)
            stopped = self.chance.random() < 0.2
            if stopped:
                time.sleep(self.chance.random() * 0.05)
                self.lab.cancel(started.job.id)
            self.lab._jobs.get(started.job.id).ended.wait()
        met, state = stopped or full or self._met(), self.lab.sweep_state(started.id).summary.state
        self.told[f"sweep {state}"] += 1
        assert state != "running"
        with suppress(Conflict):  # it ended before its clean run: there is no grid
            self.wanted.check_sweep(name, spec, self.lab.record(started.id).result, met)
        if state != "complete" and self.chance.random() < 0.5:
            self._resumed(started.id, name, spec)

    def _resumed(self, key: str, name: str, spec: Sweep) -> str:
        """The state of a sweep that has been resumed."""
        again = self.lab.resume(key)
        self.told["resumed"] += 1
        self.wanted.check_sweep(name, spec, again.result, disturbed=True)
        assert (again.state == "complete") == again.result.complete
        return again.state

    def killed_and_resumed(self, executor: ChildProcess) -> None:
        """A sweep that is begun once more when its process is killed, and has failed when the
        next one is killed too; resumed, it comes to its end whatever else goes wrong."""
        name, started = self._name, self.lab.start_sweep(LONG, rerun=True)
        ended = self.lab._jobs.get(started.job.id).ended
        wait_for(lambda: ended.is_set() or self.lab.sweep_state(started.id).done)
        pid = executor.pid
        _kill(executor, self.told)
        wait_for(lambda: ended.is_set() or executor.pid not in (None, pid))
        time.sleep(self.chance.random())  # it loads, or has gone on with the sweep
        _kill(executor, self.told)
        assert ended.wait(120)
        error = self.lab.job(started.job.id).error or {}
        self.told["sweeps that kills ended"] += error.get("code") == "worker-died"
        for _ in range(30):
            if self.lab.sweep_state(started.id).summary.state == "complete":
                break
            try:
                self._resumed(started.id, name, LONG)
            except NeuronScopeError as failed:
                assert not failed.detail.startswith(LEFT), failed.detail
        self.wanted.check_sweep(name, LONG, self.lab.record(started.id).result, disturbed=True)
        assert self.lab.record(started.id).state == "complete"

    def _full(self) -> AbstractContextManager[None]:
        """The disk is full while cells are written."""
        self.told["disk full"] += 1
        cells, left = self.lab._store.cells, iter(range(self.chance.randrange(2)))
        own = cells.add

        def full(*args: Any) -> None:
            if next(left, None) is None:
                raise StorageError("The disk is full.")
            own(*args)

        return _patched(cells, "add", full)

    def _capture(self) -> None:
        self.lab.capture(self.chance.choice(CAPTURES), rerun=True)

    def _load(self) -> None:
        name = self.chance.choice(("tiny", "other", "broken"))
        before = self._name
        try:
            self.lab.load(name, anew=self.chance.random() < 0.1)
        except NeuronScopeError:
            assert self._name == before
            raise
        assert self._name == name != "broken"

    def _unload(self) -> None:
        self.lab.unload()
        self._again()

    def _again(self) -> None:
        """A model, whatever happens on the way."""
        while self._name is None:
            try:
                self.lab.load("tiny")
            except NeuronScopeError as error:
                assert not error.detail.startswith(LEFT), error.detail

    def _check(self) -> None:
        self.lab.check()


@contextmanager
def _patched(place: Any, name: str, function: Any) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, name, function)
        yield


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_sequences_of_jobs_in_which_things_go_wrong(models, wanted, tmp_path, amount, figures,
                                                    caplog):
    caplog.set_level(logging.CRITICAL)
    chance, told = random.Random(2026), Counter()
    mishaps = Mishaps(random.Random(7), 0.4)
    executor, sequences = Disturbed(mishaps), amount(40, 2000)
    with Lab(Settings(data=tmp_path / "data", models=models), executor) as lab:
        for _ in range(sequences):
            playing = Sequence(lab, wanted, chance, told, mishaps)
            playing._again()
            playing.play()
            assert not executor.wrong
    assert all(mishaps.happened.get(kind) for kind in ("module", "memory", "hook"))
    assert told["run done"] and told["sweep complete"] and told["sweep cancelled"]
    figures("sequences", "Random sequences of jobs, with failures put in", {
        "sequences": sequences, "jobs": told["jobs"],
        "counts of everything on model and process, each with a canary forward": executor.checked,
        "of which not as on load": len(executor.wrong),
        "errors raised inside modules": mishaps.happened["module"],
        "memory that ran out": mishaps.happened["memory"],
        "errors raised inside hooks": mishaps.happened["hook"],
        "full disks": told["disk full"], "sweeps cancelled": told["sweep cancelled"],
        "sweeps resumed": told["resumed"],
        "results that differ from an undisturbed model's": 0})


def test_the_same_in_a_process_that_is_killed(models, wanted, tmp_path, amount, figures,
                                              monkeypatch):
    monkeypatch.setattr(child, "worker", disturbed)
    chance, told = random.Random(2027), Counter()
    executor, sequences = ChildProcess(), amount(2, 100)
    with Lab(Settings(data=tmp_path / "data", models=models), executor) as lab:
        for number in range(sequences):
            playing = Sequence(lab, wanted, chance, told, None)
            playing._again()
            killer = None
            if number % 4 == 1:
                killer = threading.Timer(chance.random() * 0.3, _kill, (executor, told))
                killer.start()
            playing.play()
            if killer is not None:
                killer.join()
            while number % 4 == 1 and told["sweeps that kills ended"] <= number // 4:
                playing._again()
                playing.killed_and_resumed(executor)
    assert told["jobs"] and told["killed"] and told["resumed"]
    figures("sequences in a process", "The same, in a model process that is killed", {
        "sequences": sequences, "jobs": told["jobs"], "processes killed": told["killed"],
        "sweeps that kills ended": told["sweeps that kills ended"],
        "sweeps resumed": told["resumed"],
        "results that differ from an undisturbed model's": 0})


def _kill(executor: ChildProcess, told: Counter) -> None:
    pid = executor.pid
    if pid is not None:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            told["killed"] += 1
