"""What tests of several processes tell at the end of the run."""

from __future__ import annotations

import os

import pytest

from neuronscope.threads import wait_asleep

wait_asleep()  # before torch: tests often run beside other work
import torch  # noqa: E402

DEVIATIONS = pytest.StashKey[dict[str, tuple[float, float, str]]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--soak", action="store_true",
                     help="the long form of tests/reliability; writes docs/reliability.md")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[DEVIATIONS] = {}
    if "PYTEST_XDIST_WORKER" in os.environ:  # the processes share the cores
        torch.set_num_threads(1)
        os.environ["OMP_NUM_THREADS"] = "1"  # for processes that tests start: same bits


@pytest.fixture
def deviations(request) -> dict[str, tuple[float, float, str]]:
    """Where a test leaves its largest deviations for the end of the run."""
    return request.config.stash[DEVIATIONS]


def pytest_sessionfinish(session: pytest.Session) -> None:
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["deviations"] = session.config.stash[DEVIATIONS]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error) -> None:
    node.config.stash[DEVIATIONS].update(getattr(node, "workeroutput", {}).get("deviations", {}))


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    """How far every logit of every family was from a raw forward with one hook, at most."""
    found = config.stash[DEVIATIONS]
    if not found:
        return
    terminalreporter.section("largest deviation of a logit from a raw forward with one hook")
    for name, (exact, fast, told) in sorted(found.items()):
        terminalreporter.write_line(f"{name:<28} exact {exact:.1e}  fast {fast:.1e}  {told}")
    worst = [max(values[place] for values in found.values()) for place in (0, 1)]
    terminalreporter.write_line(f"{'all':<28} exact {worst[0]:.1e}  fast {worst[1]:.1e}")
