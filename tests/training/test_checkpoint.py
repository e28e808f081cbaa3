"""A checkpoint holds everything, and what is damaged or strange is refused with a sentence."""

import errno
import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from minialexnet.errors import InputError
from minialexnet.layers import Conv2d, Linear, Sequential
from minialexnet.training import Checkpoint, checkpoint, load_checkpoint, save_checkpoint
from minialexnet.training.checkpoint import PROGRESS


@pytest.fixture
def saved(tmp_path, rng):
    """A small checkpoint and the path where it lies."""
    params = {
        "conv1.weight": Conv2d(3, 4, (3, 2)).params["weight"],
        "fc.bias": rng.standard_normal(5).astype("float32"),
    }
    saved = Checkpoint(
        params=params,
        velocity={
            name: np.asfortranarray(rng.standard_normal(w.shape).astype("float32"))
            for name, w in params.items()
        },
        mean=rng.random((6, 6, 3)),
        config={"lr": 0.1 + 0.2, "variant": "mini", "flip": True, "name": 'ü "quoted" \\ 🐱'},
        classes=["cat", "Straße", "犬"],
        progress=dict.fromkeys(PROGRESS, 0)
        | {"epoch": 2, "step": 3, "history": [{"loss": 1 / 3}], "schedule": {"best": None}},
        display_names={"cat": "felis", "犬": "dog"},
    )
    path = tmp_path / "last.npz"
    save_checkpoint(path, saved)
    return path, saved


def assert_equal(one, other):
    for part in ("params", "velocity"):
        a, b = getattr(one, part), getattr(other, part)
        assert list(a) == list(b)
        for name in a:
            assert a[name].dtype == b[name].dtype
            np.testing.assert_array_equal(a[name], b[name])
    np.testing.assert_array_equal(one.mean, other.mean)
    assert one.config == other.config
    assert one.classes == other.classes
    assert one.progress == other.progress
    assert one.display_names == other.display_names


class TestRoundTrip:
    def test_everything_comes_back_bit_by_bit(self, saved):
        path, checkpoint = saved
        assert not checkpoint.params["conv1.weight"].flags.c_contiguous
        assert_equal(load_checkpoint(path), checkpoint)

    def test_the_path_may_be_a_text(self, saved):
        path, checkpoint = saved
        assert_equal(load_checkpoint(str(path)), checkpoint)

    def test_arrays_of_any_backend_come_back_on_the_host(self, tmp_path, backend, rng):
        net = Sequential({"conv": Conv2d(3, 4, 3), "fc": Linear(4, 2)}).to(backend.xp)
        velocity = {name: backend.xp.zeros_like(w) for name, w in net.params.items()}
        path = tmp_path / "x.npz"
        progress = dict.fromkeys(PROGRESS)
        save_checkpoint(path, Checkpoint(dict(net.params), velocity, np.zeros(3), {}, [], progress))
        loaded = load_checkpoint(path)
        for name, w in net.params.items():
            assert type(loaded.params[name]) is np.ndarray
            np.testing.assert_array_equal(loaded.params[name], backend.get(w))

    def test_nothing_in_it_is_pickled(self, saved):
        with np.load(saved[0], allow_pickle=False) as file:
            assert all(file[name].dtype.kind in "fU" for name in file.files)


