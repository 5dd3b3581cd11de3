"""Every term that a view shows leads to its plain words, and every entry is reached from a view."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Server
from tests.e2e.steps import ask, operation, ready, run, stored, sweep

STRIP = "loaded"
QUESTION = ("prompt token position metric answer foil read_position edit site stream layer "
            "attention head mlp neuron certified held zero")
RESULT = "clean edited change noise_floor kl prob nat probability top_token log_scale spec"
FORM = ("sweep prompt token edit site axis layer position metric answer foil read_position cell "
        "forward")
GRID = ("cell metric colours clipping axis spec verify kl prob execution deviation "
        "noise_floor")
PROB = {"kind": "prob", "token": " Paris"}


def links(page: Page) -> set[str]:
    """The words that the visible links lead to."""
    return set(page.evaluate("""() => [...document.querySelectorAll('a[href^="/learn/words/"]')]
        .filter(link => link.checkVisibility() && link.getBoundingClientRect().width > 0)
        .map(link => link.getAttribute('href').split('/').at(-1))"""))


def shows(page: Page, words: str) -> set[str]:
    """Each word has a visible link, and each link opens its entry. All that the entries tell."""
    wanted = {*words.split(), STRIP}
    expect(page.locator('a[href="/learn/words/loaded"]').first).to_be_visible()
    for word in sorted(wanted):
        expect(page.locator(f'a[href="/learn/words/{word}"]:visible').first).to_be_visible()
    panel = page.get_by_role("complementary", name="Glossary")
    told: set[str] = set()
    for word in sorted(links(page)):
        page.locator(f'a[href="/learn/words/{word}"]:visible').first.dispatch_event("click")
        expect(panel).to_have_attribute("data-word", word)
        expect(panel.get_by_role("paragraph").first).to_have_text(re.compile(r"\w+ .*[.?]$"))
        told |= {word, *panel.locator("[data-word]").evaluate_all(
            "all => all.map(each => each.dataset.word)")}
    panel.get_by_role("button", name="Close").click()
    return told


def unfold(page: Page) -> None:
    """Opens what stands folded below a grid: how it is drawn, and its checks."""
    for name in ("Display", "The checks in figures"):
        page.locator("summary").filter(has_text=name).click()


@pytest.fixture(scope="module")
def results(server: Server) -> dict[str, str]:
    """Addresses of stored grids, of a comparison of runs and one of grids, and of a capture."""
    over = {"sites": ["attn_out"], "layers": "all"}
    prompts = ("The Eiffel Tower is in", "The Louvre is in")
    runs = [stored(server, "experiments", prompt=each, read_position=place, metrics=[PROB])
            for each, place in zip(prompts, (-1, 3), strict=True)]
    grids = [stored(server, "sweeps", prompt=each, op={"kind": "zero"}, over=over)
             for each in prompts]
    steered = stored(server, "sweeps", prompt=prompts[0], over=over | {"sites": ["resid_pre"]},
                     op={"kind": "add", "direction": {"kind": "unembed", "token": " Rome"}})
    neurons = stored(server, "sweeps", prompt=prompts[0], op={"kind": "zero"},
                     over={"sites": ["mlp_act"], "layers": [0, 1], "neurons": "all"})
    kept = ask(server, "POST", "captures", prompt=prompts[0],
               targets=[{"site": "resid_pre", "layer": 3}])["id"]
    return {"runs": f"/c?a={runs[0]}&b={runs[1]}", "grids": f"/c?a={grids[0]}&b={grids[1]}",
            "steered": f"/s/{steered}", "neurons": f"/s/{neurons}", "capture": f"/a/{kept}"}


def workbench(page: Page, _: dict[str, str]) -> set[str]:
    ready(page)
    told = shows(page, QUESTION)
    run(page)
    told |= shows(page, f"{QUESTION} {RESULT}")
    page.get_by_role("button", name="Token ids of: Prompt").click()
    page.get_by_role("group", name="How to show the result").get_by_role(
        "button", name="Table").click()
    page.get_by_text("Keep the values of").click()
    told |= shows(page, "token_id logit probability activation capture")
    page.get_by_role("button", name="Reproduce", exact=True).click()
    return told | shows(page, "hash")


def edits(page: Page, _: dict[str, str]) -> set[str]:
    ready(page)
    told: set[str] = set()
    for name, words in {"Mean": "mean reference", "Patch": "patch source",
                        "Scale": "scale", "Set": "set", "Noise": "noise std draws seed",
                        "Resample": "resample reference draws seed"}.items():
        operation(page, name)
        told |= shows(page, f"edit {words}")
    operation(page, "Patch")
    page.get_by_role("textbox", name="Source prompt").fill("The great and old Louvre is in")
    expect(page.get_by_role("group", name="Position map")).to_be_visible()
    told |= shows(page, "position_map")
    operation(page, "Add")
    told |= shows(page, "add direction token norm")
    page.get_by_role("button", name="Stored", exact=True).click()
    told |= shows(page, "vector hash")
    operation(page, "Path")
    page.get_by_role("button", name="To a part").click()
    told |= shows(page, "path source logit receiver")
    operation(page, "Zero")
    page.get_by_role("button", name="key", exact=True).click()
    page.get_by_role("button", name=re.compile("^layer 1, key")).first.click()
    told |= shows(page, "kv_head k")
    page.get_by_role("button", name="layer 1, MLP", exact=True).click(modifiers=["Shift"])
    return told | shows(page, "mlp_out order held")


def explorer(page: Page, _: dict[str, str]) -> set[str]:
    expect(page.get_by_text(re.compile(r"^\d+ cells?$"))).to_be_visible()
    told = shows(page, FORM)
    sweep(page, "Which layer, at which word?")
    unfold(page)
    told |= shows(page, f"{FORM} {GRID} source marginals control self_patch full_patch recovered")
    metrics = page.get_by_role("group", name="Metric", exact=True)
    metrics.get_by_role("button", name="KL").click()
    told |= shows(page, "distribution nat")
    grid = page.get_by_role("grid")
    grid.focus()
    for key in ("ArrowRight", "Shift+ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(page.get_by_role("region", name="Experiment")).to_contain_text("Edited")
    told |= shows(page, "joint clean edited change top_token log_scale")
    page.get_by_role("button", name="Which layers?").click()
    page.get_by_text("Inside attention").click()
    return told | shows(page, "site")


def grids(page: Page, found: dict[str, str]) -> set[str]:
    unfold(page)
    told = shows(page, "random_direction control top_token log_scale execution")
    page.goto(page.url.split("/s/")[0] + found["neurons"])
    expect(page.get_by_role("grid")).to_be_visible()
    return told | shows(page, "block neuron clipping")


def compare(page: Page, found: dict[str, str]) -> set[str]:
    origin = page.url.split("/c")[0]
    told = shows(page, "experiment")
    page.get_by_role("list", name="Stored results").get_by_role("button").first.click()
    expect(page.locator('a[href="/learn/words/experiment"]')).to_have_count(0)
    told |= shows(page, "difference")
    page.goto(origin + found["runs"])
    expect(page.get_by_role("region", name="Change of each metric")).to_be_visible()
    told |= shows(page, "difference change token prob prompt read_position")
    page.goto(origin + found["grids"])
    expect(page.get_by_role("grid").first).to_be_visible()
    return told | shows(page, "difference noise_floor clipping kl nat prompt")


def history(page: Page, _: dict[str, str]) -> set[str]:
    told = shows(page, "experiment metric partial")
    page.get_by_role("button", name="Filters").click()
    told |= shows(page, "model edit site")
    page.get_by_role("button", name=re.compile("^More about")).first.click()
    told |= shows(page, "verify bundle")
    page.get_by_role("button", name=re.compile("^Queue: ")).click()
    return told | shows(page, "queue")


def captures(page: Page, _: dict[str, str]) -> set[str]:
    expect(page.get_by_role("region", name="Capture", exact=True)).to_contain_text("length")
    return shows(page, "capture site shape std norm formats hash vector patching add")


def models(page: Page, _: dict[str, str]) -> set[str]:
    expect(page.get_by_role("region", name="Sites of the model")).to_be_visible()
    told = shows(page, "architecture parameters layer head width vocabulary context dtype device "
                       "attention_kind certified digest tokenizer site resid_pre stage sweep logit "
                       "forward")
    page.get_by_role("button", name=re.compile("^Check")).click()
    expect(page.get_by_role("region", name="Verdicts on stages")).to_be_visible()
    return told | shows(page, "deviation stage site")


def learn(page: Page, _: dict[str, str]) -> set[str]:
    """The words of the tasks stand in their own panel, which the glossary's covers."""
    told: set[str] = set()
    origin = page.url.split("/learn")[0]
    for address, words in {"predict/1": "model prompt", "predict/2": "clean token probability bos",
                           "predict/3": "distribution", "break/1": "layer attention head mlp "
                           "stream ablation", "break/2": "clean edited",
                           "break/4": "intervention", "restore/2": "source patching",
                           "restore/4": "stream", "locate/1": "position sweep"}.items():
        page.goto(f"{origin}/learn/{address}")
        panel = page.get_by_role("complementary", name="Learn")
        for word in words.split():
            panel.locator(f'a[href="/learn/words/{word}"]').click()
            expect(page.get_by_role("complementary", name="Glossary")).to_have_attribute(
                "data-word", word)
            page.get_by_role("button", name="Close").click()
            told.add(word)
    return told


VIEWS: dict[str, tuple[str, Callable[[Page, dict[str, str]], set[str]]]] = {
    "workbench": ("/", workbench), "edits": ("/", edits), "explorer": ("/s", explorer),
    "grids": ("steered", grids), "compare": ("/c", compare), "history": ("/h", history),
    "captures": ("capture", captures), "models": ("/m", models), "learn": ("/learn", learn),
}
TOLD: dict[str, set[str]] = {}


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.timeout(600)
def test_the_terms_of_a_view_lead_to_the_glossary(open_page, results, view):
    address, visit = VIEWS[view]
    page = open_page(results.get(address, address))
    TOLD[view] = visit(page, results)
    assert len(TOLD[view]) > 5


def test_every_entry_of_the_glossary_is_reached_from_a_view(open_page):
    missing = VIEWS.keys() - TOLD.keys()
    if missing:
        pytest.skip(f"needs the tests of {', '.join(sorted(missing))} in the same run")
    page = open_page("/learn/words/nat")
    expect(page.locator("#word-nat")).to_be_in_viewport()
    entries = page.locator("[id^=word-]").evaluate_all("all => all.map(each => each.id.slice(5))")
    assert len(entries) > 80
    assert sorted(set(entries) - set().union(*TOLD.values())) == []
