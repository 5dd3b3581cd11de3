"""Every check, in order, each with its time: `python3 run.py test`.

    python tests/checks.py                 all of them
    python tests/checks.py ruff pytest     those named, in that order

Standard library only. The last line is pytest's own summary. The exit code is 0 only if
every check passed; where `CI` is set, a check that cannot run counts as failed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FRONTEND = ROOT / "frontend"
WEB = ROOT / "neuronscope" / "web"
IN_CI = bool(os.environ.get("CI"))
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")
OLDEST_NODE = 20


class CannotRun(Exception):
    """What a check needs is not here; the message names the command that installs it."""


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        print(f"no check is called {unknown[0]}; there are {', '.join(CHECKS)}", file=sys.stderr)
        return 2
    results: dict[str, tuple[str, float]] = {}
    for name in names or CHECKS:
        if name == "pytest":
            summary(results)
        headline(name)
        began = time.monotonic()
        outcome = carry_out(CHECKS[name])
        results[name] = (outcome, time.monotonic() - began)
    bad = {"failed"} | ({"NOT RUN"} if IN_CI else set())
    return 1 if any(outcome in bad for outcome, _ in results.values()) else 0


def carry_out(check: Callable[[], bool]) -> str:
    try:
        return "passed" if check() else "failed"
    except CannotRun as reason:
        print(f"\n*** NOT RUN: {reason}\n", flush=True)
        return "NOT RUN"


def headline(name: str) -> None:
    print(f"\n=== {name} {'=' * (70 - len(name))}", flush=True)


def summary(results: dict[str, tuple[str, float]]) -> None:
    for name, (outcome, seconds) in results.items():
        print(f"    {name:<12} {outcome:<8} {seconds:6.1f} s", flush=True)


def run(*command: str, cwd: Path = ROOT) -> bool:
    return subprocess.run(command, cwd=cwd, check=False).returncode == 0


def python(*arguments: str) -> bool:
    return run(sys.executable, "-m", *arguments)


def ruff() -> bool:
    return python("ruff", "check", "--no-cache", ".")


def imports() -> bool:
    return run(str(Path(sys.executable).with_name("lint-imports")), "--no-cache")


def house() -> bool:
    return python("pytest", "-q", "-p", "no:cacheprovider", "tests/house")


def page() -> bool:
    """The page's own checks, and that the committed build is what its sources give."""
    npm = find_npm()
    before = tree_hash(WEB)
    passed = (run(npm, "ci", "--no-audit", "--no-fund", cwd=FRONTEND)
              and run(npm, "run", "check", cwd=FRONTEND)
              and run(npm, "run", "build", cwd=FRONTEND))
    if passed and tree_hash(WEB) != before:
        print("neuronscope/web was not the build of frontend/. It has been rebuilt: commit it.")
        return False
    return passed


def find_npm() -> str:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
        if int(version.stdout.strip().lstrip("v").split(".")[0] or 0) >= OLDEST_NODE:
            return npm
    raise CannotRun(f"the page's checks need Node {OLDEST_NODE} or newer with npm. "
                    "Debian, Ubuntu: apt-get install nodejs npm; elsewhere: https://nodejs.org")


def tree_hash(folder: Path) -> str:
    """One hash of all names and contents under a folder."""
    total = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            total.update(f"{file.relative_to(folder).as_posix()}\0".encode())
            total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def browser() -> bool:
    """Chromium for the tests that drive the page; installed where that needs no question."""
    may_install = hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get")
    if found_browser() is None and may_install:
        env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update"], ["install", "-y", "chromium"]):
            print(f"apt-get {' '.join(arguments)}", flush=True)
            subprocess.run(["apt-get", "-q", *arguments], env=env, check=False,
                           stdout=subprocess.DEVNULL)
    found = found_browser()
    if found is None:
        raise CannotRun("the browser tests need Chromium. Install it with\n"
                        f"    {sys.executable} -m playwright install --with-deps chromium")
    print(f"using {found}")
    return True


def postgresql() -> bool:
    """A PostgreSQL server for the store's tests, which are skipped without one.

    Installed in CI alone (40 MB to download and 170 MB on disk, most of it LLVM): elsewhere the
    package would start a server that nobody asked for.
    """
    may_install = (IN_CI and hasattr(os, "geteuid") and os.geteuid() == 0
                   and shutil.which("apt-get"))
    if not found_server() and may_install:
        env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update"], ["install", "-y", "--no-install-recommends", "postgresql"]):
            print(f"apt-get {' '.join(arguments)}", flush=True)
            subprocess.run(["apt-get", "-q", *arguments], env=env, check=False,
                           stdout=subprocess.DEVNULL)
    print("found" if found_server() else "none: the store is tested on SQLite alone. "
          "Debian, Ubuntu: apt-get install postgresql")
    return True


def found_server() -> bool:
    """Whether the programs of a PostgreSQL server are installed."""
    return bool(shutil.which("initdb") or list(Path("/usr/lib/postgresql").glob("*/bin/initdb")))


def found_browser() -> str | None:
    """An installed browser, or the one that Playwright keeps for itself."""
    for name in BROWSERS:
        if path := shutil.which(name):
            return path
    code = ("from playwright.sync_api import sync_playwright as start\n"
            "with start() as it: print(it.chromium.executable_path)")
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                           check=False)
    path = asked.stdout.strip()
    return path if path and Path(path).exists() else None


def tests() -> bool:
    """All tests, each file in one process, two files at a time where there are two cores."""
    workers = min(4, os.cpu_count() or 1)
    return python("pytest", "-n", str(workers), "--dist", "loadfile")


CHECKS: dict[str, Callable[[], bool]] = {
    "ruff": ruff, "imports": imports, "house": house, "page": page, "browser": browser,
    "postgresql": postgresql, "pytest": tests,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
