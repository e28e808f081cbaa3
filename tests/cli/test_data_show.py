"""`minialexnet data show`: what the sheet holds, and what is answered to what cannot be drawn."""

import numpy as np
import pytest
from PIL import Image

from minialexnet.cli import common
from minialexnet.cli.data import gallery, sheet, show
from minialexnet.datasets import PictureSet, PrincipalColours, TrainBatches
from minialexnet.training import Preprocessing, TrainConfig

SIZE, CROP = 32, 28


@pytest.fixture(autouse=True)
def small_builtin(tiny, monkeypatch):
    monkeypatch.setattr(common, "builtin_archive", lambda: tiny)


@pytest.fixture
def drawn(monkeypatch):
    """What was handed to the drawing: (title, sections, side), once there was one."""
    seen = []
    draw = show.draw_sheet

    def remember(title, subtitle, sections, side):
        seen.append((title, dict(sections), side))
        return draw(title, subtitle, sections, side)

    monkeypatch.setattr(show, "draw_sheet", remember)
    return seen


@pytest.mark.parametrize("option", [("--out", "photo.png"), ()])
def test_the_picture_that_is_shown_is_not_overwritten(cli, tmp_path, monkeypatch, option):
    monkeypatch.chdir(tmp_path)
    name = option[1] if option else "augmentations.png"
    Image.fromarray(noise()[0]).save(name)
    before = (tmp_path / name).read_bytes()
    answer = cli("data", "show", name, *option)
    assert answer.status == 1
    answer.sentence("the sheet would take the place of the picture", name, "with --out")
    assert (tmp_path / name).read_bytes() == before


def config(**changes):
    values = {
        "data": "noise",
        "variant": "mini",
        "init": "he",
        "num_classes": 2,
        "picture_size": SIZE,
        "image_size": CROP,
        "epochs": 1,
        "batch_size": 8,
        "schedule": "constant",
        "lr": 0.01,
    }
    return TrainConfig(**(values | changes))


def noise(count=1):
    return np.random.default_rng(0).integers(0, 256, (count, SIZE, SIZE, 3), dtype=np.uint8)


COLOURS = PrincipalColours(np.eye(3), np.array([10.0, 20, 30]))


def rows(**changes):
    return {row.name: row for row in gallery.changes_of(noise()[0], config(**changes), COLOURS)}


