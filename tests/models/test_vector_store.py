"""Stored vectors: content decides the name, damage is found, nothing is executed."""

from __future__ import annotations

import hashlib
import pickle

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis.extra import numpy as hnp
from safetensors.numpy import save_file

from neuronscope.errors import InvalidInput, NonFiniteNumber, StorageError, VectorNotFound
from neuronscope.models.vectors import Vectors

MATRIX = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.fixture(params=["folder", "memory"])
def vectors(request, tmp_path) -> Vectors:
    return Vectors(tmp_path / "vectors" if request.param == "folder" else None)


def test_what_is_added_is_found_under_its_hash(vectors):
    info = vectors.add(MATRIX, "three")
    assert (info.name, info.dtype, info.shape) == ("three", "float32", (3, 4))
    assert vectors.all() == [info] and vectors.info(info.sha256) == info
    assert vectors.row(info.sha256, 1).tolist() == [4.0, 5.0, 6.0, 7.0]
    assert vectors.row(info.sha256, 1).dtype == np.float64


def test_the_hash_is_that_of_the_file(tmp_path):
    info = Vectors(tmp_path).add(MATRIX)
    content = (tmp_path / f"{info.sha256}.npy").read_bytes()
    assert hashlib.sha256(content).hexdigest() == info.sha256
    assert np.array_equal(np.load(tmp_path / f"{info.sha256}.npy"), MATRIX)
    assert info.sha256 == Vectors(None).add(MATRIX).sha256
    assert sorted(file.suffix for file in tmp_path.iterdir()) == [".npy"]  # nothing half-written


@given(hnp.arrays(st.sampled_from([np.float32, np.float64]),
                  hnp.array_shapes(min_dims=1, max_dims=2, max_side=5),
                  elements=st.floats(-(2.0**99), 2.0**99, width=32)))
def test_equal_content_has_one_hash_however_it_lies_in_memory(array):
    vectors = Vectors()
    sha = vectors.add(array).sha256
    assert vectors.add(np.asfortranarray(array)).sha256 == sha
    assert vectors.add(array.astype(array.dtype.newbyteorder(">"))).sha256 == sha
    assert vectors.add(torch.from_numpy(array.copy())).sha256 == sha
    wide = vectors.add(array.astype(np.float64).tolist()).sha256
    assert (wide == sha) == (array.dtype == np.float64)


def test_shape_and_type_are_part_of_the_hash():
    flat = np.zeros(4, dtype=np.float32)
    shas = {Vectors().add(each).sha256 for each in (
        flat, flat.reshape(2, 2), flat.reshape(1, 4), flat.astype(np.float64))}
    assert len(shas) == 4


def test_narrow_and_whole_numbers_are_kept_without_loss(vectors):
    assert vectors.add(torch.ones(3, dtype=torch.bfloat16)).dtype == "float32"
    assert vectors.add(np.ones(3, dtype=np.float16)).dtype == "float32"
    assert vectors.add([1, 2, 3]).dtype == "float64"
    assert vectors.add(MATRIX, dtype="float64").dtype == "float64"


def test_the_same_content_again_can_change_its_name_alone(vectors):
    sha = vectors.add(MATRIX, "first").sha256
    assert vectors.add(MATRIX).name == "first"
    assert vectors.add(MATRIX, "second").name == "second"
    assert [info.sha256 for info in vectors.all()] == [sha]


@pytest.mark.parametrize("values", [
    [], [[]], 3.0, "text.npy", [["a"]], [[1.0], [1.0, 2.0]], np.zeros((2, 2, 2)), [None],
    np.array([1 + 2j]), np.array([True]), np.array([{}], dtype=object), {"a": 1}])
def test_what_is_no_vector_is_refused(vectors, values):
    with pytest.raises(InvalidInput):
        vectors.add(values)
    assert vectors.all() == []


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_numbers_are_finite(vectors, number):
    with pytest.raises(NonFiniteNumber):
        vectors.add([1.0, number])
    with pytest.raises(NonFiniteNumber):
        vectors.add([1e300], dtype="float32")


@pytest.mark.parametrize("sha", ["0" * 64, "../token", "", "A" * 64, "0" * 63, "../" + "0" * 61])
def test_an_unknown_hash_is_told(vectors, sha):
    for call in (lambda: vectors.info(sha, "/x"), lambda: vectors.row(sha, None)):
        with pytest.raises(VectorNotFound, match="vectors list"):
            call()


def test_damage_is_found_before_use(tmp_path):
    sha = Vectors(tmp_path).add(MATRIX).sha256
    file = tmp_path / f"{sha}.npy"
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)
    with pytest.raises(StorageError, match="damaged"):
        Vectors(tmp_path).row(sha, 0)
    file.write_bytes(content[:-4])
    with pytest.raises(StorageError, match="damaged"):
        Vectors(tmp_path).info(sha)


def test_arrays_are_read_from_files(vectors, tmp_path):
    np.save(tmp_path / "a.npy", MATRIX)
    save_file({"W_dec": MATRIX, "b": MATRIX[0]}, tmp_path / "sae.safetensors")
    save_file({"only": MATRIX}, tmp_path / "one.safetensors")
    shas = {vectors.add(tmp_path / "a.npy").sha256, vectors.add(str(tmp_path / "a.npy")).sha256,
            vectors.add(tmp_path / "sae.safetensors", tensor="W_dec").sha256,
            vectors.add(tmp_path / "one.safetensors").sha256}
    assert len(shas) == 1
    for tensor in (None, "absent"):
        with pytest.raises(InvalidInput, match="W_dec, b"):
            vectors.add(tmp_path / "sae.safetensors", tensor=tensor)


class Canary:
    ran = False

    def __reduce__(self):
        return _ran, ()


def _ran():
    Canary.ran = True


def test_nothing_in_a_file_is_executed(vectors, tmp_path):
    np.save(tmp_path / "objects.npy", np.array([Canary()], dtype=object), allow_pickle=True)
    (tmp_path / "pickle.npy").write_bytes(pickle.dumps(Canary()))
    np.savez(tmp_path / "several.npz", MATRIX)
    (tmp_path / "several.npz").rename(tmp_path / "zip.npy")
    (tmp_path / "cut.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}")
    (tmp_path / "other.pt").write_bytes(b"")
    for name in ("objects.npy", "pickle.npy", "zip.npy", "cut.safetensors", "other.pt",
                 "absent.npy", "absent.safetensors"):
        with pytest.raises(InvalidInput):
            vectors.add(tmp_path / name)
    assert not Canary.ran
