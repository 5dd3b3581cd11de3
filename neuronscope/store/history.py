"""The history: searched, filtered, and read page by page.

Pages are cut by key (`seq`), not by offset: a page costs the same wherever it lies, and
nothing is shown twice or skipped when results arrive in between.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Select, or_, select

from neuronscope.errors import InvalidField
from neuronscope.spec.results import Summary
from neuronscope.store.database import Database
from neuronscope.store.experiments import SUMMARY_COLUMNS, plain, summary_of, tags_of
from neuronscope.store.tables import experiments, tags

SEARCHED = (experiments.c.prompt, experiments.c.title, experiments.c.name, experiments.c.notes)


@dataclass(frozen=True)
class Filter:
    """Which experiments: `q` is looked for in prompt, title, name and notes, in any case."""

    q: str = ""
    kind: str | None = None
    tag: str | None = None
    model: str | None = None
    starred: bool | None = None


def page(database: Database, chosen: Filter, *, cursor: str | None = None,
         limit: int = 50) -> tuple[list[Summary], str | None]:
    """At most `limit` lines, newest first, and the cursor of the next page.

    cursor: as an earlier page gave it; None for the newest.
    Raises: InvalidField for a cursor that no page gave.
    """
    query = _filtered(chosen).order_by(experiments.c.seq.desc()).limit(limit + 1)
    if cursor is not None:
        query = query.where(experiments.c.seq < position_of(cursor))
    with database.read() as connection:
        rows = connection.execute(query).all()
        shown = rows[:limit]
        labels = tags_of(connection, [row.seq for row in shown])
    following = str(shown[-1].seq) if len(rows) > limit else None
    return [summary_of(row, labels.get(row.seq, ())) for row in shown], following


def position_of(cursor: str) -> int:
    """The place that a page's cursor stands for. Raises: InvalidField."""
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise InvalidField("The cursor is not one that a page of the history gave.",
                           hint="Leave it out for the first page.", pointer="/cursor")
    return int(cursor)


def _filtered(chosen: Filter) -> Select:
    query = select(experiments.c.seq, experiments.c.starred, *SUMMARY_COLUMNS)
    for word in plain(chosen.q).split():
        query = query.where(or_(*(column.icontains(word, autoescape=True) for column in SEARCHED)))
    if chosen.kind is not None:
        query = query.where(experiments.c.kind == chosen.kind)
    if chosen.model is not None:
        query = query.where(experiments.c.model_id == chosen.model)
    if chosen.starred is not None:
        query = query.where(experiments.c.starred == int(chosen.starred))
    if chosen.tag is not None:
        tagged = select(tags.c.experiment).where(tags.c.tag == chosen.tag)
        query = query.where(experiments.c.seq.in_(tagged))
    return query
