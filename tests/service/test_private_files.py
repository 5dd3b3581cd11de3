"""What is written is its owner's alone, whatever the umask."""

from __future__ import annotations

import os
import stat

import pytest

from neuronscope.service.lab import Lab
from neuronscope.service.token import access_token
from neuronscope.settings import Settings
from neuronscope.spec.captures import Capture
from neuronscope.spec.target import Target
from tests.served import RUN
from tests.tiny import PROMPT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX permissions")


@pytest.fixture
def umask(request):
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o002], indirect=True)
def test_nothing_in_the_data_folder_is_open_to_others(umask, tmp_path, models):
    settings = Settings(data=tmp_path / "deep" / "data", models=models)
    access_token(settings)
    with Lab(settings) as lab:
        lab.load("tiny")
        lab.run(RUN)
        lab.add_vector([1.0] * 32, "ones")
        lab.capture(Capture(prompt=PROMPT, targets=[Target("z")]))
        found = {path: stat.S_IMODE(path.stat().st_mode)
                 for path in (settings.data, *settings.data.rglob("*"))}
    assert {path.name for path in found} >= {
        "token", "lock", "instance.json", "neuronscope.sqlite", "neuronscope.sqlite-wal",
        "captures", "vectors", "certified", "key"}
    for path, mode in found.items():
        assert mode == (0o700 if path.is_dir() else 0o600), (path, oct(mode))


def test_an_open_data_folder_is_closed_and_a_database_elsewhere_is_private(tmp_path, models):
    data = tmp_path / "data"
    data.mkdir(mode=0o777)
    data.chmod(0o777)
    url = f"sqlite:///{tmp_path / 'elsewhere.sqlite'}"
    with Lab(Settings(data=data, models=models, database_url=url)):
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        for file in tmp_path.glob("elsewhere.sqlite*"):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
