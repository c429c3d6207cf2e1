import contextlib
import io
import os
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conftest import fast, run_python
from skorch import NeuralNet
from skorch.callbacks import Callback, EpochScoring
from skorch.dataset import Dataset
from torch.utils.data import DataLoader, Subset

from lgta_sklearn import LatentAugmenter
from lgta_sklearn.networks.vae import VAE
from lgta_sklearn.training.batches import TensorBatches
from lgta_sklearn.training.callbacks import KLWarmUp, WarmupStableDecay
from lgta_sklearn.training.losses import ELBOLoss
from lgta_sklearn.training.nets import AugmenterNet
from lgta_sklearn.training.trainer import make_plan


def test_batches_are_those_of_a_data_loader():
    X = torch.arange(20.0).reshape(10, 2)
    rows = Subset(Subset(Dataset(X), [9, 3, 4, 5, 7]), [4, 0, 1])
    ours = [x for x, _ in TensorBatches(rows, batch_size=2)]
    theirs = [x for x, _ in DataLoader(rows, 2, generator=torch.Generator())]
    assert len(ours) == len(TensorBatches(rows, batch_size=2)) == len(theirs) == 2
    for a, b in zip(ours, theirs, strict=True):
        assert torch.equal(a, b)


def test_shuffling_takes_every_row_once_in_a_new_order():
    X = torch.arange(50.0)[:, None]
    generator = torch.Generator().manual_seed(0)
    batches = TensorBatches(Dataset(X), 8, shuffle=True, generator=generator)
    first, second = (torch.cat([x for x, _ in batches])[:, 0] for _ in range(2))
    assert not torch.equal(first, second)
    assert torch.equal(first.sort().values, X[:, 0])


def test_the_kl_term_warms_up_linearly():
    net = SimpleNamespace(criterion_=SimpleNamespace(kl_weight=None))
    callback = KLWarmUp(4)
    callback.on_train_begin(net)
    weights = []
    for _ in range(6):
        callback.on_batch_begin(net, training=True)
        weights.append(net.criterion_.kl_weight)
        callback.on_batch_begin(net, training=False)
    assert weights == [0, 0.25, 0.5, 0.75, 1, 1]


def rates(losses, n_steps=100, patience=3):
    """Return the rates of a training of ten steps an epoch, and whether it ended."""
    group = {"lr": 2.0}
    net = SimpleNamespace(optimizer_=SimpleNamespace(param_groups=[group]), history=[])
    schedule, seen = WarmupStableDecay(n_steps, n_warm=5, patience=patience), []
    schedule.on_train_begin(net)
    for epoch, loss in enumerate(losses, 1):
        for _ in range(10):
            schedule.on_batch_begin(net, training=True)
            seen.append(group["lr"])
        net.history.append({"epoch": epoch, "valid_loss": loss})
        try:
            schedule.on_epoch_end(net)
        except KeyboardInterrupt:
            break
    return seen, schedule.complete_


def test_the_rate_holds_while_the_loss_falls_and_cools_at_the_ceiling():
    seen, complete = rates(100.0 / np.arange(1, 12))
    assert complete
    assert len(seen) == 100
    np.testing.assert_allclose(seen[:5], [0.4, 0.8, 1.2, 1.6, 2.0])
    assert set(seen[5:81]) == {2.0}
    assert (np.diff(seen[80:]) < 0).all()
    assert seen[-1] == pytest.approx(2 * (1 - np.sqrt(0.95)))


def test_the_rate_cools_when_the_loss_gains_little():
    seen, complete = rates([100, 50, 20, 10, *[9.9] * 40], n_steps=400)
    assert complete
    # the last gain is that of epoch 4, three are waited for, a fifth of all is cooling
    assert set(seen[5:70]) == {2.0}
    assert seen[71] < 2.0
    assert len(seen) == 90


