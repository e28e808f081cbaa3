"""The table shows every layer with its shape, parameters and multiply-adds."""

import textwrap

from minialexnet.layers import Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential


def test_the_table_of_a_small_network():
    network = Sequential(
        {
            "conv": Conv2d(3, 16, 3, padding=1, groups=1),
            "relu": ReLU(),
            "pool": MaxPool2d(3, 2),
            "flatten": Flatten(),
            "fc": Linear(144, 10, bias=False),
        },
        input_shape=(3, 8, 8),
    )
    expected = """\
        name     layer                        output      parameters  multiply-adds
        -------  ---------------------------  ----------  ----------  -------------
                 input                        3 x 8 x 8
        conv     Conv2d(3, 16, 3, padding=1)  16 x 8 x 8         448         27,648
        relu     ReLU()                       16 x 8 x 8
        pool     MaxPool2d(3, stride=2)       16 x 3 x 3
        flatten  Flatten()                    144
        fc       Linear(144, 10, bias=False)  10               1,440          1,440
        -------  ---------------------------  ----------  ----------  -------------
        total                                                  1,888         29,088"""
    assert str(network) == textwrap.dedent(expected)


def test_no_line_ends_in_blanks():
    network = Sequential([ReLU(), Flatten()], input_shape=(3, 2, 2))
    assert all(line == line.rstrip() for line in str(network).splitlines())
