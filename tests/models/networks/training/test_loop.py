"""The training loop, compared with steps that are computed by hand."""

import copy
import math

import numpy as np
import pytest
from tiny_sequences import FAST, tiny_sequences

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from featkit.errors import FeatkitError  # noqa: E402
from featkit.models.networks import progress  # noqa: E402
from featkit.models.networks.parameters import NetworkParameters  # noqa: E402
from featkit.models.networks.scaling import fit_scale  # noqa: E402
from featkit.models.networks.training.loop import (  # noqa: E402
    Labelled,
    Score,
    Training,
    batch_count,
    class_weights,
)
from featkit.models.networks.training.rows import Rows  # noqa: E402
from featkit.models.networks.training.session import one_thread  # noqa: E402


class Small(nn.Module):
    """Mean over time, a layer, batch normalisation, and a classifier."""

    def __init__(self, channels=8, n_classes=3):
        super().__init__()
        self.first = nn.Linear(channels, 16, bias=False)
        self.norm = nn.BatchNorm1d(16)
        self.last = nn.Linear(16, n_classes)

    def forward(self, inputs, lengths):
        mean = inputs["mel"].sum(dim=2) / lengths["mel"][:, None]
        return self.last(torch.relu(self.norm(self.first(mean))))


@pytest.fixture(autouse=True)
def session():
    with one_thread(0):
        yield


def labelled(rows, y, n_rows=None):
    X, _ = rows
    scales = {"mel": fit_scale(X.kinds["mel"])}
    which = np.arange(len(X) if n_rows is None else n_rows)
    kinds = {"mel": X.kinds["mel"].rows(which)}
    return Labelled(Rows(kinds, scales, max_bytes=2**20), y[which])


def problem(n_rows=24, **settings):
    """A training of a small network, its rows, and no rows for validation."""
    rows = tiny_sequences(n_rows)
    y = np.unique(rows[1], return_inverse=True)[1]
    data = labelled(rows, y)
    training = Training(
        Small(),
        NetworkParameters(**{**FAST, **settings}),
        scales={"mel": fit_scale(rows[0].kinds["mel"])},
        n_classes=3,
        name="small",
        seed=0,
    )
    return training, data, labelled(rows, y, 0)


def hand_step(module, data, weights, *, rate, decay, smoothing=0.0, limit=math.inf):
    """The weights after one step of AdamW on all rows, from the formulas, in double precision."""
    inputs, lengths = data.rows.batch(np.arange(len(data)))
    logits = module(inputs, lengths)
    logarithms = logits - logits.exp().sum(1, keepdim=True).log()
    targets = torch.eye(3)[torch.from_numpy(data.y)] * (1 - smoothing) + smoothing / 3
    loss = -(targets * weights * logarithms).sum(1).mean()
    gradients = torch.autograd.grad(loss, list(module.parameters()))
    norm = float(sum((g.double() ** 2).sum() for g in gradients)) ** 0.5
    factor = min(1.0, limit / (norm + 1e-6))
    changed = {}
    for (name, weight), gradient in zip(module.named_parameters(), gradients, strict=True):
        g = gradient.double() * factor
        own_decay = decay if weight.ndim > 1 else 0.0
        # With corrected means, the first step divides the gradient by its size.
        changed[name] = weight.double() * (1 - rate * own_decay) - rate * g / (g.abs() + 1e-8)
    return changed, float(loss.detach())


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"label_smoothing": 0.2, "class_weights": "none", "weight_decay": 0.0},
        {"max_gradient_norm": 1e-7, "weight_decay": 0.3},
    ],
)
def test_a_step_is_that_of_adamw_on_the_weighted_cross_entropy(settings):
    training, data, none = problem(
        22, epochs=1, batch_size=32, learning_rate=0.01, schedule="constant", **settings
    )
    weights = np.array([22 / (3 * 8), 22 / (3 * 7), 22 / (3 * 7)])
    if "class_weights" in settings:
        weights = np.ones(3)
    expected, loss = hand_step(
        copy.deepcopy(training.module).train(),
        data,
        torch.from_numpy(weights),
        rate=0.01,
        decay=settings.get("weight_decay", 1e-2),
        smoothing=settings.get("label_smoothing", 0.0),
        limit=settings.get("max_gradient_norm", math.inf),
    )
    trained = training.run(data, none)
    assert trained.history[0].training_loss == pytest.approx(loss, rel=1e-5)
    for name, weight in expected.items():
        np.testing.assert_allclose(trained.state[name], weight.detach(), atol=1e-5, rtol=0)


def test_one_cycle_starts_and_ends_low_and_reaches_the_highest_rate():
    training, data, none = problem(epochs=10, learning_rate=0.02)
    rates = []
    step = training.step

    def noted(*arguments):
        rates.append(training._optimizer.param_groups[0]["lr"])
        return step(*arguments)

    training.step = noted
    training.run(data, none)
    assert len(rates) == 30
    assert rates[0] == pytest.approx(0.02 / 25)
    assert max(rates) == pytest.approx(0.02, rel=0.02)
    assert np.argmax(rates) == pytest.approx(0.3 * 30, abs=1)
    assert rates[-1] < 0.02 / 100


