from __future__ import annotations

import hashlib
import re
from collections import Counter
from urllib.parse import urlsplit

import pytest

from minialexnet.datasets.catalogue import CATALOGUE, Published, checksum, problem, published
from minialexnet.errors import InputError


@pytest.mark.parametrize("entry", CATALOGUE, ids=lambda entry: entry.file)
def test_every_entry_is_complete(entry):
    parts = urlsplit(entry.url)
    assert parts.scheme == "https"
    assert parts.path.endswith(f"/{entry.file}")
    assert re.fullmatch(r"[\w.-]+\.(tgz|zip)", entry.file)
    assert entry.folder == entry.file.rpartition(".")[0]
    assert 50e6 < entry.bytes < 2e9
    kind, digest = entry.checksum
    assert re.fullmatch("[0-9a-f]+", digest)
    assert len(bytes.fromhex(digest)) == hashlib.new(kind).digest_size
    assert (entry.sha256 is None) != (entry.md5 is None)


def test_no_two_entries_are_taken_for_each_other():
    for key in ("url", "bytes", "folder", "sha256", "md5", "origin"):
        values = Counter(getattr(entry, key) for entry in CATALOGUE)
        del values[None]
        assert set(values.values()) == {1}, key
    assert len({(entry.name, entry.size) for entry in CATALOGUE}) == len(CATALOGUE)


def test_the_smallest_is_taken_by_default():
    assert [entry.size for entry in published("imagenette")] == ["160", "320", "full"]
    assert [entry.file for entry in published("imagewoof", "full")] == ["imagewoof2.tgz"]
    assert [entry.file for entry in published("tiny-imagenet")] == ["tiny-imagenet-200.zip"]
    for name in ("imagenette", "imagewoof"):
        assert published(name)[0].bytes == min(entry.bytes for entry in published(name))


def test_what_is_not_published():
    with pytest.raises(InputError, match=r"'cifar'.*imagenette, imagewoof, tiny-imagenet"):
        published("cifar")
    with pytest.raises(InputError, match=r"tiny-imagenet .*'320', but in 64: choose that"):
        published("tiny-imagenet", "320")


@pytest.mark.parametrize("kind", ["sha256", "md5"])
def test_problem_names_both_values(tmp_path, kind):
    path = tmp_path / "x"
    path.write_bytes(b"abc")
    right = hashlib.new(kind, b"abc").hexdigest()
    entry = Published("x", "1", "https://host/x", 3, "x", **{kind: right})
    assert problem(path, entry) is None
    path.write_bytes(b"abd")
    wrong = checksum(path, kind)
    assert wrong == hashlib.new(kind, b"abd").hexdigest()
    found = problem(path, entry)
    assert (kind.upper() in found) and (right in found) and (wrong in found)
    path.write_bytes(b"abcd")
    assert problem(path, entry) == "it has 4 bytes, and 3 were expected"
