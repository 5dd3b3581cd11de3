"""The history: searched, filtered, written beside, verified, exported."""

import json
import re
import zipfile

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.steps import overflow, stored


@pytest.fixture(scope="module")
def made(server) -> dict[str, str]:
    """Ids of stored results that this file's tests look for."""
    def zero(site: str, layer: int) -> dict:
        return {"target": {"site": site, "layer": layer}, "op": {"kind": "zero"}}

    scaled = {"target": {"site": "mlp_out", "layer": 4}, "op": {"kind": "scale", "factor": 3}}
    over = {"sites": ["attn_out"], "layers": [0, 1]}
    prompt = "Big Ben is in the history"
    return {
        "attention": stored(server, "experiments", prompt=prompt, edits=[zero("attn_out", 2)]),
        "scaled": stored(server, "experiments", prompt=prompt, edits=[scaled]),
        "sweep": stored(server, "sweeps", prompt=prompt, op={"kind": "zero"}, over=over),
    }


def rows(page: Page) -> Locator:
    return page.get_by_role("list", name="Experiments").locator("> li")


def row(page: Page, made_id: str) -> Locator:
    return rows(page).filter(has=page.locator(f'a[href$="/{made_id}"]'))


def search(page: Page) -> Locator:
    return page.get_by_role("searchbox", name="Search the history")


def test_a_search_and_filters_are_in_the_address_and_survive_a_reload(open_page, made):
    page = open_page("/h")
    search(page).fill("ben history")
    expect(rows(page)).to_have_count(3)
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("What an edit does").select_option("Scale")
    expect(rows(page)).to_have_count(1)
    page.get_by_label("Where an edit acts").select_option("MLP")
    page.get_by_label("Model").select_option("atlas")
    expect(row(page, made["scaled"])).to_be_visible()
    for part in ("q=ben", "op=scale", "site=mlp_out", "model=atlas"):
        assert part in page.url
    page.reload()
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_role("button", name="Filters (3)")).to_be_visible()
    page.get_by_label("Where an edit acts").select_option("Heads")
    expect(page.get_by_text("Nothing matches “ben history” within the filters.")).to_be_visible()
    page.get_by_role("button", name="Clear all filters").click()
    expect(row(page, made["attention"])).to_be_visible()


def test_a_search_finds_what_rows_show(open_page, made):
    page = open_page("/h?q=ben+history")
    search(page).fill("ben history attention")
    expect(rows(page)).to_have_count(2)
    expect(row(page, made["attention"])).to_contain_text("zero attention of layer 2")
    search(page).fill("ben history mlp layer 4")
    expect(rows(page)).to_have_count(1)
    search(page).fill("ben history nats")
    expect(rows(page)).to_have_count(3)
    search(page).fill("no such word")
    expect(page.get_by_text("Nothing matches “no such word”.")).to_be_visible()
    page.get_by_role("button", name="Clear the search").click()
    expect(row(page, made["attention"])).to_be_visible()


def test_days_are_filtered_with_the_last_counted_in(open_page, made):
    page = open_page("/h?q=ben+history")
    today = page.evaluate("() => new Date().toLocaleDateString('sv')")
    page.get_by_role("button", name="Filters").click()
    page.get_by_label("From", exact=True).fill(today)
    page.get_by_label("To", exact=True).fill(today)
    expect(rows(page)).to_have_count(3)
    page.get_by_label("From", exact=True).fill("2001-01-01")
    page.get_by_label("To", exact=True).fill("2001-01-02")
    expect(rows(page)).to_have_count(0)


def test_kinds_are_one_click_apart(open_page, made):
    page = open_page("/h?q=ben+history")
    page.get_by_role("button", name="Sweeps", exact=True).click()
    expect(rows(page)).to_have_count(1)
    expect(row(page, made["sweep"])).to_be_visible()
    assert "kind=sweep" in page.url


