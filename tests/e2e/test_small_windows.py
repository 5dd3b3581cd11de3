"""Windows from 320 pixels on: nothing lies beyond their edge, and what belongs is level."""

import pytest
from playwright.sync_api import expect

from tests.e2e.steps import ask, overflow, stored

PROMPTS = ("The Eiffel Tower is in", "The Louvre is in")


@pytest.fixture(scope="module")
def views(server) -> dict[str, str]:
    """Addresses by the name of their first region."""
    edits = [{"target": {"site": "mlp_out", "layer": 2}, "op": {"kind": "zero"}}]
    over = {"sites": ["resid_pre"], "layers": "all", "positions": "all"}
    runs = [stored(server, "experiments", prompt=each, edits=edits) for each in PROMPTS]
    first, other = [stored(server, "sweeps", prompt=PROMPTS[0], op=op, over=over)
                    for op in ({"kind": "zero"}, {"kind": "scale", "factor": 0.5})]
    capture = ask(server, "POST", "captures", prompt=PROMPTS[0],
                  targets=[{"site": "resid_pre", "layer": 2}])
    return {"Question": "/w", "Result": f"/e/{runs[0]}", "Grid": f"/s/{first}", "History": "/h",
            "What the edits did": f"/c?a={runs[0]}&b={runs[1]}",
            "A, B and B − A": f"/c?a={first}&b={other}", "Capture": f"/a/{capture['id']}",
            "Learn": "/learn", "Models": "/m"}


def test_nothing_lies_beyond_the_edge_of_a_very_small_window(open_page, server, views):
    page = open_page("/m", width=320, height=700)
    for region, path in views.items():
        page.goto(server.address(path))
        expect(page.get_by_role("main").get_by_role("region", name=region, exact=True).or_(
            page.get_by_role("heading", name=region)).first).to_be_visible()
        assert overflow(page) <= 0, path
    page.goto(server.address(views["Grid"]))
    page.get_by_text("Display", exact=True).click()
    expect(page.get_by_label("Axes")).to_be_visible()
    assert overflow(page) <= 0


def test_a_small_window_shows_every_column_of_the_metrics(open_page, views):
    page = open_page(views["Result"], width=380, height=800)
    head = page.get_by_role("columnheader", name="Noise floor")
    box = head.bounding_box()
    assert box["x"] + box["width"] <= 380


def test_the_result_is_level_with_its_question(open_page, views):
    page = open_page(views["Result"], width=1024)
    tops = [page.get_by_role("region", name=name, exact=True).bounding_box()["y"]
            for name in ("Question", "Result")]
    assert tops[0] == pytest.approx(tops[1], abs=1)


def test_a_small_grid_needs_no_scrolling(open_page, views):
    page = open_page(views["A, B and B − A"], width=1024)
    expect(page.get_by_role("grid")).to_have_count(3)
    expect(page.locator("[data-edge]")).to_have_count(0)
