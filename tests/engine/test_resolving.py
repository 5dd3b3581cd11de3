"""What a spec means: one hash for one meaning, overlaps and draws refused or explicit."""

from __future__ import annotations

import json

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, assume, given, settings

from neuronscope.engine.draws import concrete, draws_of
from neuronscope.errors import InvalidInput, OverlappingEdits, UnsupportedTarget
from neuronscope.spec.experiments import Edit, Over, Run, Sweep
from neuronscope.spec.metrics import KL, LogitDiff, Prob, Recovered
from neuronscope.spec.ops import (
    OP_KINDS,
    Add,
    Embed,
    Mean,
    Noise,
    Patch,
    Path,
    PromptDifference,
    Random,
    Reference,
    Resample,
    Scale,
    Set,
    Stored,
    Unembed,
    Values,
    Zero,
)
from neuronscope.spec.target import SITES, Target
from tests.tiny import LONGER, PROMPT, SOURCE

SIZES = {"layer": 3, "head": 4, "neuron": 48, "position": 6, "key": 6}
NUMBERS = st.floats(-1e6, 1e6)
SEEDS = st.integers(0, 2**53 - 1)
DRAWS = st.sampled_from([1, 2])
SETS = st.sampled_from([Reference([SOURCE, PROMPT]), Reference([SOURCE, PROMPT, "w8 w8 w8 w8 w8"])])
WIDTHS = {"mlp_act": 48, "q": 8, "k": 8, "v": 8, "z": 8}


def directions(site, sha):
    width = WIDTHS.get(site, 32)
    return st.one_of(
        SEEDS.map(Random), st.integers(0, 95).map(Unembed),
        st.sampled_from(["w5", "w17"]).map(Embed), st.just(Stored(sha, 0)),
        st.just(PromptDifference(positive=[SOURCE], negative=[LONGER])),
        NUMBERS.map(lambda value: Values([value] + [1.0] * (width - 1))))


@st.composite
def ops(draw, site, sha):
    drawn = {"seed": draw(SEEDS), "draws": draw(DRAWS)}
    receivers = (Target("q", layer=-1, head=[1, 0]), Target("resid_pre", layer=2, position=-1))
    return draw(st.sampled_from([
        Zero(), Scale(draw(NUMBERS)), Set(draw(NUMBERS)), Noise(draw(st.floats(0.1, 10)), **drawn),
        Resample(draw(SETS), **drawn),
        Mean(draw(SETS), pool=draw(st.sampled_from(["all_positions", "per_position"]))),
        Patch(SOURCE), Patch(LONGER, positions=[(i, -1) for i in range(6)]),
        Add(draw(directions(site, sha)), scale=draw(NUMBERS),
            unit=draw(st.sampled_from(["vector", "site_norm"]))),
        Path(SOURCE, through=draw(st.sampled_from(["nothing", "mlps"])),
             to=draw(st.sampled_from([None, receivers])))]))


@st.composite
def edits(draw, sha):
    site = draw(st.sampled_from(sorted(SITES)))
    where = {}
    for axis in SITES[site].axes:
        size = 2 if axis == "head" and site in "kv" else SIZES[axis]
        where[axis] = draw(st.none() | st.integers(-size, size - 1)
                           | st.lists(st.integers(0, size - 1), min_size=1, unique=True))
    return Edit(Target(site, **where), draw(ops(site, sha)))


METRICS = st.lists(st.sampled_from(
    [KL(), KL(position=1), KL(position=-2), Prob("w17"), Prob(17, position=3),
     LogitDiff("w17", "w40", position=5)]), min_size=1, unique=True)


@settings(max_examples=400, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much])
@given(data=st.data())
def test_a_resolved_spec_is_itself_and_survives_json(llama, data):
    sha = llama.add_vector([[1.0] * 32, [2.0] * 32])
    spec = Run(prompt=PROMPT, ordered=data.draw(st.booleans()), metrics=data.draw(METRICS),
               edits=data.draw(st.lists(edits(sha), min_size=1, max_size=2)),
               held=data.draw(st.lists(edits(sha), max_size=1)))
    try:
        once = llama.resolve(spec)
    except InvalidInput as error:
        assert error.pointer and error.detail.endswith(".")
        assume(False)
    again = llama.resolve(once.spec)
    assert (again.spec, again.spec_hash, again.form) == (once.spec, once.spec_hash, once.form)
    for each in (spec, once.spec):
        sent = Run.model_validate(json.loads(each.model_dump_json()))
        assert llama.resolve(sent).spec_hash == once.spec_hash
    assert "values" not in json.dumps(once.form["edits"]).replace('"kind": "values"', "")
    pattern = any(edit.target.site == "pattern" for edit in (*spec.edits, *spec.held))
    assert (once.form["attention"] == "eager") == pattern


