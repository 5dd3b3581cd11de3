"""Cells by pointer and finger: opened, marked, and their rows and columns beside them."""

import re

import pytest
from playwright.sync_api import expect

from benchmarks.made import answering, enlarged
from tests.e2e.steps import ask, stored, sweep

WHERE = {"prompt": "The Eiffel Tower is in",
         "op": {"kind": "patch", "source_prompt": "The Colosseum is in"},
         "over": {"sites": ["resid_pre"], "layers": "all", "positions": "all"}}


@pytest.fixture(scope="module")
def grid(server) -> str:
    """The address of a grid of layers and positions."""
    return f"/s/{stored(server, 'sweeps', **WHERE)}"


def centre(page, row, col):
    """The middle of a cell, as the keys find it: before the pointer is used."""
    cells = page.get_by_role("grid")
    cells.focus()
    page.keyboard.press("Control+Home")
    for key, times in (("ArrowDown", row), ("ArrowRight", col)):
        for _ in range(times):
            page.keyboard.press(key)
    box = page.locator("[class*=_active]").bounding_box()
    cells.blur()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_double_click_opens_the_cell_under_the_pointer(open_page, grid):
    page = open_page(grid)
    page.mouse.dblclick(*centre(page, 2, 3))
    page.wait_for_url(re.compile("cell=.*L2.*run="))
    expect(page.get_by_role("region", name="Experiment")).to_contain_text("layer 2")
    expect(page.get_by_role("region", name="Cell")).to_contain_text("Pinned cell")


def test_two_clicks_mark_a_rectangle(open_page, grid):
    page = open_page(grid)
    one, other = centre(page, 1, 1), centre(page, 3, 2)
    page.mouse.click(*one)
    begin = page.get_by_role("button", name="Mark from here")
    begin.click()
    page.keyboard.press("Escape")
    expect(begin).to_be_visible()
    begin.click()
    page.mouse.click(*other)
    expect(page.get_by_role("region", name="Marked cells")).to_contain_text("6 cells")


def test_two_taps_mark_a_rectangle(open_page, grid):
    page = open_page(grid, width=800, touch=True)
    one, other = centre(page, 1, 1), centre(page, 2, 3)
    page.touchscreen.tap(*one)
    page.get_by_role("button", name="Mark from here").tap()
    page.touchscreen.tap(*other)
    expect(page.get_by_role("region", name="Marked cells")).to_contain_text("6 cells")


def test_bars_mark_their_row_and_column_and_cells_their_bars(open_page, grid):
    page = open_page(grid)
    x, y = centre(page, 2, 1)
    page.mouse.move(x, y)
    guides = page.locator("[class*=uide]")
    expect(guides).to_have_count(2)
    bars = guides.first.bounding_box()
    page.mouse.move(bars["x"] + bars["width"] / 2, bars["y"] + bars["height"] / 2)
    expect(page.get_by_text(re.compile(r"^layer 2: mean .*, largest .*"))).to_be_visible()
    row = page.locator("[class*=_hover]").bounding_box()
    assert row["y"] < y < row["y"] + row["height"] < y + 60
    assert row["x"] + row["width"] <= bars["x"] < row["x"] + row["width"] + 10
    expect(guides).to_have_count(1)


def test_a_wide_grid_keeps_its_labels_and_bars_in_sight(open_page, server, grid):
    page = open_page("/m")
    found = ask(server, "GET", f"sweeps/{grid.split('/')[-1]}/grid")
    answering(page, enlarged(found))
    page.goto(server.address(grid))
    cells = page.get_by_role("grid")
    expect(cells).to_be_visible()
    cells.focus()
    page.keyboard.press("End")
    expect(page.get_by_role("gridcell")).to_contain_text("511")
    scroll = cells.locator("..").bounding_box()
    left = page.locator("[data-edge=left]").bounding_box()
    right = page.locator("[data-edge=right]").bounding_box()
    assert left["x"] == pytest.approx(scroll["x"], abs=1)
    assert right["x"] + right["width"] <= scroll["x"] + scroll["width"] + 1
    inked = page.locator("[data-edge=left]").evaluate("""(canvas) => {
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        return data.some((value) => value > 0);
    }""")
    assert inked
    page.mouse.move(left["x"] + 5, left["y"] + 100)
    expect(page.get_by_text(re.compile("^Point at a cell")).or_(
        page.get_by_text("511", exact=False)).first).to_be_visible()


def test_marking_with_the_keyboard_from_the_pinned_cell(open_page):
    page = open_page("/s")
    sweep(page, "Which layers?")
    page.get_by_role("grid").focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Mark from here").press("Enter")
    page.get_by_role("grid").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Marked cells")).to_contain_text("3 cells")
