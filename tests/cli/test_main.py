"""The command line as a whole: help, mistakes in options, and odd surroundings."""

import re

import pytest

import minialexnet.cli.models
from minialexnet.cli.main import COMMANDS
from minialexnet.errors import InputError

GROUPS = [name for name, command in COMMANDS.items() if hasattr(command, "COMMANDS")]


def single(commands: dict) -> list[tuple[str, ...]]:
    """The words of all commands that do something, those inside other commands, too."""
    found = []
    for name, command in commands.items():
        inside = getattr(command, "COMMANDS", None)
        found += [(name,)] if inside is None else [(name, *words) for words in single(inside)]
    return found


SINGLE = single(COMMANDS)


@pytest.fixture(params=[80, 120])
def columns(request, monkeypatch) -> int:
    monkeypatch.setenv("COLUMNS", str(request.param))
    return request.param


def test_without_a_command_all_of_them_are_listed(cli):
    answer = cli()
    assert answer.status == 0
    for name in COMMANDS:
        assert re.search(rf"^  {name} +\w+", answer.out, re.MULTILINE)


def test_a_command_with_commands_of_its_own_lists_them(cli):
    for name, command in COMMANDS.items():
        for inside in getattr(command, "COMMANDS", ()):
            assert re.search(rf"^  {inside} +\w+", cli(name).out, re.MULTILINE)


def test_summaries_of_the_commands_stand_in_one_column(cli, columns):
    rows = [
        re.match(rf"  ({'|'.join(COMMANDS)}) +", line) for line in cli("--help").out.split("\n")
    ]
    assert {row.end() for row in rows if row} == {13}


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_of_commands_lists_them(cli, group):
    answer = cli(group)
    assert answer.status == 0
    assert answer.out == cli(group, "--help").out
    for name in COMMANDS[group].COMMANDS:
        assert re.search(rf"^  {name} +\w+", answer.out, re.MULTILINE)


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS), *SINGLE], ids=" ".join)
def test_help_fits_into_the_terminal(cli, columns, command):
    answer = cli(*command, "--help")
    assert (answer.status, answer.err) == (0, "")
    assert max(map(len, answer.out.splitlines())) < columns


@pytest.mark.parametrize("command", SINGLE, ids=" ".join)
def test_help_says_what_every_option_does(cli, command, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    joined = re.sub(r"\n {20,}", "  ", cli(*command, "--help").out)
    options = re.findall(r"^  --.*", joined, re.MULTILINE)
    assert options
    for line in options:
        assert re.fullmatch(r"  --\S+( \S+)?  +\S.*", line), line


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["fly"], ["'fly'", "train", "minialexnet --help"]),
        (["train", "--wings", "2"], ["--wings", "minialexnet train --help"]),
        (["data", "prepare", "x", "y"], ["y", "minialexnet data prepare --help"]),
        (["--wings", "train"], ["--wings", "minialexnet --help"]),
        (["predict"], ["PICTURE", "minialexnet predict --help"]),
        (["train", "--epochs", "0"], ["--epochs", "at least 1", "'0'", "minialexnet train --help"]),
        (["train", "--epochs", "many"], ["--epochs", "'many'"]),
        (["train", "--batch-size", "0"], ["--batch-size", "at least 1"]),
        (["train", "--lr", "-1"], ["--lr", "above 0", "'-1'"]),
        (["train", "--lr", "nan"], ["--lr", "'nan'"]),
        (["train", "--lr", "inf"], ["--lr", "'inf'"]),
        (["train", "--momentum", "1.5"], ["--momentum", "below 1", "'1.5'"]),
        (["train", "--weight-decay", "-1"], ["--weight-decay", "at least 0"]),
        (["train", "--label-smoothing", "2"], ["--label-smoothing", "below 1"]),
        (["train", "--seed", "-1"], ["--seed", "at least 0"]),
        (["train", "--variant", "vgg"], ["--variant", "'vgg'", "paper"]),
        (["train", "--rotation", "-1"], ["--rotation", "at least 0", "'-1'"]),
        (["train", "--rotation", "200"], ["--rotation", "at most 180", "'200'"]),
        (["train", "--shift", "1.5"], ["--shift", "at most 1", "'1.5'"]),
        (["train", "--except", "6:turn"], ["--except", "'turn'", "rotation", "colour-noise"]),
        (["train", "--except", "6"], ["--except", "a colon", "like 6:rotation", "'6'"]),
        (["train", "--except", "6:"], ["--except", "no augmentation ''", "rotation"]),
        (["gradcheck", "--seed", "-1"], ["--seed", "at least 0"]),
        (["gradcheck", "--tolerance", "0"], ["--tolerance", "above 0"]),
        (["models", "vgg"], ["VARIANT", "'vgg'", "paper"]),
        (["data", "fly"], ["'fly'", "prepare", "minialexnet data --help"]),
        (["data", "prepare"], ["PATH", "minialexnet data prepare --help"]),
        (["data", "prepare", "x", "--fit", "tight"], ["--fit", "'tight'", "crop"]),
    ],
    ids=lambda value: " ".join(value) if "--" in str(value) else None,
)
def test_an_option_that_cannot_be_is_answered_with_one_sentence(cli, arguments, parts):
    answer = cli(*arguments)
    assert (answer.status, answer.out) == (2, "")
    answer.sentence(*parts)


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (InputError("the cat\nis too large"), 1, "the cat is too large"),
        (MemoryError(), 1, "out of memory; end other programs"),
        (RuntimeError("CUDA_ERROR_OUT_OF_MEMORY"), 1, "out of memory; end other programs"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (OSError(28, "No space left on device", "big.bin"), 1, "big.bin: No space left"),
        (IsADirectoryError(21, "Is a directory", "here"), 1, "here: Is a directory"),
    ],
)
def test_what_goes_wrong_inside_a_command_is_one_sentence(
    cli, monkeypatch, error, status, sentence
):
    def fail(options):
        raise error

    monkeypatch.setattr(minialexnet.cli.models, "run", fail)
    answer = cli("models")
    assert answer.status == status
    answer.sentence(sentence)


@pytest.mark.parametrize(
    ("command", "advice"), [("bench", "smaller --batch-size"), ("eval", "or try --backend numpy")]
)
def test_who_runs_out_of_memory_hears_what_the_command_can_do(cli, monkeypatch, command, advice):
    def fail(options):
        raise MemoryError

    monkeypatch.setattr(getattr(minialexnet.cli, command), "run", fail)
    answer = cli(command)
    assert answer.status == 1
    answer.sentence("out of memory", advice)


def test_mistakes_of_ours_are_not_hidden(cli, monkeypatch):
    def fail(options):
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(minialexnet.cli.models, "run", fail)
    with pytest.raises(ZeroDivisionError):
        cli("models")


def test_a_reader_who_goes_away_is_no_error(spawn):
    process = spawn("models", "mini")
    process.stdout.close()  # as `minialexnet models | head -0` does
    assert (process.stderr.read(), process.wait()) == ("", 0)


def test_names_that_the_terminal_cannot_show_are_printed_as_escapes(
    cli, spawn, finished, trained, own_tiny, tmp_path
):
    picture = tmp_path / "caf\u00e9.png"
    picture.write_bytes((own_tiny / "val/red/0.png").read_bytes())
    environment = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "NO_COLOR": "1"}
    answer = finished(
        spawn("predict", "--checkpoint", trained, picture, env=environment, cwd=tmp_path)
    )
    assert (answer.status, answer.err) == (0, "")
    assert "caf\\xe9.png" in answer.out
    assert "###" in answer.out
    assert answer.out.isascii()
