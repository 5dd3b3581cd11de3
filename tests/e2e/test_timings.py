"""The timings of the page: that they can be taken, not how fast this machine is."""

from benchmarks.page import measured, section


def test_the_page_is_timed_from_end_to_end(browser, server):
    rows = measured(browser, server, turns=1, seconds=1)
    text = section(rows)
    for what in ("painting 42 × 512", "other colours for 42 × 512", "pointing at a cell",
                 "made cells come", "while a sweep fills"):
        assert what in text
    assert all(figure for _, _, figure in rows)
