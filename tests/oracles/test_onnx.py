"""Operations and Caffe's network give what ONNX Runtime gives: a second opinion, not PyTorch's."""

from pathlib import Path

import numpy as np
import pytest

REASON = "is not installed; it is an oracle of these tests"
onnx = pytest.importorskip("onnx", reason=f"onnx {REASON}")
onnxruntime = pytest.importorskip("onnxruntime", reason=f"onnxruntime {REASON}")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

from minialexnet import ops  # noqa: E402
from minialexnet.models import alexnet  # noqa: E402

SEEDS = range(30)
seeds = pytest.mark.parametrize("seed", SEEDS)


def session(model):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def run_node(operator, inputs, **attributes):
    """The output of a graph of one node."""
    names = [f"input{i}" for i in range(len(inputs))]
    graph = helper.make_graph(
        [helper.make_node(operator, names, ["y"], **attributes)],
        "one node",
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, array.shape)
            for name, array in zip(names, inputs, strict=True)
        ],
        [helper.make_empty_tensor_value_info("y")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    return session(model).run(None, dict(zip(names, inputs, strict=True)))[0]


def agree(ours, theirs, tolerance=1e-5):
    assert ours.dtype == theirs.dtype == np.float32
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= tolerance * np.abs(theirs).max()


def draw_windows(rng, largest_padding):
    """Kernel size, stride, ((top, bottom), (left, right)) and size of the picture."""
    kernel = tuple(int(n) for n in rng.integers(1, 5, 2))
    stride = tuple(int(n) for n in rng.integers(1, 4, 2))
    padding = tuple(
        tuple(int(n) for n in rng.integers(0, largest_padding(k) + 1, 2)) for k in kernel
    )
    size = tuple(
        max(1, k - sum(p)) + int(rng.integers(0, 8)) for k, p in zip(kernel, padding, strict=True)
    )
    return kernel, stride, padding, size


def onnx_pads(padding):
    """ONNX's order: the beginnings of all axes, then their ends."""
    return [before for before, _ in padding] + [after for _, after in padding]


@seeds
def test_conv(seed):
    rng = np.random.default_rng(seed)
    kernel, stride, padding, size = draw_windows(rng, lambda k: k)
    groups, inputs, outputs = (int(n) for n in rng.integers(1, 4, 3))
    x, weight, bias = (
        rng.standard_normal(shape, dtype=np.float32)
        for shape in (
            (2, groups * inputs, *size),
            (groups * outputs, inputs, *kernel),
            groups * outputs,
        )
    )
    theirs = run_node(
        "Conv", [x, weight, bias], strides=stride, pads=onnx_pads(padding), group=groups
    )
    agree(ops.conv2d(x, weight, bias, stride, padding, groups), theirs)


@pytest.mark.parametrize("operator", ["MaxPool", "AveragePool"])
@seeds
def test_pooling(seed, operator):
    """Also with paddings that differ from side to side, which PyTorch does not have."""
    rng = np.random.default_rng(seed)
    kernel, stride, padding, size = draw_windows(rng, lambda k: k // 2)
    ceil_mode = bool(seed % 2)
    x = rng.standard_normal((2, 3, *size), dtype=np.float32)
    attributes = dict(
        kernel_shape=kernel, strides=stride, pads=onnx_pads(padding), ceil_mode=int(ceil_mode)
    )
    if operator == "MaxPool":
        theirs = run_node("MaxPool", [x], **attributes)
        agree(ops.max_pool2d(x, kernel, stride, padding, ceil_mode), theirs, tolerance=0)
        return
    for include in (False, True):
        theirs = run_node("AveragePool", [x], count_include_pad=int(include), **attributes)
        agree(ops.avg_pool2d(x, kernel, stride, padding, ceil_mode, include), theirs)


@seeds
def test_lrn(seed):
    """ONNX divides alpha by the size. ONNX Runtime takes windows of odd size only."""
    rng = np.random.default_rng(seed)
    size, channels = int(rng.choice([1, 3, 5, 7])), int(rng.integers(1, 10))
    alpha, beta, bias = (float(np.float32(number)) for number in rng.uniform(0.3, 1.5, 3))
    x = 2 * rng.standard_normal((2, channels, 3, 4), dtype=np.float32)
    theirs = run_node("LRN", [x], size=size, alpha=alpha, beta=beta, bias=bias)
    ours = ops.local_response_norm(x, size, alpha / size, beta, bias)
    agree(ours, theirs)


# ---- bvlc_alexnet, as the onnx package ships it ------------------------------------------------


@pytest.fixture(scope="module")
def published():
    """(session, weights by our names): ONNX's bvlc_alexnet with weights of `alexnet("caffe")`.

    The package ships the graph without its weights: nodes make constants of the right shapes.
    These are replaced by inputs; those for the picture's size by any size.
    """
    folder = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
    model = onnx.load(folder / "light_bvlc_alexnet.onnx")
    graph = model.graph
    shapes = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    rng = np.random.default_rng(0)
    weights, nodes = {}, []
    for node in graph.node:
        if node.op_type != "ConstantOfShape":
            nodes.append(node)
            continue
        shape = shapes[node.input[0]]
        name, kind, _ = node.output[0].split("_")  # conv1_w_0
        fan_in = np.prod(shape[1:]) if kind == "w" else 100
        values = rng.standard_normal(shape, dtype=np.float32) * np.float32(np.sqrt(2 / fan_in))
        weights[f"{name}.{'weight' if kind == 'w' else 'bias'}"] = values
        graph.input.append(
            helper.make_tensor_value_info(node.output[0], TensorProto.FLOAT, shape.tolist())
        )
    del graph.node[:]
    graph.node.extend(nodes)
    for axis in (2, 3):
        picture = next(i for i in graph.input if i.name == "data_0")
        picture.type.tensor_type.shape.dim[axis].dim_param = f"side{axis}"
    logits = next(node.input[0] for node in nodes if node.op_type == "Softmax")
    graph.output.append(helper.make_tensor_value_info(logits, TensorProto.FLOAT, [1, 1000]))
    return session(model), weights


@pytest.mark.parametrize("size", [227, 224])
def test_the_published_caffe_network(published, size):
    """At 227 pixels, which Caffe's network is made for, the two agree as they are.

    ONNX's own input has 224 pixels, where 54 positions are left after conv1. There Caffe's pooling
    rounds up (54 -> 27 -> 13 -> 6), while the ONNX graph rounds down in pool1 and pool2 and pads
    pool5 at the far sides (54 -> 26 -> 12 -> 6); so those two layers are told to round down.
    """
    theirs, weights = published
    network = alexnet("caffe", 1000, size)
    network.set_params(weights)
    if size == 224:
        network["pool1"].ceil_mode = network["pool2"].ceil_mode = False
    x = 50 * np.random.default_rng(1).standard_normal((1, 3, size, size), dtype=np.float32)
    inputs = {"data_0": x}
    for name, value in weights.items():
        layer, _, kind = name.partition(".")
        inputs[f"{layer}_{kind[0]}_0"] = value
    share, logits = theirs.run(None, inputs)
    ours = network.predict(x)
    agree(ours, logits, tolerance=2e-5)
    assert np.abs(ops.softmax(ours) - share).max() <= 1e-3  # logits of hundreds magnify
    assert len(np.unique(logits)) > 900
