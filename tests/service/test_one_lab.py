"""A database has one lab at a time, whatever data folders name it."""

from __future__ import annotations

import pytest

from neuronscope.errors import DataFolderLocked
from neuronscope.service.lab import Lab
from neuronscope.settings import Settings
from neuronscope.store.database import FILE_NAME
from tests import postgres
from tests.postgres import postgres_socket  # noqa: F401
from tests.store.test_store import draft


@pytest.fixture(params=["sqlite", "linked", "in the folder", "postgresql"])
def urls(request, tmp_path):
    """How two settings name one database."""
    if request.param == "postgresql":
        socket = request.getfixturevalue("postgres_socket")
        with postgres.database(socket, "one_lab") as url:
            yield url, url
        return
    file = tmp_path / "a" / FILE_NAME if request.param == "in the folder" else tmp_path / "deep/x"
    other = tmp_path / "link" if request.param == "linked" else file
    if request.param == "linked":
        other.symlink_to(file)
    yield "" if request.param == "in the folder" else f"sqlite:///{file}", f"sqlite:///{other}"


def test_a_database_has_one_lab_at_a_time(urls, tmp_path):
    one, two = (Settings(data=tmp_path / name, models=tmp_path, database_url=url)
                for name, url in zip("ab", urls, strict=True))
    with Lab(one) as lab:
        key = lab._store.experiments.add(draft(kind="sweep", state="running", n_cells=1))
        with pytest.raises(DataFolderLocked, match="another data folder"):
            Lab(two)
        assert lab._store.experiments.get(key).summary.state == "running"
    with Lab(two) as lab:  # its folder was freed when it was refused
        assert lab._store.experiments.get(key).summary.state == "failed"
        with pytest.raises(DataFolderLocked):
            Lab(one)
