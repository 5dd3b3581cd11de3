"""The README's pictures are taken from the page as it is."""

import pytest

from tests.e2e.conftest import ROOT
from tests.e2e.steps import run, sweep

LARGEST = 400_000


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures_for_the_readme(open_page, theme, tmp_path, request):
    """Taken into a scratch folder; `--update-pictures` puts them into docs/images."""
    folder = ROOT / "docs" / "images" if request.config.getoption("--update-pictures") else tmp_path
    page = open_page("/", theme=theme, scale=1.25)
    run(page)
    page.mouse.move(0, 0)
    page.screenshot(path=folder / f"workbench-{theme}.png")
    page.get_by_role("link", name="Explorer").click()
    sweep(page, "Where does the answer move?")
    page.mouse.move(0, 0)
    page.screenshot(path=folder / f"explorer-{theme}.png")
    for name in ("workbench", "explorer"):
        picture = (folder / f"{name}-{theme}.png").read_bytes()
        assert 20_000 < len(picture) < LARGEST
