"""On a terminal there is a bar; in a log there are plain lines, and few."""

import io
import re

import pytest

from minialexnet.training import Progress, duration, progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    """clock.now can be set."""

    class Clock:
        now = 1000.0

        def monotonic(self):
            return self.now

    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


class TestInALog:
    def test_lines_come_every_half_a_minute(self, clock):
        stream = io.StringIO()
        bar = Progress(stream)
        bar.start("epoch 1/2", 200)
        for _ in range(10):
            clock.now += 7
            bar.update(20, "loss 1.5")
        bar.finish()
        assert stream.getvalue().splitlines() == [
            "epoch 1/2  50%  loss 1.5",
            "epoch 1/2 100%  loss 1.5",
        ]

    def test_quick_work_says_nothing_by_itself(self, clock):
        stream = io.StringIO()
        bar = Progress(stream)
        bar.start("reading", 3)
        for _ in range(3):
            bar.update(1, "")
        bar.finish()
        assert stream.getvalue() == ""

    def test_a_stretch_may_begin_in_the_middle(self, clock):
        stream = io.StringIO()
        bar = Progress(stream)
        bar.start("epoch", 100, done=50)
        clock.now += 31
        bar.update(25, "x")
        assert stream.getvalue() == "epoch  75%  x\n"

    def test_what_is_said_is_a_plain_line_and_puts_off_the_next(self, clock):
        stream = io.StringIO()
        bar = Progress(stream)
        bar.start("epoch", 100)
        clock.now += 20
        bar.say("done")
        clock.now += 20
        bar.update(1, "x")
        assert stream.getvalue() == "done\n"

    def test_nothing_but_plain_text_is_written(self, clock):
        stream = io.StringIO()
        bar = Progress(stream)
        bar.start("epoch", 0)
        clock.now += 31
        bar.update(1, "x")
        bar.say("y")
        bar.finish()
        assert not set(stream.getvalue()) & {"\r", "\x1b"}

    @pytest.mark.parametrize("is_terminal", [False, True])
    @pytest.mark.parametrize("after", range(8))
    def test_whom_it_has_nobody_to_tell_it_tells_nothing_and_goes_on(self, is_terminal, after):
        """The terminal was closed, or the reader of the pipe has gone, after some writes."""

        class Gone(io.StringIO):
            left = after

            def isatty(self):
                return is_terminal

            def write(self, text):
                self.left -= 1
                if self.left < 0:
                    raise BrokenPipeError
                return super().write(text)

        stream = Gone()
        bar = Progress(stream)
        for stretch in ("one", "two"):
            bar.start(stretch, 3)
            for _ in range(3):
                bar.update(1, "loss 1.0")
                bar.say("a line")
            bar.finish()
        bar.say("the end")
        assert "the end" not in stream.getvalue()

    def test_standard_error_is_the_default(self, capsys):
        Progress().say("hello")
        captured = capsys.readouterr()
        assert (captured.out, captured.err) == ("", "hello\n")


class TestOnATerminal:
    def test_a_bar_with_the_share_and_the_text(self):
        stream = Terminal()
        bar = Progress(stream)
        bar.start("epoch 1/2", 4)
        for done in range(4):
            bar.update(1, f"loss {done}.5")
        bar._bar.refresh()
        written = stream.getvalue()
        assert "epoch 1/2" in written
        assert re.search(r"100% ?\|", written)
        assert "loss 3.5" in written
        bar.finish()

    def test_finishing_takes_the_bar_away(self):
        stream = Terminal()
        bar = Progress(stream)
        bar.start("epoch 1/2", 4)
        bar.update(4, "x")
        bar.finish()
        bar.finish()
        last = stream.getvalue().rstrip("\r").rpartition("\r")[2]
        assert last.strip() == ""

    def test_what_is_said_stays_above_the_bar(self):
        stream = Terminal()
        bar = Progress(stream)
        bar.start("epoch 1/2", 4)
        bar.say("epoch 1: fine")
        bar.finish()
        assert "epoch 1: fine\n" in stream.getvalue()

    def test_a_new_stretch_ends_the_one_before(self):
        stream = Terminal()
        bar = Progress(stream)
        bar.start("one", 4)
        first = bar._bar
        bar.start("two", 4, done=2)
        assert first.disable
        assert re.search(r"two +50% ?\|", stream.getvalue())
        bar.finish()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (45.4, "45 s"),
        (99, "99 s"),
        (100, "2 min"),
        (720, "12 min"),
        (3540, "59 min"),
        (3600, "1 h 00 min"),
        (3 * 3600 + 5 * 60, "3 h 05 min"),
        (100 * 3600, "100 h 00 min"),
    ],
)
def test_durations_read_as_a_person_says_them(seconds, text):
    assert duration(seconds) == text
