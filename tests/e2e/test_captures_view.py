"""Values that a part computes: kept, looked at, and used as a direction or a source."""

import re

from playwright.sync_api import expect

from tests.e2e.steps import ready, result, run


def keep(page):
    page.get_by_text("Keep the values of").click()
    page.get_by_role("button", name="Keep values", exact=True).click()
    page.wait_for_url(re.compile("/a/"))
    return page.get_by_role("region", name="Capture", exact=True)


def test_a_kept_vector_is_added_elsewhere(open_page):
    page = open_page("/")
    ready(page)
    page.get_by_role("button", name="layer 1, head 2", exact=True).click(modifiers=["Shift"])
    capture = keep(page)
    expect(capture.get_by_role("row")).to_have_count(3)
    expect(capture).to_contain_text("The model as it is, without an edit.")
    capture.get_by_role("button", name="head 2 of layer 1", exact=True).click()
    page.get_by_label("Position").select_option("2 ␣Eiffel")
    expect(capture).to_contain_text("32 numbers")
    values = capture.get_by_role("region", name="Values of head 2 of layer 1")
    expect(values.get_by_role("row")).to_have_count(7)
    expect(values.get_by_role("row").filter(has_text="␣Eiffel")).to_contain_text(
        re.compile(r"2 ␣Eiffel\s*[\d.]+\s"))
    page.get_by_role("button", name="Add this vector in the workbench").click()
    expect(page.get_by_role("combobox", name=re.compile("^Vector"))).to_contain_text(
        "head 2 of layer 1 at ␣Eiffel · 32 numbers")
    expect(page.get_by_label("Edits", exact=True)).to_contain_text("L1.H2 add 1×")
    page.get_by_role("button", name="Remove the edit of attention of layer 3").click()
    page.get_by_role("button", name="Remove the edit of head 2 of layer 1").first.click()
    run(page)
    expect(result(page)).to_contain_text("Adding 1× a stored vector")


def test_a_captured_prompt_is_the_source_of_a_patch(open_page):
    page = open_page("/")
    ready(page)
    keep(page)
    page.get_by_role("button", name="Patch this part from this prompt").click()
    expect(page.get_by_role("textbox", name=re.compile("^Source prompt"))).to_have_value(
        "The Eiffel Tower is in")
    expect(page.get_by_text("The two prompts have the same tokens")).to_be_visible()


def test_captures_are_listed_downloaded_and_deleted(open_page):
    page = open_page("/")
    ready(page)
    page.get_by_role("button", name="layer 4, MLP", exact=True).click()
    capture = keep(page)
    with page.expect_download() as download:
        capture.get_by_role("button", name="Download MLP of layer 4 as .npy").click()
    assert download.value.path().read_bytes().startswith(b"\x93NUMPY")
    page.get_by_role("link", name="Workbench").click()
    page.keyboard.press("g")
    page.keyboard.press("a")
    stored = page.get_by_label("Stored captures")
    stored.get_by_role("link", name=re.compile("MLP of layer 4")).first.click()
    expect(page.get_by_role("region", name="Capture", exact=True)).to_contain_text("MLP of layer 4")
    page.get_by_role("button", name="Delete MLP of layer 4").first.click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page).to_have_url(re.compile("/a$"))
    expect(stored.get_by_text("MLP of layer 4")).to_have_count(0)
