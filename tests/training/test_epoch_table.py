"""The table of the epochs: aligned, within 80 columns, and true."""

import pytest

from minialexnet.training.epoch_table import EpochTable

ENTRY = {
    "epoch": 3,
    "train_loss": 2.3004,
    "train_top1_error": 0.8884,
    "train_top5_error": 0.1,
    "val_loss": 12.2,
    "val_top1_error": 1.0,
    "val_top5_error": 0.05,
    "images_per_second": 12345.4,
}


@pytest.mark.parametrize("epochs", [1, 20, 2000])
@pytest.mark.parametrize("num_classes", [2, 5, 6, 1000])
def test_rows_stand_under_their_headings_and_fit_80_columns(epochs, num_classes):
    table = EpochTable(epochs, num_classes)
    parts, headings = table.header().splitlines()
    row = table.row(ENTRY)
    assert len(row) == len(headings) <= 80
    error = "top-1" if num_classes > 5 else "error"
    assert ("errors" in parts) != (error == "error")  # somewhere it is said what they are
    assert parts.index("training") < headings.index(error) + 5 < parts.index("validation")
    for heading, value in [(error, "88.8%"), ("images/s", "12345")]:
        end = headings.index(heading) + len(heading)
        assert row[:end].endswith(value)


def test_all_figures_of_the_epoch_are_shown():
    cells = EpochTable(20, 10).row(ENTRY).split()
    assert cells == ["3/20", "2.300", "88.8%", "10.0%", "12.200", "100.0%", "5.0%", "12345"]


def test_with_five_classes_top_5_is_left_out():
    assert "top-5" in EpochTable(20, 6).header()
    assert "top-5" not in EpochTable(20, 5).header()
    assert len(EpochTable(20, 5).row(ENTRY).split()) == 6