def damaged(data, how):
    return {
        "empty": b"",
        "one byte": data[:1],
        "cut in the first array": data[:200],
        "cut in the middle": data[: len(data) // 2],
        "cut by one byte": data[:-1],
        "zeros instead of the second half": data[: len(data) // 2].ljust(len(data), b"\0"),
        "a text": b"not a checkpoint\n" * 100,
        "a pickle": pickle.dumps({"params": 1}),
    }[how]


class TestDamage:
    @pytest.mark.parametrize(
        "how",
        [
            "empty",
            "one byte",
            "cut in the first array",
            "cut in the middle",
            "cut by one byte",
            "zeros instead of the second half",
            "a text",
            "a pickle",
        ],
    )
    def test_is_told_in_a_sentence_that_names_the_file(self, saved, how):
        path, _ = saved
        path.write_bytes(damaged(path.read_bytes(), how))
        with pytest.raises(InputError) as caught:
            load_checkpoint(path)
        assert f"{path} is not a whole checkpoint of minialexnet" in str(caught.value)

    def test_cut_anywhere_is_noticed(self, saved):
        path, _ = saved
        data = path.read_bytes()
        for length in range(0, len(data), 97):
            path.write_bytes(data[:length])
            with pytest.raises(InputError, match="not a whole checkpoint"):
                load_checkpoint(path)

    @pytest.mark.parametrize("bit", [0x01, 0x80])
    @pytest.mark.filterwarnings("ignore")
    def test_a_flipped_bit_anywhere_is_noticed_or_does_no_harm(self, saved, bit):
        """Headers, names, sizes, sums: whatever zip files and arrays are made of."""
        path, checkpoint = saved
        data, noticed = path.read_bytes(), 0
        for position in range(0, len(data), 5):
            broken = bytearray(data)
            broken[position] ^= bit
            path.write_bytes(broken)
            try:
                loaded = load_checkpoint(path)
            except InputError:
                noticed += 1
            else:
                assert_equal(loaded, checkpoint)
        assert noticed > len(data) // 5 * 0.7

    def test_an_array_that_is_missing_is_noticed(self, saved):
        path, _ = saved
        shorter = path.with_name("shorter.npz")
        with zipfile.ZipFile(path) as old, zipfile.ZipFile(shorter, "w") as new:
            for name in old.namelist():
                if name != "velocity/fc.bias.npy":
                    new.writestr(name, old.read(name))
        with pytest.raises(InputError, match=r"shorter\.npz is not a whole checkpoint"):
            load_checkpoint(shorter)


class TestNames:
    def rewritten(self, path, change):
        """The checkpoint with another text."""
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files}
        text = json.loads(str(arrays["text"]))
        change(text)
        np.savez(path, **(arrays | {"text": np.array(json.dumps(text))}))
        return path

    def test_an_older_checkpoint_has_none(self, saved):
        path, content = saved
        loaded = load_checkpoint(self.rewritten(path, lambda text: text.pop("display_names")))
        assert loaded.display_names == {}
        content.display_names = {}
        assert_equal(loaded, content)

    @pytest.mark.parametrize("names", [None, ["cat"], "cat", 3])
    def test_what_are_no_names_is_damage(self, saved, names):
        path = self.rewritten(saved[0], lambda text: text.update(display_names=names))
        with pytest.raises(InputError, match="not a whole checkpoint"):
            load_checkpoint(path)


class TestOtherFiles:
    def test_an_array_of_objects_is_never_unpickled(self, saved, tmp_path):
        class Bomb:
            def __reduce__(self):
                return Path.touch, (tmp_path / "exploded",)

        path, _ = saved
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files}
        np.savez(path, **(arrays | {"params/fc.bias": np.array([Bomb()], dtype=object)}))
        assert b"exploded" in path.read_bytes()
        with pytest.raises(InputError, match="not a whole checkpoint"):
            load_checkpoint(path)
        assert not (tmp_path / "exploded").exists()

    @pytest.mark.parametrize("text", ["", "3", "[1, 2]", "{}", "nonsense", '{"format": 1}'])
    def test_other_archives_of_arrays(self, tmp_path, text):
        path = tmp_path / "other.npz"
        np.savez(path, text=np.array(text), mean=np.zeros(3))
        with pytest.raises(InputError, match=r"other\.npz is not a whole checkpoint"):
            load_checkpoint(path)

    def test_a_single_array(self, tmp_path):
        np.save(tmp_path / "array.npy", np.zeros(3))
        with pytest.raises(InputError, match=r"array\.npy is not a whole checkpoint"):
            load_checkpoint(tmp_path / "array.npy")

    def test_a_later_format(self, saved, monkeypatch):
        path, content = saved
        monkeypatch.setattr(checkpoint, "FORMAT", 2)
        save_checkpoint(path, content)
        monkeypatch.undo()
        with pytest.raises(InputError, match=r"last\.npz has format 2; this version .* format 1"):
            load_checkpoint(path)

    def test_a_missing_file(self, tmp_path):
        with pytest.raises(InputError, match=r"no checkpoint .*nowhere\.npz; a run folder holds"):
            load_checkpoint(tmp_path / "nowhere.npz")

    def test_a_folder(self, tmp_path):
        with pytest.raises(InputError, match=r"is a folder; give a checkpoint file .*best\.npz"):
            load_checkpoint(tmp_path)

    def test_of_another_network_the_parameter_is_named(self, saved):
        path, _ = saved
        params = load_checkpoint(path).params
        with pytest.raises(InputError, match=r"missing \['fc\.weight'\], unknown \['fc\.bias'\]"):
            net = {"conv1": Conv2d(3, 4, (3, 2), bias=False), "fc": Linear(7, 5, bias=False)}
            Sequential(net).set_params(params)
        net = Sequential({"conv1": Conv2d(3, 4, (3, 2), bias=False), "fc": Linear(7, 6)})
        params["conv1.weight"] = params["conv1.weight"] + 1
        params["fc.weight"] = np.zeros((6, 7))
        before = net.params["conv1.weight"].copy()
        message = r"parameter fc\.bias has shape \(5,\); this network expects \(6,\)"
        with pytest.raises(InputError, match=message):
            net.set_params(params)
        np.testing.assert_array_equal(net.params["conv1.weight"], before)


