"""Model types, against the raw models and what is expected of them; see shards.py."""

from __future__ import annotations

from tests.conformance.shards import hold, shard


@shard(3)
def test_what_is_certified_holds(name):
    hold(name)
