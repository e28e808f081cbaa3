"""The package that is built holds everything that is on disk."""

import configparser
from pathlib import Path

ROOT = Path(__file__).parents[1]


def _config() -> configparser.ConfigParser:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config


def _options() -> configparser.SectionProxy:
    return _config()["options"]


def test_every_package_on_disk_is_listed():
    on_disk = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "minialexnet").rglob("__init__.py")
    }
    assert set(_options()["packages"].split()) == on_disk | {"minialexnet.data"}


def test_every_file_that_is_no_code_is_listed():
    listed = {name: value.split() for name, value in _config()["options.package_data"].items()}
    for path in (ROOT / "minialexnet").rglob("*"):
        if path.is_file() and path.suffix not in (".py", ".pyc"):
            package = ".".join(path.parent.relative_to(ROOT).parts)
            assert any(path.match(pattern) for pattern in listed.get(package, [])), path


def test_the_built_in_pictures_are_mapped_into_the_package():
    assert _options()["package_dir"].split() == ["minialexnet.data", "=", "data"]
    assert (ROOT / "data" / "shapes.tgz").exists()
