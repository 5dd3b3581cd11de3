"""The store: one object that opens a database and holds its parts."""

from __future__ import annotations

from pathlib import Path

from neuronscope.errors import NeuronScopeError
from neuronscope.store.captures import Captures
from neuronscope.store.cells import Cells
from neuronscope.store.database import Database, database_url
from neuronscope.store.experiments import Experiments
from neuronscope.store.jobs import Jobs
from neuronscope.store.migrate import migrate


class Store:
    """An open database, at this version's schema.

    folder: where the files of tensors are, and the SQLite file when `url` is empty.
    Raises: NewerDatabase, StorageError; InvalidInput for a URL that cannot be used.
    """

    def __init__(self, folder: Path, url: str = "") -> None:
        self.database = Database(database_url(url, folder))
        try:
            migrate(self.database)
        except NeuronScopeError:
            self.database.close()
            raise
        self.experiments = Experiments(self.database)
        self.cells = Cells(self.database)
        self.jobs = Jobs(self.database)
        self.captures = Captures(self.database, folder)

    def close(self) -> None:
        self.database.close()