@pytest.mark.parametrize("kind", sorted(OP_KINDS))
def test_every_kind_of_operation_resolves_somewhere(llama, kind):
    op = {"zero": Zero(), "mean": Mean(Reference([SOURCE])), "patch": Patch(SOURCE),
          "resample": Resample(Reference([SOURCE]), seed=1), "add": Add(Random(1)),
          "noise": Noise(1.0, seed=1), "scale": Scale(2.0), "set": Set(1.0),
          "path": Path(SOURCE)}[kind]
    found = llama.resolve(Run(prompt=PROMPT, edits=[Edit(Target("z", layer=1), op)]))
    assert found.spec.edits[0].op.kind == kind


def test_every_part_of_an_operation_is_hashed(llama):
    numbers = [Add(Values([float(n)] + [1.0] * 31)) for n in range(3)]
    ops = [*numbers, Scale(2.0), Scale(2.5), Set(2.0), Set(-2.0), Noise(1.0, seed=1),
           Noise(1.0, seed=2), Noise(2.0, seed=1), Noise(1.0, seed=1, draws=2),
           Resample(Reference([SOURCE, PROMPT]), seed=1),
           Resample(Reference([PROMPT, SOURCE]), seed=1),
           Resample(Reference([SOURCE, PROMPT]), seed=1, draws=2), Add(Embed(5)),
           Add(Unembed(5))]
    hashes = {llama.resolve(Run(prompt=PROMPT, held=held, edits=[Edit(Target("mlp_out", layer=1),
                                                                     op)])).spec_hash
              for op in ops for held in ([], [Edit(Target("embed"), op)])}
    assert len(hashes) == 2 * len(ops)


def resolve(model, *edits, held=(), **more):
    return model.resolve(Run(prompt=PROMPT, edits=edits, held=held, **more))


def test_edits_of_one_entry_need_an_order(llama):
    left, right = (Edit(Target("z", layer=1, head=head, position=2), Zero())
                   for head in ([0, 1], [1, 2]))
    for edits, held in (((left, right), ()), ((left,), (right,)), ((), (left, right))):
        with pytest.raises(OverlappingEdits, match="select the same entries"):
            resolve(llama, *edits, held=held)
        assert resolve(llama, *edits, held=held, ordered=True).spec.ordered
    other = Edit(Target("z", layer=1, head=[2, 3], position=[2, 3]), Zero())
    assert not resolve(llama, left, other, ordered=True).spec.ordered  # nothing to order: one hash
    assert (resolve(llama, left, other, ordered=True).spec_hash
            == resolve(llama, left, other).spec_hash)


@pytest.mark.parametrize("one, other", [
    (Target("embed", position=1), Target("resid_pre", layer=0)),
    (Target("resid_post", layer=1), Target("resid_pre", layer=[0, 2], position=-1))])
def test_two_names_of_one_tensor_are_refused_in_any_order(llama, one, other):
    for first, second in ((one, other), (other, one)):
        with pytest.raises(OverlappingEdits, match="by two names"):
            resolve(llama, Edit(first, Zero()), Edit(second, Set(1.0)), ordered=True)
    apart = Target("resid_pre", layer=0, position=2)
    assert resolve(llama, Edit(Target("embed", position=1), Zero()), Edit(apart, Zero()))


def test_patterns_overlap_by_key_too(llama):
    edits = [Edit(Target("pattern", layer=1, key=key), Zero()) for key in ([0, 1], [1, 2], 3)]
    with pytest.raises(OverlappingEdits):
        resolve(llama, *edits[:2])
    assert resolve(llama, *edits[1:]).form["attention"] == "eager"


def test_held_edits_of_a_sweep_overlap_with_any_of_its_cells(llama):
    held = [Edit(Target("z", layer=1, head=2), Zero())]
    for over, meets in ((Over(sites=["z"], layers=[0, 1]), True),
                        (Over(sites=["z"], layers="all", heads=[2]), True),
                        (Over(sites=["z"], layers="all", heads=[0, 1, 3]), False),
                        (Over(sites=["attn_out"], layers="all"), False)):
        spec = Sweep(prompt=PROMPT, op=Zero(), over=over, held=held)
        if meets:
            with pytest.raises(OverlappingEdits, match="the cells"):
                llama.resolve(spec)
            spec = spec.model_copy(update={"ordered": True})
        assert llama.resolve(spec).spec.ordered == meets


