"""The threads that compute sleep while they wait, unless somebody has chosen otherwise."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from neuronscope.service.child import ChildProcess
from neuronscope.service.lab import Lab
from neuronscope.settings import Settings
from neuronscope.threads import ASLEEP, CHOICES, wait_asleep
from tests.tiny import save


def test_threads_sleep_unless_it_was_chosen():
    environment = {"PATH": "/bin"}
    wait_asleep(environment)
    assert environment == {"PATH": "/bin", **ASLEEP}


@pytest.mark.parametrize("name", CHOICES)
def test_what_was_chosen_stays(name):
    environment = {name: "7"}
    wait_asleep(environment)
    assert environment == {name: "7"}


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
def test_the_models_process_is_started_so(tmp_path, monkeypatch):
    for name in CHOICES:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)  # what is set meanwhile goes at the end
    save("llama", tmp_path / "models" / "tiny")
    executor = ChildProcess()
    with Lab(Settings(data=tmp_path / "data", models=tmp_path / "models"), executor) as lab:
        lab.load("tiny")
        told = Path(f"/proc/{executor.pid}/environ").read_text(encoding="utf-8").split("\0")
    assert {f"{name}={value}" for name, value in ASLEEP.items()} <= set(told)
