# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 8. Gradient checking
#
# A wrong gradient rarely stops a program. It trains, a little worse, and nobody knows why. By the
# end of this notebook you can prove a backward pass right or wrong in a few lines, you know how
# exact such a proof can be and what it cannot see, and you have hunted down five bugs.
#
# *Reading: 25 minutes, and as much for the bugs. Running: some seconds.*

# %%
import itertools

import numpy as np

from minialexnet import alexnet, learn, ops, plots
from minialexnet.backend import to_host
from minialexnet.gradcheck import check_function, check_layer
from minialexnet.learn import bugs

xp = np  # on a GPU: import cupy as xp
rng = np.random.default_rng(0)

# %% [markdown]
# ## Two ways to the same numbers
#
# The backward pass gives all gradients at once, by formulas that somebody derived and may have got
# wrong. The other way needs no formulas: move *one* number of the input a little, run the forward
# pass, and see how much the result changes. It is slow, and it cannot be wrong in the same way.

# %%
plots.flow(
    [
        ("x", "one number ± h"),
        ("y = forward(x)", "all outputs"),
        ("L", "sum of y · dy"),
    ],
    back=["dx = backward(dy)", "dy"],
)

# %% [markdown]
# ## A tiny one by hand
#
# The derivative is what the slope between two points tends to when they come together. The second
# point may lie on one side, or the two may lie on both sides of $x$:
#
# $$\frac{f(x + h) - f(x)}{h} \qquad\qquad \frac{f(x + h) - f(x - h)}{2 h}$$
#
# The left one is the **forward difference**, the right one the **central difference**. Take
# $f(x) = x^3$ at $x = 3$, where the derivative is $3 x^2 = 27$. **Predict** both for $h = 1$: the
# cubes of 2, 3 and 4 are 8, 27 and 64.


# %%
def cube(x):
    return x**3


for h in (1, 0.1, 0.01):
    forward = (cube(3 + h) - cube(3)) / h
    central = (cube(3 + h) - cube(3 - h)) / (2 * h)
    print(f"h = {h:<4}  forward {forward:8.4f}  central {central:8.4f}")
x = np.linspace(1.6, 4.4, 50)
plots.curves(
    {
        "x³": x**3,
        "tangent, slope 27": 27 + 27 * (x - 3),
        "forward, slope 37": 27 + 37 * (x - 3),
        "central, slope 28": 8 + 28 * (x - 2),
    },
    x=x,
    xlabel="x",
    title="differences at 3, with h = 1",
)

# %% [markdown]
# The line through the two outer points is nearly parallel to the tangent. What bends the curve
# up on the right bends it up on the left as well, and the two cancel.
#
# ## Errors of order h and of order h²
#
# Taylor's formula says how much cancels. With $f^{(1)}$, $f^{(2)}$, ... for the derivatives of $f$:
#
# $$f(x \pm h) = f(x) \pm h f^{(1)}(x) + \frac{h^2}{2} f^{(2)}(x)
# \pm \frac{h^3}{6} f^{(3)}(x) + \dots$$
#
# Put into the two differences, it gives
#
# $$\frac{f(x + h) - f(x)}{h} = f^{(1)}(x) + \frac{h}{2} f^{(2)}(x) + \dots$$
#
# $$\frac{f(x + h) - f(x - h)}{2 h} = f^{(1)}(x) + \frac{h^2}{6} f^{(3)}(x) + \dots$$
#
# A tenth of the step makes the forward difference's error a tenth, and the central one's a
# hundredth. And since one knows that the central error falls by 4 when $h$ is halved, one can
# combine two steps so that it cancels too (Richardson's extrapolation), which leaves an error of
# order $h^4$:
#
# $$\frac{4 D(h / 2) - D(h)}{3}$$
#
# On logarithmic axes a power of $h$ is a straight line, and the power is its slope. **Predict** the
# three slopes. The function is $\tanh$ at 0.5, whose derivative is $1 - \tanh^2$.


# %%
def central_difference(f, x, h):
    return (f(x + h) - f(x - h)) / (2 * h)


def derivative_of_tanh(x):
    return 1 - xp.tanh(x) ** 2


