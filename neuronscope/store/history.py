"""The history: searched, filtered, and read page by page.

Pages are cut by key (`seq`), not by offset: a page costs the same wherever it lies, and
nothing is shown twice or skipped when results arrive in between.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    column,
    exists,
    literal_column,
    or_,
    select,
    table,
)

from neuronscope.errors import InvalidField
from neuronscope.spec.results import Summary
from neuronscope.store.database import Database
from neuronscope.store.experiments import SUMMARY_COLUMNS, plain, summary_of, tags_of
from neuronscope.store.tables import TEXT_INDEX, experiments, tags, uses

SEARCHED = (experiments.c.prompt, experiments.c.title, experiments.c.name, experiments.c.notes)


@dataclass(frozen=True)
class Filter:
    """Which experiments: `q` is looked for in prompt, title, name and notes, in any case.

    site, op: one that an edit is made at or with. since, until: ISO 8601 in UTC, of the time
    of storing; from the one on, before the other.
    """

    q: str = ""
    kind: str | None = None
    tag: str | None = None
    model: str | None = None
    starred: bool | None = None
    site: str | None = None
    op: str | None = None
    since: str | None = None
    until: str | None = None


def page(database: Database, chosen: Filter, *, cursor: str | None = None,
         limit: int = 50) -> tuple[list[Summary], str | None]:
    """At most `limit` lines, newest first, and the cursor of the next page.

    cursor: as an earlier page gave it; None for the newest.
    Raises: InvalidField for a cursor that no page gave.
    """
    before = None if cursor is None else position_of(cursor)
    with database.read() as connection:
        query = _filtered(chosen, connection, before).limit(limit + 1)
        rows = connection.execute(query).all()
        shown = rows[:limit]
        labels = tags_of(connection, [row.seq for row in shown])
    following = str(shown[-1].seq) if len(rows) > limit else None
    return [summary_of(row, labels.get(row.seq, ())) for row in shown], following


def keys(database: Database, chosen: Filter) -> list[str]:
    """The ids of all that fit, newest first."""
    with database.read() as connection:
        query = _filtered(chosen, connection, None).with_only_columns(experiments.c.id)
        return list(connection.execute(query).scalars())


def position_of(cursor: str) -> int:
    """The place that a page's cursor stands for. Raises: InvalidField."""
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise InvalidField("The cursor is not one that a page of the history gave.",
                           hint="Leave it out for the first page.", pointer="/cursor")
    return int(cursor)


def _filtered(chosen: Filter, connection: Connection, before: int | None) -> Select:
    """The rows that fit, newest first.

    The rarest kind of condition leads: its own index is walked from its newest row, and the
    others are looked up row by row. A page ends the walk.
    """
    text = _texts if connection.dialect.name == "sqlite" else None
    indexed = [(source, key, where) for source, key, where in _indexed(chosen, text)]
    query = select(experiments.c.seq, experiments.c.starred, *SUMMARY_COLUMNS)
    leading = experiments.c.seq
    if indexed:
        source, leading, where = indexed[0]
        query = query.select_from(source.join(experiments, leading == experiments.c.seq))
        query = query.where(where)
    for source, key, where in indexed[1:]:
        query = query.where(exists().where(key == experiments.c.seq, where).select_from(source))
    for condition in _plainly(chosen, text is not None):
        query = query.where(condition)
    if before is not None:
        query = query.where(leading < before)
    return query.order_by(leading.desc())


Indexed = tuple[FromClause, ColumnElement, ColumnElement]
"""A table, its column of experiments, and the condition on it."""

TRIGRAM = 3
_texts = table(TEXT_INDEX, column("rowid"))


def _indexed(chosen: Filter, text: FromClause | None) -> list[Indexed]:
    found: list[Indexed] = []
    words = [word for word in plain(chosen.q).split() if len(word) >= TRIGRAM]
    if words and text is not None:
        quoted = " ".join('"{}"'.format(word.replace('"', '""')) for word in words)
        found.append((text, text.c.rowid, literal_column(TEXT_INDEX).op("MATCH")(quoted)))
    if chosen.tag is not None:
        found.append((tags, tags.c.experiment, tags.c.tag == chosen.tag))
    for kind in ("op", "site"):
        name = getattr(chosen, kind)
        if name is not None:
            each = uses.alias(kind)
            found.append((each, each.c.experiment, (each.c.kind == kind) & (each.c.name == name)))
    return found


def _plainly(chosen: Filter, texts_are_indexed: bool) -> list[ColumnElement]:
    """Conditions on the experiment's own row."""
    own = experiments.c
    found: list[ColumnElement] = [
        or_(*(each.icontains(word, autoescape=True) for each in SEARCHED))
        for word in plain(chosen.q).split()
        if not texts_are_indexed or len(word) < TRIGRAM]
    if chosen.kind is not None:
        found.append(own.kind == chosen.kind)
    if chosen.model is not None:
        found.append(own.model_id == chosen.model)
    if chosen.starred is not None:
        found.append(own.starred == int(chosen.starred))
    if chosen.since is not None:
        found.append(own.created_at >= chosen.since)
    if chosen.until is not None:
        found.append(own.created_at < chosen.until)
    return found
