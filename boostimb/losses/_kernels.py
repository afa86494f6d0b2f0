"""Gradient and hessian, compiled. Each kernel has its NumPy twin in the loss that it belongs to.

A kernel takes margins (float32 or float64), signed weights (float32: the sign is the label, the magnitude the weight) and
the constants, and writes float32 gradients and hessians. It is serial, holds no interpreter lock and no state.

A call to the C library's exp or log stops LLVM from vectorising the loop around it. Range reduction, a short polynomial and the
assembly of the exponent's bits are ordinary arithmetic, which it turns into eight lanes at a time. Each block of rows stays in
the first cache and goes through several short loops: one loop with everything in it takes 4.7 ms for a million rows where
these take 2.3, because the processor sees too few rows ahead to fill the time that each long chain of operations waits.

They share one file because numba notices a change by the file of the outermost function alone: were these helpers elsewhere, a
kernel on disk would outlive a change to them.

Notation: z the margin, a = abs(z), e = exp(-a), r = 1 / (1 + e), L = ln(1 + e), S = a + L. At the label that z speaks for ("right")
p = r, q = e r, -ln p = L, -ln q = S; at the other ("wrong") p = e r, q = r, -ln p = S, -ln q = L. There is no difference of
near-equal numbers and no overflow in these, at any margin.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from boostimb import compiled_kernels
from boostimb.typing import Float32Array, MarginArray

# What numba compiles to a float32, eight to a register. Python never sees one, so that there is no type to check.
Lane: TypeAlias = Any

BLOCK = 512
ZERO, ONE, TWO = np.float32(0), np.float32(1), np.float32(2)
TINY = np.finfo(np.float32).tiny
LN2 = np.float32(np.log(2))
HUGE = np.finfo(np.float32).max
# exp(-88.5) is 0 here: a larger margin changes nothing and could overflow.
FAR = np.float32(88.5)


def _parts(x: float) -> tuple[float, float]:
    """Return x as the sum of two float32."""
    return float(np.float32(x)), x - float(np.float32(x))


# Passed to every kernel at run time: were they known to the compiler, it would load them again in every round of a loop (4.3
# instead of 2.9 ns for 8 exponentials). The polynomials are minimax fits of the relative error (1e-7 and 5e-9), by linear
# programming on Chebyshev points.
CONSTANTS: Float32Array = np.array(
    [
        -127.4,  # least exponent: 2**-127 is assembled as an exact 0
        12582912.0,  # 1.5 * 2**23: adding it rounds to an integer, which then stands in the lowest bits
        *(1.0, 0.69314698, 0.24022242, 0.055507341, 0.0096715106, 0.0013264608),  # 2**f, abs(f) <= 1/2
        *(1.0, 0.33333207, 0.20010796, 0.14000458, 0.14007906),  # artanh(x) / x by x**2, abs(x) <= 1/3
        *_parts(1 / np.log(2)),
        *(0.0, 0.0),  # the start that margins count from, see `from_start`
    ],
    np.float32,
)


def from_start(start: float) -> Float32Array:
    """Return the constants under which margins count from ``start``: a kernel adds it for nothing, a loop of its own costs 2 ms."""
    constants = CONSTANTS.copy()
    constants[15:] = _parts(start)
    return constants


def focal_parameters(gamma: float) -> tuple[np.float32, ...]:
    """Return gamma, and gamma / ln 2 in two parts, as a kernel takes them."""
    return np.float32(gamma), *map(np.float32, _parts(gamma / np.log(2)))


def compiled(function: Callable[..., Any], *, nogil: bool = True, inline: bool = True) -> Any:
    """Compile a part of a kernel.

    Of the "fast" floating-point rules only contraction is allowed: infinities, signed zeros and the order of operations keep
    their meaning.
    """
    return compiled_kernels.compiled(function, nogil=nogil, forceinline=inline, error_model="numpy", fastmath={"contract"})


def _kernel(function: Callable[..., Any]) -> Any:
    """Compile a function to stay apart: copied into its caller, it would lose its ``_widest_registers()``."""
    return compiled(function, inline=False)


@intrinsic
def _float_of_bits(_context: Any, bits: Any) -> Any:
    def codegen(_ctx: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.bitcast(builder.trunc(args[0], ir.IntType(32)), ir.FloatType())

    return types.float32(types.int64), codegen


@intrinsic
def _bits_of_float(_context: Any, value: Any) -> Any:
    def codegen(_ctx: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.zext(builder.bitcast(args[0], ir.IntType(32)), ir.IntType(64))

    return types.int64(types.float32), codegen


@intrinsic
def _fma(_context: Any, a: Any, b: Any, c: Any) -> Any:
    """``a * b + c`` with one rounding, which the code below relies on; contraction alone only permits it."""

    def codegen(_ctx: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.fma(*args)

    return types.float32(types.float32, types.float32, types.float32), codegen


@intrinsic
def _widest_registers(_context: Any) -> Any:
    """Let LLVM use 512 bits at a time in the function that calls this, where the processor has them.

    It stops at 256 by itself, since the first processors with more slowed down for them. With 512 each kernel takes 5% to 25% less
    time. Loops are vectorised before they are copied into a kernel, so that their functions call this as well. llvmlite's list of
    attributes lacks this one, which only its ``add`` would refuse.
    """

    def codegen(_ctx: Any, builder: Any, _signature: Any, _args: Any) -> Any:
        builder.function.attributes.update(['"prefer-vector-width"="512"'])
        return ir.Constant(ir.IntType(1), 1)

    return types.boolean(), codegen


# ---- elementary functions of one number; c are the constants ----


@compiled
def _power_of_two(shifted: Lane, f: Lane, c: Lane) -> Lane:
    """``2 ** (n + f)``, with the integer n in the low bits of ``shifted`` and abs(f) <= 1/2."""
    f2 = f * f
    power = ((c[2] + c[3] * f) + f2 * (c[4] + c[5] * f)) + (f2 * f2) * (c[6] + c[7] * f)
    return power * _float_of_bits((_bits_of_float(shifted) + 127) << 23)


@compiled
def _exp_minus(a: Lane, low: Lane, rate: Lane, rate_low: Lane, c: Lane) -> Lane:
    """``2 ** -((a + low) * (rate + rate_low))`` for a, rate >= 0; 0 below 2**-126.5.

    In one float32 an exponent of 100 would be off by 4e-6, and the result by as much: hence the low parts, and the product that
    stays exact inside the fused operation.
    """
    x = -a * rate
    x = max(c[0], x)
    shifted = x + c[1]
    n = shifted - c[1]
    return _power_of_two(shifted, _fma(-a, rate, -n) - (a * rate_low + low * rate), c)


@compiled
def _exp_minus_near(a: Lane, rate: Lane, c: Lane) -> Lane:
    """The same where the exponent is above -126 and a is itself rounded, so that low parts would say nothing."""
    shifted = _fma(-a, rate, c[1])
    n = shifted - c[1]
    return _power_of_two(shifted, _fma(-a, rate, -n), c)


@compiled
def _artanh_twice(x: Lane, c: Lane) -> Lane:
    """``ln((1 + x) / (1 - x))`` for abs(x) <= 1/3."""
    y = x * x
    return (x + x) * ((c[8] + c[9] * y) + (y * y) * (c[10] + c[11] * y + c[12] * (y * y)))


# ---- loops over one block ----


@compiled
def _split(z: MarginArray, near: Float32Array, a: Float32Array, low: Float32Array, c: Lane) -> None:
    """``z`` as a float32, and ``abs(z)`` as the sum of two. No other loop reads float64, which has half the lanes."""
    _widest_registers()
    for i in range(z.size):
        moved = z[i] + c[15] + c[16]
        x = abs(moved)
        x = min(FAR, x)
        high = np.float32(x)
        near[i] = np.float32(moved)
        a[i] = high
        low[i] = np.float32(x - high)


@compiled
def _exps(a: Float32Array, low: Float32Array, e: Float32Array, c: Lane) -> None:
    """``e = exp(-a)``."""
    _widest_registers()
    for i in range(a.size):
        e[i] = _exp_minus(a[i], low[i], c[13], c[14], c)


@compiled
def _two_exps(a: Float32Array, low: Float32Array, e: Float32Array, fade: Float32Array, rate: Lane, rate_low: Lane, c: Lane) -> None:
    """``e = exp(-a)`` and ``fade = exp(-gamma * a)``, with rate = gamma / ln 2."""
    _widest_registers()
    for i in range(a.size):
        e[i] = _exp_minus(a[i], low[i], c[13], c[14], c)
        fade[i] = _exp_minus(a[i], low[i], rate, rate_low, c)


@compiled
def _logs(e: Float32Array, r: Float32Array, soft: Float32Array, c: Lane) -> None:
    """``r = 1 / (1 + e)`` and ``L = ln(1 + e) = 2 artanh(e / (2 + e))``, by one division."""
    _widest_registers()
    for i in range(e.size):
        e1, e2 = ONE + e[i], TWO + e[i]
        inverse = ONE / (e1 * e2)
        r[i] = inverse * e2
        soft[i] = _artanh_twice(e[i] * e1 * inverse, c)


@compiled
def _dim(soft: Float32Array, out: Float32Array, rate: Lane, c: Lane) -> None:
    """``(1 + e) ** -gamma = exp(-gamma * L)``."""
    _widest_registers()
    for i in range(soft.size):
        out[i] = _exp_minus_near(soft[i], rate, c)


@compiled
def _tuple(c: Float32Array) -> Lane:
    return (c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8], c[9], c[10], c[11], c[12], c[13], c[14], c[15], c[16])


# ---- kernels ----


@_kernel
def log_loss(
    raw: MarginArray, signed: Float32Array, grad: Float32Array, hess: Float32Array, constants: Float32Array, w0: Lane, w1: Lane
) -> None:
    """``-t w q`` and ``w p q``."""
    _widest_registers()
    c = _tuple(constants)
    work = np.empty((4, BLOCK), np.float32)
    for start in range(0, raw.size, BLOCK):
        stop = min(start + BLOCK, raw.size)
        z, v, g, h = raw[start:stop], signed[start:stop], grad[start:stop], hess[start:stop]
        m = z.size
        near, a, low, e = work[0, :m], work[1, :m], work[2, :m], work[3, :m]
        _split(z, near, a, low, c)
        _exps(a, low, e, c)
        for i in range(m):
            positive = v[i] > ZERO
            r = ONE / (ONE + e[i])
            wrong = e[i] * r
            weight = v[i] * (w1 if positive else w0)
            g[i] = -weight * (wrong if positive == (near[i] >= ZERO) else r)
            curve = abs(weight) * r * wrong
            h[i] = max(TINY, curve)


@_kernel
def ldam(
    raw: MarginArray,
    signed: Float32Array,
    grad: Float32Array,
    hess: Float32Array,
    constants: Float32Array,
    spare0: Lane,
    spare1: Lane,
    fall0: Lane,
    fall1: Lane,
    w0: Lane,
    w1: Lane,
) -> None:
    """``-t w q`` with ``q = sigmoid(spare - u)``, and ``w q sigmoid(u)``, which is at least the curvature; fall = exp(-spare)."""
    _widest_registers()
    c = _tuple(constants)
    work = np.empty((4, BLOCK), np.float32)
    for start in range(0, raw.size, BLOCK):
        stop = min(start + BLOCK, raw.size)
        z, v, g, h = raw[start:stop], signed[start:stop], grad[start:stop], hess[start:stop]
        m = z.size
        short, a, low, e = work[0, :m], work[1, :m], work[2, :m], work[3, :m]
        for i in range(m):
            moved = z[i] + c[15] + c[16]
            near = moved - spare1 if v[i] > ZERO else -moved - spare0
            x = abs(near)
            x = min(FAR, x)
            high = np.float32(x)
            short[i] = np.float32(near)
            a[i] = high
            low[i] = np.float32(x - high)
        _exps(a, low, e, c)
        for i in range(m):
            positive = v[i] > ZERO
            right = short[i] >= ZERO
            r = ONE / (ONE + e[i])
            slope = v[i] * (w1 if positive else w0) * (e[i] * r if right else r)
            fall = fall1 if positive else fall0
            # sigmoid(u) from exp(-u) = exp(-(u - spare)) * fall, or from its inverse.
            p = ONE / (ONE + e[i] * fall) if right else e[i] / (e[i] + fall)
            curve = abs(slope) * p
            g[i] = -slope
            h[i] = max(TINY, curve)


@_kernel
def focal_expected(
    raw: MarginArray,
    signed: Float32Array,
    grad: Float32Array,
    hess: Float32Array,
    constants: Float32Array,
    gamma: Lane,
    rate: Lane,
    rate_low: Lane,
    w0: Lane,
    w1: Lane,
) -> None:
    """Gradient of focal loss and its hessian expected under the posterior.

    With g, h the derivatives at either label, the posterior is ``w0 g0 / (w0 g0 + w1 g1)``, and the expected hessian
    ``w0 w1 (g0 h1 + g1 h0) / (w0 g0 + w1 g1)``. In it ``q**gamma = (1 + e)**-gamma * fade`` at the right label, and without fade
    at the wrong one; what both have in common is taken out, so that neither part of the fraction underflows alone.
    """
    _widest_registers()
    c = _tuple(constants)
    work = np.empty((8, BLOCK), np.float32)
    both = w0 * w1
    odd = TWO * gamma + ONE
    for start in range(0, raw.size, BLOCK):
        stop = min(start + BLOCK, raw.size)
        z, v, g, h = raw[start:stop], signed[start:stop], grad[start:stop], hess[start:stop]
        m = z.size
        a, low, e, fade = work[0, :m], work[1, :m], work[2, :m], work[3, :m]
        r, soft, dim, near = work[4, :m], work[5, :m], work[6, :m], work[7, :m]
        _split(z, near, a, low, c)
        _two_exps(a, low, e, fade, rate, rate_low, c)
        _logs(e, r, soft, c)
        _dim(soft, dim, rate, c)
        for i in range(m):
            up = near[i] >= ZERO
            flat = gamma * soft[i]
            steep = gamma * a[i] + flat
            small = e[i] * steep
            right, wrong = e[i] + flat, ONE + small
            right_slope = (w1 if up else w0) * fade[i] * right
            wrong_slope = (w0 if up else w1) * wrong
            mixed = wrong * (odd * e[i] + flat * (gamma - e[i])) + right * e[i] * (odd + gamma * small - steep)
            common = r[i] * dim[i]
            g[i] = -v[i] * common * (right_slope if (v[i] > ZERO) == up else wrong_slope)
            curve = abs(v[i]) * (both * fade[i] * r[i] * common * mixed / (right_slope + wrong_slope))
            h[i] = max(TINY, curve)


@_kernel
def focal_exact(
    raw: MarginArray,
    signed: Float32Array,
    grad: Float32Array,
    hess: Float32Array,
    constants: Float32Array,
    gamma: Lane,
    rate: Lane,
    rate_low: Lane,
    w0: Lane,
    w1: Lane,
    clamp: bool,
) -> None:
    """Gradient of focal loss and its own second derivative, which ``clamp`` keeps at ``|gradient| * p`` or above."""
    _widest_registers()
    c = _tuple(constants)
    work = np.empty((8, BLOCK), np.float32)
    odd = TWO * gamma + ONE
    for start in range(0, raw.size, BLOCK):
        stop = min(start + BLOCK, raw.size)
        z, v, g, h = raw[start:stop], signed[start:stop], grad[start:stop], hess[start:stop]
        m = z.size
        a, low, e, fade = work[0, :m], work[1, :m], work[2, :m], work[3, :m]
        r, soft, dim, near = work[4, :m], work[5, :m], work[6, :m], work[7, :m]
        _split(z, near, a, low, c)
        _two_exps(a, low, e, fade, rate, rate_low, c)
        _logs(e, r, soft, c)
        _dim(soft, dim, rate, c)
        for i in range(m):
            positive = v[i] > ZERO
            correct = positive == (near[i] >= ZERO)
            flat = gamma * soft[i]
            steep = gamma * a[i] + flat
            small = e[i] * steep
            right_bend = fade[i] * (odd * e[i] + flat * (gamma - e[i]))
            wrong_bend = e[i] * (odd + gamma * small - steep)
            weight = v[i] * (w1 if positive else w0) * r[i] * dim[i]
            slope = weight * (fade[i] * (e[i] + flat) if correct else ONE + small)
            g[i] = -slope
            curve = abs(weight) * r[i] * (right_bend if correct else wrong_bend)
            bound = abs(slope) * r[i] * (ONE if correct else e[i])
            h[i] = max(max(bound, curve), TINY) if clamp else curve


@compiled
def _log_unit(x: Lane, excess: Lane, c: Lane) -> Lane:
    """``ln(x)`` for 0 < x <= 1, given ``excess = x - 1`` to its own accuracy for where x is near 1."""
    # Split x = m * 2**(k - 127) with m in [3/4, 3/2).
    k = (_bits_of_float(x) + 0x00400000) >> 23
    m = _float_of_bits(_bits_of_float(x) - ((k - 127) << 23))
    # k as a number: in the low bits of 2**23.
    whole = _float_of_bits(k | 0x4B000000) - np.float32(8388608.0 + 127.0)
    excess = excess if whole == ZERO else m - ONE
    return whole * LN2 + _artanh_twice(excess / (TWO + excess), c)


@_kernel
def asymmetric(
    raw: MarginArray,
    signed: Float32Array,
    grad: Float32Array,
    hess: Float32Array,
    constants: Float32Array,
    gamma1: Lane,
    rate1: Lane,
    rate1_low: Lane,
    gamma0: Lane,
    rate0: Lane,
    rate0_low: Lane,
    shift: Lane,
    w0: Lane,
    w1: Lane,
) -> None:
    """Gradient of asymmetric loss and its expected hessian, kept at ``|gradient| * sigmoid(u)`` or above.

    Of negatives, with ``x = p - shift > 0``, ``l = -ln(1 - x)`` and ``d = q / (1 - x)``, the slope is
    ``p x**gamma (gamma q l / x + d)`` and the curvature
    ``p x**gamma (gamma (gamma - 1) (q l / x) (p q / x) + 2 gamma (p q / x) d + p d**2) + (q - p) * slope``.
    """
    _widest_registers()
    c = _tuple(constants)
    work = np.empty((12, BLOCK), np.float32)
    odd1, pair0 = TWO * gamma1 + ONE, gamma0 * (gamma0 - ONE)
    for start in range(0, raw.size, BLOCK):
        stop = min(start + BLOCK, raw.size)
        z, v, g, h = raw[start:stop], signed[start:stop], grad[start:stop], hess[start:stop]
        m = z.size
        a, low, e, fade = work[0, :m], work[1, :m], work[2, :m], work[3, :m]
        r, soft, dim, near = work[4, :m], work[5, :m], work[6, :m], work[7, :m]
        log_x, log_rest, slope0, curve0 = work[8, :m], work[9, :m], work[10, :m], work[11, :m]
        _split(z, near, a, low, c)
        _two_exps(a, low, e, fade, rate1, rate1_low, c)
        _logs(e, r, soft, c)
        _dim(soft, dim, rate1, c)
        if shift > ZERO:
            for i in range(m):
                up = near[i] >= ZERO
                p = r[i] if up else e[i] * r[i]
                x = p - shift
                x = x if x > ZERO else ONE
                log_x[i] = -_log_unit(x, x - ONE, c)
            for i in range(m):
                up = near[i] >= ZERO
                p = r[i] if up else e[i] * r[i]
                q = e[i] * r[i] if up else r[i]
                log_rest[i] = -_log_unit(q + shift, shift - p, c)
        else:  # x is p: its logarithms are at hand, at any margin
            for i in range(m):
                up = near[i] >= ZERO
                log_x[i] = soft[i] if up else a[i] + soft[i]
                log_rest[i] = a[i] + soft[i] if up else soft[i]
        for i in range(m):
            log_x[i] = _exp_minus(log_x[i], ZERO, rate0, rate0_low, c)
        for i in range(m):
            up = near[i] >= ZERO
            p = r[i] if up else e[i] * r[i]
            q = e[i] * r[i] if up else r[i]
            x = p - shift
            power = p * log_x[i] if x > ZERO else ZERO
            x = x if x > ZERO else ONE
            d = q / (q + shift) if shift > ZERO else ONE
            per_x = p * q / x
            flat = q * log_rest[i] / x
            slope = power * (gamma0 * flat + d)
            slope0[i] = slope
            curve0[i] = power * (pair0 * flat * per_x + TWO * gamma0 * per_x * d + p * d * d) + (q - p) * slope
        for i in range(m):
            up = near[i] >= ZERO
            p = r[i] if up else e[i] * r[i]
            q = e[i] * r[i] if up else r[i]
            s = soft[i] if up else a[i] + soft[i]
            power = dim[i] * (fade[i] if up else ONE)
            slope1 = w1 * power * (q + gamma1 * p * s)
            curve1 = w1 * p * power * (odd1 * q + gamma1 * s * (gamma1 * p - q))
            slope = w0 * slope0[i]
            total = slope + slope1
            expected = slope / total * curve1 + slope1 / total * (w0 * curve0[i]) if total > ZERO else ZERO
            positive = v[i] > ZERO
            step = slope1 if positive else slope
            bound = step * (p if positive else q)
            curve = abs(v[i]) * max(bound, expected)
            g[i] = -v[i] * slope1 if positive else -v[i] * slope
            h[i] = max(TINY, curve)


@_kernel
def softmax_focal(
    raw: NDArray[Any],
    labels: NDArray[np.int32],
    weights: Float32Array,
    grad: Float32Array,
    hess: Float32Array,
    constants: Float32Array,
    gamma: Lane,
    rate: Lane,
    rate_low: Lane,
) -> None:
    """Focal loss over the columns of ``raw``: ``w c (p - [k = y])`` and ``w c p (1 - p)``, ``c = q**gamma (1 + gamma p s / q)``.

    A block is turned so that a class lies in a row: then the loops run over samples. The largest margin has e = 1; what the
    others sum to says 1 - p of the likeliest class without cancellation.
    """
    _widest_registers()
    c = _tuple(constants)
    n_classes = raw.shape[1]
    size = max(8, min(BLOCK, 8192 // n_classes))
    e, bend = np.empty((n_classes, size), np.float32), np.empty((n_classes, size), np.float32)
    work = np.empty((5, size), np.float32)
    turned = np.empty((n_classes + 1, size), raw.dtype)
    best = np.empty(size, np.int32)
    for start in range(0, raw.shape[0], size):
        stop = min(start + size, raw.shape[0])
        m = stop - start
        z, y, w, g, h = raw[start:stop], labels[start:stop], weights[start:stop], grad[start:stop], hess[start:stop]
        rest, mine, far, factor, inverse = work[0, :m], work[1, :m], work[2, :m], work[3, :m], work[4, :m]
        top, top_class = turned[n_classes, :m], best[:m]
        for i in range(m):
            largest = z[i, 0]
            for k in range(n_classes):
                turned[k, i] = z[i, k]
                largest = max(largest, z[i, k])
            top[i] = largest
        top_class[:] = -1
        rest[:] = ZERO
        mine[:] = ZERO
        far[:] = ZERO
        for k in range(n_classes):
            column, row = turned[k, :m], e[k, :m]
            # Sums, not assignments under a condition: those would become masked stores, which cost some 20 cycles each.
            for i in range(m):
                distance = min(np.float32(top[i] - column[i]), FAR)
                value = _exp_minus(distance, ZERO, c[13], c[14], c)
                row[i] = value
                mine[i] += value if y[i] == k else ZERO
                far[i] += distance if y[i] == k else ZERO
                # Of several that are equal, the first counts as the likeliest.
                first = column[i] == top[i] and top_class[i] < 0
                top_class[i] += np.int32(k + 1) if first else np.int32(0)
                rest[i] += ZERO if first else value
        for i in range(m):
            total = ONE + rest[i]
            inverse[i] = ONE / total
            others = rest[i] if y[i] == top_class[i] else ONE + (rest[i] - mine[i])
            log_total = _log_unit(total, rest[i], c)
            s = far[i] + log_total
            some = others if others > ZERO else ONE
            minus_log_q = max(log_total - _log_unit(some, some - ONE, c), ZERO)
            power = _exp_minus(minus_log_q, ZERO, rate, rate_low, c)
            power = power if others > ZERO or gamma == ZERO else ZERO
            ratio = mine[i] * s / some if others > ZERO else ONE
            factor[i] = w[i] * power * (ONE + gamma * ratio)
        for k in range(n_classes):
            row, other = e[k, :m], bend[k, :m]
            for i in range(m):
                p = row[i] * inverse[i]
                q = rest[i] * inverse[i] if top_class[i] == k else ONE - p
                row[i] = factor[i] * (-q if y[i] == k else p)
                other[i] = max(factor[i] * p * q, TINY)
        for i in range(m):
            for k in range(n_classes):
                g[i, k] = e[k, i]
                h[i, k] = bend[k, i]


# ---- between a booster's arrays and the kernels' ----


@compiled
def sign(targets: Float32Array, weights: Float32Array | None, signed: Float32Array) -> bool:
    """Write weights (None: all 1) with the label as sign; return whether labels and weights keep their rules."""
    wrong = 0
    for i in range(targets.size):
        positive = targets[i] == ONE
        wrong += 0 if positive or targets[i] == ZERO else 1
        signed[i] = ONE if positive else -ONE
    if weights is not None:
        for i in range(weights.size):
            wrong += 0 if weights[i] >= ZERO and weights[i] <= HUGE else 1
            signed[i] *= weights[i]
    return wrong == 0


# ---- a few hundred rows a call, for CatBoost: signs, kernel and pairs in one, which takes 4 us where four calls take 13 ----


@compiled
def _rows(raw: MarginArray, targets: Float32Array, weights: Float32Array | None, scale: Lane) -> Lane:
    """Return signed weights times ``scale``, room for gradients and hessians, and whether labels and weights keep their rules."""
    room = np.empty((3, raw.size), np.float32)
    signed, grad, hess = room[0], room[1], room[2]  # unpacked without indices, they count as strided, and no loop is vectorised
    fine = sign(targets, weights, signed)
    for i in range(signed.size):
        signed[i] *= scale
    return signed, grad, hess, fine


@compiled
def _negated_pairs(grad: Float32Array, hess: Float32Array, fine: bool) -> NDArray[np.float64]:
    """Return -grad and -hess as columns; no rows if a label or a weight broke a rule, so that the caller can say which."""
    out = np.empty((grad.size if fine else 0, 2))
    for i in range(out.shape[0]):
        out[i, 0] = -grad[i]
        out[i, 1] = -hess[i]
    return out


def _of_chunks(function: Callable[..., Any]) -> Any:
    """Compile a function that keeps the interpreter's lock: CatBoost's threads would pass it on at each of 3,000 calls a round.

    Each time it passes on, a sleeping thread has to wake, which takes longer than the chunk.
    """
    return compiled(function, nogil=False)


@_of_chunks
def _log_loss_chunk(constants: Lane, parameters: Lane, scale: Lane, raw: Lane, targets: Lane, weights: Lane) -> Lane:
    signed, grad, hess, fine = _rows(raw, targets, weights, scale)
    log_loss(raw, signed, grad, hess, constants, *parameters)
    return _negated_pairs(grad, hess, fine)


@_of_chunks
def _ldam_chunk(constants: Lane, parameters: Lane, scale: Lane, raw: Lane, targets: Lane, weights: Lane) -> Lane:
    signed, grad, hess, fine = _rows(raw, targets, weights, scale)
    ldam(raw, signed, grad, hess, constants, *parameters)
    return _negated_pairs(grad, hess, fine)


@_of_chunks
def _focal_expected_chunk(constants: Lane, parameters: Lane, scale: Lane, raw: Lane, targets: Lane, weights: Lane) -> Lane:
    signed, grad, hess, fine = _rows(raw, targets, weights, scale)
    focal_expected(raw, signed, grad, hess, constants, *parameters)
    return _negated_pairs(grad, hess, fine)


@_of_chunks
def _focal_exact_chunk(constants: Lane, parameters: Lane, scale: Lane, raw: Lane, targets: Lane, weights: Lane) -> Lane:
    signed, grad, hess, fine = _rows(raw, targets, weights, scale)
    focal_exact(raw, signed, grad, hess, constants, *parameters)
    return _negated_pairs(grad, hess, fine)


@_of_chunks
def _asymmetric_chunk(constants: Lane, parameters: Lane, scale: Lane, raw: Lane, targets: Lane, weights: Lane) -> Lane:
    signed, grad, hess, fine = _rows(raw, targets, weights, scale)
    asymmetric(raw, signed, grad, hess, constants, *parameters)
    return _negated_pairs(grad, hess, fine)


CHUNKS: dict[Callable[..., None], Callable[..., NDArray[np.float64]]] = {
    log_loss: _log_loss_chunk,
    ldam: _ldam_chunk,
    focal_expected: _focal_expected_chunk,
    focal_exact: _focal_exact_chunk,
    asymmetric: _asymmetric_chunk,
}
