"""Which of many pictures are shown. All by rule, so that nobody chooses what flatters."""

import numpy as np


def spread(count: int, most: int) -> np.ndarray:
    """Up to `most` of the positions 0 to count - 1, at even distances."""
    if count <= most:
        return np.arange(count)
    return np.linspace(0, count - 1, most).astype(np.intp)


def one_of_each_class(labels: np.ndarray, most: int) -> np.ndarray:
    """Positions: the middle picture of each class; of many classes, `most` at even distances."""
    present = np.unique(labels)
    members = [np.flatnonzero(labels == label) for label in present[spread(len(present), most)]]
    return np.array([of_class[len(of_class) // 2] for of_class in members], dtype=np.intp)


def typical_right(shares: np.ndarray, labels: np.ndarray, most: int) -> np.ndarray:
    """Positions: of a class's right answers, the one of median confidence; `most` of the classes.

    Args: shares: (N, C) probabilities; labels: (N,).
    """
    right = np.flatnonzero(shares.argmax(axis=1) == labels)
    present = np.unique(labels[right])
    chosen = []
    for label in present[spread(len(present), most)]:
        of_class = right[labels[right] == label]
        order = of_class[np.argsort(shares[of_class, label], kind="stable")]
        chosen.append(order[len(order) // 2])
    return np.array(chosen, dtype=np.intp)


def confidently_wrong(shares: np.ndarray, labels: np.ndarray, most: int) -> np.ndarray:
    """Positions of wrong answers, those given with the highest probability first."""
    wrong = np.flatnonzero(shares.argmax(axis=1) != labels)
    return wrong[np.argsort(-shares[wrong].max(axis=1, initial=0), kind="stable")[:most]]
