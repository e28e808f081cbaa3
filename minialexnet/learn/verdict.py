"""What a reader is told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """Whether an answer is right; printed, it is what the reader sees.

    Attributes:
        name: of the exercise.
        ok: right in all cases.
        findings: what was seen: cases, shapes, numbers.
        hints: what the mistake probably is; empty if it is right, or if nobody knows.
        written: False if there was only a stub to judge.
    """

    name: str
    ok: bool
    findings: tuple[str, ...]
    hints: tuple[str, ...] = ()
    written: bool = True

    def __str__(self) -> str:
        head = f"✓ {self.name} is right" if self.ok else f"✗ {self.name} is not right yet"
        if not self.written:
            head = f"… {self.name} is still to be written"
        lines = [head, *(f"  {line}" for text in self.findings for line in text.split("\n"))]
        lines += [f"Hint: {hint}" for hint in self.hints]
        if not self.ok:
            lines.append(f'(Stuck? learn.solution("{self.name}") shows one way to write it.)')
        return "\n".join(lines)

    __repr__ = __str__
