"""A loaded model as text: its sizes, each site with its verdict, the stages of fast sweeps."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from neuronscope.spec.models import ModelInfo, SiteReport, StageReport

LEAST_WIDTH = 40
SITE_WIDTH, LAYERS_WIDTH = 11, 11
YES, NO, PARTLY = "yes", "no", "partly"


def about(info: ModelInfo, width: int) -> list[str]:
    """Lines of at most `width` characters, 40 at least."""
    width = max(width, LEAST_WIDTH)
    certified = [site.site for site in info.sites if site.certified]
    sizes = [f"{info.n_layers} layers", f"d_model {info.d_model}",
             *([f"{info.n_heads} heads"] if info.n_heads else []),
             f"{info.n_params:,} parameters", f"{info.dtype} on {info.device}",
             f"{info.attention} attention"]
    steps = ", ".join(f"{step} {seconds:.2f} s" for step, seconds in info.steps_s.items())
    return [
        *textwrap.wrap(f"{info.id}: {info.architecture}, {', '.join(sizes)}", width),
        *textwrap.wrap(f"loaded in {info.load_s:.2f} s" + (f" ({steps})" if steps else ""), width),
        *textwrap.wrap(f"certification {info.certification}", width),
        *textwrap.wrap(f"digest {info.model_digest}", width), "",
        *_row(("site", "certified", "layers", "what keeps it out, or what to know"), width),
        *(line for site in info.sites for line in _site(site, info.n_layers, width)),
        *(["", *_stages(info.stages, width)] if info.stages else []), "",
        *textwrap.wrap(f"{len(certified)} of {len(info.sites)} sites are certified: "
                       f"{', '.join(certified) or 'none'}.", width),
    ]


def ranges(indices: Iterable[int]) -> str:
    """`0-3, 5` for 0, 1, 2, 3, 5."""
    runs: list[list[int]] = []
    for index in sorted(indices):
        if runs and runs[-1][-1] == index - 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _site(site: SiteReport, n_layers: int, width: int) -> list[str]:
    missing = bool(site.layers) and len(site.layers) < n_layers
    verdict = NO if not site.certified else PARTLY if missing else YES
    told = [f"{f'{_at(each.layers)}: ' if missing and each.layers else ''}{each.reason}"
            for each in site.refused]
    told += [site.note] if site.note else []
    return _row((site.site, verdict, ranges(site.layers), "; ".join(told)), width)


def _at(layers: Sequence[int]) -> str:
    return f"layer{'' if len(layers) == 1 else 's'} {ranges(layers)}"


def _stages(stages: Iterable[StageReport], width: int) -> list[str]:
    lines = textwrap.wrap("Stages of fast sweeps, compared with plain forwards of this model; "
                          "what is not proven is run one by one.", width)
    for each in stages:
        verdict = NO if not each.certified else PARTLY if each.reason else YES
        told = f"{each.what}" + (f" ({', '.join(each.sites)})" if each.sites else "")
        told += f"; at most {each.deviation:.2g} in a logit" if each.deviation is not None else ""
        told += f"; not: {each.reason}" if each.reason else ""
        lines += _row((each.stage, verdict, told), width, (SITE_WIDTH, LAYERS_WIDTH))
    return lines


def _row(cells: Sequence[str], width: int,
         widths: tuple[int, ...] = (SITE_WIDTH, LAYERS_WIDTH, LAYERS_WIDTH)) -> list[str]:
    """Cells beside each other, the last one wrapped beneath itself."""
    columns = [textwrap.wrap(cell, size, break_long_words=False) or [""]
               for cell, size in zip(cells, widths, strict=False)]
    left = sum(size + 2 for size in widths)
    if width - left < LEAST_WIDTH // 2:  # no room beside them: beneath, indented
        head = "  ".join(cell.ljust(size) for cell, size in zip(cells[:-1], widths,
                                                                strict=True)).rstrip()
        return [head, *textwrap.wrap(cells[-1], width, initial_indent="    ",
                                     subsequent_indent="    ")]
    columns.append(textwrap.wrap(cells[-1], width - left) or [""])
    height = max(map(len, columns))
    return ["  ".join(
        (column[line] if line < len(column) else "").ljust(size)
        for column, size in zip(columns, (*widths, 0), strict=True)).rstrip()
        for line in range(height)]
