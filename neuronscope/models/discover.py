"""Which model folders there are. Ids are folder names; a path is never an id."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from neuronscope.errors import ModelNotFound, ModelRefused
from neuronscope.spec.models import ModelEntry

ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
EMBEDDED = "atlas"
CODE = {"auto_map", "trust_remote_code", "use_kernels", "kernel_config"}
"""Settings of a configuration that ask for code."""


class Registry:
    """The model folders under one folder, or that folder itself when it is a model."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _folders(self) -> dict[str, Path]:
        if (self.folder / "config.json").is_file():
            return {self.folder.resolve().name: self.folder}
        if not self.folder.is_dir():
            return {}
        return {each.name: each for each in sorted(self.folder.iterdir())
                if ID.match(each.name) and (each / "config.json").is_file()}

    def entries(self) -> list[ModelEntry]:
        """Every model folder; those that will be refused say why."""
        return [describe(id_, folder, self.folder) for id_, folder in self._folders().items()]

    def path(self, model_id: str) -> Path:
        """The folder of a registry id.

        Raises: ModelNotFound for an id that is not in the registry, whatever the reason.
        """
        folder = self._folders().get(model_id) if isinstance(model_id, str) else None
        if folder is None or not _inside(folder, self.folder):
            raise ModelNotFound(f"There is no model {model_id!r}." if ID.match(str(model_id))
                                else "There is no such model.",
                                hint="`neuronscope models` and GET /api/models list the ids.")
        return folder


def embedded_folder() -> Path | None:
    """The folder of the embedded model: in the package, or in the checkout's `LLM/`."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "embedded" / EMBEDDED, package.parent / "LLM" / EMBEDDED):
        if (folder / "config.json").is_file():
            return folder
    return None


def describe(model_id: str, folder: Path, root: Path) -> ModelEntry:
    """An entry of the registry, read from the folder's config and file sizes alone."""
    architecture, problem = None, None
    files = sorted(folder.glob("*.safetensors"))
    try:
        config = read_config(folder)
        architecture = (config.get("architectures") or [config["model_type"]])[0]
        weight_files(folder)
        if not _inside(folder, root):
            raise ModelRefused("The folder leads out of the model folder.")
    except ModelRefused as error:
        problem = str(error)
    return ModelEntry(id=model_id, name=folder.name, architecture=architecture, problem=problem,
                      n_bytes=sum(file.stat().st_size for file in files))


def read_config(folder: Path) -> dict[str, Any]:
    """config.json, checked before transformers sees it.

    Raises: ModelRefused for a damaged file, an unknown type, or code in the folder.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelRefused(f"config.json of {folder.name!r} cannot be read.",
                           hint="It must be the JSON file of a HuggingFace model.") from error
    if not isinstance(config, dict) or not isinstance(config.get("model_type"), str):
        raise ModelRefused(f"config.json of {folder.name!r} names no model_type.",
                           hint="It must be the JSON file of a HuggingFace model.")
    named = config.get("architectures")
    if named is not None and not (isinstance(named, list)
                                  and all(isinstance(each, str) for each in named)):
        raise ModelRefused(f"config.json of {folder.name!r} does not list its architectures by "
                           "name.", hint="It must be the JSON file of a HuggingFace model.")
    if _wants_code(config):
        raise ModelRefused(f"{folder.name!r} wants to run code of its own or from elsewhere "
                           "(auto_map, or a kernel by name).",
                           hint="NeuronScope never runs code from a model folder. Use a model "
                                "type that transformers has.")
    if not _is_known(config["model_type"]):
        raise ModelRefused(f"The installed transformers has no model type "
                           f"{config['model_type'][:60]!r}.", hint="Upgrade transformers.")
    return config


def _is_known(model_type: str) -> bool:
    """Whether transformers has the type.

    Its plain table is asked first: the whole one, with a few types more, brings torch with it.
    """
    with suppress(ImportError):
        from transformers.models.auto import auto_mappings

        if model_type in auto_mappings.CONFIG_MAPPING_NAMES:
            return True
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES

    return model_type in CONFIG_MAPPING_NAMES


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a model, by its index where it has one.

    Raises: ModelRefused when there are none, or when one that the index names is missing.
    """
    if (folder / "adapter_config.json").is_file():
        raise ModelRefused(f"{folder.name!r} has an adapter beside its weights, which would be "
                           "computed with and be part of no digest.",
                           hint="Merge it and save the whole: model.merge_and_unload()"
                                ".save_pretrained(folder).")
    index = folder / "model.safetensors.index.json"
    if index.is_file() and (folder / "model.safetensors").is_file():
        raise ModelRefused(f"{folder.name!r} has both model.safetensors and an index of shards.",
                           hint="Remove the one that is not meant.")
    if index.is_file():
        try:
            table = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
            names = sorted({Path(name).name for name in table.values()})
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise ModelRefused(f"{index.name} cannot be read.") from error
        missing = [name for name in names if not (folder / name).is_file()]
        if missing:
            raise ModelRefused(f"{len(missing)} of {len(names)} weight files are missing, the "
                               f"first is {missing[0]!r}.")
        return [folder / name for name in names]
    if (folder / "model.safetensors").is_file():
        return [folder / "model.safetensors"]
    others = sorted(file.name for file in folder.glob("*.bin")) or sorted(
        file.name for file in folder.glob("*.pt"))
    found = f"only {others[0]!r}, which can run code when it is read" if others else "no weights"
    raise ModelRefused(f"{folder.name!r} has {found}.",
                       hint="Save the model as safetensors: model.save_pretrained(folder).")


def _wants_code(config: dict[str, Any]) -> bool:
    """Whether a configuration, or one in it, asks for code that transformers does not have.

    An implementation with a slash in it is a kernel that is fetched and run.
    """
    todo: list[Any] = [config]
    while todo:
        data = todo.pop()
        if isinstance(data, dict):
            if any((key in CODE and value) or (
                    key.endswith("_implementation") and "/" in json.dumps(value))
                   for key, value in data.items()):
                return True
            todo.extend(data.values())
        elif isinstance(data, list):
            todo.extend(data)
    return False


def _inside(folder: Path, root: Path) -> bool:
    """Whether a folder and its files lie below the root, wherever links of theirs lead.

    A folder that was named itself may link to elsewhere, as those of HuggingFace's cache do.
    """
    top = root.resolve()
    return folder == root or all(
        path.resolve().is_relative_to(top) for path in (folder, *folder.iterdir()))