x = xp.asarray(0.5)
h = xp.asarray(np.logspace(0, -2.5, 26))
wide, narrow = (central_difference(xp.tanh, x, step) for step in (h, h / 2))
estimates = {
    "forward": (xp.tanh(x + h) - xp.tanh(x)) / h,
    "central": wide,
    "central, extrapolated": (4 * narrow - wide) / 3,
}
errors = {
    name: to_host(abs(value / derivative_of_tanh(x) - 1)) for name, value in estimates.items()
}
for name, error in errors.items():
    print(f"{name}: slope {np.log10(error[10] / error[20]):.2f} between h = 0.1 and 0.01")
plots.curves(errors, x=h, xlabel="step h", ylabel="relative error", log="xy")

# %% [markdown]
# **Your turn.** `f` takes an array like `x` and gives one number. Move one number of x at a time,
# and put it back. Three things to think of:
#
# - x belongs to the caller: work on a copy.
# - The copy should be of float64, whatever x is.
# - `np.ndindex(*x.shape)` runs over the places of all numbers, for any shape. Keep the number
#   itself as `float(x[index])`: on a GPU `x[index]` alone is a window into the array, and changes
#   with it.


# %%
def numeric_gradient(f, x, h):
    # your code
    ...


learn.check("numeric_gradient", numeric_gradient, xp)

# %%
if not learn.check("numeric_gradient", numeric_gradient, xp).ok:  # yours, if it is right
    numeric_gradient = learn.exercise("numeric_gradient").solution

# %% [markdown]
# ## How small a step?
#
# If a smaller step is more exact, why not $10^{-15}$? Because a computer rounds. float64 keeps
# about 16 digits of $f(x + h)$ and of $f(x - h)$; if they agree in the first 12, their difference
# has 4 digits left (**cancellation**). So there are two errors. One, of *truncation*, grows with
# $h$; the other, of *rounding*, grows as $h$ shrinks:
#
# $$\frac{h^2}{6} |f^{(3)}(x)| \; + \; \frac{\varepsilon \, |f(x)|}{h}$$
#
# where $\varepsilon$ is $1.1 \cdot 10^{-16}$ in float64 and $6 \cdot 10^{-8}$ in float32.
# **Predict** the shape of the error as a function of $h$. Where about is the best step in float64?
# And how exact can float32 be at best?

# %%
h = np.logspace(0, -14, 113)


def errors_of(f, dtype):
    """Relative errors of central differences, computed in this dtype throughout."""
    x, steps = xp.asarray(0.5, dtype=dtype), xp.asarray(h, dtype=dtype)
    estimate = central_difference(f, x, steps)
    error = abs(to_host(estimate).astype(np.float64) / float(derivative_of_tanh(0.5 + 0 * x)) - 1)
    return np.maximum(error, 1e-17)  # an error of exactly 0 has no logarithm


others = xp.asarray(rng.uniform(0, 1, 10_000))


def one_of_many(x):
    return xp.tanh(x) + others.astype(x.dtype).sum()


errors = {
    "float64": errors_of(xp.tanh, np.float64),
    "float32": errors_of(xp.tanh, np.float32),
    "float32, sum of 10,001 outputs": errors_of(one_of_many, np.float32),
}
print("h =".rjust(31), "   ".join(f"1e-{k}" for k in (1, 2, 3, 5, 8)))
for name, error in errors.items():
    print(name.rjust(31), "  ".join(f"{error[8 * k]:.0e}" for k in (1, 2, 3, 5, 8)))
plots.curves(errors, x=h, xlabel="step h", ylabel="relative error", log="xy", ylim=(1e-14, 100))

# %% [markdown]
# On the right all lines go up together: that is truncation, the same for all. On the left each
# rises as soon as rounding takes over. In float32 it ends at 1, where $x + h$ is rounded to $x$ and
# the difference is 0. The best step lies where the sum of the two is smallest, at
#
# $$h = \sqrt[3]{\frac{3 \, \varepsilon \, |f|}{|f^{(3)}|}}$$

# %%
t = np.tanh(0.5)
third = abs(-2 * (1 - t**2) * (1 - 3 * t**2))
for name, epsilon in (("float64", 2.0**-53), ("float32", 2.0**-24)):
    best = (3 * epsilon * t / third) ** (1 / 3)
    error = (best**2 / 6 * third + epsilon * t / best) / (1 - t**2)
    print(f"{name}: best step {best:.0e}, relative error up to {error:.0e}")

