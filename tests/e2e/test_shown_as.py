"""How a result is shown is in its address, and files are for paper."""

import json
import re

import pytest
from playwright.sync_api import expect

from benchmarks.made import answering, enlarged
from tests.e2e.steps import EXPERIMENT, ask, ready, result, save, stored


def shown_as(page, name):
    page.get_by_role("button", name=name, exact=True).click()


@pytest.fixture(scope="module")
def grid(server) -> str:
    over = {"sites": ["resid_pre"], "layers": "all", "positions": "all"}
    return stored(server, "sweeps", prompt="The Louvre is in", op={"kind": "zero"}, over=over)


def test_tabs_and_axes_of_a_run_are_in_the_address(open_page):
    page = open_page("/", theme="dark")
    ready(page).click()
    page.wait_for_url(EXPERIMENT)
    shown_as(page, "log")
    page.wait_for_url(re.compile("axis=log"))
    shown_as(page, "Table")
    page.wait_for_url(re.compile("tab=table"))
    table = page.get_by_role("region", name="Top tokens as a table")
    page.reload()
    expect(table).to_be_visible()
    page.go_back()
    expect(page.get_by_role("img", name=re.compile("^Top tokens"))).to_be_visible()
    expect(page.get_by_role("button", name="log", exact=True)).to_have_attribute(
        "aria-pressed", "true")
    picture = save(page, "SVG").read_text(encoding="utf-8")
    assert "next-token probability on a logarithmic axis" in picture
    # The page is dark; a figure is for paper.
    assert 'fill="#fbfaf6"' in picture and "#161b1f" not in picture
    ready(page).click()
    expect(result(page)).to_be_visible()
    assert "axis=log" in page.url


def test_tabs_of_a_grid_are_in_the_address(open_page, grid):
    page = open_page(f"/s/{grid}?tab=table")
    lines = page.get_by_text("Rows and columns: the bars beside the grid")
    lines.click()
    table = page.get_by_role("region", name="Rows and columns")
    expect(table.get_by_role("row").filter(has_text="layer 3")).to_be_visible()
    expect(table.get_by_role("row").filter(has_text="position ␣is")).to_be_visible()
    shown_as(page, "JSON")
    page.wait_for_url(re.compile("tab=json"))
    expect(page.get_by_role("region", name="The grid as JSON")).to_contain_text('"prompt"')
    page.go_back()
    expect(lines).to_be_visible()


def test_of_a_long_grid_the_beginning_is_shown_and_all_is_saved(open_page, server, grid):
    page = open_page("/m")
    made = enlarged(ask(server, "GET", f"sweeps/{grid}/grid"))
    answering(page, made)
    page.goto(server.address(f"/s/{grid}?tab=json"))
    told = page.get_by_text(re.compile(r"These are the first 200 kB of [\d.]+ MB"))
    expect(told).to_be_visible()
    assert len(page.get_by_role("region", name="The grid as JSON").inner_text()) <= 200_000
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save all of it").click()
    kept = json.loads(saved.value.path().read_text(encoding="utf-8"))
    assert len(kept["top"]) == len(made["top"])


def test_the_lengths_of_a_capture_are_saved(open_page, server):
    record = ask(server, "POST", "captures", prompt="The Louvre is in",
                 targets=[{"site": "resid_pre", "layer": 2}])
    page = open_page(f"/a/{record['id']}")
    part = page.get_by_role("region", name=re.compile("^Use "))
    expect(part.get_by_role("columnheader", name="Length", exact=True)).to_be_visible()
    lines = save(page, "CSV", within=part).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "part,position,token,length" and len(lines) > 5
    assert "Length of the values of" in save(page, "SVG", within=part).read_text(encoding="utf-8")
