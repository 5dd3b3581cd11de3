"""Charts: marked, turned, coloured, saved, and read without a pointer."""

import json
import re
from xml.etree import ElementTree

from playwright.sync_api import expect

from tests.e2e.steps import colours, finished, operation, overflow, save, start_sweep, sweep
from tests.e2e.test_access import violations

SVG = "{http://www.w3.org/2000/svg}"


def drag(page, start, end):
    """Drags over the grid between two points of it."""
    box = page.get_by_role("grid").bounding_box()
    page.mouse.move(box["x"] + start[0], box["y"] + start[1])
    page.mouse.down()
    page.mouse.move(box["x"] + end[0], box["y"] + end[1], steps=6)
    page.mouse.up()


def line_of_layers(page):
    """A sweep over one axis only."""
    page.get_by_role("list", name="Sites").get_by_role("button", name="MLP", exact=True).click()
    start_sweep(page)


def numbers_of(card):
    return int(re.search(r"(\d+) cells?", card.inner_text())[1])


def test_dragged_cells_are_counted_saved_and_run_together(open_page):
    page = open_page("/s")
    sweep(page, "Which layer, at which word?")
    drag(page, (120, 60), (250, 150))
    page.wait_for_url(re.compile(r"marked=L\d\.P\d\.\.L\d\.P\d"))
    marked = page.get_by_role("region", name="Marked cells")
    n = numbers_of(marked)
    assert n >= 4
    expect(marked.get_by_role("row").filter(has_text="Mean")).to_be_visible()
    expect(marked.get_by_role("row").filter(has_text="Other top token")).to_contain_text(f"of {n}")
    with page.expect_download() as saved:
        marked.get_by_role("button", name="CSV").click()
    assert len(saved.value.path().read_text(encoding="utf-8").splitlines()) == n + 1
    marked.get_by_role("button", name=re.compile(f"Run all {n} edits together")).click()
    own = page.get_by_role("region", name="Experiment")
    expect(own).to_contain_text(f"{n} edits together")
    expect(own.get_by_role("row").filter(has_text="KL")).to_be_visible()
    page.reload()
    expect(own).to_contain_text(f"{n} edits together")
    expect(marked).to_contain_text(f"{n} cells")


def test_cells_are_marked_by_shift_and_arrows(open_page):
    page = open_page("/s")
    sweep(page, "Which layer, at which word?")
    page.get_by_role("grid").focus()
    page.keyboard.press("ArrowRight")
    for key in ("Shift+ArrowRight", "Shift+ArrowDown", "Shift+ArrowDown"):
        page.keyboard.press(key)
    marked = page.get_by_role("region", name="Marked cells")
    expect(marked).to_contain_text("6 cells")
    expect(page.get_by_role("gridcell")).to_have_attribute("aria-selected", "true")
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(marked).to_have_count(0)


def test_keys_reach_every_corner_of_a_grid(open_page):
    page = open_page("/s")
    sweep(page, "Which layer, at which word?")
    cell = page.get_by_role("gridcell")
    page.get_by_role("grid").focus()
    page.keyboard.press("Control+End")
    expect(cell).to_contain_text("layer 5 at ␣in")
    page.keyboard.press("Home")
    expect(cell).to_contain_text("layer 5 at <|bos|>")
    page.keyboard.press("PageUp")
    expect(cell).to_contain_text("layer 0 at <|bos|>")
    page.keyboard.press("End")
    expect(cell).to_contain_text("layer 0 at ␣in")


def test_axes_colours_and_ends_are_in_the_address(open_page):
    page = open_page("/s")
    sweep(page, "Which layer, at which word?")
    metrics = page.get_by_role("group", name="Metric", exact=True)
    metrics.get_by_role("button", name="Probability").click()
    page.get_by_text("Display", exact=True).click()
    page.get_by_label("Axes").select_option("position,layer")
    page.get_by_role("button", name="PuOr").click()
    page.get_by_role("button", name="max", exact=True).click()
    legend = page.get_by_role("region", name="Legend")
    expect(legend).to_contain_text("purple: the edit raises it; orange: it lowers it")
    expect(legend).to_contain_text("percentage points")
    drawn = page.get_by_role("list", name="How it is drawn")
    expect(drawn).to_contain_text("ends at the largest cell")
    expect(drawn).to_contain_text("noise floor ±")
    expect(drawn).to_contain_text("full patch")
    page.reload()
    finished(page)
    page.get_by_text("Display", exact=True).click()
    expect(page.get_by_label("Axes")).to_have_value("position,layer")
    expect(legend).to_contain_text("purple")
    page.get_by_role("grid").focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("gridcell")).to_contain_text("layer 0 at The")


