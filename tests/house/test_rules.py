"""Rules of the code that a reader relies on, each held by a test."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

import neuronscope
from tests.house.files import PACKAGE, ROOT, all_files, page_sources, python_files

PRINTERS = ("cli.py", "commands/")
REGISTERS = re.compile(r"register_(forward|backward|full_backward)(_pre)?_hook")
FORWARDS = re.compile(r"\b(hf_)?model\((input_ids|ids|\*)|\.generate\(|\.forward\(")


def where(file) -> str:
    return file.relative_to(ROOT).as_posix()


def parsed(files):
    return [(where(file), ast.parse(file.read_text(encoding="utf-8"))) for file in files]


def test_only_the_tap_registers_hooks():
    users = [where(file) for file in python_files(PACKAGE)
             if REGISTERS.search(file.read_text(encoding="utf-8"))]
    assert users == ["neuronscope/hooks/tap.py"]


def test_only_one_file_runs_the_model():
    users = [where(file) for file in python_files(PACKAGE)
             if FORWARDS.search(file.read_text(encoding="utf-8"))]
    assert users == ["neuronscope/models/forward.py"]


def test_nothing_catches_every_exception():
    broad = [f"{name}:{node.lineno}" for name, tree in parsed(python_files())
             for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)
             and (node.type is None or catches_all(node.type))]
    assert broad == []


def catches_all(node) -> bool:
    return any(isinstance(each, ast.Name) and each.id in {"Exception", "BaseException"}
               for each in ast.walk(node))


def test_only_the_command_line_prints():
    printing = [f"{name}:{node.lineno}" for name, tree in parsed(python_files(PACKAGE))
                if not name.removeprefix("neuronscope/").startswith(PRINTERS)
                for node in ast.walk(tree)
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"]
    assert printing == []


def test_modules_have_docstrings():
    assert [name for name, tree in parsed(python_files(PACKAGE)) if not ast.get_docstring(tree)
            and tree.body] == []


def test_public_functions_and_classes_have_docstrings():
    """What a module offers says what it is; an error class is described by its title."""
    bare = []
    for name, tree in parsed(python_files(PACKAGE)):
        if name == "neuronscope/errors.py" or "/migrations/" in name:
            continue
        bare += [f"{name}:{node.name}" for node in tree.body
                 if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
                 and not node.name.startswith("_") and not ast.get_docstring(node)]
    assert bare == []


def test_no_configuration_is_guessed():
    """A size that a model does not declare is null or an error, never a default of ours."""
    guesses = [where(file) for file in python_files(PACKAGE)
               if re.search(r"getattr\([^)]*(num_|n_)\w+[\"'], *\d", file.read_text("utf-8"))]
    assert guesses == []


def test_the_package_imports_only_what_it_declares():
    """What users get by installing; the tests' own packages would hide a missing one."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.search(r"^dependencies = \[(.*?)^\]", text, re.MULTILINE | re.DOTALL)[1]
    declared = set(re.findall(r'^ *"(\w+)', listed, re.MULTILINE))
    brought = {"starlette", "pydantic_core", "tokenizers", "huggingface_hub", "typing_extensions"}
    found = {name.split(".")[0] for _, tree in parsed(python_files(PACKAGE))
             for node in ast.walk(tree) for name in imported(node)}
    optional = {"pandas"}
    assert found - declared - brought - optional - set(sys.stdlib_module_names) == {"neuronscope"}


def imported(node) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


def test_no_singletons_are_made_at_import():
    """Stores, labs, engines and applications are built by whoever needs them."""
    makers = {"Lab", "Store", "Settings", "create_app", "create_engine", "FastAPI", "load"}
    made = [f"{name}:{node.lineno}" for name, tree in parsed(python_files(PACKAGE))
            for node in tree.body if isinstance(node, ast.Assign | ast.AnnAssign)
            and isinstance(node.value, ast.Call)
            and getattr(node.value.func, "id", "") in makers]
    assert made == []


def test_files_stand_alone():
    """No path of somebody's machine, and no merge marker."""
    machine = re.compile(r"(?<![\w.])/(home|Users|root|work|mnt)/(?!someone)[a-z]"
                         r"|[A-Z]:\\\\Users|^<<<<<<< ", re.MULTILINE)
    naming = [where(file) for file in all_files()
              if file.name != "test_rules.py"
              and machine.search(file.read_text(encoding="utf-8", errors="replace"))]
    assert naming == []


def test_colours_stand_in_one_place():
    """A hex colour elsewhere would escape the theme. An id of the page may look like one."""
    hexes = re.compile(r"(?<![\w/&])#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})\b")
    palettes = ("frontend/src/styles/tokens.css", "frontend/src/charts/colour.ts")
    sources = [file for file in page_sources() if file.suffix in {".tsx", ".ts", ".css"}
               and ".test." not in file.name and "/test/" not in where(file)
               and where(file) not in palettes]
    assert len({file.suffix for file in sources}) == 3
    assert [where(file) for file in sources if hexes.search(file.read_text("utf-8"))] == []


def test_the_public_names_are_these():
    assert sorted(neuronscope.__all__) == sorted([
        "Add", "Capture", "Client", "Edit", "Grid", "JS", "KL", "Lab", "LogProb", "LogitDiff",
        "Mean", "Model", "NeuronScopeError", "Noise", "Over", "Patch", "Path", "Prob", "Rank",
        "Recovered", "Reference", "Result", "Run", "Sweep", "Target", "Zero", "__version__",
        "load", "open_lab", "ops",
    ])
    assert all(getattr(neuronscope, name) is not None for name in neuronscope.__all__)


def test_importing_neuronscope_imports_no_torch():
    code = ("import sys, neuronscope; neuronscope.Run; "
            "sys.exit(any(name in sys.modules for name in ('torch', 'transformers', 'fastapi')))")
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_files_of_tests_have_names_of_their_own():
    """Test folders are no packages: of two files with one name, pytest takes one in."""
    names = [file.name for file in python_files(ROOT / "tests") if file.name.startswith("test_")]
    assert sorted(names) == sorted(set(names))
