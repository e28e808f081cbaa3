"""Imports run one way only, and `import minialexnet` does not take what it does not need."""

import ast
import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "minialexnet"
SLOWEST_IMPORT = 1.5
"""Seconds of CPU time; NumPy and Pillow are two thirds of what it really takes, a quarter."""


def imported_by(path: Path) -> set[str]:
    """Full names of the modules that a file imports, anywhere in it, also by importlib."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import; the house writes them in full"
            names.add(node.module)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
            ("import_module", "__import__")
        ):
            names |= {arg.value for arg in node.args if isinstance(arg, ast.Constant)}
    return names


def importers_of(library: str, below: Path = PACKAGE) -> set[str]:
    """The files below a folder, as paths in the package, that import a library."""
    files = sorted(below.rglob("*.py"))
    assert files, f"no Python files in {below}"
    return {
        path.relative_to(PACKAGE).as_posix()
        for path in files
        if any(name.partition(".")[0] == library for name in imported_by(path))
    }


def test_layers_of_the_house_import_downwards_only():
    with open(ROOT / "pyproject.toml", "rb") as file:
        if "importlinter" not in tomllib.load(file).get("tool", {}):
            pytest.skip("pyproject.toml has no [tool.importlinter] section")
    beside_python = Path(sys.executable).with_name("lint-imports")
    command = str(beside_python) if beside_python.exists() else shutil.which("lint-imports")
    if command is None:
        pytest.skip("import-linter is not installed: pip install '.[lint]'")
    found = subprocess.run(
        [command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert "0 broken" in found.stdout


def test_only_the_backend_imports_cupy():
    importers = importers_of("cupy")
    assert importers, "not even the backend does; has it moved?"
    assert all(path.startswith("backend/") for path in importers), importers


@pytest.mark.parametrize("folder", ["ops", "layers"])
def test_the_mathematics_does_not_import_numpy(folder):
    assert importers_of("numpy", PACKAGE / folder) == set()


def test_numpy_would_have_been_found():
    assert "backend/arrays.py" in importers_of("numpy")


@pytest.mark.parametrize("oracle", ["torch", "torchvision", "onnx", "onnxruntime", "tensorflow"])
def test_oracles_and_rivals_are_imported_nowhere(oracle):
    assert importers_of(oracle) == set()


@pytest.fixture(scope="module")
def fresh_import() -> dict:
    """What a new Python that imports minialexnet has loaded, and the CPU time that it took."""
    program = (
        "import json, sys, time; start = time.process_time(); import minialexnet;"
        "seconds = time.process_time() - start;"
        "print(json.dumps({'seconds': seconds, 'modules': sorted(sys.modules)}))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stderr == ""
    return json.loads(found.stdout)


@pytest.mark.parametrize("library", ["matplotlib", "tqdm", "cupy", "torch"])
def test_importing_the_package_does_not_import(library, fresh_import):
    assert "minialexnet.layers" in fresh_import["modules"]
    assert library not in fresh_import["modules"]


def test_importing_the_package_is_quick(fresh_import):
    assert fresh_import["seconds"] < SLOWEST_IMPORT
