"""Readable names for folders which are named by WordNet id, as ImageNet's are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

TABLES = ("names.txt", "LOC_synset_mapping.txt", "synset_words.txt", "words.txt")
"""Files beside train and val which say what the classes are called; the first that is there."""

WORDNET_NAMES = {
    # Imagenette
    "n01440764": "tench",
    "n02102040": "English springer",
    "n02979186": "cassette player",
    "n03000684": "chain saw",
    "n03028079": "church",
    "n03394916": "French horn",
    "n03417042": "garbage truck",
    "n03425413": "gas pump",
    "n03445777": "golf ball",
    "n03888257": "parachute",
    # Imagewoof
    "n02086240": "Shih-Tzu",
    "n02087394": "Rhodesian ridgeback",
    "n02088364": "beagle",
    "n02089973": "English foxhound",
    "n02093754": "Border terrier",
    "n02096294": "Australian terrier",
    "n02099601": "golden retriever",
    "n02105641": "Old English sheepdog",
    "n02111889": "Samoyed",
    "n02115641": "dingo",
}


def display_name(folder_name: str, names: Mapping[str, str] | None = None) -> str:
    """The name of the class in that folder: "n01440764" -> "tench"; an unknown one unchanged.

    names: those that came with the pictures, which go first.
    """
    return (names or {}).get(folder_name) or WORDNET_NAMES.get(folder_name, folder_name)


def read_names(table: bytes, classes: Collection[str]) -> dict[str, str]:
    """{folder: name} of these classes from lines such as "n01440764 tench, Tinca tinca".

    Between the two is a tab, or else a space; of several names the first is taken. Where two
    classes would have the same name (ImageNet has two cranes), their folders are told with it.
    """
    names = {}
    for line in table.decode("utf-8-sig", errors="replace").splitlines():
        folder, _, rest = line.partition("\t" if "\t" in line else " ")
        name = printable(rest.partition(",")[0].strip())
        if folder in classes and name:
            names.setdefault(folder, name)
    times = Counter(names.values())
    return {
        folder: name if times[name] == 1 else f"{name} ({folder})" for folder, name in names.items()
    }


def printable(name: str) -> str:
    """`name` with whatever a terminal cannot show, or would obey, written as an escape."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in name)