def test_every_row_is_used_once_in_an_epoch_in_another_order():
    training, data, none = problem(20, epochs=2, batch_size=6)
    seen = []
    batch = training._batch

    def noted(data, which):
        seen.append(which)
        return batch(data, which)

    training._batch = noted
    training.run(data, none)
    assert [len(which) for which in seen] == [5] * 8
    first, second = np.concatenate(seen[:4]), np.concatenate(seen[4:])
    assert sorted(first) == sorted(second) == list(range(20))
    assert first.tolist() != second.tolist()


@pytest.mark.parametrize("size", [1, 2, 3, 16])
@pytest.mark.parametrize("n_rows", [2, 3, 5, 16, 17, 33])
def test_no_batch_has_a_single_row(n_rows, size):
    sizes = [len(part) for part in np.array_split(np.arange(n_rows), batch_count(n_rows, size))]
    if size == 1:
        assert set(sizes) == {1}
    else:
        assert min(sizes) >= 2
        assert max(sizes) <= size + 1


def test_balanced_weights_give_all_classes_the_same_sum():
    y = np.array([0] * 6 + [1] * 3 + [2])
    weights = class_weights(y, 3, "balanced").numpy()
    sums = [weights[y[y == k]].sum() for k in range(3)]
    np.testing.assert_allclose(sums, [10 / 3] * 3, rtol=1e-6)
    assert class_weights(y, 3, "none").tolist() == [1, 1, 1]


def test_the_epoch_with_the_lowest_validation_loss_is_kept():
    training, data, _ = problem(epochs=8, learning_rate=0.02, patience=20, schedule="constant")
    validation = labelled(tiny_sequences(9, seed=5), (np.arange(9) + 1) % 3)  # wrong classes
    states = []
    validate = training._validate

    def noted(*arguments):
        states.append({k: v.clone() for k, v in training.module.state_dict().items()})
        return validate(*arguments)

    training._validate = noted
    trained = training.run(data, validation)
    losses = [epoch.validation_loss for epoch in trained.history]
    assert len(losses) == 8
    assert trained.best_epoch == 1 + np.argmin(losses) < 8
    best = states[trained.best_epoch - 1]
    assert all(torch.equal(trained.state[name], best[name]) for name in best)


@pytest.mark.parametrize(("schedule", "n_epochs"), [("constant", 7), ("one-cycle", 8)])
def test_training_stops_without_improvement_but_completes_one_cycle(
    monkeypatch, schedule, n_epochs
):
    training, data, _ = problem(epochs=8, patience=3, schedule=schedule)
    losses = iter([3.0, 2.0, 2.5, 1.0, 1.0, 1.5, 1.2, 1.1])
    monkeypatch.setattr(training, "_validate", lambda *_: Score(next(losses), 0.5))
    trained = training.run(data, data)
    assert len(trained.history) == n_epochs
    assert trained.best_epoch == 4


def test_validation_scores_are_those_of_the_network():
    training, data, _ = problem(epochs=1)
    validation = labelled(tiny_sequences(9, seed=5), np.arange(9) % 3)
    trained = training.run(data, validation)
    module = Small()
    module.load_state_dict(trained.state)
    with torch.no_grad():
        logits = module.eval()(*validation.rows.batch(np.arange(9))).double()
    p = logits.softmax(1)[np.arange(9), validation.y].numpy()
    assert trained.history[0].validation_loss == pytest.approx(-np.log(p).mean(), rel=1e-4)
    accuracy = (logits.argmax(1).numpy() == validation.y).mean()
    assert trained.history[0].validation_accuracy == accuracy


def test_without_validation_rows_all_epochs_are_trained_and_the_last_is_kept():
    training, data, none = problem(epochs=4, patience=1)
    trained = training.run(data, none)
    assert (len(trained.history), trained.best_epoch) == (4, 4)
    assert all(math.isnan(epoch.validation_loss) for epoch in trained.history)
    final = training.module.state_dict()
    assert all(torch.equal(trained.state[name], final[name]) for name in final)


def test_frozen_parts_keep_weights_and_running_statistics():
    training, data, none = problem()
    module = training.module
    for part in (module.first, module.norm):
        part.requires_grad_(False)
    frozen = Training(
        module,
        training.settings,
        scales={},
        n_classes=3,
        name="small",
        seed=0,
        frozen=(module.first, module.norm),
    )
    before = {name: value.clone() for name, value in module.state_dict().items()}
    after = frozen.run(data, none).state
    same = {name.partition(".")[0]: torch.equal(before[name], after[name]) for name in before}
    assert same == {"first": True, "norm": True, "last": False}


def test_a_loss_that_is_not_finite_is_an_error_with_epoch_and_remedy():
    training, data, none = problem(epochs=5)
    with torch.no_grad():
        training.module.last.weight[0, 0] = math.nan
    with pytest.raises(
        FeatkitError, match="training of small diverged in epoch 1: the loss is nan"
    ) as error:
        training.run(data, none)
    assert "learning_rate below 0.001" in str(error.value)


def test_bfloat16_gives_about_the_same_loss():
    single, half = (problem(precision=name) for name in ("single", "bfloat16"))
    half[0].module.load_state_dict(single[0].module.state_dict())
    losses = [
        training.run(data, none).history[0].training_loss for training, data, none in (single, half)
    ]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=0.02)


def test_each_epoch_is_reported():
    training, data, none = problem(epochs=3)
    reports = []
    with progress.listening(reports.append):
        history = training.run(data, none).history
    assert [(report.epoch, report.epochs) for report in reports] == [(1, 3), (2, 3), (3, 3)]
    assert [report.training_loss for report in reports] == [one.training_loss for one in history]