class TestCommand:
    def test_draws_a_picture_and_says_where(self, cli, tmp_path):
        out = tmp_path / "sheet.png"
        answer = cli("data", "show", "--out", out)
        assert (answer.status, answer.err) == (0, "")
        assert answer.out.strip().endswith(str(out))
        with Image.open(out) as image:
            assert image.format == "PNG"
            assert image.width > 800
            assert image.height > 1500
        assert [path.name for path in tmp_path.iterdir()] == ["sheet.png"]

    def test_the_same_options_draw_the_same_and_another_seed_another(self, cli, tmp_path):
        files = [tmp_path / f"{i}.png" for i in range(3)]
        for out, seed in zip(files, (1, 1, 2), strict=True):
            assert cli("data", "show", "--out", out, "--seed", seed).status == 0
        first, second, other = (path.read_bytes() for path in files)
        assert first == second != other

    def test_the_batch_is_the_first_of_the_training(self, cli, tiny, tmp_path, drawn):
        options = ("--picture-size", SIZE, "--no-flip", "--rotation", 90, "--batch-size", 9)
        assert (
            cli("data", "show", "--data", tiny, "--out", tmp_path / "a.png", *options).status == 0
        )
        ((_, sections, side),) = drawn
        _, batch = sections.items()
        train = common.load_data(str(tiny), SIZE).train
        augmentation = config(rotation=90).augmentation
        images, labels = TrainBatches(
            train, 9, CROP, 0, flip=False, augmentation=augmentation
        ).batch(0, 0)
        tiles = [tile for row in batch[1][::2] for tile in row.tiles]
        assert side == CROP
        assert [caption for _, caption in tiles] == [train.classes[label] for label in labels]
        np.testing.assert_array_equal([picture for picture, _ in tiles], images)

    def test_of_a_picture_alone_the_batch_is_that_picture(self, cli, tmp_path, drawn):
        path = tmp_path / "flat.png"
        Image.new("RGB", (50, 40), (10, 20, 30)).save(path)
        assert cli("data", "show", path, "--out", tmp_path / "a.png").status == 0
        ((title, sections, side),) = drawn
        assert title == "flat.png"
        assert side == 35  # 7/8 of its shorter side
        for _, batch in sections.items():
            for row in batch:
                if row.name in ("the picture", "crop", "rotation", "in colour"):
                    assert all((picture == [10, 20, 30]).all() for picture, _ in row.tiles)

    def test_noise_in_the_colours_of_a_picture_alone_is_that_of_the_built_in_set(
        self, cli, tmp_path, drawn
    ):
        """A picture of one colour has none of its own."""
        path = tmp_path / "flat.png"
        Image.new("RGB", (50, 40), (100, 100, 100)).save(path)
        options = ("--out", tmp_path / "a.png", "--colour-noise", 1)
        assert cli("data", "show", path, *options).status == 0
        ((_, sections, _),) = drawn
        _, batch = sections.values()
        colours = {tuple(picture[0, 0]) for picture, _ in batch[0].tiles}
        assert len(colours) == 6

    def test_a_picture_and_a_set(self, cli, tiny, tmp_path, drawn):
        path = tmp_path / "flat.png"
        Image.new("RGB", (50, 40), (10, 20, 30)).save(path)
        options = ("--data", tiny, "--picture-size", SIZE, "--out", tmp_path / "a.png")
        assert cli("data", "show", path, *options).status == 0
        ((title, sections, _),) = drawn
        changes, batch = sections.values()
        assert title == "flat.png"
        assert changes[0].tiles[0][0].shape == (SIZE, SIZE, 3)
        assert {caption for _, caption in batch[0].tiles} == {"blue", "green", "red"}

    def test_warns_as_train_does(self, cli, tmp_path, new_set):
        data = new_set(tmp_path / "digits", "6 9", train=3, val=1)
        answer = cli("data", "show", "--data", data, "--rotation", 180, "--out", tmp_path / "a.png")
        assert answer.err.startswith("note: turning may make")

    @pytest.mark.parametrize(
        ("arguments", "parts"),
        [
            (["--out", "sheet.jpg"], ["--out", "'sheet.jpg'", ".png"]),
            (["--out", "{tmp}/no/sheet.png"], ["--out", "no folder", "create it"]),
            (["{tmp}/missing.jpg"], ["missing.jpg", "No such file"]),
            (["{tmp}"], ["cannot be shown", "a picture file"]),
            (["{tmp}/text.png"], ["text.png", "not a picture"]),
            (["--except", "cat:flip"], ["'cat'", "blue, green, red"]),
        ],
        ids=lambda value: value[0] if isinstance(value, list) else None,
    )
    def test_what_cannot_be_is_one_sentence(self, cli, tmp_path, monkeypatch, arguments, parts):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "text.png").write_text("words")
        answer = cli("data", "show", *(part.format(tmp=tmp_path) for part in arguments))
        assert (answer.status, answer.out) == (1, "")
        answer.sentence(*parts)
        assert [path.name for path in tmp_path.iterdir()] == ["text.png"]


