"""Writes expected.json and the table of docs/architectures.md from what the models give.

    python -m tests.conformance.table              every type, some minutes
    python -m tests.conformance.table llama bert   these; the others stay as written

The tests hold what is written here against the raw models; this does not.
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import torch
import transformers

from tests.conformance.document import PAGE, page
from tests.conformance.verdict import EXPECTED, Verdict, expected, judge, write
from tests.conformance.zoo import names, quiet


def judged(name: str) -> tuple[str, Verdict | None, list[str], float]:
    torch.set_num_threads(1)
    started = time.perf_counter()
    try:
        with quiet():
            verdict, wrong = judge(name, checks=False)
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError, ImportError,
            IndexError, AssertionError, NotImplementedError) as error:
        verdict, wrong = None, [f"raw {type(error).__name__}: {str(error)[:200]}"]
    return name, verdict, wrong, time.perf_counter() - started


def main(wanted: list[str]) -> int:
    types = expected()["types"] if EXPECTED.exists() else {}
    types = {name: verdict for name, verdict in types.items() if name in names()}
    bad, seconds = 0, 0.0
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        for name, verdict, wrong, took in pool.map(judged, wanted or names(), chunksize=4):
            bad += bool(wrong)
            seconds += took
            types[name] = verdict or {"refused": wrong[0]}
            if wrong:
                print(f"{name}: " + "; ".join(wrong[:4]), flush=True)
    write({"transformers": transformers.__version__}, types)
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), expected()), encoding="utf-8")
    print(f"{len(wanted or names())} types, {bad} raised, {seconds:.0f} s of one process")
    return bool(bad)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