def test_rows_and_columns_are_summed_up_beside_the_cell(open_page):
    page = open_page("/s")
    sweep(page, "Which layer, at which word?")
    page.get_by_role("grid").hover(position={"x": 150, "y": 80})
    said = page.get_by_text(re.compile(r"layer \d: mean .*, largest .* · .*: mean"))
    expect(said).to_be_visible()


def test_a_grid_is_saved_in_every_form(open_page):
    page = open_page("/s")
    sweep(page, "Which layer, at which word?")
    spec = re.search(r"/s/\w+", page.url)
    assert spec
    metrics = page.get_by_role("group", name="Metric", exact=True)
    metrics.get_by_role("button", name="Probability").click()
    picture = ElementTree.parse(save(page, "SVG")).getroot()
    words = " ".join(text.text or "" for text in picture.iter(f"{SVG}text"))
    assert "Change of Probability ␣Paris, percentage points" in words
    assert "␣Eiffel 2" in words and "blue: the edit raises it" in words and "noise floor" in words
    assert "patched from “The Colosseum is in” into “The Eiffel Tower is in”" in words
    assert re.search(r"spec [0-9a-f]{12} ", words)
    assert len([*picture.iter(f"{SVG}rect")]) >= 36
    assert re.search(r"spec [0-9a-f]{64}", picture.find(f"{SVG}desc").text)
    assert "var(" not in ElementTree.tostring(picture, encoding="unicode")
    assert save(page, "PNG").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    lines = save(page, "CSV").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("site,layer,position,kl,kl status")
    assert len(lines) == 37
    kept = json.loads(save(page, "JSON").read_text(encoding="utf-8"))
    assert kept["dims"] == ["site", "layer", "position"]
    page.get_by_role("button", name="Table", exact=True).click()
    rows = page.get_by_role("region", name="Cells as a table").get_by_role("row")
    assert rows.count() == 37


def test_the_top_tokens_are_saved_too(open_page):
    page = open_page("/s")
    page.get_by_role("link", name="Workbench").click()
    page.get_by_role("button", name=re.compile("^Run")).first.click()
    expect(page.get_by_role("img", name=re.compile("␣Paris"))).to_be_visible()
    picture = ElementTree.parse(save(page, "SVG")).getroot()
    words = " ".join(text.text or "" for text in picture.iter(f"{SVG}text"))
    assert "Top tokens, clean and edited" in words and "␣Paris" in words
    table = save(page, "CSV").read_text(encoding="utf-8")
    assert table.startswith("id,token,clean probability,edited probability")


def test_one_axis_is_drawn_as_stems_from_zero(open_page):
    page = open_page("/s", theme="dark", width=420)
    page.get_by_role("button", name="Which layers?").click()
    line_of_layers(page)
    grid = page.get_by_role("grid")
    expect(grid.locator("svg")).to_be_visible()
    expect(page.get_by_role("region", name="Legend")).to_contain_text(
        "round: the top token stays; diamond: another token is on top")
    grid.focus()
    page.keyboard.press("End")
    expect(page.get_by_role("gridcell")).to_contain_text("layer 5")
    page.get_by_text("Display", exact=True).click()
    page.get_by_role("button", name="symlog").click()
    page.wait_for_url(re.compile("scale=symlog"))
    assert violations(page) == []
    assert overflow(page) <= 0
    picture = ElementTree.parse(save(page, "SVG")).getroot()
    assert len([*picture.iter(f"{SVG}path")]) >= 4


def test_a_sweep_is_verified_on_the_page(open_page):
    page = open_page("/s")
    sweep(page, "Which layers?")
    page.get_by_role("button", name="Verify", exact=True).click()
    expect(page.get_by_text("came out the same, bit for bit", exact=False)).to_be_visible()
    assert violations(page) == []


def test_neurons_share_squares_that_show_the_strongest(open_page):
    page = open_page("/s")
    operation(page, "Zero")
    page.get_by_role("button", name="Which neurons?").click()
    start_sweep(page)
    assert colours(page) > 3
    legend = page.get_by_role("region", name="Legend")
    expect(legend).to_contain_text(re.compile(r"a square is the strongest of \d+ neighbours"))
    page.get_by_text("Display", exact=True).click()
    page.get_by_label("Neurons to a square").select_option("1")
    expect(legend).not_to_contain_text("a square is the strongest")
    page.get_by_role("grid").focus()
    page.keyboard.press("End")
    seen = page.evaluate("""() => {
        const scroll = document.querySelector('[role=grid]').parentElement;
        return scroll.scrollLeft + scroll.clientWidth >= scroll.scrollWidth - 80;
    }""")
    assert seen
    assert overflow(page) <= 0
