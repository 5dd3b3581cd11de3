"""Files of comparisons, of captures' statistics and of opened cells: each of the four is read."""

from __future__ import annotations

import base64
import csv
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.steps import ask, overflow, save, stored, sweep

SVG = "{http://www.w3.org/2000/svg}"
KINDS = ("SVG", "PNG", "CSV", "JSON")
PROB = {"kind": "prob", "token": " Paris"}
PROMPTS = ("The Eiffel Tower is in", "The Louvre is in")
INKS = """async (data) => {
    const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const canvas = new OffscreenCanvas(picture.width, picture.height).getContext('2d');
    canvas.drawImage(picture, 0, 0);
    const pixels = new Uint32Array(
        canvas.getImageData(0, 0, picture.width, picture.height).data.buffer);
    return [new Set(pixels).size, pixels.filter((each) => each !== pixels[0]).length];
}"""


def saved(page: Page, within: Locator | None = None) -> dict[str, Path]:
    return {kind: save(page, kind, within) for kind in KINDS}


def words_of(file: Path) -> str:
    """All text of a picture; its description holds what it is of."""
    root = ElementTree.parse(file).getroot()
    assert "var(" not in ElementTree.tostring(root, encoding="unicode")
    return " ".join(each.text or "" for tag in ("text", "desc") for each in root.iter(SVG + tag))


def drawn(page: Page, file: Path) -> tuple[int, int]:
    """How many colours a PNG has, and how many pixels other than its background."""
    data = base64.b64encode(file.read_bytes()).decode()
    colours, pixels = page.evaluate(INKS, data)
    return colours, pixels


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def number(text: str) -> float:
    return float(re.sub(r"[^\d.e+-]", "", text.replace("−", "-")))


@pytest.fixture(scope="module")
def sweeps(server) -> list[str]:
    """Two sweeps over the same axes."""
    over = {"sites": ["attn_out", "mlp_out"], "layers": "all"}
    return [stored(server, "sweeps", prompt=each, op={"kind": "zero"}, over=over,
                   metrics=[{"kind": "kl"}, PROB]) for each in PROMPTS]


@pytest.fixture(scope="module")
def runs(server) -> list[str]:
    """Two runs with one edit each."""
    edit = {"target": {"site": "mlp_out", "layer": 3}, "op": {"kind": "zero"}}
    return [stored(server, "experiments", prompt=each, edits=[edit],
                   metrics=[{"kind": "kl"}, PROB]) for each in PROMPTS]


def test_two_compared_grids_are_saved_in_every_form(open_page, server, sweeps):
    page = open_page(f"/c?a={sweeps[0]}&b={sweeps[1]}")
    expect(page.get_by_role("grid")).to_have_count(3)
    files = saved(page)
    grids = [ask(server, "GET", f"sweeps/{each}/grid") for each in sweeps]

    words = words_of(files["SVG"])
    assert "A, B and B − A: Change of Probability ␣Paris, percentage points" in words
    assert "ends at the 99th percentile" in words and "noise floor ±" in words
    for grid in grids:
        assert f"spec {grid['spec_hash']}" in words
        assert f"atlas {grid['model']['model_digest'][:12]} float32" in words
    root = ElementTree.parse(files["SVG"]).getroot()
    assert len([*root.iter(f"{SVG}rect")]) >= 3 * 12 + 64  # the cells, and the legend's steps
    colours, pixels = drawn(page, files["PNG"])
    assert colours > 20 and pixels > 20_000

    rows = rows_of(files["CSV"])
    assert len(rows) == 12
    page.get_by_role("button", name="Table", exact=True).click()
    table = page.get_by_role("region", name="Cells as a table")
    names = {"attn_out": "attention", "mlp_out": "MLP"}
    for row in rows:
        assert row["metric"] == "Change of Probability ␣Paris" and row["unit"] == "probability"
        line = table.get_by_role("row").filter(
            has_text=f"{names[row['site']]} of layer {row['layer']}")
        shown = [number(each) for each in line.locator("td").all_inner_texts()[1:]]
        kept = [100 * float(row[side]) for side in ("A", "B", "B - A")]
        assert shown == pytest.approx(kept, rel=0.01, abs=1e-6)
        assert kept[2] == pytest.approx(kept[1] - kept[0])

    whole = json.loads(files["JSON"].read_text(encoding="utf-8"))
    assert [whole["a"], whole["b"]] == grids
    assert whole["difference"]["values"] == pytest.approx(
        [float(row["B - A"]) for row in rows])


