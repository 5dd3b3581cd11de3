"""Two results side by side: reached from the history and from a result, refused with a reason."""

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.steps import ask, overflow, run, stored

PROB = {"kind": "prob", "token": " Paris"}


@pytest.fixture(scope="module")
def sweeps(server) -> list[str]:
    """Two sweeps of the same axes, and one of others."""
    def made(prompt: str, **over) -> str:
        return stored(server, "sweeps", prompt=prompt, op={"kind": "zero"}, over=over,
                      metrics=[{"kind": "kl"}, PROB])

    layers = {"sites": ["attn_out", "mlp_out"], "layers": "all"}
    return [made("The Eiffel Tower is in", **layers), made("The Louvre is in", **layers),
            made("The Louvre is in", sites=["z"], layers="all", heads="all")]


def test_two_of_the_history_are_compared_cell_by_cell(open_page, server, sweeps):
    page = open_page("/h?kind=sweep")
    for each in sweeps[:2]:
        line = page.get_by_role("listitem").filter(has=page.locator(f'a[href$="/{each}"]'))
        line.get_by_role("checkbox").check()
    page.get_by_role("region", name="Selected").get_by_role("link", name="Compare").click()
    page.wait_for_url(re.compile(f"a={sweeps[0]}&b={sweeps[1]}"))
    expect(page.get_by_role("region", name="What differs")).to_contain_text("The Louvre is in")
    expect(page.get_by_role("grid")).to_have_count(3)
    page.get_by_role("button", name="KL", exact=True).click()
    page.get_by_role("button", name="Table", exact=True).click()
    line = page.get_by_role("row").filter(has_text="attention of layer 3")
    shown = [float(each.replace("−", "-").replace("+", ""))
             for each in line.locator("td").all_inner_texts()[1:]]
    grids = [ask(server, "GET", f"sweeps/{each}/grid") for each in sweeps[:2]]
    index = grids[0]["coords"]["layer"].index(3)
    real = [grid["values"]["kl"][index] for grid in grids]
    assert shown == pytest.approx([*real, real[1] - real[0]], rel=0.01)


def test_a_cell_is_read_in_all_three_by_keyboard_and_stays_in_the_address(open_page, sweeps):
    page = open_page(f"/c?a={sweeps[0]}&b={sweeps[1]}")
    page.get_by_role("grid").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.wait_for_url(re.compile("cell=1"))
    reading = page.get_by_text(re.compile("attention of layer 1: A .*B − A"))
    expect(reading).to_be_visible()
    page.reload()
    expect(reading).to_be_visible()
    page.get_by_role("grid").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="What the edits did")).to_be_visible()


def test_other_axes_are_refused_with_the_reason(open_page, sweeps):
    page = open_page(f"/c?a={sweeps[0]}&b={sweeps[2]}")
    expect(page.get_by_text("These two cannot be subtracted.")).to_be_visible()
    expect(page.get_by_text("A has the axes site × layer; B has site × layer × head")
           ).to_be_visible()
    expect(page.get_by_role("grid")).to_have_count(0)


def test_a_result_is_compared_with_another_of_its_kind(open_page, server, sweeps):
    other = stored(server, "experiments", prompt="The Eiffel Tower is in", edits=[
        {"target": {"site": "mlp_out", "layer": 3}, "op": {"kind": "scale", "factor": 0.375}}],
        metrics=[{"kind": "kl"}, PROB])
    page = open_page("/")
    run(page)
    page.get_by_role("link", name="Compare", exact=True).last.click()
    choices = page.get_by_role("list", name="Stored results")
    expect(choices.get_by_text("sweep")).to_have_count(0)
    page.get_by_label("Search").fill("scale mlp of layer 3 0.375")
    choices.get_by_role("button").first.click()
    page.wait_for_url(re.compile(f"b={other}"))
    line = page.get_by_role("region", name="Change of each metric").get_by_role("row").filter(
        has_text="KL")
    expect(line).to_be_visible()
    a, b, difference = (float(each.replace("−", "-").replace("+", ""))
                        for each in line.locator("td").all_inner_texts()[:3])
    assert b - a == pytest.approx(difference, rel=0.02)
    expect(page.get_by_role("region", name="Probability of the top tokens")).to_contain_text(
        "␣Paris")
    page.get_by_role("button", name="Swap A and B").click()
    page.wait_for_url(re.compile(f"a={other}"))


def test_a_run_and_a_sweep_are_refused(open_page, server, sweeps):
    single = stored(server, "experiments", prompt="The Louvre is in")
    page = open_page(f"/c?a={single}&b={sweeps[0]}")
    expect(page.get_by_text("A is a run and B is a sweep")).to_be_visible()


def test_a_narrow_comparison_has_everything(open_page, sweeps):
    page = open_page(f"/c?a={sweeps[0]}&b={sweeps[1]}", width=400, height=800)
    expect(page.get_by_role("grid")).to_have_count(3)
    assert overflow(page) <= 0