class TestRows:
    def test_there_is_one_for_each_augmentation(self):
        names = ["the picture", "crop", "crop of random size", "shift", "scale", "rotation"]
        names += ["shear", "contrast", "brightness", "noise in the colours", "exaggerated"]
        assert list(rows()) == names
        for row in rows().values():
            pictures = [picture.tobytes() for picture, _ in row.tiles]
            assert len(set(pictures)) == len(pictures) >= 3
            assert all(picture.dtype == np.uint8 for picture, _ in row.tiles)

    def test_what_is_on_is_shown_as_strong_as_it_is_and_what_is_off_is_said_to_be(self):
        chosen = rows(rotation=7, shift=0.05, brightness=0.25, min_crop=20, colour_noise=0.3)
        assert [caption for _, caption in chosen["rotation"].tiles][::5] == ["-7°", "+7°"]
        assert chosen["shift"].tiles[0][1] == "5% left"
        captions = [caption for _, caption in chosen["brightness"].tiles]
        assert captions[::5] == ["0.80 times", "1.25 times"]
        assert chosen["crop of random size"].tiles[0][1] == "20 pixels"
        off = {name for name, row in chosen.items() if row.note.startswith("off;")}
        assert off == {"scale", "shear", "contrast"}

    def test_tiles_are_what_their_captions_say(self):
        centre = noise()[0][2:30, 2:30].astype(int)
        found = rows(shift=0.25, brightness=1.0)
        left = found["shift"].tiles[0][0]
        np.testing.assert_array_equal(left[:, :21], centre[:, 7:])
        dark, *_, bright = (picture.mean() for picture, _ in found["brightness"].tiles)
        assert dark < centre.mean() < bright
        top_left, caption = found["crop"].tiles[0]
        assert caption == "row 0, column 0"
        np.testing.assert_array_equal(top_left, noise()[0][:28, :28])
        for picture, caption in found["exaggerated"].tiles:
            added = np.array([int(value) for value in caption.split(",")])
            inside = (centre > 150) & (centre < 160)
            gap = picture.astype(int) - centre - added
            assert np.abs(gap[inside]).max() <= 1 or np.abs(added).max() > 90

    def test_a_positive_rotation_is_counter_clockwise(self):
        tiles = rows(rotation=90)["rotation"].tiles
        centre = noise()[0][2:30, 2:30]
        assert tiles[-1][1] == "+90°"
        np.testing.assert_array_equal(tiles[-1][0], np.rot90(centre))

    def test_numbers_are_shown_about_grey(self):
        images = np.concatenate([np.full((4, SIZE, SIZE, 3), v, np.uint8) for v in (50, 150)])
        labels = np.arange(8) % 2
        pictures = PictureSet(images, labels, ("n01440764", "b"), ["x"] * 8)
        batches = TrainBatches(pictures, 8, CROP, 0)
        found = gallery.batch_of(
            batches, Preprocessing(np.full(3, 100.0), 0.1, CROP), ["tench", "b"], 8
        )
        assert [row.name for row in found] == ["in colour", "as numbers"] * 2
        assert [len(row.tiles) for row in found] == [6, 6, 2, 2]
        assert "white 5 and black -5" in found[1].note
        for (pixels, name), (numbers, _) in zip(found[0].tiles, found[1].tiles, strict=True):
            assert name in ("tench", "b")
            assert (numbers == (0 if pixels[0, 0, 0] == 50 else 255)).all()

    def test_noise_in_the_colours_is_in_the_batch(self):
        pictures = PictureSet(noise(8), np.zeros(8, np.int64), ("a",), ["x"] * 8)
        mean = Preprocessing(np.full(3, 100.0), 0.1, CROP)
        plain = gallery.batch_of(TrainBatches(pictures, 8, CROP, 0), mean, ["a"], 8)
        noisy = TrainBatches(pictures, 8, CROP, 0, colours=COLOURS, colour_noise=2)
        for row, other in zip(plain, gallery.batch_of(noisy, mean, ["a"], 8), strict=True):
            for (picture, _), (tinted, _) in zip(row.tiles, other.tiles, strict=True):
                assert not np.array_equal(picture, tinted)


class TestSheet:
    @pytest.mark.parametrize(
        ("side", "tile"), [(7, 133), (42, 126), (112, 112), (224, 224), (300, 256)]
    )
    def test_small_pictures_are_enlarged_by_whole_times_and_large_ones_scaled(self, side, tile):
        picture = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
        image = np.asarray(
            sheet.draw_sheet("t", "s", [("h", [sheet.Row("n", "note", [(picture, "c")])])], side)
        )
        left = sheet.MARGIN + sheet.BESIDE
        assert image.shape[1] == left + tile + sheet.MARGIN
        columns = image[:, left : -sheet.MARGIN]
        places = np.flatnonzero((columns[:, 0] != 255).any(axis=1) & (columns[:, -1] != 255).any(1))
        assert len(places) >= tile
        if side < 256:
            times = tile // side
            top = next(
                row
                for row in places
                if np.array_equal(columns[row], np.repeat(picture[0], times, axis=0))
            )
            expected = picture.repeat(times, 0).repeat(times, 1)
            np.testing.assert_array_equal(columns[top : top + tile], expected)

    def test_long_words_do_not_leave_their_place(self):
        long = "words " * 60 + "w" * 200
        picture = np.full((64, 64, 3), 200, np.uint8)
        rows = [sheet.Row("n", "several words that take two lines", [(picture, long)] * 6)]
        image = np.asarray(sheet.draw_sheet(long, "s", [(long, rows)], 64))
        assert (image[:, : sheet.MARGIN - 1] == 255).all()
        assert (image[:, 1 - sheet.MARGIN :] == 255).all()
        between = sheet.MARGIN + sheet.BESIDE - 8
        assert (image[-180:, between : between + 6] == 255).all()