def test_groups_of_parameters_keep_their_own_rates(italy):
    seen = []

    class Watch(Callback):
        def on_batch_end(self, net, training=False, **kwargs):
            if training:
                seen.append([group["lr"] for group in net.optimizer_.param_groups])

    net = AugmenterNet(
        optimizer=torch.optim.SGD,
        lr=1e-3,
        optimizer__param_groups=[("to_code*", {"lr": 1e-4})],
        callbacks=[Watch()],
    )
    fast(net=net).fit(italy[0])
    np.testing.assert_allclose([a / b for a, b in seen], 0.1)


def test_the_ceiling_is_no_bill_where_there_is_little_to_learn():
    rng = np.random.default_rng(0)
    X = np.sin(np.arange(24) + rng.uniform(0, 0.1, size=(300, 1)))
    X += 0.01 * rng.normal(size=X.shape)
    augmenter = LatentAugmenter(hidden_dim=8, random_state=0, max_epochs=400).fit(X)
    assert augmenter.n_iter_ < 200
    error = (augmenter.reconstruct(X) - X).std() / X.std()
    assert error < 0.1


def test_mixed_precision_learns_as_much(italy, monkeypatch):
    """On the CPU, where no fit uses it, as a stand-in for a GPU."""
    X, _ = italy
    seen = []

    def once(device):
        seen.append(device)
        return True

    full = fast("transformer", max_epochs=30).fit(X)
    monkeypatch.setattr("lgta_sklearn.training.nets._has_bfloat16", once)
    mixed = fast("transformer", max_epochs=30).fit(X)
    assert set(seen) == {"cpu"}
    assert not np.array_equal(full.encode(X), mixed.encode(X))
    assert mixed.loss_curve_[-1] == pytest.approx(full.loss_curve_[-1], rel=0.1)


@pytest.mark.parametrize("n_samples", [1, 5, 67, 3662, 100_000])
def test_the_plan_follows_the_number_of_series(n_samples):
    plan = make_plan(
        n_samples,
        50,
        batch_size=None,
        max_epochs=None,
        lr=None,
        validation_fraction=0.1,
    )
    assert plan.n_train + plan.n_valid == n_samples
    assert plan.n_valid == 0 or plan.n_valid >= 5
    assert 16 <= plan.batch_size <= 64
    assert 2.4e-3 < plan.lr <= 5e-3
    assert 500 <= plan.n_steps <= 3100 or plan.n_steps < 3000 + plan.n_train / 64 + 1


def test_batches_and_threads_follow_the_length_and_the_device():
    def plan(n_samples, n_timepoints, device="cpu"):
        return make_plan(
            n_samples,
            n_timepoints,
            device=device,
            batch_size=None,
            max_epochs=None,
            lr=None,
            validation_fraction=0.0,
        )

    assert plan(10_000, 500).batch_size == 64
    assert plan(10_000, 3000).batch_size == 21
    assert plan(10_000, 100_000).batch_size == 16
    assert plan(10_000, 3000, "cuda:0").batch_size == 1024
    assert plan(200, 24, "cuda:0").batch_size == 25
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(4)
        assert [plan(10_000, T).n_threads for T in (24, 150, 1000)] == [1, 1, 2]
        torch.set_num_threads(2)
        assert plan(10_000, 1000).n_threads == 1
    finally:
        torch.set_num_threads(before)


def test_with_a_second_thread_a_fit_repeats_and_is_the_same_but_for_rounding(
    monkeypatch,
):
    X = np.random.default_rng(0).normal(size=(40, 1100)).cumsum(axis=1)
    one = fast().fit(X)
    monkeypatch.setattr("lgta_sklearn.training.trainer.TWO_THREADS", 0)
    monkeypatch.setattr("lgta_sklearn.training.trainer.SPARE_THREADS", 1)
    two, again = (fast().fit(X) for _ in range(2))
    parts = (model.module_.parameters() for model in (one, two, again))
    for a, b, c in zip(*parts, strict=True):
        assert torch.equal(b, c)
        # some CPUs add up the parts of two threads in another order
        torch.testing.assert_close(a, b, rtol=0, atol=1e-4)