# %% [markdown]
# float64 leaves a broad valley: anything from $10^{-3}$ to $10^{-7}$ does. float32 has no room.
# Even at its best step the numeric gradient has some four or five digits; and if the number that
# is moved influences one output among ten thousand, whose sum is the loss, it has hardly any. A
# correct gradient then seems wrong; one looks for a tolerance that makes the check pass, and lets
# a bug pass with it. So:
#
# - **check in float64**, even if you train in float32;
# - take the difference of each output *before* they are summed: outputs that did not change then
#   cancel exactly. The library does so, with two steps of $10^{-4}$ and $0.5 \cdot 10^{-4}$ and the
#   extrapolation above:

# %%
from minialexnet.gradcheck.numeric import Probe

learn.source(Probe.measure)

# %% [markdown]
# ## What is a small difference?
#
# Is a difference of 0.001 much? Beside a gradient of 1000 it is nothing, and beside one of 0.001
# it is everything. So it is divided by the larger of the two gradients $a$ (analytic) and $n$
# (numeric):
#
# $$\frac{|a - n|}{\max(|a|, |n|)}$$
#
# This is 0 if they agree, 1 if one of the two is 0, and 2 if they have opposite signs and the same
# size. What counts is the *largest* over all numbers: a mean would hide a single wrong row.
#
# **Your turn.** Where both are 0, they agree, and the error is 0.


# %%
def relative_error(a, b):
    # your code
    ...


learn.check("relative_error", relative_error, xp)

# %%
if not learn.check("relative_error", relative_error, xp).ok:
    relative_error = learn.exercise("relative_error").solution

# %% [markdown]
# Now all is there for a first real check: a fully connected layer and its library gradient.

# %%
x, weight = (xp.asarray(rng.standard_normal(shape)) for shape in ((5, 3), (4, 3)))
dy = xp.asarray(rng.standard_normal((5, 4)))
dx, dweight, _ = ops.linear_backward(dy, x, weight)


def loss_of_weight(weight):
    return (ops.linear(x, weight) * dy).sum()


numeric = numeric_gradient(loss_of_weight, weight, 1e-5)
print(f"relative error {relative_error(dweight, numeric):.1e}")

# %% [markdown]
# Which error is small enough? In float64, with central differences and smooth functions, a right
# gradient agrees to $10^{-7}$ or better; above $10^{-2}$ it is wrong; what lies between needs a
# look. `check_function` has extrapolated differences and asks for $10^{-6}$. (Gradients a
# thousand times smaller than the array's largest are compared on that larger scale: they are sums
# that nearly cancel, and have fewer digits.)
#
# Why so strict, if most bugs make an error near 1? Because some do not. Here is local response
# normalisation with a backward pass that has forgotten all neighbours, once with
# $\alpha = 1$ and once with the paper's $\alpha = 10^{-4}$:

# %%
x = xp.asarray(1.5 * rng.standard_normal((2, 8, 3, 2)))
for alpha in (1.0, 1e-4):
    report = check_function(
        lambda x, alpha=alpha: ops.local_response_norm(x, 5, alpha),
        lambda dy, x, alpha=alpha: dy * ops.local_response_norm(x, 5, alpha) / x,
        [x],
        [f"alpha {alpha}"],
    )
    print(report)

# %% [markdown]
# With the paper's constants the forgotten half of the formula changes the gradients so little that
# it passes at a tolerance of $10^{-2}$, which a check in float32 may well need. The lesson is
# twofold: be strict, and choose numbers at which every term of the formula matters.
#
# ## Not with ones
#
# A layer has many outputs and the check needs one number, so the outputs are summed. The plain sum
# is the loss with $dy = 1$ everywhere, and it hides mistakes. Below, somebody has written `dy.T`
# where `dy` belongs, in a case in which the shapes happen to agree (4 pictures, 4 outputs).
# **Predict** what the check says with ones, and with random $dy$.


# %%
def linear(x):
    return x @ weight.T


def wrong_backward(dy, x):
    return dy.T @ weight  # right: dy @ weight


x = xp.asarray(rng.standard_normal((4, 3)))
for name, dy in {
    "ones": xp.ones((4, 4)),
    "random": xp.asarray(rng.standard_normal((4, 4))),
}.items():
    numeric = numeric_gradient(lambda x, dy=dy: (linear(x) * dy).sum(), x, 1e-5)
    print(f"dy {name}: relative error {relative_error(wrong_backward(dy, x), numeric):.1e}")

