"""`benchmarks/prepare.py`: what it cannot take is said in a sentence, before it begins."""

import prepare
import pytest


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--data", "nowhere"], "'nowhere'"),
        (["--data", "text"], "text"),
        (["--folder", "text/below"], "give another folder with --folder"),
        (["--rounds", "0"], "--rounds"),
        (["--picture-size", "128", "0"], "--picture-size"),
    ],
)
def test_wrong_options(monkeypatch, capsys, tmp_path, options, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text").write_text("no archive")
    monkeypatch.setattr("sys.argv", ["prepare.py", *options])
    with pytest.raises(SystemExit) as stopped:
        prepare.main()
    answer = capsys.readouterr()
    assert (stopped.value.code, answer.out) == (2, "")
    assert said in answer.err.splitlines()[-1]


def test_a_folder_that_is_not_there_is_made_and_nothing_is_left_in_it(
    monkeypatch, capsys, tmp_path
):
    monkeypatch.setattr(prepare, "DRAWN", 6)
    monkeypatch.setattr(prepare, "SIZES", (5e7,))
    monkeypatch.setattr(prepare, "BATCH", 2)
    folder = tmp_path / "new" / "folder"
    wanted = ["--folder", str(folder), "--rounds", "1", "--picture-size", "32"]
    monkeypatch.setattr("sys.argv", ["prepare.py", *wanted])
    prepare.main()
    assert "## 6 pictures" in capsys.readouterr().out
    assert list(folder.iterdir()) == []
