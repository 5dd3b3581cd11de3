"""From nothing to a first causal result, and what can be done with it."""

import re

from playwright.sync_api import expect

from tests.e2e.steps import EXPERIMENT, operation, overflow, prompt, ready, result, run


def test_the_first_causal_result_is_one_click_away(open_page):
    page = open_page("/")
    expect(prompt(page)).to_have_value("The Eiffel Tower is in")
    assert "token" not in page.url
    run(page)
    verdict = result(page)
    expect(verdict).to_contain_text("the attention of layer 3")
    probability = verdict.get_by_role("row").filter(has_text="Probability")
    clean = float(probability.locator("td").first.inner_text().removesuffix(" %"))
    assert clean > 30
    expect(verdict.get_by_role("img", name=re.compile("␣Paris"))).to_be_visible()
    expect(verdict).to_contain_text("What this does not show")


def test_the_verdict_names_what_was_edited(open_page):
    page = open_page("/")
    page.get_by_role("button", name="layer 1, head 2", exact=True).click()
    page.get_by_role("button", name=re.compile("␣Tower")).first.click()
    run(page)
    expect(result(page)).to_contain_text(re.compile(r"head 2 of layer 1 at position \d+ ␣Tower"))


def test_noise_is_added_and_averaged_over_its_draws(open_page):
    page = open_page("/")
    ready(page)
    operation(page, "Noise")
    page.get_by_label("Draws").fill("3")
    run(page)
    expect(result(page)).to_contain_text("Adding noise of 3 σ to the attention of layer 3")
    expect(result(page)).to_contain_text("means over 3 draws")
    expect(result(page).get_by_role("row").filter(has_text="Probability")).to_contain_text("±")


def test_what_the_server_refuses_is_said_at_its_field(open_page):
    page = open_page("/")
    ready(page)
    operation(page, "Noise")
    sigma = page.get_by_label("Sigma")
    sigma.fill("-1")
    ready(page).click()
    expect(sigma.locator("..")).to_contain_text("This must be more than")
    sigma.fill("1")
    expect(sigma.locator("..")).not_to_contain_text("This must be more than")
    expect(page.get_by_role("button", name="Dismiss")).to_have_count(0)


def test_the_steps_inside_attention_are_one_switch_away(open_page):
    page = open_page("/")
    ready(page)
    expect(page.get_by_role("button", name="layer 2, pattern of head 3")).to_have_count(0)
    squares = page.get_by_role("group", name="What the squares of heads stand for")
    squares.get_by_role("button", name="pattern").click()
    page.get_by_role("button", name="layer 2, pattern of head 3", exact=True).click()
    page.get_by_label("Read position").fill("0")
    page.get_by_label("Read position").press("Enter")
    run(page)
    expect(result(page)).to_contain_text(
        re.compile("the attention pattern of head 3 of layer 2 reading position 0"))


def test_a_path_leads_to_a_part_that_can_be_chosen(open_page):
    page = open_page("/")
    ready(page)
    operation(page, "Path")
    page.get_by_role("button", name="To a part").click()
    page.get_by_label("Receiver").select_option("Heads")
    head = page.get_by_role("textbox", name=re.compile("^Head"))
    head.fill("2")
    head.press("Enter")
    run(page)
    expect(result(page)).to_contain_text(
        "Patching the path from the attention of layer 3 to head 2 of layer 5")


def test_a_first_result_by_keyboard_alone(open_page):
    page = open_page("/")
    ready(page)
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.textContent.startsWith('Run')"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url(EXPERIMENT)
    expect(result(page)).to_contain_text("the attention of layer 3")


def test_the_map_is_walked_with_arrows(open_page):
    page = open_page("/")
    page.get_by_role("button", name="layer 0, MLP", exact=True).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="layer 1, MLP", exact=True)).to_have_attribute(
        "aria-pressed", "true")
    expect(page.get_by_role("button", name="layer 0, MLP", exact=True)).to_have_attribute(
        "aria-pressed", "false")
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("ArrowDown")
    page.get_by_role("button", name="layer 2, MLP", exact=True).click(modifiers=["Shift"])
    expect(page.get_by_label("Edits").get_by_role("button", name="Remove")).to_have_count(2)


def test_back_and_reload_keep_the_question_and_its_result(open_page):
    page = open_page("/")
    run(page)
    first = page.url
    page.get_by_role("button", name="layer 2, MLP", exact=True).click()
    expect(page.get_by_text("The draft differs from this result.")).to_be_visible()
    page.wait_for_url(re.compile("spec="))
    page.reload()
    expect(page.get_by_text("The draft differs from this result.")).to_be_visible()
    ready(page)
    page.keyboard.press("r")
    page.wait_for_url(EXPERIMENT)
    expect(result(page)).to_contain_text("the MLP of layer 2")
    page.go_back()
    expect(result(page)).to_contain_text("the attention of layer 3")
    assert page.url.split("?")[0] == first


def test_a_link_carries_the_draft(open_page):
    page = open_page("/")
    prompt(page).fill("Big Ben is in")
    page.wait_for_url(re.compile("spec="))
    other = open_page(page.url.removeprefix(page.url.split("/w")[0]))
    expect(prompt(other)).to_have_value("Big Ben is in")


def test_a_bad_answer_is_explained_and_can_be_mended(open_page):
    page = open_page("/")
    page.get_by_label("Answer").fill("Paris")
    use = page.get_by_role("button", name="Use ␣Paris")
    expect(use).to_be_visible()
    page.get_by_label("Answer").fill(" Paris and Rome")
    expect(page.get_by_text(re.compile("is 3 tokens"))).to_be_visible()
    ready(page).click()
    ready(page)
    expect(page.get_by_text(re.compile("is 3 tokens"))).to_have_count(1)
    expect(page.get_by_role("button", name="Dismiss")).to_have_count(0)


def test_a_narrow_window_has_everything(open_page):
    page = open_page("/", width=420, height=860)
    run(page)
    assert overflow(page) <= 0
    expect(result(page)).to_be_in_viewport()
    for kind in ("Path", "Resample", "Noise"):
        operation(page, kind)
        assert overflow(page) <= 0
    page.get_by_role("link", name="Explorer").click()
    expect(page.get_by_role("button", name="Run sweep")).to_be_visible()
    assert overflow(page) <= 0
