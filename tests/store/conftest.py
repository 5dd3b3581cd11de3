"""Every test of the store runs on SQLite and, where a server can be started, on PostgreSQL."""

from __future__ import annotations

import itertools

import pytest

from neuronscope.store.store import Store
from tests import postgres
from tests.postgres import postgres_socket  # noqa: F401

NUMBERS = itertools.count()


@pytest.fixture(scope="session")
def template(postgres_socket, tmp_path_factory):  # noqa: F811
    """The name of a database at this version's schema, to be copied."""
    with postgres.database(postgres_socket, "template_of_tests") as address:
        Store(tmp_path_factory.mktemp("template"), address).close()
        yield "template_of_tests"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request):
    """The address of a database with nothing stored; empty text is SQLite in the data folder."""
    if request.param == "sqlite":
        yield ""
        return
    socket, template = (request.getfixturevalue(name) for name in ("postgres_socket", "template"))
    with postgres.database(socket, f"t{next(NUMBERS)}", template) as address:
        yield address


@pytest.fixture
def empty(postgres_socket):  # noqa: F811
    """The address of a database on PostgreSQL without a table."""
    with postgres.database(postgres_socket, f"e{next(NUMBERS)}") as address:
        yield address


@pytest.fixture
def store(tmp_path, url):
    """An empty store."""
    opened = Store(tmp_path / "data", url)
    yield opened
    opened.close()


@pytest.fixture
def on_sqlite(tmp_path):
    """An empty store whose database is a file."""
    opened = Store(tmp_path / "data")
    yield opened
    opened.close()
