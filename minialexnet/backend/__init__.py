"""Everything in which NumPy and CuPy differ, and nothing else; the only place that imports CuPy.

The mathematics in `minialexnet.ops` asks `get_array_module` for the module of its input and
works with that, so one formula serves both kinds of array. What cannot be said that way (moving
arrays, drawing random numbers, using all cores) is a function of this package.
"""

from minialexnet.backend.arrays import (
    asarray_like,
    axes_by_stride,
    check_module,
    float_dtype,
    get_array_module,
    is_array,
    is_on_host,
    memory_order_view,
    move,
    register_array_module,
    to_host,
)
from minialexnet.backend.cores import usable_cores
from minialexnet.backend.cupy_installation import cupy_packages, cupy_problem
from minialexnet.backend.devices import Device, select_device, synchronize
from minialexnet.backend.gpu_memory import (
    GpuMemory,
    gpu_memory,
    is_out_of_memory,
    register_pool,
    release_gpu_memory,
)
from minialexnet.backend.interpreter import python_version
from minialexnet.backend.kernels import Kernels, has_kernels, register_kernel_compiler
from minialexnet.backend.memory import copy, empty, empty_like, zeros, zeros_like
from minialexnet.backend.parallel import (
    blas_on_one_thread,
    cached_blocks,
    consume,
    for_each_block,
    halve_slice,
    map_ordered,
    matmul,
    num_threads,
    release_memory,
    set_num_threads,
    slice_batch,
)
from minialexnet.backend.precision import PRECISIONS
from minialexnet.backend.random import check_generator, host_generator, uniform_stream
from minialexnet.backend.transfers import (
    Empty,
    Fetched,
    batch_memory,
    batches_ahead,
    fetch,
    lead_of_host,
    one_late,
    register_streams,
    upload_ahead,
)

__all__ = [
    "PRECISIONS",
    "Device",
    "Empty",
    "Fetched",
    "GpuMemory",
    "Kernels",
    "asarray_like",
    "axes_by_stride",
    "batch_memory",
    "batches_ahead",
    "blas_on_one_thread",
    "cached_blocks",
    "check_generator",
    "check_module",
    "consume",
    "copy",
    "cupy_packages",
    "cupy_problem",
    "empty",
    "empty_like",
    "fetch",
    "float_dtype",
    "for_each_block",
    "get_array_module",
    "gpu_memory",
    "halve_slice",
    "has_kernels",
    "host_generator",
    "is_array",
    "is_on_host",
    "is_out_of_memory",
    "lead_of_host",
    "map_ordered",
    "matmul",
    "memory_order_view",
    "move",
    "num_threads",
    "one_late",
    "python_version",
    "register_array_module",
    "register_kernel_compiler",
    "register_pool",
    "register_streams",
    "release_gpu_memory",
    "release_memory",
    "select_device",
    "set_num_threads",
    "slice_batch",
    "synchronize",
    "to_host",
    "uniform_stream",
    "upload_ahead",
    "usable_cores",
    "zeros",
    "zeros_like",
]
