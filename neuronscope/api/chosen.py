"""Which stored experiments: the query parameters of the history and of an export."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Depends, Query

from neuronscope.spec.ops import OpKind
from neuronscope.spec.target import Site
from neuronscope.store.experiments import stamp
from neuronscope.store.history import Filter


def chosen(q: Annotated[str, Query(max_length=200)] = "",
           kind: Literal["run", "sweep"] | None = None, tag: str | None = None,
           model: str | None = None, starred: bool | None = None,
           site: Site | None = None, op: OpKind | None = None,
           since: datetime | None = None, until: datetime | None = None) -> Filter:
    """The filter that a request's parameters make."""
    return Filter(q=q, kind=kind, tag=tag, model=model, starred=starred, site=site, op=op,
                  since=since and stamp(since), until=until and stamp(until))


Chosen = Annotated[Filter, Depends(chosen)]