def test_paths_write_to_their_receivers(llama):
    def path(head, *to):
        return Edit(Target("z", layer=0, head=head), Path(SOURCE, to=to))

    q, v = Target("q", layer=1), Target("v", layer=1, head=1)
    assert resolve(llama, path(0, q), path(0, v))
    with pytest.raises(OverlappingEdits):
        resolve(llama, path(0, q), path(1, q))
    with pytest.raises(OverlappingEdits):
        resolve(llama, path(0, q), held=[Edit(Target("q", layer=1, head=3), Zero())])
    with pytest.raises(InvalidInput, match="run alone"):
        resolve(llama, path(0, q), Edit(Target("z", layer=1), Path(SOURCE)))


def test_heads_are_those_of_each_site(llama):
    def over(sites, heads):
        return llama.resolve(Sweep(prompt=PROMPT, op=Zero(), over=Over(
            sites=sites, layers=[1], heads=heads))).spec.over.heads

    assert over(["k", "v"], "all") == (0, 1)
    assert over(["q", "z", "pattern"], "all") == (0, 1, 2, 3)
    assert over(["q", "k"], [1]) == (1,)
    for heads in ("all", [-1]):
        with pytest.raises(UnsupportedTarget, match="q has 4, k has 2"):
            over(["q", "k"], heads)
    for site, heads in (("k", [2]), ("q", [4])):
        with pytest.raises(InvalidInput, match=f"head {heads[0]}: .* has 0–{heads[0] - 1}"):
            over([site], heads)
    with pytest.raises(InvalidInput, match="head 2: v has 0–1"):
        resolve(llama, Edit(Target("v", layer=0, head=2), Zero()))


def test_positions_of_metrics_are_counted_and_the_read_one_left_out(llama):
    spec = resolve(llama, metrics=[KL(position=-1), KL(position=-6), Prob("w5", position=0)]).spec
    assert [metric.position for metric in spec.metrics] == [None, 0, 0]
    with pytest.raises(InvalidInput, match="asked for twice"):
        resolve(llama, metrics=[KL(position=2), KL(position=-4)])
    moved = resolve(llama, metrics=[KL(position=-1)], read_position=2).spec
    assert moved.metrics[0].position == 5


def test_recovered_reads_the_source_at_its_own_position(llama):
    edit = Edit(Target("resid_pre", layer=1), Patch(LONGER, positions=[(5, 6), (2, 3)]))
    assert resolve(llama, edit, metrics=[Recovered(Prob("w5"), position=2)])
    with pytest.raises(InvalidInput, match="where position 1 comes from"):
        resolve(llama, edit, metrics=[Recovered(Prob("w5"), position=1)])


@pytest.mark.parametrize("op", [Add(Random(1)), Noise(1.0, seed=1), Mean(Reference([SOURCE])),
                                Patch(SOURCE, positions=[(n, n) for n in range(6)])])
def test_what_a_pattern_cannot_take_is_refused(llama, op):
    with pytest.raises(UnsupportedTarget):
        resolve(llama, Edit(Target("pattern", layer=1), op))
    with pytest.raises(UnsupportedTarget):
        llama.resolve(Sweep(prompt=PROMPT, op=op, over=Over(sites=["z", "pattern"],
                                                            layers="all")))


def test_draws_agree_or_are_one(llama):
    noise = [Edit(Target("mlp_out", layer=layer), Noise(1.0, seed=7, draws=draws))
             for layer, draws in enumerate((3, 1, 3))]
    spec = resolve(llama, *noise[:2], held=noise[2:]).spec
    assert draws_of(spec) == 3
    seeds = [[concrete(edit, draw).op.seed for draw in range(3)] for edit in spec.edits]
    assert len(set(seeds[0])) == 3 and seeds[0][0] == 7 and set(seeds[1]) == {7}
    assert all(concrete(edit, 2).op.draws == 1 for edit in spec.edits)


@given(seed=SEEDS, count=st.integers(1, 12))
def test_resampling_puts_nothing_back_and_depends_on_the_seed_alone(seed, count):
    prompts = tuple((n, 1, 2) for n in range(12))
    edit = Edit(Target("z"), Resample(Reference(prompts), seed=seed, draws=count))
    drawn = [concrete(edit, draw).op for draw in range(count)]
    assert len({op.source_prompt for op in drawn}) == count
    assert drawn == [concrete(edit, draw).op for draw in range(count)]
    one = Edit(Target("z"), Resample(Reference(prompts), seed=seed))
    assert concrete(one, 5) == concrete(one, 0) == concrete(edit, 0)
