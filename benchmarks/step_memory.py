"""Peak memory and time of training steps, as a process by itself.

python benchmarks/step_memory.py --variant paper --batch-size 128

Random pictures are used: neither memory nor time depends on what is on them.
"""

import argparse
import resource
import statistics
import time

import numpy as np

from minialexnet import SGD, SoftmaxCrossEntropy, alexnet
from minialexnet.datasets import to_network_input

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
parser.add_argument("--variant", default="paper")
parser.add_argument("--batch-size", type=int, default=128)
parser.add_argument("--classes", type=int, default=1000)
parser.add_argument("--image-size", type=int)
parser.add_argument("--steps", type=int, default=5)
options = parser.parse_args()

network = alexnet(options.variant, options.classes, options.image_size)
criterion, optimizer = SoftmaxCrossEntropy(), SGD(network, lr=0.01)
generator = np.random.default_rng(0)
shape = (options.batch_size, network.image_size, network.image_size, 3)
seconds = []
for _ in range(options.steps):
    pictures = generator.integers(0, 256, shape, dtype=np.uint8)
    labels = generator.integers(0, options.classes, options.batch_size)
    start = time.perf_counter()
    x = to_network_input(pictures, np.full(3, 127.5))
    criterion.forward(network.forward(x, training=True), labels)
    network.backward(criterion.backward(), input_gradient=False)
    optimizer.step()
    seconds.append(time.perf_counter() - start)

peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(
    f"{options.variant}, {network.image_size} pixels, batch {options.batch_size}: peak memory "
    f"{peak:.2f} GiB, median step {statistics.median(seconds):.2f} s "
    f"({options.batch_size / statistics.median(seconds):.0f} images/s)"
)
