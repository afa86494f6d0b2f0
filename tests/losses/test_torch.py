"""`loss.torch()` against the loss itself: value, slope and curvature, for every loss of the common suite."""

import pickle
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.special import log_softmax

from boostimb import FocalLoss, LambdaAPLoss, LogLoss, MarginLoss, SoftmaxFocalLoss

torch = pytest.importorskip("torch", exc_type=ImportError)

FAR = [-1e3, -200.0, -37.5, -3.0, -1e-9, 0.0, 1e-9, 3.0, 37.5, 200.0, 1e3]


def batch(n=200):
    rng = np.random.default_rng(0)
    raw = np.concatenate([np.repeat(FAR, 2), rng.normal(scale=4, size=n)])
    y = np.concatenate([np.tile([0, 1], len(FAR)), rng.integers(0, 2, n)])
    return raw, y, rng.uniform(0, 3, raw.size)


def leaf(values, dtype=None):
    return torch.tensor(values, dtype=dtype or torch.float64, requires_grad=True)


def by_label(piece, loss, y, raw):
    both = [weight * piece(label, raw) for label, weight in enumerate(loss.class_weight)]
    return np.where(y == 1, both[1], both[0])


def test_value_and_gradient_are_the_loss_s_own(loss):
    raw, y, weight = batch()
    logits = leaf(raw)
    rows = loss.torch(reduction="none")(logits, torch.tensor(y), torch.tensor(weight))
    assert_allclose(rows.detach(), loss.loss(y, raw, weight), rtol=1e-12)
    rows.sum().backward()
    assert_allclose(logits.grad, weight * by_label(loss.slope, loss, y, raw), rtol=1e-12)
    assert_allclose(logits.grad, loss.grad_hess(y, raw, weight)[0], rtol=1e-5, atol=1e-12)  # float32, and p - shift


def test_the_second_derivative_is_the_curvature(loss):
    raw, y, _ = batch()
    logits = leaf(raw)
    (slope,) = torch.autograd.grad(loss.torch(reduction="sum")(logits, torch.tensor(y)), logits, create_graph=True)
    (curvature,) = torch.autograd.grad(slope.sum(), logits, create_graph=True)
    assert_allclose(curvature.detach(), by_label(loss.curvature, loss, y, raw), rtol=1e-12)
    with pytest.raises(NotImplementedError, match="no third"):
        curvature.sum().backward()


def test_the_gradient_is_that_of_the_value(loss):
    raw = np.random.default_rng(1).normal(scale=2, size=20)
    y = torch.tensor(np.arange(20) % 2)
    assert torch.autograd.gradcheck(lambda logits: loss.torch(reduction="none")(logits, y), leaf(raw))


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_lower_precision_stays_finite_and_near(loss, dtype):
    kind = getattr(torch, dtype)
    raw = torch.tensor(batch()[0], dtype=kind)
    y = torch.tensor(batch()[1])
    logits = raw.clone().requires_grad_()
    rows = loss.torch(reduction="none")(logits, y)
    assert rows.dtype == torch.float32
    rows.sum().backward()
    assert logits.grad.dtype == kind
    assert torch.isfinite(logits.grad).all()
    # A shift cancels digits of p where p is close to it.
    assert_allclose(rows.detach(), loss.loss(y.numpy(), raw.double().numpy()), rtol=2e-5, atol=1e-6)


def test_log_loss_is_pytorch_s_own():
    raw, y, weight = map(torch.tensor, batch())
    theirs = torch.nn.BCEWithLogitsLoss(weight, pos_weight=torch.tensor(7.5))
    assert_allclose(LogLoss(7.5).torch()(raw, y, weight), theirs(raw, y.double()), rtol=1e-12)


def test_softmax_focal_loss_is_the_loss_s_own():
    rng = np.random.default_rng(0)
    raw, y, weight = rng.normal(scale=3, size=(300, 4)), rng.integers(0, 4, 300), rng.uniform(0, 3, 300)
    raw[:4] = 1e3 * np.eye(4)
    raw[4:8] = -1e3 * np.eye(4)
    y[:8] = [0, 0, 1, 1, 0, 0, 1, 1]
    for loss in (SoftmaxFocalLoss(0.0), SoftmaxFocalLoss(), SoftmaxFocalLoss(1.5, (1.0, 2.0, 5.0, 0.5))):
        logits = leaf(raw)
        rows = loss.torch(reduction="none")(logits, torch.tensor(y), torch.tensor(weight))
        assert_allclose(rows.detach(), loss.loss(y, raw, weight), rtol=1e-9, atol=1e-300)
        rows.sum().backward()
        assert_allclose(logits.grad, loss.grad_hess(y, raw, weight)[0], rtol=1e-4, atol=1e-6)
    by_hand = -log_softmax(raw, axis=1)[np.arange(300), y]
    assert_allclose(SoftmaxFocalLoss(0.0).torch()(torch.tensor(raw), torch.tensor(y)), by_hand.mean())


