"""What several commands share: settings from arguments, the lab, specs from files."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ValidationError

from neuronscope.errors import Conflict, DataFolderLocked, InvalidInput, NoModel, NotFound
from neuronscope.service.explain import explain_validation
from neuronscope.service.strict_json import parse
from neuronscope.settings import Settings

if TYPE_CHECKING:
    from neuronscope.client import Client
    from neuronscope.service.lab import Lab

Spec = TypeVar("Spec")


def add_place(parser: argparse.ArgumentParser) -> None:
    """`--data` and `--models`."""
    parser.add_argument("--data", type=Path, metavar="FOLDER",
                        help="where results are kept (default: .neuronscope)")
    parser.add_argument("--models", type=Path, metavar="FOLDER",
                        help="folder of the model folders (default: LLM)")


def add_model(parser: argparse.ArgumentParser) -> None:
    """`--model` and how it is loaded, with the places."""
    parser.add_argument("--model", metavar="ID_OR_FOLDER",
                        help="a model of the models folder, or any model folder")
    add_loading(parser)
    add_place(parser)


LOADING = {
    "device": (None, "auto, cpu, mps, cuda or cuda:N"),
    "dtype": (None, "auto, float32, bfloat16 or float16"),
    "device_map": ("MAP", "spread the model over GPUs, CPU and disk: auto, balanced, "
                           "balanced_low_0 or sequential"),
    "max_memory": ("BOUNDS", "with a device map: the most of each, as in cuda:0=20GiB,cpu=64GiB"),
    "offload_folder": ("FOLDER", "where weights on the disk go that are not as in the files"),
    "quantization": ("BITS", "8bit or 4bit, on loading"),
}
"""The options of loading, which are settings, too: what stands for their value, and help."""


def add_loading(parser: argparse.ArgumentParser) -> None:
    """The options of LOADING."""
    for name, (metavar, told) in LOADING.items():
        parser.add_argument(f"--{name.replace('_', '-')}", metavar=metavar, help=told)


def settings_of(arguments: argparse.Namespace, **given: Any) -> tuple[Settings, str | None]:
    """The settings that the arguments ask for, and the id of the model they name.

    Raises: InvalidInput for an environment variable that is no setting.
    """
    named = getattr(arguments, "model", None)
    values: dict[str, Any] = {name: getattr(arguments, name, None)
                              for name in ("data", "models", *LOADING)}
    if named is not None and (Path(named) / "config.json").is_file():
        values["models"] = Path(named)
        named = Path(named).resolve().name
    elif named is not None and len(Path(named).parts) > 1:
        raise NotFound(f"{named!r} is not a model folder: it has no config.json.",
                       hint="`neuronscope models` lists the ids that can be given instead.")
    try:
        return Settings.from_environment(**values | given), named
    except ValueError as error:
        raise InvalidInput(f"{error}.") from None


def open_lab(settings: Settings) -> Lab:
    """The lab of these settings; imported only here, since it costs a second that `--help` spares.

    Raises: DataFolderLocked, NewerDatabase, StorageError.
    """
    from neuronscope.service.lab import Lab

    return Lab(settings)


@contextmanager
def lab_or_server(settings: Settings) -> Iterator[Lab | Client]:
    """The lab of these settings, or the running server that has it.

    Raises: DataFolderLocked where another command has it; NewerDatabase, StorageError.
    """
    from neuronscope.client import Client

    try:
        here: Lab | Client = open_lab(settings)
    except DataFolderLocked as locked:
        try:
            here = Client(data=settings.data)
        except Conflict:
            raise locked from None
    with here:
        yield here


def no_loading(arguments: argparse.Namespace) -> None:
    """Raises: InvalidInput for options of loading, where a server has loaded its model."""
    given = [f"--{name.replace('_', '-')}" for name in ("model", *LOADING)
             if getattr(arguments, name) is not None]
    if given:
        raise InvalidInput(
            f"A server has this data folder, and loads its model itself; {', '.join(given)} "
            "cannot be given.", hint="Load the model on the page, or stop the server.")


@contextmanager
def lab_with_model(
    arguments: argparse.Namespace, of: str | None = None, *, anew: bool = False
) -> Iterator[Lab]:
    """An open lab with the model loaded that the arguments name, or the default one.

    of: a stored experiment whose model is the default. anew: certify the model even where
    that was kept.
    Raises: NoModel, ModelNotFound, ModelRefused, DataFolderLocked, NewerDatabase; NotFound.
    """
    settings, named = settings_of(arguments)
    with open_lab(settings) as lab:
        chosen = named or (lab.default_model() if of is None else lab.model_of(of))
        if chosen is None:
            raise NoModel("No model was named, and there is no single one to take.",
                          hint="Give --model; `neuronscope models` lists them.")
        lab.load(chosen, anew=anew)
        yield lab


def read_spec(source: str) -> Any:
    """Plain data of the JSON in a file, or of standard input for `-`.

    Raises: NotFound, MalformedJson and the other errors of strict JSON.
    """
    if source == "-":
        return parse(sys.stdin.buffer.read())
    try:
        return parse(Path(source).read_bytes())
    except OSError:
        raise NotFound(f"The file {source!r} cannot be read.",
                       hint="Give a JSON file, `-`, or a prompt.") from None


def is_file(source: str) -> bool:
    """Whether a command's argument names a spec rather than being a prompt."""
    return source == "-" or source.endswith(".json")


def checked(build: Callable[[Any], Spec], data: Any) -> Spec:
    """`build(data)` with a validation error said as one of our own.

    Raises: InvalidField and its relatives.
    """
    try:
        return build(data)
    except ValidationError as error:
        raise explain_validation(error, data) from None
