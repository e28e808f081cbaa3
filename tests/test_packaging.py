"""The package that is built holds everything that is on disk."""

import configparser
from pathlib import Path

ROOT = Path(__file__).parents[1]


def _options() -> configparser.SectionProxy:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    return config["options"]


def test_every_package_on_disk_is_listed():
    on_disk = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in (ROOT / "minialexnet").rglob("__init__.py")
    }
    assert set(_options()["packages"].split()) == on_disk | {"minialexnet.data"}


def test_the_built_in_pictures_are_mapped_into_the_package():
    assert _options()["package_dir"].split() == ["minialexnet.data", "=", "data"]
    assert (ROOT / "data" / "shapes.tgz").exists()