# %% [markdown]
# A matrix of ones is its own transpose. With ones, whatever *moves* the gradients about (an
# exchanged axis, a wrong order, a reversed row) goes unnoticed; so do gradients that never look at
# $dy$ at all. A random $dy$ weights each output differently. And one more habit: make all
# sizes different. With 5 pictures that bug would not even have run.
#
# ## Kinks
#
# ReLU has no derivative at 0, and near 0 the two points may lie on different sides of the kink.
# What does the central difference give there? **Predict** its value at exactly 0, for any $h$.

# %%
step = 1e-4
x = xp.asarray(np.linspace(-2, 2, 401) * step)
plots.curves(
    {
        "derivative": xp.where(x > 0, 1.0, 0.0),
        "numeric, step h": central_difference(ops.relu, x, step),
        "numeric, step h / 2": central_difference(ops.relu, x, step / 2),
    },
    x=x / step,
    xlabel="x, in units of h",
    ylabel="slope of ReLU",
)

# %% [markdown]
# Within $h$ of the kink the numeric slope is a mixture of 0 and 1, and no formula agrees with it.
# That is no bug, and yet it looks like one. The way out: within reach of a kink the two step sizes
# *disagree*, while on a smooth piece they agree to many digits. (At the very middle both give 1/2;
# there the second difference, $f(x + h) - 2 f(x) + f(x - h)$, gives the kink away.) The library
# measures with both, leaves such points out, and counts them.
#
# A max pooling window has a kink where two of its pixels are equal. Below, first with random
# numbers, then with whole numbers from 0 to 2, where ties are everywhere:

# %%
from minialexnet.layers import LocalResponseNorm, MaxPool2d, ReLU

smooth = xp.asarray(rng.standard_normal((1, 2, 7, 7)))
whole = xp.asarray(rng.integers(0, 3, (1, 2, 7, 7)).astype(np.float64))
print("random: ", check_layer(MaxPool2d(3, 2), smooth))
print("whole:  ", check_layer(MaxPool2d(3, 2), whole))
print("zeros:  ", check_layer(ReLU(), xp.maximum(smooth, 0)))

# %% [markdown]
# If more points had to be left out than could be compared, there is no verdict: a check that
# compares nothing would pass anything. So give a check random numbers, not whole ones, and not the
# output of a ReLU.
#
# ## A whole layer, a whole network
#
# `check_layer` takes any layer, copies it in float64, and compares the gradient of its input and of
# each parameter. A network is a layer, too. `max_points` draws so many numbers of each array at
# random; all of the parameters of `mini` would take a while.

# %%
print(check_layer(LocalResponseNorm(5, alpha=1.0), smooth))
mini = alexnet("mini", num_classes=10, image_size=16, init="he").to(xp)
picture = xp.asarray(rng.standard_normal((2, 3, 16, 16)))
report = check_layer(mini, picture, max_points=4)
print(report)
print(f"{report.points} numbers compared, {report.kinks} at kinks")

# %% [markdown]
# To go further: `max_points=50`; and `minialexnet gradcheck` in a terminal, which checks every
# layer of the library with each of its options.
#
# Your own functions are checked by `check_function`, whether they belong to a network or not. Write
# your own here, and break it on purpose:


# %%
def leaky_relu(x, slope):
    return xp.where(x > 0, x, slope * x)


def leaky_relu_backward(dy, x, slope):
    return xp.where(x > 0, dy, slope * dy), xp.where(x > 0, 0, x * dy).sum(axis=0)


inputs = [xp.asarray(rng.standard_normal((6, 4))), xp.asarray(rng.uniform(0, 1, 4))]
print(check_function(leaky_relu, leaky_relu_backward, inputs, ["x", "slope"]))

# %% [markdown]
# ## What a gradient check cannot see
#
# It compares the backward pass with the forward pass. If the *forward* pass computes the wrong
# thing and the backward pass is its right derivative, all is well, as far as the check knows. The
# classical case is max pooling with a border of zeros. A zero beats every negative number; the
# border has to be minus infinity.


# %%
def pad(x):
    return xp.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))  # with zeros


def pool_with_zeros(x):
    return ops.max_pool2d(pad(x), 3, 2)


