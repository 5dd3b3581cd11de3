"""Captures in the store: a row, and a file that is there before the row says so."""

from __future__ import annotations

import itertools
import os
import stat
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from neuronscope.errors import DamagedFile, Gone, InvalidField, NotFound, StorageError
from neuronscope.spec.tensorfile import TensorFile, npy_pieces, widen, write
from neuronscope.store import captures as files
from neuronscope.store.captures import CaptureDraft, CaptureFilter


def draft(**given) -> CaptureDraft:
    values = {"capture_hash": "a" * 64, "environment": "e", "model_id": "m", "model_digest": "d",
              "prompt": "The Eiffel\0Tower", "title": "z", "n_entries": 1, "n_bytes": 24,
              "body": "{}", **given}
    return CaptureDraft(**values)


def written(store, values=range(6)):
    path = store.captures.unfinished()
    array = np.array(values, dtype="<f4").reshape(2, 3)
    write(path, {"z.0": ("float32", array)}, {"format": "np"})
    return path


def test_a_capture_and_its_file_are_stored_and_found(store):
    path = written(store)
    key = store.captures.add(draft(), path)
    assert not path.exists()
    file = store.captures.file(key)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert TensorFile(file)["z.0"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert store.captures.find("a" * 64, "e") == key
    assert store.captures.find("a" * 64, "other") is None
    assert store.captures.get("a" * 64).summary.id == key
    assert store.captures.get(key).summary.prompt == "The Eiffel␀Tower"


def test_statistics_alone_have_no_file(store):
    key = store.captures.add(draft(n_bytes=0), None)
    assert store.captures.file(key) is None
    assert store.captures.find("a" * 64, "e") == key


def test_bytes_beyond_32_bits_are_counted(store):
    key = store.captures.add(draft(n_bytes=3 * 2**31), written(store))
    assert store.captures.get(key).summary.n_bytes == 3 * 2**31


def test_a_file_that_is_not_what_was_stored_is_told(store):
    key = store.captures.add(draft(), written(store))
    file = store.captures.sound(key)
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(file, ns=(0, 0))
    with pytest.raises(DamagedFile, match=key):
        store.captures.sound(key)
    file.write_bytes(content)
    assert store.captures.sound(key) == file
    file.unlink()
    with pytest.raises(DamagedFile, match="missing"):
        store.captures.sound(key)


def test_a_file_of_an_older_version_is_taken_as_it_is(store):
    key = store.captures.add(draft(), written(store))
    with store.database.write() as connection:
        connection.execute(text("UPDATE captures SET sha256 = NULL"))
    store.captures.file(key).write_bytes(b"x")
    assert store.captures.sound(key) == store.captures.file(key)


def test_a_capture_whose_file_was_taken_away_is_not_found_by_hash(store):
    key = store.captures.add(draft(), written(store))
    store.captures.file(key).unlink()
    assert store.captures.find("a" * 64, "e") is None


def test_a_deleted_capture_is_gone_with_its_file(store):
    key = store.captures.add(draft(), written(store))
    file = store.captures.file(key)
    store.captures.delete(key)
    assert not file.exists()
    for call in (store.captures.get, store.captures.file, store.captures.delete):
        with pytest.raises(Gone):
            call(key)
    with pytest.raises(NotFound):
        store.captures.get("0123456789abcdef")


def test_a_row_that_is_not_stored_leaves_no_file(on_sqlite):
    path = written(on_sqlite)
    with on_sqlite.database.write() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar()
        connection.execute(text(f"PRAGMA max_page_count = {pages}"))
    with pytest.raises(StorageError):
        on_sqlite.captures.add(draft(body="x" * 1_000_000), path)
    assert list(path.parent.iterdir()) == []
    assert on_sqlite.captures.page().items == ()


def test_a_file_that_cannot_be_taken_leaves_no_row(store):
    with pytest.raises(StorageError):
        store.captures.add(draft(), store.captures.unfinished())
    assert store.captures.page().items == ()


def test_what_a_former_process_left_unfinished_is_removed_and_nothing_else(store):
    key = store.captures.add(draft(), written(store))
    left = written(store)
    left.with_name(f"{left.name}.part").write_bytes(b"half")
    assert store.captures.recover() == 2
    assert [file.stem for file in left.parent.iterdir()] == [key]


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours catches it."""


@pytest.mark.parametrize("step", ["synchronise", "settle"])
def test_a_capture_that_was_killed_while_it_was_stored_is_whole_or_gone(store, monkeypatch, step):
    def dies(*_):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(files if step == "synchronise" else files.Captures, step, dies)
        with pytest.raises(Killed):
            store.captures.add(draft(), written(store))
    assert store.captures.recover() == 1
    stored = [line.id for line in store.captures.page().items]
    assert [file.name for file in store.captures.unfinished().parent.iterdir()] == [
        f"{key}.safetensors" for key in stored]
    assert len(stored) == (step == "settle")


@pytest.mark.parametrize("step", ["synchronise", "now", "unlink"])
def test_a_capture_that_was_killed_while_it_was_deleted_is_whole_or_gone(store, monkeypatch, step):
    key = store.captures.add(draft(), written(store))

    def dies(*_, **__):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Path if step == "unlink" else files, step, dies)
        with pytest.raises(Killed):
            store.captures.delete(key)
    assert store.captures.recover() == 1
    stored = [line.id for line in store.captures.page().items]
    assert stored == ([] if step == "unlink" else [key])
    assert [file.name for file in store.captures.unfinished().parent.iterdir()] == [
        f"{each}.safetensors" for each in stored]


def test_pages_show_everything_once(store):
    keys = [store.captures.add(draft(n_bytes=0), None) for _ in range(5)]
    first = store.captures.page(limit=3)
    rest = store.captures.page(cursor=first.next, limit=3)
    assert [line.id for line in (*first.items, *rest.items)] == keys[::-1]
    assert rest.next is None
    with pytest.raises(InvalidField):
        store.captures.page(cursor="x")


def test_captures_are_chosen_by_words_model_and_time(store, monkeypatch):
    words = ("The Colosseum is", "the tower", "Köln 100% _x_", "The tower of Köln")
    keys, times = [], []
    for n, prompt in enumerate(words * 3):
        times.append(f"2026-01-{n + 1:02}T00:00:00.000+00:00")
        monkeypatch.setattr("neuronscope.store.captures.now", lambda: times[-1])
        keys.append(store.captures.add(draft(n_bytes=0, prompt=prompt, model_id="ab"[n % 2],
                                             title=f"z.{n}"), None))
    lines = list(zip(keys, words * 3, itertools.cycle("ab"), times, strict=False))
    for q, model, since, until in itertools.product(
            ("", "tower", "köln", "100% _X_", "z.3", "the o", "none", "\0"), (None, "a", "\0"),
            (None, times[4]), (None, times[9])):
        expected = [key for n, (key, prompt, of, at) in enumerate(lines)
                    if all(word.casefold() in f"{prompt}\nz.{n}".casefold() for word in q.split())
                    and model in (None, of) and (since is None or at >= since)
                    and (until is None or at < until)][::-1]
        found, cursor = [], None
        while True:
            page = store.captures.page(CaptureFilter(q, model, since, until), cursor=cursor,
                                       limit=2)
            found += [line.id for line in page.items]
            cursor = page.next
            if cursor is None:
                break
        assert found == expected, (q, model, since, until)


def test_captures_are_found_in_any_case_of_any_script(on_sqlite):
    keys = [on_sqlite.captures.add(draft(n_bytes=0, prompt=prompt), None)
            for prompt in ("Über Москве", "über москве", "ÜBER МОСКВЕ")]
    for q in ("über", "Über", "ÜBER МОСКВЕ", "москве"):
        found = on_sqlite.captures.page(CaptureFilter(q)).items
        assert [line.id for line in found] == keys[::-1], q


@pytest.mark.parametrize("content", [None, b"", b"\xff" * 40, b"\x04" + b"\0" * 7 + b"nope"])
def test_a_damaged_file_is_a_storage_error(tmp_path, content):
    if content is not None:
        (tmp_path / "x").write_bytes(content)
    with pytest.raises(StorageError):
        TensorFile(tmp_path / "x")


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    with pytest.raises(StorageError):
        write(tmp_path / "absent" / "x", {}, {})
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError):
        write(tmp_path / "folder", {"a": ("float32", np.zeros(3, "<f4"))}, {})
    assert [each.name for each in tmp_path.iterdir()] == ["folder"]


def test_every_type_comes_back_to_the_bit_and_npy_is_numpys(tmp_path):
    rng = np.random.default_rng(0)
    bits = {"half": ("bfloat16", rng.integers(0, 2**16, (3, 5), dtype=np.uint16)),
            "wide": ("float64", rng.normal(size=(2, 2, 2))),
            "odd": ("float16", rng.normal(size=7).astype("<f2")),
            "turned": ("float32", rng.normal(size=(4, 3)).astype("<f4").T)}
    write(tmp_path / "x", bits, {"who": "me"})
    file = TensorFile(tmp_path / "x")
    assert file.metadata == {"who": "me"} and set(file) == set(bits)
    for name, (dtype, array) in bits.items():
        found, raw = file.bits(name)
        assert found == dtype and np.array_equal(raw, array)
        assert raw.ctypes.data % raw.itemsize == 0
        (tmp_path / "y.npy").write_bytes(b"".join(npy_pieces(found, raw, piece=2)))
        loaded = np.load(tmp_path / "y.npy", allow_pickle=False)
        assert np.array_equal(loaded, widen(dtype, array), equal_nan=True)