def test_two_classes_are_the_binary_loss():
    raw, y, weight = batch()
    two = torch.tensor(np.stack([np.zeros_like(raw), raw], axis=1))
    labels, weights = torch.tensor(y), torch.tensor(weight)
    one = FocalLoss(2.0).torch()(torch.tensor(raw), labels, weights)
    assert_allclose(SoftmaxFocalLoss(2.0).torch()(two, labels, weights), one, rtol=1e-12)


def test_a_module_like_any_other():
    raw, y, _ = batch()
    logits, target = torch.tensor(raw), torch.tensor(y)
    module = pickle.loads(pickle.dumps(FocalLoss(alpha=0.25).torch(reduction="sum")))
    assert isinstance(module, torch.nn.Module)
    assert "FocalLoss(gamma=2.0, alpha=0.25" in repr(module)
    mean = FocalLoss(alpha=0.25).torch()(logits, target)
    assert_allclose(module(logits, target), mean * raw.size)
    column = FocalLoss(alpha=0.25).torch()(logits[:, None], target[:, None].float())
    assert_allclose(column, mean)


def test_a_net_learns_by_it():
    torch.manual_seed(0)
    X = torch.randn(2000, 3, dtype=torch.float64)
    y = (X[:, 0] + 0.5 * torch.randn(2000, dtype=torch.float64) > 2).long()
    loss = FocalLoss(gamma=2.0)
    net, module = torch.nn.Linear(3, 1, dtype=torch.float64), loss.torch()
    optimiser = torch.optim.LBFGS(net.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def step():
        optimiser.zero_grad()
        value = module(net(X).squeeze(1), y)
        value.backward()
        return value

    optimiser.step(step)
    proba = loss.predict_proba(net(X).squeeze(1).detach().numpy())
    assert abs(proba.mean() - float(y.double().mean())) < 0.003  # a posterior, and not a sigmoid


def test_a_loss_of_one_s_own_needs_functions_that_pytorch_has():
    @dataclass(frozen=True)
    class Odd(MarginLoss):
        def value(self, label, raw):
            return np.interp(raw, [0, 1], [0, 1])

    with pytest.raises(TypeError, match=r"numpy.interp has no counterpart"):
        Odd().torch()(torch.zeros(2), torch.zeros(2))


def test_bad_input_is_refused():
    module, logits = FocalLoss().torch(), torch.zeros(4)
    with pytest.raises(ValueError, match="reduction must be one of mean, sum, none; got 'avg'"):
        FocalLoss().torch(reduction="avg")
    with pytest.raises(ValueError, match=r"target must have the shape of logits, \(4, 1\), got \(4,\)"):
        module(logits[:, None], torch.zeros(4))
    with pytest.raises(ValueError, match=r"sample_weight must have the shape of target, \(4,\), got \(1,\)"):
        module(logits, torch.zeros(4), torch.ones(1))
    with pytest.raises(ValueError, match=r"labels 0 and 1 only, got 0\.5"):
        module(logits, torch.full((4,), 0.5))
    with pytest.raises(TypeError, match=r"logits must be floating, got torch\.int64"):
        module(logits.long(), torch.zeros(4))
    with pytest.raises(ValueError, match="labels 0 to 2 only, got 3"):
        SoftmaxFocalLoss().torch()(torch.zeros(2, 3), torch.tensor([0, 3]))
    with pytest.raises(ValueError, match=r"logits must have the shape \(n, n_classes\)"):
        SoftmaxFocalLoss().torch()(torch.zeros(2), torch.tensor([0, 1]))
    assert not hasattr(LambdaAPLoss(), "torch")  # a loss of pairs of all rows, which no batch has


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_on_a_cuda_device(loss):
    raw, y, weight = (torch.tensor(each, device="cuda") for each in batch())
    rows = loss.torch(reduction="none")(raw.requires_grad_(), y, weight)
    rows.sum().backward()
    assert rows.device.type == raw.grad.device.type == "cuda"
    assert_allclose(rows.detach().cpu(), loss.loss(*batch()[1::-1], batch()[2]), rtol=1e-9)
