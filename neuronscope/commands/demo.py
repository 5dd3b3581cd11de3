"""`neuronscope demo`: the README's first example, in the terminal."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from neuronscope.commands import common
from neuronscope.commands.tables import table
from neuronscope.errors import ModelNotFound
from neuronscope.models.discover import Registry, embedded_folder
from neuronscope.settings import Settings
from neuronscope.spec.experiments import Over, Run, Sweep
from neuronscope.spec.metrics import KL, Prob
from neuronscope.spec.ops import Patch, Zero

if TYPE_CHECKING:
    from neuronscope.engine.session import Model

PROMPT, ANSWER = "The Eiffel Tower is in", " Paris"
SOURCE, SOURCE_ANSWER = "The Colosseum is in", " Rome"
FLIPPED = 0.5
TOP_SHOWN = 4


def add(commands: Any) -> argparse.ArgumentParser:
    """The parser of this command."""
    parser = commands.add_parser("demo", help="the first example, in this terminal")
    common.add_model(parser)
    return parser


def carry_out(arguments: argparse.Namespace) -> int:
    """Run the example on the embedded model and print it; nothing is stored."""
    from neuronscope.engine.session import load

    settings, named = common.settings_of(arguments)
    model = load(_folder(settings, named),
                 **{name: getattr(settings, name) or None for name in common.LOADING})
    info = model.info
    print(f"{info.id}: {info.architecture}, {info.n_layers} layers, {info.n_params:,} parameters\n")
    for lines in (_clean(model), _zeroing(model), _patching(model)):
        print("\n".join([*lines, ""]))
    return 0


def _folder(settings: Settings, named: str | None) -> Path:
    if named is not None:
        return Registry(settings.models).path(named)
    folder = embedded_folder()
    if folder is None:
        raise ModelNotFound("The embedded model is missing from this installation.",
                            hint="Name another with --model.")
    return folder


def _clean(model: Model) -> list[str]:
    result = model.run(Run(prompt=PROMPT))
    shown = ", ".join(f'"{each.token}" {fixed(each.prob)}' for each in result.clean.top[:TOP_SHOWN])
    return [f'What follows "{PROMPT}"?', f"  {shown}"]


def _zeroing(model: Model) -> list[str]:
    """One part of one layer at a time is set to zero."""
    grid = model.sweep(Sweep(
        prompt=PROMPT, op=Zero(), metrics=[KL(), Prob(ANSWER)],
        over=Over(sites=["attn_out", "mlp_out"], layers="all")))
    prob, kl = grid.values["prob"], grid.values["kl"]
    rows = [["layer", "attention: P", "KL", "MLP: P", "KL"]]
    rows += [[str(layer), *(fixed(each[site, row]) for site in (0, 1) for each in (prob, kl))]
             for row, layer in enumerate(grid.coords["layer"])]
    site, layer = divmod(int(kl.argmax()), kl.shape[1])
    part = ("attention", "MLP")[site]
    return [
        f'Zero one part, and P("{ANSWER}") goes from {fixed(grid.clean("prob"))} to '
        "(KL from the clean prediction in nats):",
        *_indent(table(rows)),
        f"Here the prediction moves most without the {part} of layer {layer}: "
        f'P("{ANSWER}") {fixed(prob[site, layer])}.',
        "That shows what this prompt's prediction needs, not where the fact is kept; other parts",
        "may make up for what is removed, and zeros are not values the model is used to.",
    ]


def _patching(model: Model) -> list[str]:
    """The residual stream at one token entering one layer is taken from the other prompt."""
    grid = model.sweep(Sweep(
        prompt=PROMPT, op=Patch(SOURCE), metrics=[Prob(SOURCE_ANSWER)],
        over=Over(sites=["resid_pre"], layers="all", positions="all")))
    prob, layers = grid.values["prob"][0], grid.coords["layer"]
    texts = [each.text.strip() for each in grid.data.tokens]
    rows = [["layer", *texts]]
    rows += [[str(layer), *map(fixed, prob[row])] for row, layer in enumerate(layers)]
    return [
        f'Take the residual stream entering a layer from "{SOURCE}", at one token, and',
        f'P("{SOURCE_ANSWER}") goes from {fixed(grid.clean("prob"))} to:',
        *_indent(table(rows)),
        *_moved(prob, layers, texts),
        "That shows where the stream carries what decides between these two prompts. It does not",
        "show that other prompts use the same places.",
    ]


def _moved(prob: Any, layers: tuple[Any, ...], texts: list[str]) -> list[str]:
    """The sentence that the table supports: where one patch makes the answer the other one."""
    places = []
    for column, text in enumerate(texts):
        found = [str(layer) for row, layer in enumerate(layers) if prob[row, column] > FLIPPED]
        if found:
            places.append(f'"{text}" entering layer{"s" if len(found) > 1 else ""} '
                          f'{", ".join(found)}')
    if not places:
        return [f'No single patch takes P("{SOURCE_ANSWER}") over {FLIPPED}.']
    return [f'One patch takes P("{SOURCE_ANSWER}") over {FLIPPED} at {" and at ".join(places)}.']


def fixed(value: float | None) -> str:
    """Three decimals; `–` where there is no value."""
    return "–" if value is None else f"{value:.3f}"


def _indent(lines: list[str]) -> list[str]:
    return [f"  {line}" for line in lines]
