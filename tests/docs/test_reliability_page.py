from __future__ import annotations

from tests.reliability.document import PAGE, measured, page


def test_the_page_has_the_figures_that_were_measured():
    text = PAGE.read_text(encoding="utf-8")
    assert page(text, measured()) == text
