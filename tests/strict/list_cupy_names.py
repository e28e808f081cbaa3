"""Write `cupy_names.txt`: what CuPy offers, and with which arguments.

The stand-in must refuse what CuPy lacks, also on machines where CuPy is not installed, so the
list is kept in the repository. To renew it for another CuPy, run this file in an environment
that has it (no GPU is needed) and read the difference; `-P` keeps `array.py` beside this file from
hiding Python's module of that name:

    python -P tests/strict/list_cupy_names.py > tests/strict/cupy_names.txt

Each line is one of

    module NAME     class NAME     value NAME     ufunc NAME     NAME(arg, opt=?, *, keyword=?)

under the heading of the object that has it; a trailing `at` marks a ufunc whose `at` works.
"""

import inspect
import re

import cupy


def parameters(function: object) -> str:
    """The argument list of `function`, defaults replaced by `?`; `...` when it tells none."""
    try:
        listed = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return _parameters_from_docstring(function)
    return _format([(p.name, p.kind, p.default is not p.empty) for p in listed])


def _parameters_from_docstring(function: object) -> str:
    """Compiled methods write their own signature as the first line of the docstring."""
    first_line = (function.__doc__ or "").split("\n")[0]
    match = re.match(r"[\w.]+\((.*)\)", first_line)
    if match is None:
        return "..."
    words = []
    for declared in match.group(1).split(", "):
        name, has_default, _ = declared.partition("=")
        words.append(name.split(" ")[-1] + ("=?" if has_default else ""))  # "int axis" -> "axis"
    return ", ".join(words)


def _format(listed: list[tuple[str, inspect._ParameterKind, bool]]) -> str:
    words, keyword_only_opened = [], False
    for index, (name, kind, optional) in enumerate(listed):
        if kind is inspect.Parameter.VAR_POSITIONAL:
            words.append("*" + name)
            keyword_only_opened = True
            continue
        if kind is inspect.Parameter.VAR_KEYWORD:
            words.append("**" + name)
            continue
        if kind is inspect.Parameter.KEYWORD_ONLY and not keyword_only_opened:
            words.append("*")
            keyword_only_opened = True
        words.append(name + ("=?" if optional else ""))
        closes_positional = kind is inspect.Parameter.POSITIONAL_ONLY and (
            index + 1 == len(listed) or listed[index + 1][1] is not kind
        )
        if closes_positional:
            words.append("/")
    return ", ".join(words)


def describe(owner: object, name: str) -> str:
    """The line that `cupy_names.txt` has for one name of `owner`."""
    thing = getattr(owner, name)
    if inspect.ismodule(thing):
        return f"module {name}"
    if isinstance(thing, cupy.ufunc):
        return f"ufunc {name}" + (" at" if thing._scatter_op else "")
    if isinstance(thing, type):
        return f"class {name}"
    if callable(thing) and not inspect.isdatadescriptor(thing):
        return f"{name}({parameters(thing)})"
    return f"value {name}"


def main() -> None:
    print(f"# What CuPy {cupy.__version__} offers; written by list_cupy_names.py.")
    owners = {
        "cupy": cupy,
        "cupy.linalg": cupy.linalg,
        "cupy.lib.stride_tricks": cupy.lib.stride_tricks,
        "cupy.ndarray": cupy.ndarray,
    }
    for title, owner in owners.items():
        print(f"\n[{title}]")
        for name in sorted(n for n in dir(owner) if not n.startswith("_") and n != "annotations"):
            print(describe(owner, name))


if __name__ == "__main__":
    main()
