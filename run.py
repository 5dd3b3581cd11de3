"""From nothing to NeuronScope: makes `.venv`, installs the pinned packages, starts.

    python3 run.py                 install what is missing, then open the page
    python3 run.py demo            the same, then the first example in this terminal
    python3 run.py test            the same with the development tools, then every check
    python3 run.py bench           the same, then timings against other libraries (25 minutes;
                                   with --quick 3), written into docs/benchmarks.md

Words after the command are handed on: `python3 run.py serve --port 9000`. Needs Python 3.10
or newer and nothing else. What is done already is not done again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "neuronscope-installed.json"
CONSTRAINTS = ROOT / "constraints.txt"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
CUDA_PACKAGES = ("nvidia-", "cuda-", "triton")
OLDEST = (3, 10)
COMMANDS = ("serve", "demo", "test", "bench")
ANSWERING = ("serve", "demo", "bench")
"""Commands that explain their own options."""
HELP = ("-h", "--help")


class Stop(Exception):
    """Nothing more can be done; the message says why and what would help."""


def main(argv: list[str]) -> int:
    if sys.version_info < OLDEST:
        raise Stop(f"Python {OLDEST[0]}.{OLDEST[1]} or newer is needed; this is "
                   f"{platform.python_version()}. Start run.py with a newer one.")
    parser = argparse.ArgumentParser(
        prog="run.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--torch", choices=("auto", "cpu", "cuda"), default="auto",
                        help="which build of torch; auto: CUDA where an NVIDIA GPU is found")
    parser.add_argument("command", nargs="?", default="serve", choices=COMMANDS)
    asked = [word for word in argv if word in HELP] if argv[:1] and argv[0] in ANSWERING else []
    given, rest = parser.parse_known_args([word for word in argv if word not in asked])
    rest += asked
    install(dev=given.command == "test", torch=wanted_torch(given.torch))
    if given.command == "test":
        return start([str(PYTHON), str(ROOT / "tests" / "checks.py"), *rest])
    if given.command == "bench":
        os.environ["PYTHONPATH"] = str(ROOT)  # benchmarks are no part of the package
        return start([str(PYTHON), "-m", "benchmarks", *rest])
    return start([str(PYTHON), "-m", "neuronscope", given.command, *rest])


def say(text: str) -> None:
    print(f"neuronscope: {text}", file=sys.stderr, flush=True)


def start(command: list[str]) -> int:
    """Run the command in place of this one, where the system can do that."""
    if os.name != "nt":
        os.execv(command[0], command)
    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the command has had it too, and ends by itself


# --- what is installed, and what should be ---------------------------------------------


def wanted_torch(choice: str) -> str:
    """`cpu`, `cuda`, or `any` where the system has only one build of torch."""
    if platform.system() != "Linux":
        return "any"
    if choice == "auto":
        return "cuda" if shutil.which("nvidia-smi") else "cpu"
    return choice


def install(*, dev: bool, torch: str) -> None:
    """Bring `.venv` to what constraints.txt and pyproject.toml ask for."""
    wanted = {
        "python": list(sys.version_info[:2]),
        "torch": torch,
        "files": digest(CONSTRAINTS, ROOT / "pyproject.toml"),
        "root": str(ROOT),
        "dev": dev,
    }
    there = read_stamp()
    if there | {"dev": dev} == wanted and there["dev"] >= dev and PYTHON.exists():
        return
    began = time.monotonic()
    make_venv()
    pip("installing pip and the build tool",
        "install", *(pin(name) for name in ("pip", "hatchling", "editables")))
    install_torch(torch)
    pip("installing neuronscope and the packages pinned in constraints.txt",
        "install", "-c", str(CONSTRAINTS), "--no-build-isolation",
        "-e", f"{ROOT}[dev]" if dev else str(ROOT))
    check_torch(torch)
    STAMP.write_text(json.dumps(wanted), encoding="utf-8")
    say(f"installed in {time.monotonic() - began:.0f} s")


def digest(*files: Path) -> str:
    text = hashlib.sha256()
    for file in files:
        text.update(file.read_bytes())
    return text.hexdigest()


def read_stamp() -> dict:
    """What the last complete install wrote; an incomplete one has left nothing."""
    try:
        return json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def pin(package: str) -> str:
    """The line of constraints.txt for a package that has one line."""
    for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines():
        if line.startswith(f"{package}=="):
            return line
    raise Stop(f"constraints.txt does not pin {package}")


# --- the virtual environment -----------------------------------------------------------


def make_venv() -> None:
    """A working `.venv` of this Python; a broken one, or another Python's, is made anew."""
    if venv_python() == sys.version_info[:2]:
        return
    if VENV.exists():
        if Path(sys.prefix).resolve() == VENV.resolve():
            raise Stop(f"{VENV} does not work and this is its own Python. Deactivate it, then "
                       "start run.py with the system's Python.")
        say(f"{VENV} is broken or of another Python; making it anew")
    else:
        say(f"making {VENV}")
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)],
                          capture_output=True, text=True, check=False)
    if made.returncode or venv_python() is None:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        detail = (made.stdout + made.stderr).strip()
        raise Stop(f"{detail}\n\nThis Python cannot make a virtual environment with pip. On Debian "
                   f"or Ubuntu: apt-get install python{version}-venv. Then start run.py again.")


