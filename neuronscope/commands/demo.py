"""`neuronscope demo`: the README's first example, in the terminal."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuronscope.commands import common
from neuronscope.commands.tables import number, table, top_tokens
from neuronscope.errors import ModelNotFound
from neuronscope.models.discover import Registry, embedded_folder
from neuronscope.spec.experiments import Over, Run, Sweep
from neuronscope.spec.grid import Grid
from neuronscope.spec.metrics import KL, Prob
from neuronscope.spec.ops import Patch, Zero
from neuronscope.spec.results import Token

if TYPE_CHECKING:
    from neuronscope.engine.session import Model

PROMPT, SUBJECT, ANSWER = "The Eiffel Tower is in", " Tower", " Paris"
SOURCE, SOURCE_SUBJECT, SOURCE_ANSWER = "The Colosseum is in", " Colosseum", " Rome"


def add(commands: Any) -> argparse.ArgumentParser:
    """The parser of this command."""
    parser = commands.add_parser("demo", help="the first example, in this terminal")
    common.add_model(parser)
    return parser


def carry_out(arguments: argparse.Namespace) -> int:
    """Run the example on the embedded model and print it; nothing is stored."""
    from neuronscope.engine.session import load

    model = load(_folder(arguments), device=arguments.device or "auto",
                 dtype=arguments.dtype or "auto")
    info = model.info
    print(f"{info.id}: {info.architecture}, {info.n_layers} layers, {info.n_params:,} parameters\n")
    for lines in (_clean(model), _zeroing(model), _patching(model)):
        print("\n".join([*lines, ""]))
    return 0


def _folder(arguments: argparse.Namespace) -> Path:
    settings, named = common.settings_of(arguments)
    if named is not None:
        return Registry(settings.models).path(named)
    folder = embedded_folder()
    if folder is None:
        raise ModelNotFound("The embedded model is missing from this installation.",
                            hint="Name another with --model.")
    return folder


def _clean(model: Model) -> list[str]:
    result = model.run(Run(prompt=PROMPT))
    return [f'What follows "{PROMPT}"?', f"  {top_tokens(result.clean)}"]


def _zeroing(model: Model) -> list[str]:
    """One part of one layer at a time is set to zero."""
    grid = model.sweep(Sweep(
        prompt=PROMPT, op=Zero(), metrics=[KL(), Prob(ANSWER)],
        over=Over(sites=["attn_out", "mlp_out"], layers="all")))
    prob, kl = grid.values["prob"], grid.values["kl"]
    rows = [["layer", "attention: P", "KL", "MLP: P", "KL"]]
    rows += [[str(layer), *(number(each[site, row]) for site in (0, 1) for each in (prob, kl))]
             for row, layer in enumerate(grid.coords["layer"])]
    site, layer = divmod(int(kl.argmax()), kl.shape[1])
    part = ("attention", "MLP")[site]
    return [
        f'Zero one part, and P("{ANSWER}") goes from {number(grid.clean("prob"))} to '
        "(KL from the clean prediction in nats):",
        *_indent(table(rows)),
        f"Here the prediction moves most without the {part} of layer {layer}: "
        f'P("{ANSWER}") {number(prob[site, layer])}.',
        "That shows what this prompt's prediction needs, not where the fact is kept; other parts",
        "may make up for what is removed, and zeros are not values the model is used to.",
    ]


def _patching(model: Model) -> list[str]:
    """The residual stream is taken from the other prompt, at the subject and at the end."""
    here, there = (model.tokens(prompt) for prompt in (PROMPT, SOURCE))
    subject = (_find(here, SUBJECT), _find(there, SOURCE_SUBJECT))
    last = (len(here) - 1, len(there) - 1)
    grid = model.sweep(Sweep(
        prompt=PROMPT, op=Patch(SOURCE, positions=[subject, last]),
        over=Over(sites=["resid_pre"], layers="all", positions=[subject[0], last[0]]),
        metrics=[Prob(SOURCE_ANSWER), Prob(ANSWER)]))
    layers = grid.coords["layer"]
    new, old = (grid.values[key].reshape(len(layers), 2) for key in grid.data.values)
    rows = [["layer", f"at{SUBJECT}:{SOURCE_ANSWER}", ANSWER.strip(),
             f"at the end:{SOURCE_ANSWER}", ANSWER.strip()]]
    rows += [[str(layer), number(new[row, 0]), number(old[row, 0]),
              number(new[row, 1]), number(old[row, 1])] for row, layer in enumerate(layers)]
    return [
        f'Take the residual stream entering a layer from "{SOURCE}", at one token:',
        *_indent(table(rows)),
        *_moved(new, layers, grid),
        "That shows where the stream carries what decides between these two prompts. It does not",
        "show that other prompts use the same place.",
    ]


def _moved(new: Any, layers: tuple[Any, ...], grid: Grid) -> list[str]:
    """The sentence that the two columns of the patched answer support."""
    before = next(iter(grid.data.metrics.values())).clean
    subject = [layers[row] for row in range(len(layers)) if new[row, 0] > 0.5]
    end = [layers[row] for row in range(len(layers)) if new[row, 1] > 0.5]
    parts = [f"into layer{'s' if len(found) > 1 else ''} {', '.join(map(str, found))} at {place}"
             for found, place in ((subject, SUBJECT.strip()), (end, "the last token")) if found]
    if not parts:
        return [f'No single patch takes P("{SOURCE_ANSWER}") over one half '
                f"(clean {number(before)})."]
    return [f'The answer becomes "{SOURCE_ANSWER}" (over one half; clean {number(before)}) '
            "when what is patched flows", f"{' or '.join(parts)}."]


def _find(tokens: tuple[Token, ...], text: str) -> int:
    """Position of the last token with this text. Raises: ModelNotFound where it has none."""
    found = [each.index for each in tokens if each.text == text]
    if not found:
        raise ModelNotFound(f"This model's tokenizer has no single token {text!r}; the demo is "
                            "made for the embedded model.", hint="Leave --model out.")
    return found[-1]


def _indent(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]
