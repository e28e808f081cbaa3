"""benchmarks/experiments: on tiny pictures, with one or two epochs a run."""

import datetime
import io
import json
import math
import re
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from experiments import charts, record, runs, shelf, tables
from experiments import run as command
from experiments.claim import Claim, Configuration, Scale
from experiments.claims import CLAIMS, speed
from experiments.experiment import Experiment, crop_size
from experiments.intervals import NOT_RESOLVED, T_975, Difference, paired_difference, t_975
from experiments.measures import TO_25, epochs_to, epochs_to_start, last, overfitting
from PIL import Image

from minialexnet.datasets import load_pictures
from minialexnet.models import VARIANTS, Parts, alexnet
from minialexnet.training import (
    Preprocessing,
    RunFolder,
    TrainConfig,
    Trainer,
    evaluate,
    load_checkpoint,
    run_folder,
)

SMALL = ("--picture-size", "20", "--batch-size", "8", "--epochs", "2", "--backend", "numpy")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> Path:
    """A set of 24 pictures to train on and 9 to validate, each class with more of one colour."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("data") / "tiny"
    for channel, name in enumerate(("blue", "green", "red")):
        for split, count in (("train", 8), ("val", 3)):
            (folder / split / name).mkdir(parents=True)
            for i in range(count):
                pixels = rng.integers(0, 120, (24, 24, 3), dtype=np.uint8)
                pixels[..., channel] += 100
                Image.fromarray(pixels).save(folder / split / name / f"{i}.png")
    return folder


def draw_nothing(patch: pytest.MonkeyPatch) -> None:
    """Pictures take longer to draw than these runs to train."""
    patch.setattr(run_folder, "draw_curves", lambda history, file: file.write(b"curves"))
    patch.setattr(record, "draw", lambda claim, made, file: file.write(b"picture"))


@pytest.fixture(autouse=True)
def nothing_drawn(monkeypatch):
    draw_nothing(monkeypatch)


@pytest.fixture
def drawn(monkeypatch, nothing_drawn):
    """Pictures after all."""
    monkeypatch.setattr(record, "draw", charts.draw)


@pytest.fixture
def fits(monkeypatch) -> list[str]:
    """The folders that something was trained in."""
    trained, fit = [], Trainer.fit
    monkeypatch.setattr(
        Trainer, "fit", lambda self: trained.append(self.run.path.name) or fit(self)
    )
    return trained


@pytest.fixture
def experiment(pictures, tmp_path):
    """experiment("lrn", "--seeds", 2) -> its exit status."""

    def call(*arguments: object, folder: Path = tmp_path) -> int:
        places = ("--data", pictures, "--runs", folder / "runs", "--out", folder / "out")
        return command.main([str(a) for a in (*SMALL, *places, *arguments)])

    return call


def recorded(folder: Path, claim: str = "lrn") -> dict:
    return json.loads((folder / "out" / f"{claim}-tiny-mini-20.json").read_text())


def recorded_in(folder: Path) -> dict:
    """The only record there."""
    (path,) = folder.glob("*.json")
    return json.loads(path.read_text())


def table(folder: Path, claim: str = "lrn") -> str:
    return (folder / "out" / f"{claim}-tiny-mini-20.md").read_text()


def cells(text: str, title: str) -> dict[str, list[dict[str, str]]]:
    """The rows of the table with this title, by their first cell: {column: cell}."""
    lines = text.split(f"## {title}\n")[1].split("\n## ")[0].splitlines()
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|")
    ]
    columns, _, *rows = lines
    found: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(dict(zip(columns, row, strict=True)))
    return found


def without_times(records: dict) -> dict:
    text = re.sub(r'"(seconds|images_per_second)": [0-9.e-]+', r'"\1": 0', json.dumps(records))
    return json.loads(text)


def fake_run(errors, classes=10, configuration="all parts", seed=0, ended=None, **more) -> dict:
    """A run whose training and validation errors were these; its loss falls with them."""
    history = [
        dict(
            epoch=i + 1,
            train_top1_error=error,
            val_top1_error=error,
            val_top5_error=error / 2,
            train_loss=3 * error,
            val_loss=3 * error,
            seconds=1.0,
        )
        for i, error in enumerate(errors)
    ]
    run = dict(seed=seed, lr=0.02, num_classes=classes, parameters=7, history=history, ended=ended)
    run |= dict(evaluations={}, machine="a machine", version="0", date="a day", counted=True)
    run |= dict(claim="a claim", settings={}, pictures={})
    return run | dict(configuration=configuration) | more


def same(run: dict) -> str:
    """For `record.save`: the runs in a record are as they would be now."""
    return ""


def fake_record(claim: str, made: list[dict]) -> dict:
    return {
        "claim": claim,
        "command": "python x",
        "date": "2026-01-02",
        "facts": {"NumPy": "2"},
        "data": "tiny",
        "variant": "mini",
        "picture_size": 20,
        "image_size": 15,
        "batch_size": 8,
        "classes": 10,
        "train_pictures": 24,
        "val_pictures": 9,
        "epochs": 2,
        "runs": made,
    }


# ---- how sure a difference is ------------------------------------------------------------------


class TestIntervals:
    def test_by_hand(self):
        """Differences 1, 2 and 3: mean 2, standard deviation 1, t = 4.303."""
        found = paired_difference({0: 11.0, 1: 22.0, 2: 33.0}, {0: 10.0, 1: 20.0, 2: 30.0})
        assert (found.mean, found.pairs) == (2.0, 3)
        assert found.high - 2 == pytest.approx(4.303 / math.sqrt(3))
        assert 2 - found.low == pytest.approx(4.303 / math.sqrt(3))
        assert found.verdict == NOT_RESOLVED

    def test_against_numpy(self, rng):
        one, other = rng.random(8), rng.random(8) + 0.1
        found = paired_difference(dict(enumerate(one)), dict(enumerate(other)))
        differences = one - other
        half = 2.365 * differences.std(ddof=1) / np.sqrt(8)
        expected = [differences.mean(), differences.mean() - half, differences.mean() + half]
        np.testing.assert_allclose([found.mean, found.low, found.high], expected)

    def test_only_seeds_that_both_have_are_compared(self):
        found = paired_difference({0: 5.0, 2: 7.0, 3: 100.0}, {0: 4.0, 1: -50.0, 2: 6.0})
        assert (found.mean, found.low, found.high, found.pairs) == (1.0, 1.0, 1.0, 2)
        assert paired_difference({0: 1.0}, {1: 1.0}) is None

    def test_one_pair_has_no_interval(self):
        assert paired_difference({4: 3.0}, {4: 1.0}) == Difference(2.0, None, None, 1)
        assert Difference(2.0, None, None, 1).verdict == "one seed: no telling"

    @pytest.mark.parametrize(
        ("low", "high", "verdict"),
        [
            (0.1, 2, "higher"),
            (-2, -0.1, "lower"),
            (-1, 2, NOT_RESOLVED),
            (0, 1, NOT_RESOLVED),
            (-1, 0, NOT_RESOLVED),
        ],
    )
    def test_an_interval_with_0_in_it_resolves_nothing(self, low, high, verdict):
        assert Difference((low + high) / 2, low, high, 3).verdict == verdict

    def test_quantiles_are_students(self):
        """Of 1 and 2 degrees there are formulas: the tangent, and (2p - 1) / sqrt(2p(1 - p))."""
        assert t_975(1) == pytest.approx(math.tan(math.pi * 0.475), rel=1e-4)
        assert t_975(2) == pytest.approx(0.95 / math.sqrt(2 * 0.975 * 0.025), rel=1e-4)
        assert list(T_975) == sorted(T_975, reverse=True)
        assert len(T_975) == 30
        assert t_975(500) == T_975[29] > 1.96

    def test_they_cover_the_truth_as_often_as_they_say(self):
        rng = np.random.default_rng(0)
        draws = rng.standard_normal((4000, 3)) + 5
        hit = [
            (d := paired_difference(dict(enumerate(row)), dict.fromkeys(range(3), 0.0))).low
            <= 5
            <= d.high
            for row in draws
        ]
        assert np.mean(hit) == pytest.approx(0.95, abs=0.012)


# ---- what is measured of a run -----------------------------------------------------------------


class TestMeasures:
    def test_epochs_to_an_error_lie_on_a_line_between_two_epochs(self):
        assert epochs_to(0.25)(fake_run([0.7, 0.5, 0.3, 0.2])) == pytest.approx(3.5)
        assert epochs_to(0.25)(fake_run([0.25])) == pytest.approx(1.0)
        assert epochs_to(0.25)(fake_run([0.1])) == pytest.approx(0.65 / 0.8)  # from 0.9, guessing
        assert epochs_to(0.25)(fake_run([0.1], classes=2)) == pytest.approx(0.25 / 0.4)

    def test_an_error_that_is_never_reached(self):
        assert epochs_to(0.25)(fake_run([0.9, 0.26])) is None
        assert epochs_to(0.25)(fake_run([])) is None

    def test_a_run_that_diverged_is_not_chosen_for_how_fast_it_was_before(self):
        fast = fake_run([0.2], ended="nan")
        assert epochs_to(0.25)(fast) is None
        assert speed(fast) > speed(fake_run([0.9, 0.8]))

    def test_the_last_epoch_counts_unless_the_run_diverged(self):
        assert last("val_top1_error")(fake_run([0.3, 0.5])) == 0.5
        assert last("val_top1_error")(fake_run([0.3], ended="nan")) is None
        assert last("val_top1_error")(fake_run([])) is None

    def test_leaving_ln_c(self):
        bound = 0.9 * math.log(10) / 3  # as an error of fake_run
        assert epochs_to_start(fake_run([0.9, bound + 1e-6, bound - 1e-6, 0.9])) == 3.0
        assert epochs_to_start(fake_run([0.9, 0.9])) is None

    def test_overfitting_compares_errors_that_were_measured_alike(self):
        run = fake_run([0.5]) | {"evaluations": {"train": {"top1_error": 0.2}}}
        assert overfitting(run) == pytest.approx(0.3)
        assert overfitting(fake_run([0.5])) is None


# ---- the claims --------------------------------------------------------------------------------


class TestClaims:
    SCALE = Scale("mini", 64, 55, 6, 70.0)

    @pytest.mark.parametrize("name", CLAIMS)
    def test_every_configuration_is_a_training_that_can_be(self, name):
        claim = CLAIMS[name]
        assert claim.name == name
        assert len({c.name for c in claim.configurations}) == len(claim.configurations) > 1
        assert len(claim.configurations) <= len(charts.COLOURS)
        made = set()
        for configuration in claim.configurations:
            settings = dict(claim.settings) | configuration.settings(self.SCALE)
            assert set(settings) <= set(TrainConfig.__dataclass_fields__)
            made.add(runs.folder_name(settings, 0))
            Parts(**{k: v for k, v in settings.items() if k in Parts.__dataclass_fields__})
            for measure in (claim.measure_of(configuration), *claim.also):
                assert measure.evaluation is None or measure.evaluation in runs.EVALUATIONS
            assert not configuration.lrs or claim.best is not None
        assert len(made) == (1 if name == "ten-crop" else len(claim.configurations))

    def test_settings_that_depend_on_the_scale(self):
        augmentation, init = (
            {c.name: c.settings(self.SCALE) for c in CLAIMS[name].configurations}
            for name in ("augmentation", "init")
        )
        assert augmentation["both and sizes"] == {"min_crop": 40}
        assert init["the same, pixels of spread 1"]["pixel_scale"] == 1 / 70

    @pytest.mark.parametrize(("variant", "largest"), [("mini", 56), ("paper", 112), ("caffe", 112)])
    def test_crops_give_maps_of_the_same_size_to_both_ways_of_pooling(self, variant, largest):
        size = crop_size(variant, largest)
        assert 0.75 * largest < size <= largest
        one, other = (
            alexnet(variant, 2, size, parts=Parts(pooling=pooling))
            for pooling in ("overlapped", "tiled")
        )
        assert one.num_params == other.num_params

    def test_the_papers_own_size_is_the_crop_of_pictures_of_256(self):
        assert crop_size("paper", 224) == crop_size("original2012", 224) == 224
        assert crop_size("mini", 56) == 55

    @pytest.mark.parametrize("variant", VARIANTS)
    def test_where_there_is_no_such_size_the_largest_is_taken(self, variant):
        assert crop_size(variant, 13) == 13


# ---- the whole command -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def done(pictures, tmp_path_factory):
    """The folder of two claims that were tried without a break. Do not change it."""
    folder = tmp_path_factory.mktemp("done")
    places = ("--data", pictures, "--runs", folder / "runs", "--out", folder / "out")
    arguments = ("lrn", "dropout", "ten-crop", "--seeds", 2, *SMALL, *places)
    with pytest.MonkeyPatch.context() as patch:
        trained, read, fit, load = [], [], Trainer.fit, shelf.load_data
        draw_nothing(patch)
        patch.setattr(Trainer, "fit", lambda self: trained.append(self.run.path.name) or fit(self))
        patch.setattr(shelf, "load_data", lambda *args: read.append(args) or load(*args))
        assert command.main([str(a) for a in arguments]) == 0
    return folder, trained, read


class TestTheWholeCommand:
    def test_the_first_seed_of_all_claims_comes_first_and_common_runs_are_trained_once(self, done):
        _, trained, _ = done
        assert trained == [
            f"{changes}epochs=2,{more}seed={seed}"
            for seed in (0, 1)
            # of lrn, which ten-crop looks at as well; and of dropout, which are on fewer pictures
            for changes, more in (("", ""), ("", "lrn=False,"), ("", ""), ("dropout=0,", ""))
        ]

    def test_pictures_are_read_once(self, done):
        assert len(done[2]) == 1

    def test_the_table_says_what_the_histories_say(self, done):
        folder, *_ = done
        errors, training = {}, {}
        for way, name in (("all parts", "epochs=2"), ("no LRN", "epochs=2,lrn=False")):
            for seed in (0, 1):
                path = folder / "runs" / "tiny-mini-20" / f"{name},seed={seed}" / "last.npz"
                end = load_checkpoint(path).progress["history"][-1]
                errors[way, seed] = 100 * end["val_top1_error"]
                training[way, seed] = 100 * end["train_top1_error"]
        rows = cells(table(folder), "Result")
        for way in ("all parts", "no LRN"):
            (row,) = rows[way]
            low, high = sorted((errors[way, 0], errors[way, 1]))
            mean = (low + high) / 2
            assert row["validation error"] == f"{mean:.1f}% ({low:.1f}% to {high:.1f}%)"
            mean = (training[way, 0] + training[way, 1]) / 2
            assert row["error while training"].startswith(f"{mean:.1f}% (")
            assert row["seeds"] == "2"
        differences = [errors["no LRN", seed] - errors["all parts", seed] for seed in (0, 1)]
        mean, half = np.mean(differences), 12.706 * np.std(differences, ddof=1) / np.sqrt(2)
        (row,) = rows["no LRN"]
        expected = f"{mean:+.1f} points ({mean - half:+.1f} to {mean + half:+.1f}, n=2)"
        assert row["less that of all parts (95% interval)"] == expected
        if half > abs(mean):
            assert row["verdict"] == NOT_RESOLVED
        every = cells(table(folder), "Every run")
        for (way, seed), error in errors.items():
            assert every[way][seed]["validation error"] == f"{error:.1f}%"
            assert every[way][seed]["top-1 error"] == f"{error:.1f}%"
            assert every[way][seed]["epochs"] == "2"
        parameters = alexnet("mini", 3, 15).num_params
        assert rows["all parts"][0]["parameters"] == f"{parameters:,}"

    def test_the_report_says_with_what_it_was_made_and_no_path(self, done, pictures):
        folder, *_ = done
        text = table(folder)
        assert "    python benchmarks/experiments/run.py lrn dropout ten-crop --seeds 2" in text
        assert "--data tiny" in text
        for path in (folder, pictures.parent):
            assert str(path) not in text + json.dumps(recorded(folder))
        for word in ("NumPy", "processor", "commit", "date", "24 to train on and 9", "crops of 15"):
            assert word in text
        assert "![With and without local response normalisation](lrn-tiny-mini-20.png)" in text

    def test_evaluations_after_training_are_those_of_the_last_weights(self, done, pictures):
        folder, *_ = done
        loaded = load_pictures(pictures, 20)
        few = shelf.thinned(loaded.train, CLAIMS["dropout"].one_in)
        for claim, name, part, ten_crop, runs_of in (
            ("dropout", "train", few, False, "tiny-mini-20-1in5"),
            ("ten-crop", "ten crops", loaded.val, True, "tiny-mini-20"),
        ):
            run = recorded(folder, claim)["runs"][1 if ten_crop else 0]
            path = folder / "runs" / runs_of / f"epochs=2,seed={run['seed']}" / "last.npz"
            checkpoint = load_checkpoint(path)
            config = TrainConfig.from_dict(checkpoint.config)
            network = config.network()
            network.set_params(checkpoint.params)
            prepare = Preprocessing(checkpoint.mean, config.pixel_scale, config.image_size)
            tally, _ = evaluate(network, part, prepare, np, ten_crop=ten_crop)
            assert run["evaluations"][name]["top1_error"] == tally.top1_error
            assert run["evaluations"][name]["loss"] == pytest.approx(tally.loss)

    def test_ten_crops_are_compared_with_the_centre_crop_of_the_same_runs(self, done):
        text = table(done[0], "ten-crop")
        rows, every = cells(text, "Result"), cells(text, "Every run")
        assert set(rows) == {"centre crop", "ten crops"}
        for seed in (0, 1):
            one, other = every["centre crop"][seed], every["ten crops"][seed]
            assert one["validation error"] == one["top-1 error"] == other["top-1 error"]

    def test_once_more_nothing_is_trained_and_the_record_is_the_same(self, done, experiment, fits):
        folder, *_ = done
        before = recorded(folder)
        assert experiment("lrn", "dropout", "ten-crop", "--seeds", 2, folder=folder) == 0
        assert fits == []
        assert recorded(folder) == before

    def test_tables_and_pictures_can_be_drawn_again(self, done, fits, drawn):
        folder, *_ = done
        before = table(folder)
        for path in (folder / "out").glob("lrn*.[mp]*"):
            path.unlink()
        assert command.main(["lrn", "--draw", "--out", str(folder / "out")]) == 0
        assert table(folder) == before
        with Image.open(folder / "out" / "lrn-tiny-mini-20.png") as picture:
            assert min(picture.size) > 300
        assert fits == []

    def test_the_best_weights_are_not_kept_for_only_the_last_are_looked_at(self, done):
        names = {path.name for path in (done[0] / "runs").rglob("*.npz")}
        assert names == {"last.npz"}


class TestGoingOn:
    @pytest.fixture
    def whole(self, done):
        return without_times(recorded(done[0]))["runs"]

    def test_after_ctrl_c_to_the_same_figures(
        self, experiment, whole, tmp_path, monkeypatch, capsys
    ):
        save_metrics, seen = RunFolder.save_metrics, []

        def interrupt(self, history):
            save_metrics(self, history)
            seen.append(len(history))
            if len(seen) == 3:  # the first epoch of the second run
                signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr(RunFolder, "save_metrics", interrupt)
        assert experiment("lrn", "--seeds", 2) == 130
        assert "the same command goes on from here" in capsys.readouterr().err
        assert len(recorded(tmp_path)["runs"]) == 1
        assert experiment("lrn", "--seeds", 2) == 0
        assert seen == [1, 2, 1, 2, 1, 2, 1, 2]  # no epoch was trained twice
        assert without_times(recorded(tmp_path))["runs"] == whole

    def test_after_a_kill_to_the_same_figures(self, experiment, whole, pictures, tmp_path):
        """A process of its own, killed as soon as the first epoch of the second run is over."""
        places = ("--data", pictures, "--runs", tmp_path / "runs", "--out", tmp_path / "out")
        script = Path(command.__file__)
        arguments = [sys.executable, script, "lrn", "--seeds", "2", *SMALL, *places]
        with subprocess.Popen(
            list(map(str, arguments)), stderr=subprocess.PIPE, text=True
        ) as process:
            lines = []
            for line in process.stderr:
                lines.append(line)
                if sum(line.lstrip().startswith("1/2 ") for line in lines) == 2:
                    process.kill()
                    break
        assert process.returncode == -signal.SIGKILL, "".join(lines)
        assert experiment("lrn", "--seeds", 2) == 0
        assert without_times(recorded(tmp_path))["runs"] == whole

    def test_more_seeds_later(self, experiment, whole, tmp_path, fits):
        assert experiment("lrn", "--seeds", 1) == 0
        assert "one seed: no telling" in table(tmp_path)
        assert experiment("lrn", "--seeds", 2) == 0
        assert without_times(recorded(tmp_path))["runs"] == whole
        assert len(fits) == 4

    def test_while_earlier_runs_are_looked_up_the_record_keeps_those_of_all_seeds(
        self, experiment, whole, tmp_path, monkeypatch
    ):
        """Another claim joins, and is stopped in its first run."""
        assert experiment("lrn", "--seeds", 2) == 0
        monkeypatch.setattr(Trainer, "fit", lambda self: signal.raise_signal(signal.SIGINT))
        assert experiment("lrn", "dropout", "--seeds", 2) == 130
        assert without_times(recorded(tmp_path))["runs"] == whole

    def test_what_a_record_holds_is_not_trained_again(
        self, experiment, whole, tmp_path, fits, capsys
    ):
        """Without the folders of the runs, as on another machine."""
        assert experiment("lrn", "--seeds", 1) == 0
        (tmp_path / "runs").rename(tmp_path / "lost")
        fits.clear()
        capsys.readouterr()
        assert experiment("lrn", "--seeds", 2) == 0
        assert fits == ["epochs=2,seed=1", "epochs=2,lrn=False,seed=1"]
        assert without_times(recorded(tmp_path))["runs"] == whole
        recorded_today = f"learning rate 0.02 (recorded, {datetime.date.today()})"
        assert f"lrn: no LRN, seed 0, {recorded_today}" in capsys.readouterr().err

    def test_another_claims_record_will_do_if_it_has_what_is_measured(
        self, experiment, tmp_path, fits
    ):
        assert experiment("towers", "--seeds", 1) == 0
        assert experiment("lrn", "--seeds", 1) == 0
        before = recorded(tmp_path, "towers")
        for name in ("runs", "out/lrn-tiny-mini-20.json"):
            (tmp_path / name).rename(tmp_path / f"lost {Path(name).name}")
        fits.clear()
        assert experiment("lrn", "towers", "ten-crop", "--seeds", 1) == 0
        assert recorded(tmp_path, "towers") == before
        assert fits == ["epochs=2,lrn=False,seed=0", "epochs=2,seed=0"]  # the latter for ten crops
        assert "ten crops" not in recorded(tmp_path)["runs"][0]["evaluations"]

    @pytest.mark.parametrize("left", ("run folders and records", "records alone"))
    def test_what_was_found_is_kept_though_the_next_training_is_stopped(
        self, left, experiment, tmp_path, monkeypatch
    ):
        """`towers` begins with the same run as `lrn`, and ends at the first of its own."""
        assert experiment("lrn", "--seeds", 1) == 0
        if left == "records alone":
            shutil.rmtree(tmp_path / "runs")

        def stopped(trainer):
            raise KeyboardInterrupt

        monkeypatch.setattr(Trainer, "fit", stopped)
        assert experiment("towers", "--seeds", 1) == 130
        (run,) = recorded(tmp_path, "towers")["runs"]
        assert (run["configuration"], run["seed"]) == ("two towers", 0)

    def test_the_claims_own_record_comes_before_run_folders_and_other_records(
        self, experiment, tmp_path, fits
    ):
        """And nothing of it changes where nothing was trained, not even who wrote it last."""
        assert experiment("dropout", "lrn", "--seeds", 1) == 0
        path = tmp_path / "out" / "lrn-tiny-mini-20.json"
        path.write_text(path.read_text().replace('"machine": "', '"machine": "another '))
        before = path.read_bytes()
        assert experiment("dropout", "lrn", "ten-crop", "--seeds", 1) == 0
        assert path.read_bytes() == before
        (tmp_path / "runs").rename(tmp_path / "lost")
        assert experiment("lrn", "--seeds", 1, "--backend", "auto") == 0
        assert path.read_bytes() == before

    def test_other_pictures_of_the_same_name_are_other_pictures(
        self, experiment, pictures, tmp_path, fits, capsys
    ):
        assert experiment("init", "--seeds", 1, "--epochs", 1) == 0
        others = tmp_path / "tiny.new"
        shutil.copytree(pictures, others)
        Image.new("RGB", (24, 24)).save(others / "train" / "red" / "0.png")
        capsys.readouterr()
        assert experiment("init", "--seeds", 1, "--epochs", 1, "--data", others) == 1
        said = capsys.readouterr().err.splitlines()[-1]
        assert "init-tiny-mini-20.json is a record of other runs (other pictures); give" in said
        (tmp_path / "out").rename(tmp_path / "kept")
        assert experiment("init", "--seeds", 1, "--epochs", 1, "--data", others) == 1
        assert "holds a run " in capsys.readouterr().err
        shutil.copytree(tmp_path / "kept", tmp_path / "out", dirs_exist_ok=True)
        (tmp_path / "out" / "init-tiny-mini-20.json").rename(tmp_path / "out" / "other.json")
        (tmp_path / "runs").rename(tmp_path / "lost")
        fits.clear()
        assert experiment("init", "--seeds", 1, "--epochs", 1, "--data", others) == 0
        assert len(fits) == len(CLAIMS["init"].configurations)

    def test_a_recipe_that_has_changed_is_not_mixed_with_the_one_of_before(
        self, experiment, tmp_path, fits, capsys, monkeypatch
    ):
        assert experiment("lrn", "--seeds", 1) == 0
        config = Experiment.config
        monkeypatch.setattr(
            Experiment, "config", lambda self, s, seed: config(self, s | {"momentum": 0.8}, seed)
        )
        fits.clear()
        capsys.readouterr()
        assert experiment("lrn", "--seeds", 2, "--runs", tmp_path / "others") == 1
        said = capsys.readouterr().err.splitlines()[-1]
        assert "is a record of other runs (momentum 0.9, not 0.8); give another folder" in said
        assert fits == []

    def test_a_record_that_came_in_the_meantime_is_checked_before_it_is_added_to(
        self, experiment, tmp_path, monkeypatch, capsys
    ):
        """As of another process, begun at the same time with other settings."""
        assert experiment("lrn", "--seeds", 1) == 0
        record_file = tmp_path / "out" / "lrn-tiny-mini-20.json"
        other = record_file.read_text()
        record_file.unlink()
        fit = Trainer.fit

        def meanwhile(self):
            record_file.write_text(other)
            return fit(self)

        monkeypatch.setattr(Trainer, "fit", meanwhile)
        assert experiment("lrn", "--epochs", 1, "--runs", tmp_path / "others") == 1
        assert "is a record of other runs (epochs 2, not 1)" in capsys.readouterr().err
        assert record_file.read_text() == other

    def test_two_processes_may_write_to_one_record(self, tmp_path):
        made = [fake_record("lrn", [fake_run([0.5], seed=seed)]) for seed in range(8)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda each: record.save(each, tmp_path, same), made))
        assert [run["seed"] for run in recorded_in(tmp_path)["runs"]] == list(range(8))

    def test_a_run_that_another_process_trains_is_waited_for(
        self, experiment, tmp_path, monkeypatch, fits, capsys
    ):
        assert experiment("lrn", "--seeds", 1) == 0
        (tmp_path / "out").rename(tmp_path / "kept")
        result = tmp_path / "runs" / "tiny-mini-20" / "epochs=2,seed=0" / runs.RESULT
        text = result.read_text()
        result.unlink()
        monkeypatch.setattr(runs.time, "sleep", lambda seconds: result.write_text(text))
        fits.clear()
        capsys.readouterr()
        with RunFolder(result.parent).in_use():
            assert experiment("lrn", "--seeds", 1) == 0
        assert "another process is training into" in capsys.readouterr().err
        assert fits == [result.parent.name]  # which found it busy

    def test_weights_that_are_gone_cannot_be_evaluated(self, experiment, tmp_path, capsys):
        """Unless a record has the figures."""
        assert experiment("lrn", "dropout", "--seeds", 1) == 0
        for path in (tmp_path / "runs").rglob("last.npz"):
            path.unlink()
        kept = {name: recorded(tmp_path, name) for name in ("lrn", "dropout")}
        assert experiment("lrn", "dropout", "--seeds", 1) == 0
        assert {name: recorded(tmp_path, name) for name in kept} == kept
        capsys.readouterr()
        assert experiment("ten-crop", "--seeds", 1) == 1
        assert "remove the folder, and the run is trained again" in capsys.readouterr().err

    def test_a_result_of_another_version(self, experiment, tmp_path, capsys):
        assert experiment("lrn", "--seeds", 1) == 0
        (tmp_path / "out").rename(tmp_path / "kept")
        for path in (tmp_path / "runs").rglob(runs.RESULT):
            path.write_text(path.read_text().replace('"pictures"', '"images"'))
        assert experiment("lrn", "--seeds", 1) == 1
        assert "is of another version of these experiments; remove" in capsys.readouterr().err

    def test_fewer_seeds_take_nothing_from_the_record(self, experiment, whole, tmp_path):
        assert experiment("lrn", "--seeds", 2) == 0
        assert experiment("lrn", "--seeds", 1) == 0
        assert without_times(recorded(tmp_path))["runs"] == whole

    def test_a_new_choice_of_rate_counts_for_the_seeds_that_stay(self):
        def runs_at(lr, counted, *seeds):
            return [fake_run([0.5], lr=lr, seed=s) | {"counted": counted} for s in seeds]

        def brief(found):
            return [(run["seed"], run["lr"], run["counted"]) for run in found]

        before = [*runs_at(0.1, True, 0, 1), *runs_at(0.2, False, 0)]
        found = record.merged([*runs_at(0.1, False, 0), *runs_at(0.4, True, 0)], before)
        assert brief(found) == [
            (0, 0.1, False),
            (0, 0.4, True),
            (0, 0.2, False),
            (1, 0.1, False),
        ]
        found = record.merged([*runs_at(0.1, True, 0), *runs_at(0.4, False, 0)], found)
        assert brief(found) == [
            (0, 0.1, True),
            (0, 0.4, False),
            (0, 0.2, False),
            (1, 0.1, True),
        ]

    def test_a_record_with_other_settings_is_refused_before_anything_is_trained(
        self, experiment, tmp_path, fits, capsys
    ):
        assert experiment("lrn", "--seeds", 1) == 0
        (tmp_path / "runs").rename(tmp_path / "lost")
        fits.clear()
        before = recorded(tmp_path)
        capsys.readouterr()
        assert experiment("lrn", "--seeds", 1, "--image-size", 17) == 1
        said = capsys.readouterr().err.splitlines()[-1]
        expected = "is a record of other runs (image_size 15, not 17); give another folder"
        assert expected in said and "--out" in said
        assert fits == [] and recorded(tmp_path) == before

    def test_a_folder_with_other_settings_is_refused(self, experiment, tmp_path, capsys):
        assert experiment("lrn", "--seeds", 1) == 0
        (tmp_path / "out").rename(tmp_path / "kept")
        capsys.readouterr()
        assert experiment("lrn", "--seeds", 1, "--image-size", 17) == 1
        said = capsys.readouterr().err.splitlines()[-1]
        assert "a run with other settings (image_size 15, not 17); give another folder" in said


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
class TestRunsThatFail:
    CLAIM = Claim(
        name="lrn",
        title="Rates",
        paper="-",
        here="-",
        configurations=(
            Configuration("sound"),
            Configuration("wild", {"lr": 1e6}),
            Configuration("of its choice", lrs=(1e6, 0.02, 1e-9)),
        ),
        best=lambda run: math.inf if run["ended"] else -run["lr"],
    )

    @pytest.fixture
    def tried(self, experiment, monkeypatch, tmp_path):
        monkeypatch.setitem(command.CLAIMS, "lrn", self.CLAIM)
        assert record.CLAIMS is command.CLAIMS
        with np.errstate(all="ignore"):
            assert experiment("lrn", "--seeds", 2) == 0
        return tmp_path

    def test_divergence_is_in_the_table(self, tried):
        (row,) = cells(table(tried), "Result")["wild"]
        assert row["validation error"] == "2 of 2 diverged"
        assert row["verdict"] == "-"
        for run in cells(table(tried), "Every run")["wild"]:
            assert "the loss is no longer a finite number in epoch 1" in run["remark"]
            assert run["validation error"] == run["top-1 error"] == "-"
        (row,) = cells(table(tried), "Result")["sound"]
        assert row["validation error"].endswith("%)")

    def test_it_is_not_tried_again(self, tried, experiment, fits):
        assert experiment("lrn", "--seeds", 2) == 0
        assert fits == []

    def test_the_best_rate_is_chosen_with_the_first_seed_and_kept(self, tried):
        found = [run for run in recorded(tried)["runs"] if run["configuration"] == "of its choice"]
        assert [(run["seed"], run["lr"], run["counted"]) for run in found] == [
            (0, 1e6, False),
            (0, 0.02, True),
            (0, 1e-9, False),
            (1, 0.02, True),
        ]
        (row,) = cells(table(tried), "Result")["of its choice"]
        assert row["seeds"] == "2"
        remarks = [run["remark"] for run in cells(table(tried), "Every run")["of its choice"]]
        assert remarks[1] == remarks[3] == ""
        assert "no longer a finite number" in remarks[0]
        assert remarks[2] == "another learning rate was chosen"

    def test_a_rate_at_the_edge_of_those_tried_is_named(self, tmp_path):
        made = [fake_run([0.5], configuration="tanh", lr=lr) for lr in (0.005, 0.02, 0.08)]
        for run, counted in zip(made, (True, False, False), strict=True):
            run["counted"] = counted
        every = cells(tables.markdown(CLAIMS["relu"], fake_record("relu", made), "x"), "Every run")
        other = "another learning rate was chosen"
        edge = "at the edge of the learning rates tried"
        assert [run["remark"] for run in every["tanh"]] == [edge, other, other]

    def test_no_rate_is_chosen_before_all_were_tried(self):
        made = [fake_run([0.5], configuration="tanh", lr=lr) for lr in (0.005, 0.02)]
        for run in made:
            run["counted"] = False
        every = cells(tables.markdown(CLAIMS["relu"], fake_record("relu", made), "x"), "Every run")
        assert {run["remark"] for run in every["tanh"]} == {"its learning rate is on trial"}


class TestWordsOfTheTable:
    def test_epochs_that_were_never_enough_and_how_many_times_as_many(self):
        made = [
            *(fake_run([0.5, 0.25], seed=seed, configuration="ReLU") for seed in (0, 1)),
            fake_run([0.9, 0.8, 0.5, 0.25], seed=0, configuration="tanh"),
            fake_run([0.9, 0.9, 0.9, 0.9], seed=1, configuration="tanh"),
            fake_run([0.9], seed=0, configuration="sigmoid"),
        ]
        rows = cells(tables.markdown(CLAIMS["relu"], fake_record("relu", made), "x.png"), "Result")
        (relu,), (tanh,), (sigmoid,) = rows["ReLU"], rows["tanh"], rows["sigmoid"]
        assert relu[TO_25.name] == "2.00 (2.00 to 2.00)"
        assert tanh[TO_25.name] == "4.00; 1 of 2 never"
        some = "(1 of 2 seeds have both)"
        assert tanh["verdict"] == f"one seed: no telling; 2 times as many {some}"
        assert tanh["less that of ReLU (95% interval)"] == "+2.00"
        assert sigmoid[TO_25.name] == "1 of 1 never"
        assert (sigmoid["verdict"], sigmoid["seeds"]) == ("-", "1")

    def test_losses_have_three_digits_beside_ln_c(self):
        made = [fake_run([0.5], configuration="He")]
        text = tables.markdown(CLAIMS["init"], fake_record("init", made), "x.png")
        assert cells(text, "Result")["He"][0]["validation loss"] == "1.500"
        assert "- marked in the picture: ln C, 2.303\n" in text

    def test_times_of_several_machines_have_no_mean(self):
        made = [fake_run([0.5], seed=0), fake_run([0.5], seed=1, machine="another")]
        made += [fake_run([0.5], seed=s, configuration="no LRN") for s in (0, 1)]
        rows = cells(tables.markdown(CLAIMS["lrn"], fake_record("lrn", made), "x"), "Result")
        assert rows["all parts"][0]["training"] == "on several machines"
        assert rows["no LRN"][0]["training"] == "1 s"

    def test_what_was_not_run_yet_is_left_open(self, tmp_path):
        made = fake_record("pooling", [fake_run([0.5], configuration="overlapped, maximum")])
        path = record.save(made, tmp_path, same)
        rows = cells(path.read_text(), "Result")
        assert rows["tiled, average"][0]["validation error"] == "-"
        assert path.with_suffix(".png").exists()

    @pytest.mark.parametrize("claim", CLAIMS)
    def test_every_claim_can_be_drawn_whatever_came_of_its_runs(self, claim, tmp_path, drawn):
        ways = [c.name for c in CLAIMS[claim].configurations]
        made = [fake_run([0.5, 0.2], seed=s, configuration=ways[0]) for s in range(3)]
        made += [fake_run([0.6], seed=0, configuration=ways[1], ended="the loss is no number")]
        made += [fake_run([], seed=1, configuration=ways[1], ended="the loss is no number")]
        text = record.save(fake_record(claim, made), tmp_path, same).read_text()
        assert "the loss is no number" in text


class TestThePicture:
    @pytest.fixture
    def panels(self, monkeypatch):
        """panels("lrn", runs) -> the axes: the curves, and what each run came to."""
        from matplotlib.figure import Figure

        def draw(claim: str, made: list[dict]) -> list:
            figures = []
            monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: figures.append(figure))
            long = {"data": "imagenette2-160", "variant": "original2012", "picture_size": 256}
            charts.draw(CLAIMS[claim], fake_record(claim, made) | long, io.BytesIO())
            (figure,) = figures
            return figure.axes

        return draw

    def test_a_configuration_without_runs_has_no_curve_and_says_so(self, panels):
        curves, ends = panels("pooling", [fake_run([0.5, 0.4], configuration="tiled, maximum")])
        assert [text.get_text() for text in curves.get_legend().get_texts()] == ["tiled, maximum"]
        rows = [label.get_text() for label in ends.get_yticklabels()]
        assert {rows[text.xy[1]]: text.get_text() for text in ends.texts} == {
            name: "no run that counts yet" for name in rows if name != "tiled, maximum"
        }

    def test_before_a_learning_rate_is_chosen_there_is_no_scale(self, panels):
        curves, ends = panels("relu", [fake_run([0.5, 0.4], configuration="tanh", counted=False)])
        assert [text.get_text() for text in curves.texts] == ["no run that counts yet"]
        assert not curves.lines and not ends.lines
        assert not [*curves.get_xticks(), *curves.get_yticks(), *ends.get_xticks()]

    def test_where_no_epoch_was_finished_there_is_no_scale_either(self, panels):
        curves, ends = panels("lrn", [fake_run([], ended="the loss is no number")])
        assert [text.get_text() for text in curves.texts] == ["no epoch was finished"]
        assert not [*curves.get_xticks(), *curves.get_yticks()]
        assert ends.texts[0].get_text() == "1 of 1 diverged"

    @pytest.mark.parametrize("claim", CLAIMS)
    def test_all_words_have_room(self, panels, claim):
        ways = CLAIMS[claim].configurations
        axes = panels(claim, [fake_run([0.5, 0.4], configuration=way.name) for way in ways])
        figure, ends = axes[0].figure, axes[-1]
        figure.draw_without_rendering()
        texts = [*figure.texts, *(panel.title for panel in axes), *ends.get_yticklabels()]
        for box in (text.get_window_extent() for text in texts):
            assert box.x0 >= 0 and box.x1 <= figure.bbox.x1
            assert box.y0 >= 0 and box.y1 <= figure.bbox.y1
        if len(axes) > 1:
            left = min(label.get_window_extent().x0 for label in ends.get_yticklabels())
            assert left >= axes[0].bbox.x1

    @pytest.mark.parametrize(
        "claim, first, second, width",
        (
            ("lrn", [0.4], [0.4], 0.02),
            ("lrn", [0.447], [0.448], 0.02),
            ("lrn", [0.4], [0.45], 0.05),
            ("relu", [0.9, 0.1], [0.9, 0.101], 0.5),
            ("relu", [0.9, 0.1], [0.9, 0.9, 0.1], 1.0),
            ("init", [0.4], [0.4001], 0.1),
            ("init", [0.4], [0.6], 0.6),  # losses here are three times the errors
        ),
    )
    def test_a_gap_fills_the_width_only_if_it_is_wide(self, panels, claim, first, second, width):
        way = CLAIMS[claim].configurations[0].name
        runs = enumerate((first, second))
        made = [fake_run(errors, seed=seed, configuration=way) for seed, errors in runs]
        _, ends = panels(claim, made)
        found = [x for line in ends.lines for x in line.get_xdata()]
        low, high = ends.get_xlim()
        assert low < min(found) and max(found) < high
        assert (high - low) / 1.16 == pytest.approx(width)

    def test_the_scale_goes_in_round_steps_that_can_be_told_apart(self, panels):
        for errors in ((0.435, 0.512), (0.999, 1.0), (0.447, 0.448)):
            _, ends = panels("lrn", [fake_run([e], seed=seed) for seed, e in enumerate(errors)])
            ends.figure.draw_without_rendering()
            low, high = ends.get_xlim()
            ticks = [tick for tick in ends.get_xticks() if low <= tick <= high]
            labels = [ends.xaxis.get_major_formatter()(tick, None) for tick in ticks]
            assert 2 <= len(labels) == len(set(labels)) <= 7
            step = 100 * (ticks[1] - ticks[0])
            assert any(step == pytest.approx(round_one) for round_one in (0.2, 0.5, 1, 2))


class TestTheCommandLine:
    def test_the_claims_are_listed(self, capsys):
        assert command.main(["list"]) == 0
        out = capsys.readouterr().out
        assert all(f"{name}: {claim.title}" in out for name, claim in CLAIMS.items())
        assert "3 runs a seed and 6 to choose learning rates, 20 epochs each, at 32 pixels" in out

    def test_an_unknown_claim_is_refused(self, capsys):
        with pytest.raises(SystemExit) as caught:
            command.main(["lrm"])
        assert caught.value.code == 2
        assert "there is no claim 'lrm'; expected list, all, or relu" in capsys.readouterr().err

    def test_pictures_that_are_not_there(self, tmp_path, capsys):
        assert command.main(["lrn", "--data", str(tmp_path / "gone")]) == 1
        err = capsys.readouterr().err
        assert err.startswith("run.py: ") and str(tmp_path / "gone") in err
        assert err.count("\n") == 1

    def test_pictures_too_small_for_the_network(self, experiment, capsys):
        assert experiment("lrn", "--variant", "paper") == 1
        assert "too small for paper" in capsys.readouterr().err

    def test_folders_that_cannot_be_made(self, experiment, tmp_path, capsys):
        (tmp_path / "runs").write_text("")
        assert experiment("lrn") == 1
        assert "give another folder with --runs" in capsys.readouterr().err

    @pytest.mark.parametrize("change", ["{", "[]", "epochs", "lr", None])
    def test_something_else_among_the_records(self, experiment, done, tmp_path, capsys, change):
        shutil.copytree(done[0] / "out", tmp_path / "out")
        path = tmp_path / "out" / "lrn-tiny-mini-20.json"
        text = path.read_text()
        path.unlink()
        if change is None:
            path.mkdir()
        else:  # a text in its place, or one of its parts by another name
            replaced = text.replace(f'"{change}"', '"x"')
            path.write_text(change if replaced == text else replaced)
        said = "lrn-tiny-mini-20.json is not a record of experiments; move it, or"
        for arguments in (("lrn", "--seeds", 1), ("dropout",), ("lrn", "--draw")):
            assert experiment(*arguments) == 1
            assert said in capsys.readouterr().err

    def test_a_folder_for_records_that_cannot_be_made(self, experiment, tmp_path, capsys, fits):
        (tmp_path / "out").write_text("")
        assert experiment("lrn") == 1
        assert "give another folder with --out" in capsys.readouterr().err
        assert fits == []

    def test_nothing_to_draw(self, tmp_path, capsys):
        assert command.main(["relu", "--draw", "--out", str(tmp_path)]) == 1
        assert "holds no record of relu; run them first" in capsys.readouterr().err

    def test_places_are_left_out_of_the_command_that_is_written_down(self):
        given = ["lrn", "--data", "/a/b/c.tgz", "--out=/d", "--runs", "/e", "--seeds", "4"]
        expected = "python benchmarks/experiments/run.py lrn --data c.tgz --seeds 4"
        assert command.command(given) == expected
        assert command.command(["lrn", "--data=/a/b/c.tgz", "--out", "/d"]) == expected[:-10]


class TestFewPictures:
    """What is against overfitting is tried on one picture in so many."""

    def test_each_class_keeps_its_first_of_every_so_many(self, pictures):
        whole = load_pictures(pictures, 20).train
        few = shelf.thinned(whole, 5)
        assert [name.split("/")[-2:] for name in few.names] == [
            [colour, f"{i}.png"] for colour in ("blue", "green", "red") for i in (0, 5)
        ]
        for kept, name in enumerate(few.names):
            place = whole.names.index(name)
            np.testing.assert_array_equal(few.images[kept], whole.images[place])
            assert few.labels[kept] == whole.labels[place]
        assert few.statistics.colour_std.shape == whole.statistics.colour_std.shape
        assert few.fingerprint() != whole.fingerprint()

    def test_the_record_says_how_many(self, experiment, tmp_path):
        assert experiment("dropout", "lrn", "--seeds", 1) == 0
        assert recorded(tmp_path, "dropout")["train_pictures"] == 6
        assert recorded(tmp_path)["train_pictures"] == 24
        assert "6 to train on and 9 to validate" in table(tmp_path, "dropout")
        assert "only one picture in five is trained on" in table(tmp_path, "dropout")
        folders = {path.name for path in (tmp_path / "runs").iterdir()}
        assert folders == {"tiny-mini-20", "tiny-mini-20-1in5"}
