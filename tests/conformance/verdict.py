"""What is expected of each model type: written down once, compared ever after.

`expected.json` has one line per type. A change of it is a change of what users get, and is
reviewed as such; `python -m tests.conformance.table` writes it anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from neuronscope.errors import ModelRefused
from neuronscope.spec.models import ModelInfo
from tests.conformance.case import load_case
from tests.conformance.checks import examine
from tests.conformance.zoo import entry

EXPECTED = Path(__file__).resolve().parent / "expected.json"

Verdict = dict[str, Any]


def judge(name: str, checks: bool = True) -> tuple[Verdict, list[str]]:
    """What loading one type gives, and what contradicts where the checks are wanted.

    Raises what transformers raises where it makes no such model.
    """
    wanted = entry(name)
    if wanted.unbuilt:
        return {"unbuilt": wanted.why}, []
    try:
        case = load_case(name)
    except ModelRefused as refusal:
        return {"refused": str(refusal)}, []
    return _sites(case.model.info), examine(case) if checks else []


def _sites(info: ModelInfo) -> Verdict:
    """The model's class, its layers, and by site where it is refused: [layers, reason]."""
    lacking = {each.site: [[list(refusal.layers), refusal.reason] for refusal in each.refused]
               for each in info.sites if each.refused}
    return {"class": info.architecture, "layers": info.n_layers, "lacking": lacking}


def expected() -> dict[str, Any]:
    """The versions and the verdicts by type, as they were written down."""
    return json.loads(EXPECTED.read_text(encoding="utf-8"))


def write(versions: dict[str, str], types: dict[str, Verdict]) -> None:
    """One line per type, in the order of their names."""
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(types[name], ensure_ascii=False)}"
                       for name in sorted(types))
    EXPECTED.write_text(f'{{"versions": {json.dumps(versions)},\n "types": {{\n{lines}\n}}}}\n',
                        encoding="utf-8")
