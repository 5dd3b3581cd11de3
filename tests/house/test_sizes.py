"""Files and functions stay small enough to be read at one sitting."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house.files import ROOT, page_sources, python_files

MAX_FILE, MAX_FUNCTION, MAX_PAGE_FILE = 300, 50, 250


def lines_of(file: Path) -> int:
    return len(file.read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("files, most", [(python_files(), MAX_FILE),
                                         (page_sources(), MAX_PAGE_FILE)], ids=["python", "page"])
def test_no_file_is_longer_than_allowed(files, most):
    long = {str(file.relative_to(ROOT)): lines_of(file) for file in files if lines_of(file) > most}
    assert long == {}


def test_no_function_is_longer_than_50_lines():
    long = {}
    for file in python_files():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = node.end_lineno - node.lineno + 1
                if length > MAX_FUNCTION:
                    long[f"{file.relative_to(ROOT)}:{node.name}"] = length
    assert long == {}