def test_two_compared_runs_are_saved_in_every_form(open_page, server, runs):
    page = open_page(f"/c?a={runs[0]}&b={runs[1]}")
    results = [ask(server, "GET", f"experiments/{each}")["result"] for each in runs]
    part = page.get_by_role("region", name="What the edits did")
    files = saved(page, part)
    words = words_of(files["SVG"])
    assert "change of each metric by the edit" in words and "KL, nats" in words
    assert all(f"spec {result['spec_hash']}" in words for result in results)
    assert drawn(page, files["PNG"])[0] > 5
    rows = {row["metric"]: row for row in rows_of(files["CSV"])}
    changes = [result["metrics"]["kl"]["change"] for result in results]
    assert [float(rows["KL"][side]) for side in "AB"] == pytest.approx(changes)
    shown = part.get_by_role("row").filter(has_text="KL").locator("td").first.inner_text()
    assert number(shown) == pytest.approx(changes[0], rel=0.01)
    whole = json.loads(files["JSON"].read_text(encoding="utf-8"))
    assert [whole["a"], whole["b"]] == results

    tokens = saved(page, page.get_by_role("region", name="What it says after the edit"))
    assert "probability of the top tokens after the edit" in words_of(tokens["SVG"])
    said = {int(row["id"]): row for row in rows_of(tokens["CSV"])}
    for side, result in zip("AB", results, strict=True):
        for token in result["edited"]["top"]:
            row = said[token["id"]]
            assert row["token"] == token["token"]
            assert float(row[f"probability in {side}"]) == pytest.approx(token["prob"])


def test_statistics_of_a_capture_are_saved_in_every_form(open_page, server):
    made = ask(server, "POST", "captures", prompt=PROMPTS[0], targets=[
        {"site": "attn_out", "layer": 1}, {"site": "resid_pre", "layer": 3}])
    page = open_page(f"/a/{made['id']}")
    table = page.get_by_role("region", name="Statistics of each part")
    expect(table.get_by_role("row")).to_have_count(3)
    files = saved(page)
    words = words_of(files["SVG"])
    assert "Statistics of the captured values" in words and "stream into layer 3" in words
    assert f"capture {made['data']['capture_hash']}" in words
    assert drawn(page, files["PNG"])[1] > 1000
    rows = rows_of(files["CSV"])
    kept = [entry["statistics"] for entry in made["data"]["entries"]]
    assert [[float(row[key]) for key in ("n", "mean", "std", "min", "max")] for row in rows] == [
        pytest.approx([each[key] for key in ("n", "mean", "std", "min", "max")]) for each in kept]
    assert json.loads(files["JSON"].read_text(encoding="utf-8")) == made


def test_an_opened_cell_is_saved_beside_its_grid(open_page, server):
    page = open_page("/s")
    sweep(page, "Which layers?")
    page.get_by_role("grid").focus()
    page.keyboard.press("Enter")
    own = page.get_by_role("region", name="Experiment")
    expect(own.get_by_role("img")).to_be_visible()
    files = saved(page, own)
    assert "Top tokens, clean and edited" in words_of(files["SVG"])
    result = json.loads(files["JSON"].read_text(encoding="utf-8"))["result"]
    tops = {each["id"] for side in ("clean", "edited") for each in result[side]["top"]}
    assert {int(row["id"]) for row in rows_of(files["CSV"])} == tops
    assert drawn(page, files["PNG"])[1] > 1000


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_menu_of_forms_fits_a_narrow_window(open_page, sweeps, runs, server, theme):
    made = ask(server, "POST", "captures", prompt=PROMPTS[0],
               targets=[{"site": "mlp_out", "layer": 2}])
    for path in (f"/c?a={sweeps[0]}&b={sweeps[1]}", f"/c?a={runs[0]}&b={runs[1]}",
                 f"/e/{runs[0]}", f"/s/{sweeps[0]}", f"/a/{made['id']}"):
        page = open_page(path, theme=theme, width=380, height=800)
        page.get_by_role("button", name=re.compile("^Export")).first.click()
        menu = page.get_by_role("list", name="Save the chart as").bounding_box()
        assert menu["x"] >= 0 and menu["x"] + menu["width"] <= 380, path
        assert overflow(page) <= 0, path