def test_name_notes_tags_and_a_star_are_kept_and_found(open_page, made):
    page = open_page("/h?q=ben+history")
    here = row(page, made["attention"])
    here.get_by_role("button", name=re.compile("^More about")).click()
    here.get_by_label("Name").fill("The bell")
    here.get_by_role("textbox", name=re.compile("^Notes")).fill("rings at noon")
    tags = here.get_by_role("textbox", name=re.compile("^Tags"))
    tags.fill("london")
    tags.press("Enter")
    tags.fill("draft")
    here.get_by_role("button", name="Save").click()
    expect(here.get_by_text("rings at noon")).to_be_visible()
    here.get_by_role("button", name="Star The bell").click()
    page.reload()
    expect(here.get_by_role("button", name="Star The bell")).to_have_attribute(
        "aria-pressed", "true")
    here.get_by_role("button", name="london", exact=True).click()
    page.wait_for_url(re.compile("tag=london"))
    expect(rows(page)).to_have_count(1)
    here.get_by_role("button", name=re.compile("^More about")).click()
    here.get_by_role("button", name="Remove the tag draft").click()
    here.get_by_role("button", name="Save").click()
    expect(here.get_by_role("button", name="draft", exact=True)).to_have_count(0)
    search(page).fill("rings noon")
    page.get_by_role("button", name="Starred only").click()
    expect(rows(page)).to_have_count(1)


def test_a_row_is_verified(open_page, made):
    page = open_page("/h?q=ben+history&kind=run&op=scale")
    here = row(page, made["scaled"])
    here.get_by_role("button", name=re.compile("^More about")).click()
    here.get_by_role("button", name="Verify").click()
    expect(here.get_by_role("status")).to_contain_text("Verified")


def test_one_is_saved_as_a_bundle(open_page, made):
    page = open_page("/h?q=ben+history")
    for kind in ("scaled", "sweep"):
        here = row(page, made[kind])
        here.get_by_role("button", name=re.compile("^More about")).click()
        with page.expect_download() as saving:
            here.get_by_role("button", name="Export").click()
        assert made[kind] in saving.value.suggested_filename
        assert zipfile.is_zipfile(saving.value.path())


def test_a_deleted_result_is_gone_after_a_second_click(open_page, server):
    gone = stored(server, "experiments", prompt="Big Ben was in",
                  edits=[{"target": {"site": "attn_out", "layer": 0}, "op": {"kind": "zero"}}])
    page = open_page("/h?q=ben+was")
    here = row(page, gone)
    here.get_by_role("button", name=re.compile("^More about")).click()
    here.get_by_role("button", name="Delete", exact=True).click()
    here.get_by_role("button", name="Delete for good").click()
    expect(rows(page)).to_have_count(0)


def test_the_history_goes_on_where_a_page_of_it_ends(open_page, server):
    for layer in range(6):
        for head in range(6):
            stored(server, "experiments", prompt="Many in a page", edits=[
                {"target": {"site": "z", "layer": layer, "head": head}, "op": {"kind": "zero"}}])
    page = open_page("/h?q=many+page")
    expect(rows(page)).to_have_count(30)
    page.get_by_role("button", name="Show more").click()
    expect(rows(page)).to_have_count(36)
    expect(page.get_by_role("button", name="Show more")).to_have_count(0)


def test_a_narrow_history_has_everything(open_page, made):
    page = open_page("/h?q=ben+history&op=zero", width=400, height=800)
    expect(rows(page).first).to_be_visible()
    rows(page).first.get_by_role("button", name=re.compile("^More about")).click()
    assert overflow(page) <= 0


def test_two_are_saved_as_one_bundle_and_taken_in_again(open_page, server, made):
    page = open_page("/h?q=ben+history")
    for kind in ("attention", "scaled"):
        row(page, made[kind]).get_by_role("checkbox").check()
    with page.expect_download() as saving:
        page.get_by_role("region", name="Selected").get_by_role("button", name="Export").click()
    file = saving.value.path()
    manifest = json.loads(zipfile.ZipFile(file).read("neuronscope.json"))
    assert set(manifest["experiments"]) == {made["attention"], made["scaled"]}
    page.get_by_label("A bundle to import").set_input_files(
        {"name": "two.zip", "mimeType": "application/zip", "buffer": file.read_bytes()})
    expect(page.get_by_text("2 were here already")).to_be_visible()
    page.get_by_label("A bundle to import").set_input_files(
        {"name": "no.zip", "mimeType": "application/zip", "buffer": b"no bundle"})
    expect(page.get_by_role("button", name="Dismiss")).to_be_visible()
