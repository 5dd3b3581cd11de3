"""The history: searched, filtered, and read page by page.

Pages are cut by key (`seq`), not by offset: a page costs the same wherever it lies, and
nothing is shown twice or skipped when results arrive in between.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    column,
    exists,
    literal_column,
    or_,
    select,
    table,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from neuronscope.errors import InvalidField
from neuronscope.spec.results import Summary
from neuronscope.store.database import Database
from neuronscope.store.experiments import SUMMARY_COLUMNS, plain, summary_of, tags_of
from neuronscope.store.letters import folded
from neuronscope.store.lookup import LAST, TRIGRAM, expression, stretches
from neuronscope.store.tables import TEXT_INDEX, experiments, tags, uses

NEAR = 1000
SEARCHED = tuple(experiments.c[name] for name in ("prompt", "title", "headline", "name", "notes"))


@dataclass(frozen=True)
class Filter:
    """Which experiments: `q` is looked for in prompt, title, headline, name and notes, in any
    case.

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
        rows = _near(connection, chosen, before, limit) or _all(connection, chosen, before, limit)
        shown = rows[:limit]
        labels = tags_of(connection, [row.seq for row in shown])
    following = str(shown[-1].seq) if len(rows) > limit else None
    return [summary_of(row, labels.get(row.seq, ())) for row in shown], following


def keys(database: Database, chosen: Filter) -> list[str]:
    """The ids of all that fit, newest first."""
    with database.read() as connection:
        query, leading = _filtered(chosen, connection)
        query = query.with_only_columns(experiments.c.id)
        return [key for low, high in stretches(connection, chosen.since, chosen.until, None)
                for key in connection.execute(
                    query.where(leading >= low, leading <= high)).scalars()]


def _all(connection: Connection, chosen: Filter, before: int | None, limit: int
         ) -> list[Row[Any]]:
    """The first rows that fit, one more than the limit where there are more."""
    query, leading = _filtered(chosen, connection)
    rows: list[Row[Any]] = []
    for low, high in stretches(connection, chosen.since, chosen.until, before):
        within = query.where(leading >= low, leading <= high)
        rows += connection.execute(within.limit(limit + 1 - len(rows))).all()
        if len(rows) > limit:
            break
    return rows


def _near(connection: Connection, chosen: Filter, before: int | None, limit: int
          ) -> list[Row[Any]]:
    """The rows, where a look at the newest ones is enough; only tried for words of one or two
    letters, which are in most rows or else take the index longer than others."""
    words = plain(chosen.q).split()
    if not any(len(word) < TRIGRAM for word in words):
        return []
    own, end = experiments.c, LAST if before is None else before
    newest = select(own.seq).where(own.seq < end).order_by(own.seq.desc())
    lowest = connection.execute(newest.limit(1).offset(NEAR)).scalar() or 0
    query = _rows().where(own.seq < end, own.seq > lowest,
                          *_conditions(chosen, words)).order_by(own.seq.desc())
    rows = list(connection.execute(query.limit(limit + 1)).all())
    return rows if len(rows) > limit else []


def position_of(cursor: str) -> int:
    """The place that a page's cursor stands for. Raises: InvalidField."""
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise InvalidField("The cursor is not one that a page of the history gave.",
                           hint="Leave it out for the first page.", pointer="/cursor")
    return min(int(cursor), LAST)


def _rows() -> Select:
    return select(experiments.c.seq, experiments.c.starred, *SUMMARY_COLUMNS)


def _filtered(chosen: Filter, connection: Connection) -> tuple[Select, ColumnElement]:
    """The rows that fit, newest first, and the column of their numbers.

    Where there is an index of words and attributes, it leads: only rows that it gives are
    read, and all but their words is asked of them once more.
    """
    words = plain(chosen.q).split()
    query = _rows()
    leading = experiments.c.seq
    if connection.dialect.name == "postgresql":
        query = query.where(*(_POSTGRESQL_TEXTS.icontains(word, autoescape=True)
                              for word in words))
        words = []
    else:
        asked, words = expression(connection, chosen, words)
        if asked:
            leading = _texts.c.rowid
            query = query.select_from(_texts.join(experiments, leading == experiments.c.seq))
            query = query.where(literal_column(TEXT_INDEX).op("MATCH")(asked))
    return query.where(*_conditions(chosen, words)).order_by(leading.desc()), leading


_POSTGRESQL_TEXTS = literal_column(
    "(" + " || E'\\n' || ".join(f"experiments.{each.name}" for each in SEARCHED) + ")", Text)
"""As its index on texts is made, so that it is used; no word has a line break."""
_texts = table(TEXT_INDEX, column("rowid"))


def _conditions(chosen: Filter, words: Iterable[str]) -> list[ColumnElement]:
    """What is asked of an experiment's own row, and of its tags and uses."""
    own = experiments.c
    found: list[ColumnElement] = [has_word(word, SEARCHED) for word in words]
    if chosen.kind is not None:
        found.append(own.kind == chosen.kind)
    if chosen.model is not None:
        found.append(own.model_id == plain(chosen.model))
    if chosen.starred is not None:
        found.append(own.starred == int(chosen.starred))
    if chosen.since is not None:
        found.append(own.created_at >= chosen.since)
    if chosen.until is not None:
        found.append(own.created_at < chosen.until)
    if chosen.tag is not None:
        found.append(exists().where(tags.c.experiment == own.seq, tags.c.tag == plain(chosen.tag)))
    for kind in ("op", "site"):
        name = getattr(chosen, kind)
        if name is not None:
            each = uses.alias(kind)
            found.append(exists().where(each.c.experiment == own.seq, each.c.kind == kind,
                                        each.c.name == name))
    return found


def has_word(word: str, texts: Iterable[ColumnElement[str]]) -> ColumnElement[bool]:
    """Whether one of the texts has the word, in any case.

    A word of ASCII alone is compared by the database: an ſ is then no s, as it is in the index.
    """
    if word.isascii():
        return or_(*(each.icontains(word, autoescape=True) for each in texts))
    one = folded(word)
    forms = sorted(form for form in {word, word.lower(), word.upper()} if folded(form) == one)
    return or_(*(found for each in texts for found in (
        _Folded(each).contains(one, autoescape=True),
        *(each.icontains(form, autoescape=True) for form in forms))))


class _Folded(FunctionElement):
    """A text in one case: as `folded` on SQLite, as the database knows it elsewhere."""

    type = Text()
    inherit_cache = True


@compiles(_Folded)
def _lower(element: _Folded, compiler: Any, **how: Any) -> str:
    return f"lower({compiler.process(element.clauses, **how)})"


@compiles(_Folded, "sqlite")
def _by_function(element: _Folded, compiler: Any, **how: Any) -> str:
    return f"folded({compiler.process(element.clauses, **how)})"
