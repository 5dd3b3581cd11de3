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

from neuronscope.errors import FREE_SPACE, NewerDatabase, StorageError, StorageFull
from neuronscope.store.database import Database, is_full
from neuronscope.store.tables import experiments
from neuronscope.wholefile import put_in_place

FOLDER = Path(__file__).parent / "migrations"


def migrate(database: Database, folder: Path = FOLDER) -> None:
    """Applies the migrations of `folder` that are missing. An SQLite file is backed up before.

    Raises: NewerDatabase, before anything is changed, when the schema is not known here;
        StorageError.
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
    """Copies an SQLite file; the copy has its name once it is whole and on the disk.

    Raises: StorageError, and then no copy is left.
    """
    if database.file is None:
        return
    copy = database.file.with_name(f"{database.file.name}.before-{revision}.backup")
    part = copy.with_name(f"{copy.name}.part")
    try:
        os.close(os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600))
        with (closing(sqlite3.connect(database.file)) as source,
              closing(sqlite3.connect(part)) as target):
            source.backup(target)
        put_in_place(part, copy)
    except (OSError, sqlite3.Error) as error:
        raise _not_copied(error) from error
    finally:
        part.unlink(missing_ok=True)


def _not_copied(error: OSError | sqlite3.Error) -> StorageError:
    told = "The database could not be copied before it is brought to this version's schema."
    if isinstance(error, OSError):
        return StorageError.of(error, told, hint="Check the permissions of the data folder.")
    if is_full(error):
        return StorageFull(told, hint=FREE_SPACE)
    return StorageError(told, hint="Check free space and permissions of the data folder.")
