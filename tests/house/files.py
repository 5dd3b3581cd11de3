"""The project's files, by kind; what is installed or generated is left out."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "neuronscope"

SKIPPED = {".git", ".venv", ".build", "node_modules", "__pycache__", "dist", ".neuronscope",
           ".pytest_cache", ".ruff_cache", ".hypothesis", ".import_linter_cache", "test-results"}
GENERATED = {PACKAGE / "web", ROOT / "LLM", ROOT / "frontend" / "package-lock.json",
             ROOT / "frontend" / "openapi.json",
             ROOT / "frontend" / "src" / "api" / "schema.d.ts"}
TEXT = {".py", ".ts", ".tsx", ".css", ".html", ".mjs", ".js", ".json", ".md", ".toml", ".txt",
        ".yml", ".yaml", ".tsv", ""}


def all_files(folder: Path = ROOT) -> list[Path]:
    """Files written by people, below `folder`."""
    found: list[Path] = []
    for each in sorted(folder.iterdir()):
        if each.name in SKIPPED or each in GENERATED or each.name.endswith(".egg-info"):
            continue
        if each.is_dir():
            found += all_files(each)
        elif each.suffix in TEXT:
            found.append(each)
    return found


def python_files(folder: Path = ROOT) -> list[Path]:
    return [file for file in all_files(folder) if file.suffix == ".py"]


def page_sources() -> list[Path]:
    folder = ROOT / "frontend"
    return [file for file in all_files(folder)
            if file.suffix in {".ts", ".tsx", ".css", ".mjs", ".js"}] if folder.exists() else []