def venv_python() -> tuple[int, int] | None:
    """Version of the environment's Python, or None where it or its pip does not start."""
    if not PYTHON.exists():
        return None
    code = "import sys, pip; print(*sys.version_info[:2])"
    try:
        asked = subprocess.run([str(PYTHON), "-c", code], capture_output=True, text=True,
                               check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if asked.returncode:
        return None
    major, minor = asked.stdout.split()
    return int(major), int(minor)


def pip(what: str, *arguments: str) -> None:
    """Run pip, or stop with what it said."""
    say(what)
    ran = try_pip(*arguments)
    if ran.returncode:
        raise Stop(f"{ran.stdout}{ran.stderr}\nThis failed: {what}. Is the package index within "
                   "reach? A mirror is named by PIP_INDEX_URL. Then start run.py again.")


def try_pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8",
                          errors="replace", check=False)


# --- torch -----------------------------------------------------------------------------


def install_torch(wanted: str) -> None:
    """torch as pinned; for `cpu`, from whichever source within reach has a CPU build."""
    release = pin("torch")
    if wanted != "cpu":
        pip(f"installing {release}", "install", "-c", str(CONSTRAINTS), release)
        return
    say(f"installing {release} for CPU")
    cpu = f"{release}+cpu"
    sources = ([cpu], [cpu, "--index-url", CPU_INDEX])
    for source in sources:
        # without its dependencies: those come from the ordinary index, as pinned
        tried = try_pip("install", "--no-deps", "--retries", "1", "--timeout", "30", *source)
        if tried.returncode == 0:
            return
    cuda = cuda_requirements(release)
    if cuda:
        raise Stop(
            f"No CPU build of {release} is within reach: {CPU_INDEX} does not answer, and the one "
            f"of the package index brings {len(cuda)} CUDA packages of several GB ({cuda[0]}, …).\n"
            f"Either put the wheel of {cpu} into a folder and set PIP_FIND_LINKS to it, or accept "
            "the CUDA build: python3 run.py --torch cuda")
    pip(f"installing {release}", "install", "--no-deps", release)


def cuda_requirements(release: str) -> list[str]:
    """The CUDA packages that the index's own build of torch asks for."""
    asked = try_pip("install", "--dry-run", "--quiet", "--ignore-installed", "--no-deps",
                    "--report", "-", release)
    if asked.returncode:
        raise Stop(f"{asked.stderr}\n{release} is not to be had from the package index.")
    metadata = json.loads(asked.stdout)["install"][0]["metadata"]
    return [re.split(r"[^\w.-]", need)[0] for need in metadata.get("requires_dist", ())
            if need.startswith(CUDA_PACKAGES) and "extra ==" not in need]


def check_torch(wanted: str) -> None:
    """What was installed is what was wanted.

    Raises: Stop.
    """
    code = "import torch; print(torch.__version__, torch.version.cuda)"
    asked = subprocess.run([str(PYTHON), "-c", code], capture_output=True, text=True, check=False)
    if asked.returncode:
        raise Stop(f"{asked.stderr}\ntorch does not start. Remove {VENV} and start run.py again; "
                   "on Windows the Microsoft Visual C++ runtime may be missing.")
    version, cuda = asked.stdout.split()
    say(f"torch {version}" + ("" if cuda == "None" else f" with CUDA {cuda}"))
    if wanted == "cpu" and cuda != "None":
        raise Stop(f"torch {version} is a CUDA build. Remove {VENV} and start run.py again, or "
                   "keep it: python3 run.py --torch cuda")
    if wanted == "cuda" and cuda == "None":
        say("there is an NVIDIA GPU, but pip's sources gave a CPU build of torch: models run on "
            "the CPU")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as stop:
        print(f"\nneuronscope: {stop}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
