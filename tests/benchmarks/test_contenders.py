"""The contenders that need no other package do the same work and agree on every number."""

from __future__ import annotations

import pytest
import torch

from benchmarks import serve, shapes, work
from benchmarks.contenders import ours, raw
from benchmarks.contenders.places import MODULES
from benchmarks.serve import Seat

TOKENS = 6
TINY = ("tiny", "tiny-llama", "tiny-gemma")


@pytest.fixture(scope="module", params=TINY)
def shape(request):
    return request.param


@pytest.fixture(scope="module")
def runners(shape):
    folder = shapes.folder(shape)
    return {name: make(Seat(folder, "cpu", torch.float32, tokens))
            for name, make, tokens in (("ours", ours.make, 0), ("alone", raw.make, 0),
                                       ("batched", raw.make, 5 * TOKENS))}


def answers(run, grid):
    ready = []
    values = run(grid.cells(), *work.prompts(TOKENS), lambda: ready.append(True))
    assert ready == [True]
    return values


@pytest.mark.parametrize("task", work.TASKS)
def test_all_give_the_same_kl_for_every_cell(runners, shape, task):
    grid = work.grid(task, *shapes.sizes(shape), TOKENS)
    found = {name: answers(run, grid) for name, run in runners.items()}
    assert max(found["alone"]) > 1e-3
    for values in found.values():
        assert values == pytest.approx(found["alone"], abs=1e-6)
        assert len(values) == len(grid.cells())


@pytest.mark.parametrize("task", work.TASKS)
def test_a_sample_of_a_grid_gives_the_numbers_of_the_whole(runners, shape, task):
    whole = work.grid(task, *shapes.sizes(shape), TOKENS)
    part = whole.thinned(2)
    known = dict(zip(whole.cells(), answers(runners["ours"], whole), strict=True))
    assert answers(runners["ours"], part) == pytest.approx(
        [known[cell] for cell in part.cells()], abs=1e-6)


def test_every_shape_has_places_and_its_weights_are_made_once():
    assert {each.config().model_type for each in shapes.SHAPES.values()} == set(MODULES)
    folder = shapes.folder("tiny")
    before = (folder / "model.safetensors").stat().st_mtime_ns
    assert shapes.folder("tiny") == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == before


def test_an_order_is_answered_with_times_memory_and_operations():
    shape = "tiny"
    run = raw.make(Seat(shapes.folder(shape), "cpu", torch.float32, 0))
    cells = work.grid("branches", *shapes.sizes(shape), TOKENS).cells()[:2]
    order = {"length": TOKENS, "count": True,
             "cells": [[cell.part, cell.layer, None, None] for cell in cells]}
    answer = serve.carry_out(run, order, "cpu")
    setup, edited = answer["flops"]
    config = shapes.SHAPES[shape].config()
    products = 2 * TOKENS * config.n_layer * sum(a * b for a, b in shapes.products(shape))
    attention = 4 * TOKENS**2 * config.n_embd * config.n_layer
    head = 2 * config.n_embd * config.vocab_size
    assert setup == products + attention + head  # the last position's logits alone
    assert edited == 2 * setup
    assert answer["setup_s"] > 0 and answer["cells_s"] > 0 and len(answer["kl"]) == 2
    assert answer["peak"] > 1e6


def test_work_that_a_library_cannot_do_is_an_answer():
    def run(cells, base, source, ready):
        raise KeyError("Gemma3ForCausalLM")

    assert serve.attempt(run, serve.WARM_UP, "cpu") == {"problem": "KeyError: 'Gemma3ForCausalLM'"}
