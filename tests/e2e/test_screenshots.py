"""The pictures of the README and of docs/page.md are taken from the page as it is."""

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import ROOT
from tests.e2e.steps import ask, run, stored, sweep

LARGEST = 400_000
VIEWS = ("workbench", "explorer", "history", "compare", "captures", "learn", "models")
PROB = {"kind": "prob", "token": " Paris"}
OVER = {"sites": ["z"], "layers": "all", "heads": "all"}


@pytest.fixture(scope="module")
def compared(server) -> str:
    """Where two sweeps are compared; they and a capture are stored."""
    a, b = (stored(server, "sweeps", prompt=prompt, op={"kind": "zero"}, over=OVER,
                   metrics=[PROB])
            for prompt in ("The Eiffel Tower is in", "The Louvre is in"))
    ask(server, "POST", "captures?rerun=true", prompt="The Eiffel Tower is in",
        targets=[{"site": "resid_pre", "layer": 3}])
    return f"/c?a={a}&b={b}"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures_of_every_view(open_page, compared, theme, tmp_path, request):
    """Taken into a scratch folder; `--update-pictures` puts them into docs/images."""
    folder = ROOT / "docs" / "images" if request.config.getoption("--update-pictures") else tmp_path
    page = open_page("/", theme=theme, scale=1.25)

    def take(name: str) -> None:
        page.mouse.move(0, 0)
        page.screenshot(path=folder / f"{name}-{theme}.png")

    def visit(name: str) -> None:
        page.get_by_role("navigation").get_by_role("link", name=name, exact=True).click()

    run(page)
    take("workbench")
    visit("Explorer")
    sweep(page, "Which layer, at which word?")
    take("explorer")
    visit("History")
    expect(page.get_by_role("checkbox").first).to_be_visible()
    take("history")
    visit("Captures")
    expect(page.get_by_text("stream into layer 3").first).to_be_visible()
    take("captures")
    visit("Models")
    expect(page.get_by_role("table").first).to_be_visible()
    take("models")
    visit("Learn")
    page.get_by_role("button", name="Begin: Break").click()
    expect(page.get_by_role("complementary", name="Learn")).to_be_visible()
    take("learn")
    page = open_page(compared, theme=theme, scale=1.25)
    expect(page.get_by_role("grid")).to_have_count(3)
    take("compare")
    for name in VIEWS:
        picture = (folder / f"{name}-{theme}.png").read_bytes()
        assert 20_000 < len(picture) < LARGEST
