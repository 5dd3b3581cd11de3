"""Threads that use one model take turns: no run sees another's edits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from neuronscope.spec.captures import Capture
from neuronscope.spec.experiments import Edit, Over, Run, Sweep
from neuronscope.spec.ops import Zero
from neuronscope.spec.target import Target
from tests.tiny import PROMPT


def test_runs_and_sweeps_of_several_threads_do_not_meet(llama):
    run = Run(prompt=PROMPT, edits=[Edit(Target("z", layer=1), Zero())])
    sweep = Sweep(prompt=PROMPT, op=Zero(), over=Over(sites=["resid_pre", "pattern"],
                                                      layers="all"))
    kept = Capture(prompt=PROMPT, targets=[Target("z", layer=1)])

    def one(number: int):
        if number % 3 == 0:
            return llama.sweep(sweep).data.values
        if number % 3 == 1:
            return llama.capture(kept).arrays["z.1"].tolist()
        return llama.run(run).metrics

    expected = [one(number) for number in range(3)]
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(one, range(24)))
    assert found == [expected[number % 3] for number in range(24)]