def test_explicit_numbers_are_kept():
    plan = make_plan(
        50, 24, batch_size=7, max_epochs=3, lr=0.1, validation_fraction=0.0
    )
    assert (plan.batch_size, plan.max_epochs, plan.lr, plan.n_valid) == (7, 3, 0.1, 0)


class RuinLastEpochs(Callback):
    """Destroy the weights after an epoch: only restoring can save them."""

    def __init__(self, after):
        self.after = after

    def on_epoch_begin(self, net, **kwargs):
        if len(net.history) > self.after:
            with torch.no_grad():
                for weight in net.module_.parameters():
                    weight.mul_(0).add_(0.01)


def test_early_stopping_restores_the_best_weights(italy):
    X, _ = italy
    settings = {"max_epochs": 60, "hidden_dim": 16, "lr": 0.01}
    kept = fast(**settings, net=AugmenterNet(callbacks=[RuinLastEpochs(30)])).fit(X)
    lost = fast(
        **settings,
        net=AugmenterNet(callbacks=[RuinLastEpochs(30)]),
        early_stopping=False,
    ).fit(X)
    assert kept.n_iter_ < 60
    best = int(np.argmin(kept.validation_curve_))
    assert best < 30
    error = [((a.reconstruct(X) - X) ** 2).mean() for a in (kept, lost)]
    assert error[0] < 0.7 * error[1]


def test_the_history_is_plain(fitted):
    assert fitted.n_iter_ == len(fitted.history_) == len(fitted.loss_curve_)
    assert fitted.history_[0]["epoch"] == 1
    assert all(type(v) in (int, float) for row in fitted.history_ for v in row.values())
    assert fitted.loss_curve_[-1] < fitted.loss_curve_[0]


@pytest.mark.parametrize(("latent", "beta"), [("global", 2.0), ("per_step", 1.0)])
def test_the_history_tells_what_the_loss_consists_of(italy, latent, beta):
    X, _ = italy
    augmenter = LatentAugmenter(latent=latent, beta=beta, max_epochs=60, random_state=0)
    rows = augmenter.fit(X).history_
    # the first steps have hardly any KL term, the last ones all of it
    assert rows[0]["train_loss"] < rows[0]["train_reconstruction"] + beta * (
        rows[0]["train_kl"] + rows[0].get("train_equivariance", 1.0)
    )
    last = rows[-1]
    assert last["train_loss"] == pytest.approx(
        last["train_reconstruction"]
        + beta * last["train_kl"]
        + last.get("train_equivariance", 0.0),
        abs=1e-3,
    )
    assert ("train_equivariance" in last) == (latent == "per_step")
    assert rows[0]["active_units"] <= 2
    assert last["active_units"] == pytest.approx(augmenter.n_active_units_, abs=2)


def test_a_loss_of_another_kind_has_no_parts(italy):
    class Plain(torch.nn.Module):
        def __init__(self, n_channels, beta, equivariance):
            super().__init__()

        def forward(self, output, target):
            return ((output[0] - target) ** 2).mean()

    X, _ = italy
    augmenter = LatentAugmenter(net=AugmenterNet(criterion=Plain), max_epochs=2).fit(X)
    losses = {name for name in augmenter.history_[0] if "loss" in name}
    assert losses == {"train_loss", "valid_loss"}
    assert not any("reconstruction" in name for name in augmenter.history_[0])


def test_training_is_quiet_by_default_and_shows_a_bar_at_verbose(italy):
    X, _ = italy
    streams = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(streams[0]), contextlib.redirect_stderr(streams[1]):
        fast().fit(X)
        assert [s.getvalue() for s in streams] == ["", ""]
        fast(verbose=1).fit(X)
    assert streams[0].getvalue() == ""
    assert "loss=" in streams[1].getvalue()
    assert "2/2" in streams[1].getvalue()


def test_divergence_is_an_error_and_leaves_nothing_fitted(italy):
    X, _ = italy
    augmenter = fast().fit(X)
    augmenter.set_params(lr=1e30, max_epochs=20)
    with pytest.raises(ValueError, match=r"training diverged in epoch .*Lower lr"):
        augmenter.fit(X)
    assert not [name for name in vars(augmenter) if name.endswith("_")]