class TestWhatCannotBeReadNow:
    """Is not damaged, so nobody should throw it away."""

    def test_of_somebody_else(self, saved, monkeypatch):
        path, _ = saved

        def refuse(*args, **kwargs):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

        monkeypatch.setattr("builtins.open", refuse)
        with pytest.raises(InputError, match=r"last\.npz cannot be read \(Permission denied\)"):
            load_checkpoint(path)

    def test_without_enough_memory(self, saved, monkeypatch):
        path, _ = saved

        def refuse(*args, **kwargs):
            raise MemoryError

        monkeypatch.setattr(checkpoint.np, "load", refuse)
        with pytest.raises(MemoryError):
            load_checkpoint(path)


class TestAFullDisk:
    def test_leaves_the_checkpoint_before_byte_for_byte(self, saved, monkeypatch):
        path, content = saved
        before = path.read_bytes()

        def full(file, **arrays):
            file.write(b"some of it")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(checkpoint.np, "savez", full)
        with pytest.raises(InputError) as caught:
            save_checkpoint(path, content)
        assert path.read_bytes() == before
        assert [p.name for p in path.parent.iterdir()] == ["last.npz"]
        message = str(caught.value)
        assert f"could not write {path} (No space left on device)" in message
        assert "\n" not in message

    @pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are Unix's")
    def test_as_the_system_reports_it(self, saved):
        """In a process of its own that may write no more than 4000 bytes to a file."""
        path, _ = saved
        before = path.read_bytes()
        script = f"""
import resource, sys
import numpy as np
from minialexnet.errors import InputError
from minialexnet.training import Checkpoint, save_checkpoint
from pathlib import Path
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000))
weights = {{"fc.weight": np.ones((100, 100), "float32")}}
try:
    save_checkpoint(Path({str(path)!r}), Checkpoint(weights, weights, np.zeros(3), {{}}, [], {{}}))
except InputError as error:
    sys.exit(str(error))
"""
        result = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=60
        )
        assert result.returncode == 1
        assert result.stderr.startswith(f"could not write {path} (File too large)")
        assert len(result.stderr.splitlines()) == 1
        assert path.read_bytes() == before
        assert [p.name for p in path.parent.iterdir()] == ["last.npz"]
