"""Metrics in the history are named and written as people read them."""

import pytest

from neuronscope.service.describe import run_headline
from neuronscope.service.measured import amount, name_of, percent
from neuronscope.spec.results import MetricInfo, MetricValue, Readout, Result, TokenScore


@pytest.mark.parametrize(("kind", "label", "said"), [
    ("kl", "kl", "KL"), ("js", "js @4", "JS @4"), ("prob", "prob ␣Paris", "Probability of ␣Paris"),
    ("log_prob", "log prob ␣Paris @2", "Log probability of ␣Paris @2"),
    ("rank", "rank ␣Paris", "Rank of ␣Paris"),
    ("logit_diff", "logit diff ␣Paris − ␣Rome", "Logit difference ␣Paris − ␣Rome"),
    ("recovered", "recovered logit_diff ␣A − ␣B", "Recovered logit difference ␣A − ␣B"),
    ("recovered", "recovered prob ␣A", "Recovered probability of ␣A")])
def test_a_metric_is_named_in_words(kind, label, said):
    metric = MetricInfo(kind=kind, label=label.replace("_", " "), unit="nats", clean=0.0)
    assert name_of(metric) == said


def test_a_probability_is_told_in_per_cent_and_none_as_certain_that_is_not():
    assert [percent(each) for each in (0, 1e-6, 0.00123, 0.0214, 0.8731, 0.9999, 1)] == [
        "0 %", "< 0.01 %", "0.123 %", "2.14 %", "87.3 %", "> 99.9 %", "100 %"]
    assert amount(3.0, "places") == "3" and amount(0.0481, "nats") == "0.0481 nats"


def test_a_run_in_the_history_says_what_its_first_metric_did():
    def result(metric):
        top = (TokenScore(id=1, token=" Paris", prob=0.9, logit=1.0),)
        readout = Readout.model_construct(position=0, top=top)
        return Result.model_construct(metrics={"m": metric}, clean=readout, edited=readout)

    prob = MetricValue(kind="prob", label="prob ␣Paris", unit="probability", tokens=(1,),
                       clean=0.873, edited=0.021, change=-0.852)
    assert run_headline(result(prob)) == "Probability of ␣Paris 87.3 % → 2.1 %"
    kl = MetricValue(kind="kl", label="kl", unit="nats", clean=0.0, edited=0.048, change=0.048)
    assert run_headline(result(kl)) == "KL 0.048 nats"
    broken = kl.model_copy(update={"edited": None, "status": "non_finite"})
    assert run_headline(result(broken)) == "KL: non-finite"