def pool_with_zeros_backward(dy, x):
    dpadded = ops.max_pool2d_backward(dy, pad(x), pool_with_zeros(x), 3, 2)
    return dpadded[:, :, 1:-1, 1:-1]


x = xp.asarray(-abs(rng.standard_normal((2, 3, 7, 7))))  # all negative
print(check_function(pool_with_zeros, pool_with_zeros_backward, [x], ["x"]))
differ = pool_with_zeros(x) != ops.max_pool2d(x, 3, 2, padding=1)
print(f"and yet {int(differ.sum())} of {differ.size} outputs are wrong")

# %% [markdown]
# After a ReLU nothing is negative, so AlexNet would not even notice; another network would. Against
# that, only values help: a tiny example by hand, or another implementation. (The library's
# tests compare with PyTorch and ONNX Runtime.)
#
# Nor does a gradient check see
#
# - what comes after the gradient: the update, weight decay, the learning rate;
# - what comes before: labels that belong to other pictures, pixels in the wrong order;
# - places where it did not look: another branch, another size, the border of a larger picture;
# - what float64 hides: the overflow of notebook 7 comes eight times earlier in float32.
#
# ## Hunting five bugs
#
# Five functions with backward passes, and in each backward pass **one line is wrong**. All of them
# run and give the right shapes. The easier ones come first. For each:
#
# 1. Look at the report: which gradients are wrong, and which are right?
# 2. Read the code. What do the wrong ones have in common that the right ones have not?
# 3. Say what it is: `wrong` takes the names of the wrong gradients, `kind` one of these words:

# %%
for word, meaning in bugs.KINDS.items():
    print(f"{word:12} {meaning}")

# %% [markdown]
# `bugs.tell("centre")` gives it away, if you are stuck. Better: copy the function into a cell,
# mend it, and give it to `check_function`.
#
# **1. `centre`** subtracts from each picture (a row of x) its mean.

# %%
print(bugs.BUGS["centre"].check(xp))
learn.source(bugs.centre)

# %%
learn.source(bugs.centre_backward)

# %%
bugs.guess("centre", wrong=..., kind=...)  # for example wrong=["x"], kind="factor"

# %% [markdown]
# **2. `convolve`** is a convolution; its backward pass goes picture by picture, to save memory.

# %%
print(bugs.BUGS["convolve"].check(xp))
learn.source(bugs.convolve_backward)

# %%
bugs.guess("convolve", wrong=..., kind=...)

# %% [markdown]
# **3. `two_layers`** are two fully connected layers, each with a ReLU:
# $y = \mathrm{relu}(\mathrm{relu}(x W_1) W_2)$.

# %%
print(bugs.BUGS["two_layers"].check(xp))
learn.source(bugs.two_layers_backward)

# %%
bugs.guess("two_layers", wrong=..., kind=...)

# %% [markdown]
# **4. `standardise`** subtracts from each picture its mean, and divides it by its standard
# deviation.

# %%
print(bugs.BUGS["standardise"].check(xp))
learn.source(bugs.standardise)

# %%
learn.source(bugs.standardise_backward)

# %%
bugs.guess("standardise", wrong=..., kind=...)

# %% [markdown]
# **5. `normalise`** is local response normalisation over three channels, with $k = \alpha = 1$ and
# $\beta = 0.75$: $y_c = x_c / s_c^{0.75}$ with $s_c = 1 + x_{c-1}^2 + x_c^2 + x_{c+1}^2$.

# %%
print(bugs.BUGS["normalise"].check(xp))
learn.source(bugs.normalise_backward)

# %%
bugs.guess("normalise", wrong=..., kind=...)

# %% [markdown]
# ## Break it
#
# The checker is a program too. Here the gradient is right and the *check* is wrong. **Predict**
# what comes out of each before you run the cell:
#
# - a step that is far too small, or far too large;
# - dropout that draws a new mask in every forward pass.

# %%
x = xp.asarray(rng.standard_normal((3, 4)))
dy = xp.asarray(rng.standard_normal((3, 4)))
right = ops.tanh_backward(dy, ops.tanh(x))
for h in (1e-13, 1e-5, 1.0):
    numeric = numeric_gradient(lambda x: (ops.tanh(x) * dy).sum(), x, h)
    print(f"h = {h:.0e}: relative error {relative_error(right, numeric):.1e}")

