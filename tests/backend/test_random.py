"""The counter-based generator is SplitMix64, uniform, and a function of its key alone."""

import numpy as np
import pytest

from minialexnet.backend import host_generator, uniform_stream

KEYS = [(0,), (1,), (0, 0), (0, 1), (1, 0), (2**63,), (2012, 6, 100_000)]
BITS = 2**64 - 1


def splitmix64(state):
    """Its output for one state, as published (Steele, Lea and Flood 2014), on Python integers."""
    z = state
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & BITS
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & BITS
    return z ^ (z >> 31)


@pytest.mark.parametrize("key", KEYS)
def test_the_numbers_are_the_upper_bits_of_splitmix64(backend, xp, key):
    golden = 0x9E3779B97F4A7C15
    start = 0
    for part in key:
        start = splitmix64((start + golden + part) & BITS)
    expected = []
    for i in range(1, 5):
        z = splitmix64((start + i * golden) & BITS)
        expected += [(z & 0xFFFFFFFF) >> 8, z >> 40]
    numbers = backend.get(uniform_stream((7,), key, xp))
    np.testing.assert_array_equal(numbers * 2**24, expected[:7])


def test_the_first_output_of_splitmix64_is_the_published_one():
    """Of seed 0, in the tests of many implementations."""
    assert splitmix64(0x9E3779B97F4A7C15) == 0xE220A8397B1DCDAF


@pytest.mark.parametrize("shape", [(), (1,), (3, 5), (2, 3, 4), (0,), (2, 0)])
def test_shape_and_dtype_are_as_asked(backend, xp, shape):
    numbers = backend.get(uniform_stream(shape, (1,), xp))
    assert numbers.shape == shape
    assert numbers.dtype == np.float32


def test_any_part_can_be_drawn_again(backend, xp):
    long = backend.get(uniform_stream((1000,), (3, 4), xp))
    part = backend.get(uniform_stream((10, 7), (3, 4), xp))
    np.testing.assert_array_equal(part.ravel(), long[:70])


@pytest.mark.parametrize("key", KEYS)
def test_the_numbers_are_uniform(backend, xp, key):
    n = 200_000
    numbers = backend.get(uniform_stream((n,), key, xp)).astype(np.float64)
    assert numbers.min() >= 0
    assert numbers.max() < 1
    # Five standard deviations of each estimate, for U(0, 1).
    assert abs(numbers.mean() - 1 / 2) < 5 * np.sqrt(1 / 12 / n)
    assert abs(numbers.var() - 1 / 12) < 5 * np.sqrt(1 / 180 / n)
    shares = np.histogram(numbers, 16, (0, 1))[0] / n
    assert abs(shares - 1 / 16).max() < 5 * np.sqrt(15 / 16**2 / n)


def correlation(a, b):
    return np.corrcoef(a, b)[0, 1]


@pytest.mark.parametrize("distance", [1, 2, 3, 64, 4096])
def test_numbers_are_not_correlated_with_their_neighbours(xp, backend, distance):
    numbers = backend.get(uniform_stream((100_000,), (7, 0), xp))
    assert abs(correlation(numbers[:-distance], numbers[distance:])) < 5 / np.sqrt(100_000)


@pytest.mark.parametrize(
    ("key", "other"),
    [((0, 0), (0, 1)), ((0, 0), (1, 0)), ((5, 9), (6, 9)), ((5, 9), (9, 5)), ((0,), (0, 0))],
)
def test_neighbouring_keys_give_uncorrelated_streams(backend, xp, key, other):
    """Position by position, and with one stream shifted against the other."""
    a, b = (backend.get(uniform_stream((100_000,), k, xp)) for k in (key, other))
    for shift in range(4):
        for first, second in ((a, b), (b, a)):
            pair = first[: len(a) - shift], second[shift:]
            assert abs(correlation(*pair)) < 5 / np.sqrt(len(a))


def test_host_generators_of_one_seed_agree_and_of_two_differ():
    a, b, c = (host_generator(*seed).random(5) for seed in ((1, 2), (1, 2), (2, 1)))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)
