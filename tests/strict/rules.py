"""What CuPy has and how it may be called, read from `cupy_names.txt`; no arrays here."""

import inspect
import sys
from dataclasses import dataclass
from pathlib import Path

_LIST = Path(__file__).with_name("cupy_names.txt")


@dataclass(frozen=True)
class Name:
    """One name that CuPy offers.

    Attributes:
        kind: "module", "class", "value", "ufunc" or "function".
        has_at: for a ufunc, whether CuPy can scatter with its `at`.
        signature: for a function, its parameters; None when CuPy's own does not tell.
    """

    name: str
    kind: str
    has_at: bool = False
    signature: inspect.Signature | None = None


def read_names() -> dict[str, dict[str, Name]]:
    """{"cupy": {"sum": Name, …}, "cupy.linalg": …, "cupy.ndarray": …}."""
    owners: dict[str, dict[str, Name]] = {}
    for line in _LIST.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            names = owners.setdefault(line.strip("[]"), {})
            continue
        entry = _parse(line)
        names[entry.name] = entry
    return owners


def _parse(line: str) -> Name:
    if "(" in line:
        name, _, listed = line.rstrip(")").partition("(")
        return Name(name, "function", signature=_parse_signature(listed))
    kind, name, *marks = line.split()
    return Name(name, kind, has_at="at" in marks)


def _parse_signature(listed: str) -> inspect.Signature | None:
    if listed == "...":
        return None
    parameters: list[inspect.Parameter] = []
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    for word in filter(None, listed.split(", ")):
        name = word.removesuffix("=?")
        default = None if word.endswith("=?") else inspect.Parameter.empty
        if word == "/":
            parameters = [p.replace(kind=inspect.Parameter.POSITIONAL_ONLY) for p in parameters]
        elif word == "*":
            kind = inspect.Parameter.KEYWORD_ONLY
        elif word.startswith("**"):
            parameters.append(inspect.Parameter(word[2:], inspect.Parameter.VAR_KEYWORD))
        elif word.startswith("*"):
            parameters.append(inspect.Parameter(word[1:], inspect.Parameter.VAR_POSITIONAL))
            kind = inspect.Parameter.KEYWORD_ONLY
        else:
            parameters.append(inspect.Parameter(name, kind, default=default))
    return inspect.Signature(parameters)


def bind(entry: Name, args: tuple, kwargs: dict) -> dict[str, object]:
    """The arguments by CuPy's parameter names; TypeError when CuPy would not take the call.

    `*args` are spread out under numbered names so that a caller can look at each value.
    """
    if entry.signature is None:
        return {**{str(i): value for i, value in enumerate(args)}, **kwargs}
    try:
        bound = entry.signature.bind(*args, **kwargs).arguments
    except TypeError as error:
        raise TypeError(f"CuPy's {entry.name}{entry.signature}: {error}") from None
    arguments: dict[str, object] = {}
    for name, value in bound.items():
        kind = entry.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            arguments.update({f"*{name}[{i}]": item for i, item in enumerate(value)})
        elif kind is inspect.Parameter.VAR_KEYWORD:
            arguments.update(value)
        else:
            arguments[name] = value
    return arguments


def positional_agreement(entry: Name, numpy_function: object) -> int:
    """How many leading positional arguments mean the same thing to NumPy and CuPy.

    `numpy.argmax(a, axis, out)` is `cupy.argmax(a, axis, dtype)`: passed by position, the third
    argument would silently change its meaning. Mere renamings (`arrays` and `tup`) agree.
    """
    ours = None if entry.signature is None else _positional_names(entry.signature)
    try:
        theirs = _positional_names(inspect.signature(numpy_function))
    except (TypeError, ValueError):
        theirs = None  # a compiled function that does not tell
    if ours is None or theirs is None:
        return sys.maxsize
    for index, (our, their) in enumerate(zip(ours, theirs, strict=False)):
        if our != their and (our in theirs or their in ours):
            return index
    return len(ours)


def _positional_names(signature: inspect.Signature) -> list[str] | None:
    names = []
    for parameter in signature.parameters.values():
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            return None
        if parameter.kind in (
            inspect.Parameter.POSITIONAL_ONLY,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
        ):
            names.append(parameter.name)
    return names
