"""Sweeps: filled while they run, read by pointer and keyboard, opened, exported."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import free_port, start_server, stop_server
from tests.e2e.steps import (
    EXPERIMENT,
    SWEEP,
    colours,
    finished,
    operation,
    prompt,
    ready,
    result,
    start_sweep,
    sweep,
)


def test_a_sweep_fills_the_heatmap_and_survives_a_reload(open_page):
    page = open_page("/s")
    sweep(page, "Which layer, at which word?")
    assert colours(page) > 10
    page.reload()
    finished(page)
    assert colours(page) > 10
    expect(page.get_by_role("button", name="Which layer, at which word?")).to_have_attribute(
        "aria-pressed", "true")


def test_a_cell_opens_beside_the_grid_with_the_same_number(open_page):
    page = open_page("/s")
    sweep(page, "Which layers?")
    page.get_by_role("group", name="Metric", exact=True).get_by_role("button", name="KL").click()
    page.get_by_role("grid").focus()
    for key in ("ArrowDown", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    cell = page.get_by_role("gridcell")
    expect(cell).to_contain_text("MLP of layer 2")
    value = re.search(r": ([^;]+)", cell.inner_text())[1]
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/s/\w+\?.*cell=mlp_out\.L2.*run="))
    own = page.get_by_role("region", name="Experiment")
    expect(own).to_contain_text("MLP of layer 2")
    kl = own.get_by_role("row").filter(has_text="KL").locator("td").nth(1)
    assert float(kl.inner_text()) == pytest.approx(float(value), rel=0.01)
    page.reload()
    expect(own).to_contain_text("MLP of layer 2")
    expect(page.get_by_role("region", name="Cell")).to_contain_text("Pinned cell")
    own.get_by_role("link", name="Open it in the workbench").click()
    page.wait_for_url(EXPERIMENT)
    expect(result(page)).to_contain_text("the MLP of layer 2")
    page.go_back()
    finished(page)


def test_a_patch_shows_what_its_controls_found(open_page):
    page = open_page("/s")
    sweep(page, "Which layer, at which word?")
    metrics = page.get_by_role("group", name="Metric", exact=True)
    metrics.get_by_role("button", name="Recovered").click()
    controls = page.get_by_role("region", name="Controls")
    expect(controls).to_contain_text("no change, as it must be")
    expect(controls).to_contain_text(re.compile(r"gives the source’s answer: Recovered .* 1\b"))
    expect(controls).to_contain_text("fast: at most")
    expect(controls).to_contain_text("Swapping everything: the source’s answer.")
    expect(controls.get_by_text("failed")).to_have_count(0)


def test_the_first_card_is_chosen_and_its_grid_says_where_the_difference_sits(open_page):
    page = open_page("/s")
    expect(page.get_by_role("button", name="Which layer, at which word?")).to_have_attribute(
        "aria-pressed", "true")
    start_sweep(page)
    said = page.get_by_role("region", name="What this grid says")
    expect(said).to_contain_text(
        "The difference between ␣Paris and ␣Rome sits at ␣Eiffel entering layers 0")
    expect(said).not_to_contain_text("So far")
    expect(page.get_by_role("button", name="Recovered").first).to_have_attribute(
        "aria-pressed", "true")
    page.get_by_text("What this does not show").click()
    page.get_by_role("link", name="History").click()
    expect(page.get_by_text(re.compile("half of the full patch or more at ␣Eiffel")).first
           ).to_be_visible()


def test_the_explorer_comes_back_to_its_last_grid(open_page):
    page = open_page("/s")
    sweep(page, "Which layers?")
    address = re.search(r"/s/\w+", page.url)[0]
    page.get_by_role("link", name="Models").click()
    page.get_by_role("link", name="Explorer").click()
    page.wait_for_url(re.compile(address))
    finished(page)
    page.get_by_role("button", name="New sweep").click()
    expect(page.get_by_text("The same edit, everywhere.")).to_be_visible()
    page.get_by_role("link", name="Models").click()
    page.get_by_role("link", name="Explorer").click()
    expect(page.get_by_text("The same edit, everywhere.")).to_be_visible()


def test_a_scale_is_swept_and_its_factor_checked_where_it_stands(open_page):
    page = open_page("/s")
    page.get_by_role("button", name="Which layers?").click()
    operation(page, "Scale")
    page.get_by_label("Factor").fill("0")
    start_sweep(page)
    expect(page.get_by_role("region", name="Controls")).to_contain_text("no change, as it must be")
    page.get_by_role("button", name="JSON", exact=True).click()
    expect(page.get_by_role("region", name="The grid as JSON")).to_contain_text('"factor": 0')


def test_noise_is_drawn_several_times_and_shows_its_spread(open_page):
    page = open_page("/s")
    page.get_by_role("button", name="Which layers?").click()
    operation(page, "Noise")
    page.get_by_label("Draws").fill("0")
    expect(page.get_by_label("Draws").locator("..")).to_contain_text("This must be at least 1.")
    page.get_by_label("Draws").fill("2")
    sites = page.get_by_role("list", name="Sites")
    sites.get_by_role("button", name="Embeddings", exact=True).click()
    for site in ("Attention", "MLP"):
        sites.get_by_role("button", name=site, exact=True).click()
    page.get_by_role("group", name="Positions").get_by_role("button", name="each").click()
    start_sweep(page)
    card = page.get_by_role("region", name="Cell")
    expect(card).to_contain_text("Means over 2 draws")
    expect(card).to_contain_text("±")
    page.get_by_role("grid").focus()
    expect(page.get_by_role("gridcell")).to_contain_text("±")


def test_the_positions_that_a_pattern_reads_are_an_axis(open_page):
    page = open_page("/s")
    page.get_by_role("button", name="Which layers?").click()
    page.get_by_text("Inside attention").click()
    page.get_by_role("list", name="Inside attention").get_by_role("button", name="Patterns").click()
    sites = page.get_by_role("list", name="Sites")
    for site in ("Attention", "MLP"):
        sites.get_by_role("button", name=site, exact=True).click()
    page.get_by_role("group", name="Read from").get_by_role("button", name="each").click()
    start_sweep(page)
    page.get_by_role("grid").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("gridcell")).to_contain_text("layer 0 reading The")


def test_pinning_is_in_the_address(open_page):
    page = open_page("/s")
    sweep(page, "Which heads?")
    page.get_by_role("grid").click(position={"x": 60, "y": 60})
    page.wait_for_url(re.compile("cell="))
    pinned = page.get_by_role("region", name="Cell").get_by_role("heading").inner_text()
    page.reload()
    expect(page.get_by_role("region", name="Cell")).to_contain_text("Pinned cell")
    expect(page.get_by_role("region", name="Cell").get_by_role("heading")).to_have_text(pinned)


def test_history_lists_finds_stars_and_opens(open_page):
    page = open_page("/s")
    sweep(page, "Which layers?")
    page.get_by_role("link", name="History").click()
    page.get_by_label("Search the history").fill("Eiffel")
    page.wait_for_url(re.compile("q=Eiffel"))
    row = page.get_by_role("listitem").filter(has_text="zero attention and MLP").first
    row.get_by_role("button", name=re.compile("^Star")).click()
    page.get_by_role("button", name=re.compile("Starred only")).click()
    found = page.get_by_role("list", name="Experiments")
    expect(found.locator('[aria-pressed="false"]')).to_have_count(0)
    expect(found.locator('[aria-pressed="true"]')).not_to_have_count(0)
    found.get_by_role("link", name=re.compile("zero attention and MLP")).first.click()
    finished(page)
    page.get_by_role("link", name="History").click()
    page.get_by_label("Search the history").fill("nothing like this")
    expect(page.get_by_text("Nothing matches “nothing like this”.")
           ).to_be_visible()


@pytest.mark.timeout(900)
def test_a_server_that_goes_and_comes_back(open_page, tmp_path):
    port = free_port()
    server = start_server(tmp_path / "data", port)
    try:
        page = open_page("/", at=server)
        ready(page)
        stop_server(server)
        prompt(page).fill("The Colosseum is in")
        expect(page.get_by_text("reconnecting", exact=False)).to_be_visible()
        server = start_server(tmp_path / "data", port)
        expect(page.get_by_text("reconnecting", exact=False)).to_have_count(0)
        expect(prompt(page)).to_have_value("The Colosseum is in")
        page.keyboard.press("Escape")
        ready(page).click()
        page.wait_for_url(EXPERIMENT)
    finally:
        stop_server(server)


def test_a_long_sweep_is_followed_after_a_reload_and_can_be_cancelled(open_page):
    page = open_page("/s")
    page.get_by_role("button", name="Which layers?").click()
    sites = page.get_by_role("list", name="Sites")
    sites.get_by_role("button", name="Neurons", exact=True).click()
    for site in ("Attention", "MLP"):
        sites.get_by_role("button", name=site, exact=True).click()
    for axis in ("Neurons", "Positions"):
        page.get_by_role("group", name=axis).get_by_role("button", name="each").click()
    page.get_by_role("button", name="Run sweep").click()
    page.wait_for_url(SWEEP)
    cancel = page.get_by_role("button", name="Cancel", exact=True)
    expect(cancel).to_be_visible()
    page.reload()
    expect(page.get_by_role("progressbar", name="Cells of the sweep")).to_be_visible()
    expect(page.get_by_role("grid")).to_be_visible()
    page.keyboard.press(".")
    grid = page.get_by_role("region", name="Grid", exact=True)
    expect(grid.get_by_text("Cancelled.", exact=True)).to_be_visible()
    expect(grid.get_by_text("have run and are kept", exact=False)).to_be_visible()
    expect(page.get_by_role("button", name="Dismiss")).to_have_count(0)
    expect(page.get_by_text("not run", exact=False).first).to_be_visible()
    expect(page.get_by_text("idle", exact=True)).to_be_visible()
    page.get_by_role("button", name=re.compile("^Run the .* missing cells")).click()
    expect(page.get_by_role("progressbar", name="Cells of the sweep")).to_be_visible()
    page.keyboard.press(".")
    expect(grid.get_by_text("Cancelled.", exact=True)).to_be_visible()


def test_an_edit_that_changes_nothing_is_said_to(open_page):
    page = open_page("/")
    page.get_by_role("button", name="Patch", exact=True).click()
    page.get_by_role("textbox", name="Source prompt").fill("The Eiffel Tower is in")
    expect(page.get_by_text("the patch will change nothing", exact=False)).to_be_visible()
    ready(page).click()
    page.wait_for_url(EXPERIMENT)
    expect(result(page)).to_contain_text("changed nothing that can be told from noise")
