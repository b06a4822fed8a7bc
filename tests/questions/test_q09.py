"""The rate in advance: what is said of a run, and the limits, valleys and widths of the experiment."""

import pytest
import torch
from tests.checks.sample import data, gradients, loss, optimizer

from unstuck.questions import explain
from unstuck.questions import q09_a_priori_lr as q09
from unstuck.questions._quadratic import Quadratic
from unstuck.questions._stack import Adam, Stack, cross_entropy
from unstuck.records import Facts

QUESTION = explain("q09")


def sgd(**settings):
    return optimizer("SGD", settings={"lr": 0.1} | settings)


def allowed(*optimizers, **families):
    said = QUESTION.on(Facts({"optimizers": list(optimizers)} | families))
    return [line for line in said if "quadratic" in line]


def test_it_tells_rate_limit_and_highest_loss_of_a_run():
    facts = Facts(
        {
            "gradients": gradients(),
            "optimizers": [sgd(momentum=0.9)],
            "loss": loss([2.0, 5.0, 1.0]),
            "data": data(batch=64, samples=1797),
        }
    )
    assert QUESTION.on(facts) == [
        "SGD ran with learning rate 0.1 from step 0 to step 12",
        "with learning rate 0.1 and momentum 0.9, descent on a quadratic is stable below a sharpness of "
        "38; batches of 64 out of 1797 examples bear less",
        "the loss was highest at step 1: 2.5 times its start",
    ]


def test_full_batches_have_the_whole_limit():
    assert allowed(sgd(), data=data(batch=300, samples=300)) == [
        "with learning rate 0.1, descent on a quadratic is stable below a sharpness of 20"
    ]


@pytest.mark.parametrize(
    "other",
    [
        optimizer("Adam", settings={"lr": 0.1}),
        sgd(momentum=0.9, nesterov=1.0),
        sgd(weight_decay=1e-4),
        optimizer("SGD", groups=2),
    ],
)
def test_where_the_limit_is_another_none_is_told(other):
    assert allowed(other) == []


def test_the_loss_is_told_where_it_rose_or_broke():
    last = [QUESTION.on(Facts({"loss": loss(values)}))[-1] for values in ([2.0, 1.0], [1.0, 2.0])]
    assert last == [
        "the loss was nowhere seen above its start",
        "the loss was highest at step 1: 2 times its start",
    ]
    broken = Facts({"loss": loss([1.0, 2.0, float("nan")])})
    assert QUESTION.on(broken) == ["the loss was NaN or infinite from step 2 on"]
    assert QUESTION.on(Facts()) == []


def test_the_limit_of_descent_with_momentum_is_that_of_the_sentence():
    curvature, beta = 5.0, 0.9
    limit = 2 * (1 + beta) / curvature
    for rate, stable in ((0.98 * limit, True), (1.02 * limit, False)):
        weight = torch.ones(1, dtype=torch.float64, requires_grad=True)
        descent = torch.optim.SGD([weight], lr=rate, momentum=beta)
        for _ in range(400):
            descent.zero_grad()
            (curvature / 2 * weight.square()).sum().backward()
            descent.step()
        assert (abs(weight.item()) < 1) is stable


def test_the_best_rate_is_found_without_the_formula():
    hessian = torch.diag(torch.tensor([0.01, 0.02, 0.03]).double())[None]
    slope = torch.tensor([[[1.0, 2.0, 3.0]]]).double()
    assert q09.quickest(Quadratic(hessian, slope)).item() == pytest.approx(50, rel=0.01)


def test_sharpness_is_the_largest_eigenvalue_of_each_net():
    torch.manual_seed(0)
    net = Stack((5, 4, 3), (0, 1), act=torch.tanh, dtype=torch.float64)
    x, y = torch.randn(2, 20, 5, dtype=torch.float64), torch.arange(40).view(2, 20) % 3
    direction = [torch.randn_like(each) for each in net.parameters]
    found, _ = q09.sharpness(net, cross_entropy(net(x), y), direction, 200)
    for which, value in enumerate(found.tolist()):
        one = Stack((5, 4, 3), (which,), act=torch.tanh, dtype=torch.float64)
        assert value == pytest.approx(largest_eigenvalue(one, x[which], y[which]), rel=1e-6)


def largest_eigenvalue(net, x, y):
    sizes = [each.shape for each in net.parameters]

    def of(values):
        parts = values.split([size.numel() for size in sizes])
        first, second, one, two = (part.view(size)[0] for part, size in zip(parts, sizes))
        return torch.nn.functional.cross_entropy(torch.tanh(x @ first + one) @ second + two, y)

    values = torch.cat([each.detach().flatten() for each in net.parameters])
    return torch.linalg.eigvalsh(torch.autograd.functional.hessian(of, values))[-1].item()


def test_weights_are_as_large_as_those_of_torch():
    ours = q09.tanh_net((0, 1, 2)).weights
    for weight, (inputs, outputs) in zip(ours, [(64, 32), (32, 32), (32, 10)]):
        torch.manual_seed(0)
        theirs = torch.nn.Linear(inputs, outputs).weight
        assert weight.std().item() == pytest.approx(theirs.std().item(), rel=0.1)


def test_the_valley_of_a_parabola_is_its_lowest_point():
    rates = torch.tensor(q09.RATES).log()[:, None]
    losses = ((rates - torch.tensor([0.02, 0.005]).log()).square() / 4).exp()
    assert q09.valley(losses).tolist() == pytest.approx([0.02, 0.005], rel=1e-3)


def test_mup_is_the_standard_set_up_at_the_narrow_width_and_scales_beyond_it():
    narrow = [q09.Scaled(q09.NARROW, (0,), mup=mup) for mup in (False, True)]
    x = torch.randn(1, 6, 64)
    assert torch.equal(narrow[0](x), narrow[1](x))
    standard, mup = (q09.Scaled(4 * q09.NARROW, (0,), mup=mup) for mup in (False, True))
    assert torch.allclose(mup(x), standard(x) / 2, atol=1e-6)
    before = [each.detach().clone() for each in mup.weights]
    Adam(mup, 0.01).step(cross_entropy(mup(x), torch.zeros(1, 6, dtype=torch.long)))
    moved = [
        factor * (now - old).abs().max().item()
        for factor, now, old in zip(mup.factors, mup.weights, before)
    ]
    assert moved == pytest.approx([0.01, 0.0025, 0.0025], rel=1e-3)
