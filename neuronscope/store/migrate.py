"""Brings a database to this version's schema; never touches one from a newer version."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Literal

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select

from neuronscope.errors import NewerDatabase
from neuronscope.store.database import Database
from neuronscope.store.tables import experiments

FOLDER = Path(__file__).parent / "migrations"


def migrate(database: Database, folder: Path = FOLDER) -> None:
    """Applies the migrations of `folder` that are missing. An SQLite file is backed up before.

    Raises: NewerDatabase, before anything is changed, when the schema is not known here.
    """
    config = _config(folder)
    script = ScriptDirectory.from_config(config)
    present = _revision(database)
    if present == script.get_current_head():
        return
    if present is not None:
        _refuse_newer(script, present)
        _back_up(database, present)
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def schema_state(
    database: Database
) -> tuple[Literal["empty", "same", "older", "newer"], int]:
    """How the schema stands to this version's, and how many experiments are stored.

    Raises: StorageError.
    """
    script = ScriptDirectory.from_config(_config(FOLDER))
    present = _revision(database)
    if present is None:
        return "empty", 0
    if present not in _known(script):
        return "newer", 0
    with database.read() as connection:
        count = connection.execute(select(func.count()).select_from(experiments)).scalar_one()
    return "same" if present == script.get_current_head() else "older", count


def _config(folder: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _known(script: ScriptDirectory) -> set[str]:
    return {known.revision for known in script.walk_revisions()}


def _revision(database: Database) -> str | None:
    with database.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _refuse_newer(script: ScriptDirectory, present: str) -> None:
    if present not in _known(script):
        raise NewerDatabase(
            "The database in the data folder has a schema that this version does not know; "
            "nothing was changed.",
            hint="Use the version that wrote it or a newer one, or another data folder.",
        )


def _back_up(database: Database, revision: str) -> None:
    if database.file is None:
        return
    copy = database.file.with_name(f"{database.file.name}.before-{revision}.backup")
    os.close(os.open(copy, os.O_RDWR | os.O_CREAT, 0o600))
    with (closing(sqlite3.connect(database.file)) as source,
          closing(sqlite3.connect(copy)) as target):
        source.backup(target)