# %%
draws = itertools.count()


def dropout(x):
    mask = ops.dropout_mask(x.shape, 0.5, (2012, next(draws)), xp)
    return ops.dropout(x, mask, 0.5), mask


def dropout_backward(dy, mask):
    return ops.dropout_backward(dy, mask, 0.5)


print(check_function(dropout, dropout_backward, [x], ["x"]))

# %% [markdown]
# A function that gives something else each time has no derivative: the library takes it for one
# full of kinks, and gives no verdict. (A checker with one step size would have called it wrong.)
# The mask has to stay the same in all passes of a check; `check_layer` sees to it. The same goes
# for random augmentation, and for layers that keep running averages.
#
# ## Three questions
#
# **1.** Numeric gradients need no derivation at all. Why not train with them?
#
# <details><summary>Answer</summary>
#
# Each number needs two forward passes. AlexNet has 60,965,224 parameters, so one step of SGD would
# take 122 million forward passes; backpropagation takes about as long as two or three. The next
# cell counts for `mini`.
#
# </details>
#
# **2.** A check of a network with ReLUs says: relative error 0.003, at one number of ten thousand.
# A bug, or a kink? How do you find out?
#
# <details><summary>Answer</summary>
#
# Take a smaller step. A kink that lay within $h$ of the number is out of reach with a tenth of it,
# and the error falls to the usual size; a bug's error stays whatever the step is. Or begin from
# other random numbers: the kink will be elsewhere, and the bug still there.
#
# </details>
#
# **3.** One number of an analytic gradient is NaN. What does your `relative_error` give, and does
# `if error > 1e-6: print("wrong")` notice?
#
# <details><summary>Answer</summary>
#
# It does not: every comparison with NaN is false, so `error > 1e-6` is false as well. And should
# `relative_error` drop NaN (as `nanmax` does, or Python's `max` in some orders), not even the error
# shows it. Ask the other way round, `if not error < 1e-6`. The library counts a gradient that is no
# finite number as an infinite error.
#
# </details>

# %%
print(f"mini: {mini.num_params:,} parameters, so {2 * mini.num_params:,} forward passes a step")
error = relative_error(xp.array([1.0, np.nan]), xp.array([1.0, 2.0]))
print(f"error {error}: > 1e-6 is {error > 1e-6}, not < 1e-6 is {not error < 1e-6}")

# %% [markdown]
# ## Words
#
# | English | 日本語 |
# |---|---|
# | gradient checking | 勾配チェック(勾配確認) |
# | numerical differentiation | 数値微分 |
# | forward difference, central difference | 前進差分、中心差分 |
# | step size | 刻み幅 |
# | truncation error | 打ち切り誤差 |
# | rounding error | 丸め誤差 |
# | cancellation (loss of digits) | 桁落ち |
# | relative error, absolute error | 相対誤差、絶対誤差 |
# | single precision, double precision | 単精度、倍精度 |
# | Taylor expansion | テイラー展開 |
# | chain rule | 連鎖律 |
# | kink (point without a derivative) | 折れ点(微分不可能な点) |
#
# ## Where to read on
#
# - [`minialexnet/gradcheck/check.py`](../minialexnet/gradcheck/check.py) and
#   [`numeric.py`](../minialexnet/gradcheck/numeric.py): all of this, with the third step that
#   tells a kink from a steep smooth place; [`cases.py`](../minialexnet/gradcheck/cases.py): what is
#   checked.
# - [`minialexnet/learn/bugs.py`](../minialexnet/learn/bugs.py): the five bugs, and their solutions
#   at the end.
# - Griewank and Walther 2008, "Evaluating Derivatives" (SIAM,
#   [doi:10.1137/1.9780898717761](https://doi.org/10.1137/1.9780898717761)): derivatives by
#   programs, thoroughly.
# - The notes of Stanford's course CS231n, part
#   ["Gradient checks"](https://cs231n.github.io/neural-networks-3/#gradcheck): more practical
#   advice.
# - Baydin et al. 2018, "Automatic Differentiation in Machine Learning: a Survey"
#   ([arXiv:1502.05767](https://arxiv.org/abs/1502.05767)): numeric, symbolic and automatic
#   derivatives side by side.
# - Next: [9. SGD and initialisation](09_sgd_and_initialisation.ipynb).