def test_a_failing_callback_leaves_nothing_fitted(italy):
    X, _ = italy

    class Fails(Callback):
        def on_epoch_end(self, net, **kwargs):
            raise RuntimeError("the user's own error")

    augmenter = fast().fit(X)
    augmenter.set_params(net=AugmenterNet(callbacks=[Fails()]))
    with pytest.raises(RuntimeError, match="own error"):
        augmenter.fit(X)
    assert not hasattr(augmenter, "module_")


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_ends_fit_with_keyboard_interrupt():
    code = """
        import os, signal, numpy as np
        from skorch.callbacks import Callback
        from lgta_sklearn import LatentAugmenter
        from lgta_sklearn.training.nets import AugmenterNet
        # a shell that starts tests in the background has them ignore Ctrl-C
        signal.signal(signal.SIGINT, signal.default_int_handler)
        class Interrupt(Callback):
            def on_batch_end(self, net, **kwargs):
                if len(net.history) == 3:
                    os.kill(os.getpid(), signal.SIGINT)
        net = AugmenterNet(callbacks=[Interrupt()])
        augmenter = LatentAugmenter(max_epochs=50, net=net)
        try:
            augmenter.fit(np.random.default_rng(0).normal(size=(30, 12)))
        except KeyboardInterrupt:
            print("interrupted", hasattr(augmenter, "module_"))
    """
    assert run_python(code) == ["interrupted False"]


def test_callbacks_of_the_user_run_and_are_not_changed(italy):
    X, _ = italy
    seen = []

    class Watch(Callback):
        def on_epoch_end(self, net, **kwargs):
            self.count = getattr(self, "count", 0) + 1
            seen.append(net.history[-1]["train_loss"])

    watch = Watch()
    fast(net=AugmenterNet(callbacks=[watch])).fit(X)
    assert len(seen) == 2
    assert not hasattr(watch, "count")


def test_skorch_is_reachable_through_net(italy):
    X, _ = italy
    net = AugmenterNet(optimizer=torch.optim.SGD, lr=1e-3, max_epochs=4)
    augmenter = fast(net=net, max_epochs=None).fit(X)
    assert augmenter.n_iter_ == 4
    assert not hasattr(net, "module_")
    own = fast(net=net).fit(X)
    assert own.n_iter_ == 2  # the estimator's own parameter takes precedence
    decayed = fast().set_params(net=AugmenterNet(optimizer__weight_decay=0.5)).fit(X)
    assert not np.array_equal(decayed.encode(X), fast().fit(X).encode(X))
    assert "net__optimizer__weight_decay" in decayed.get_params()


def test_a_plain_net_of_skorch_serves_too(italy):
    X, _ = italy
    net = NeuralNet(VAE, ELBOLoss, optimizer=torch.optim.Adam, max_epochs=3)
    net.set_params(iterator_train=TensorBatches, iterator_valid=TensorBatches)
    augmenter = LatentAugmenter(latent_dim=2, net=net, random_state=0).fit(X)
    assert augmenter.n_iter_ == 3
    assert np.isfinite(augmenter.sample(3)).all()


def test_scoring_callbacks_of_skorch_work(italy):
    X, _ = italy
    scoring = EpochScoring(
        lambda net, X, y=None: 1.0, name="constant", use_caching=False
    )
    assert fast(net=AugmenterNet(callbacks=[scoring])).fit(X).n_iter_ == 2


def test_an_incomplete_last_batch_can_be_left_out():
    X = {"shape": torch.arange(10.0)[:, None], "label": torch.arange(10)}
    batches = TensorBatches(SimpleNamespace(X=X), 4, drop_last=True)
    assert [len(x["label"]) for x, _ in batches] == [4, 4]
    assert len(batches) == 2
    few = TensorBatches(SimpleNamespace(X=X), 16, drop_last=True)
    assert [len(x["label"]) for x, _ in few] == [10]  # rather than nothing
