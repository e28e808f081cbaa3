"""A network as a table of its layers."""

from minialexnet.layers.base import Shape


def layer_table(network, input_shape: Shape) -> str:
    """Layers, output shapes, parameters and multiply-adds of a `Sequential`, as text.

    Args: input_shape: (C, H, W) of one picture.
    """
    rows = [("", "input", _shape(input_shape), "", "")]
    shape = input_shape
    for name, layer in network.layers.items():
        params, work = layer.num_params, layer.multiply_adds(shape)
        shape = layer.output_shape(shape)
        rows.append((name, repr(layer), _shape(shape), _count(params), _count(work)))
    total = (
        "total",
        "",
        "",
        f"{network.num_params:,}",
        f"{network.multiply_adds(input_shape):,}",
    )
    header = ("name", "layer", "output", "parameters", "multiply-adds")
    widths = [max(len(row[i]) for row in [header, *rows, total]) for i in range(5)]
    rule = "  ".join("-" * width for width in widths)
    lines = [header, *rows, total]
    text = [_line(row, widths) for row in lines]
    return "\n".join([text[0], rule, *text[1:-1], rule, text[-1]])


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    left = (cell.ljust(width) for cell, width in zip(row[:3], widths[:3], strict=True))
    right = (cell.rjust(width) for cell, width in zip(row[3:], widths[3:], strict=True))
    return "  ".join([*left, *right]).rstrip()


def _shape(shape: Shape) -> str:
    return " x ".join(str(extent) for extent in shape)


def _count(number: int) -> str:
    return f"{number:,}" if number else ""
