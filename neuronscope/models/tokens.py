"""Text to token ids and back, with exact names for single tokens. Needs no model."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from neuronscope.errors import ModelRefused, NotOneToken, OutOfRange
from neuronscope.spec.results import Token

_importing = threading.Lock()
METASPACE = "▁"
"""What SentencePiece tokenizers write for a space."""


class Tokenizer:
    """A HuggingFace tokenizer, seen as the specs see it."""

    def __init__(self, hf: Any, vocab: int | None = None) -> None:
        """hf: a transformers tokenizer; vocab: the model's logit count, which may differ."""
        self.hf = hf
        self.vocab = vocab or len(hf)
        self._specials = frozenset(hf.all_special_ids)

    @classmethod
    def from_folder(cls, folder: Path, vocab: int | None = None) -> Tokenizer:
        """The tokenizer of a model folder: local files only, no remote code.

        tokenizer.json, where there is one, is used as it stands: for some model types
        AutoTokenizer builds the type's usual pipeline around the file's vocabulary
        instead, and a custom tokenizer would then silently give other tokens.
        Raises: ModelRefused when the folder holds none that can be read.
        """
        try:
            hf = _kind(folder).from_pretrained(folder, local_files_only=True,
                                               trust_remote_code=False)
        except (OSError, ValueError, LookupError, ImportError, TypeError, AttributeError,
                RuntimeError) as error:
            raise ModelRefused(
                f"The tokenizer of {folder.name!r} cannot be read ({type(error).__name__}).",
                hint="The folder needs tokenizer.json, or the files of its tokenizer class.",
            ) from error
        return cls(hf, vocab)

    def encode(self, prompt: str | Sequence[int], pointer: str = "") -> tuple[int, ...]:
        """Token ids of a text, with the model's usual special tokens; ids pass unchanged.

        Raises: OutOfRange for an id outside the model's vocabulary, which a tokenizer's own
        can exceed. pointer: where the prompt stands in what was sent.
        """
        if isinstance(prompt, str):
            return tuple(self._check_id(id_, pointer) for id_ in self.hf.encode(prompt))
        return tuple(self._check_id(id_, f"{pointer}/{place}") for place, id_ in enumerate(prompt))

    def tokens(self, ids: Sequence[int]) -> tuple[Token, ...]:
        """The tokens of a prompt with their text."""
        return tuple(Token(index=index, id=id_, text=self.text(id_), special=id_ in self._specials)
                     for index, id_ in enumerate(ids))

    def text(self, id_: int) -> str:
        """The text of one token, leading space included."""
        if id_ >= len(self.hf):
            return f"<unused {id_}>"
        piece = self.hf.convert_ids_to_tokens(id_)
        if piece is None:
            return f"<unused {id_}>"
        if METASPACE in piece:
            return piece.replace(METASPACE, " ")
        return self.hf.decode([id_], clean_up_tokenization_spaces=False)

    def is_special(self, id_: int) -> bool:
        """Whether a token is special (beginning of text, padding, …)."""
        return id_ in self._specials

    def one_token(self, name: str | int, pointer: str = "") -> int:
        """The id of a text that is exactly one token, or of an id.

        Raises: NotOneToken, saying what the text makes and which near text is one token;
        OutOfRange for an id outside the vocabulary.
        """
        if isinstance(name, int):
            return self._check_id(name, pointer)
        found = self._lookup(name)
        if found is not None:
            return self._check_id(found, pointer)
        pieces = [self.text(id_) for id_ in self.hf.encode(name, add_special_tokens=False)]
        near = name[1:] if name.startswith(" ") else f" {name}"
        hint = (f"{near!r} is one token: write it so." if self._lookup(near) is not None
                else "Give one of the tokens it makes, or a token id.")
        raise NotOneToken(f"{name!r} is {len(pieces)} tokens here: {pieces}.",
                          hint=hint, pointer=pointer)

    def near_miss(self, name: str) -> str | None:
        """The same word with or without a leading space, where that too is one token."""
        near = name[1:] if name.startswith(" ") else f" {name}"
        return near if near and self._lookup(near) is not None else None

    def _lookup(self, name: str) -> int | None:
        ids = self.hf.encode(name, add_special_tokens=False)
        if len(ids) == 1 and self.text(ids[0]) == name:
            return ids[0]
        found = self.hf.convert_tokens_to_ids(name.replace(" ", METASPACE))
        return found if found is not None and self.text(found) == name else None

    def _check_id(self, id_: int, pointer: str = "") -> int:
        if not 0 <= id_ < self.vocab:
            raise OutOfRange(f"Token id {id_}: this model has 0–{self.vocab - 1}.",
                             hint="Token ids do not count from the end.", pointer=pointer)
        return id_


def _kind(folder: Path) -> Any:
    """The class that reads the tokenizer of a folder; AutoTokenizer alone brings torch with it."""
    return from_transformers("PreTrainedTokenizerFast" if (folder / "tokenizer.json").is_file()
                             else "AutoTokenizer")


def from_transformers(name: str) -> Any:
    """A class of transformers, imported when it is first asked for.

    By one thread at a time: two that import it at once find it half made.
    """
    with _importing:
        return getattr(import_module("transformers"), name)
