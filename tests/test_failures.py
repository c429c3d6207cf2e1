"""What goes wrong while training, and in parts that are not ours."""

import os
import signal

import numpy as np
import pytest
import torch
from conftest import fast, run_python, same
from sklearn.exceptions import FitFailedWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback

from lgta_sklearn import LatentAugmenter
from lgta_sklearn.datasets import make_waves
from lgta_sklearn.networks.frozen import infer
from lgta_sklearn.training.nets import AugmenterNet

X = make_waves(30, n_timepoints=24, random_state=0)


class Backbone(torch.nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.linear = torch.nn.Linear(in_features, out_features)


class Raises(Backbone):
    def forward(self, x):
        raise RuntimeError("the user's own error")


class RaisesAtOnce(Backbone):
    def __init__(self, in_features, out_features):
        raise KeyError("the user's own error")


class OutOfMemory(Backbone):
    def forward(self, x):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 3.00 GiB")


class OutOfMainMemory(Backbone):
    def forward(self, x):
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")


class Wider(Backbone):
    def forward(self, x):
        return torch.cat([self.linear(x), x], dim=2)


class Shorter(Backbone):
    def forward(self, x):
        return self.linear(x)[:, :-1]


class WithoutTime(Backbone):
    def forward(self, x):
        return self.linear(x)[:, -1]


class Pair(Backbone):
    def forward(self, x):
        return self.linear(x), x


class Arrays(Backbone):
    def forward(self, x):
        return self.linear(x).detach().numpy()


class NotANumber(Backbone):
    def forward(self, x):
        return self.linear(x) * float("nan")


class Fails(Callback):
    def on_epoch_end(self, net, **kwargs):
        raise ZeroDivisionError("the user's own error")


class Interrupts(Callback):
    """Ctrl-C, which may come at any time."""

    def on_batch_end(self, net, **kwargs):
        signal.raise_signal(signal.SIGINT)


class Stops(Callback):
    """What skorch's own callbacks do to end a training."""

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == 2:
            raise KeyboardInterrupt


class Density:
    """Right by itself; wrong in some way in its subclasses."""

    def fit(self, Z):
        self.shape = Z.shape[1:]
        return self

    def sample(self, n_samples):
        return np.zeros((n_samples, *self.shape))


class FailsToFit(Density):
    def fit(self, Z):
        raise FloatingPointError("the user's own error")


class OneColumn(Density):
    def sample(self, n_samples):
        return np.zeros((n_samples, 1))


class FewRows(Density):
    def sample(self, n_samples):
        return np.zeros((3, *self.shape))


class Unknown(Density):
    def sample(self, n_samples):
        return np.full((n_samples, *self.shape), np.nan)


FAILURES = {
    "an absurd learning rate": (
        {"lr": 1e6},
        ValueError,
        "diverged in epoch .*Lower lr",
    ),
    "a network of NaN": ({"backbone": NotANumber}, ValueError, "diverged in epoch 1"),
    "memory of a device": (
        {"backbone": OutOfMemory},
        torch.OutOfMemoryError,
        r"ran out of memory on cpu: lower batch_size \(now 16\).*3.00 GiB",
    ),
    "main memory": (
        {"backbone": OutOfMainMemory},
        MemoryError,
        r"ran out of memory on cpu: lower batch_size \(now 16\)",
    ),
    "a callback": (
        {"net": AugmenterNet(callbacks=[Fails()])},
        ZeroDivisionError,
        "own error",
    ),
    "no callback": (
        {"net": AugmenterNet(callbacks=["stop"])},
        ValueError,
        "callbacks of skorch",
    ),
    "Ctrl-C": (
        {"net": AugmenterNet(callbacks=[Interrupts()])},
        KeyboardInterrupt,
        "not fitted",
    ),
    "a backbone": ({"backbone": Raises}, RuntimeError, "own error"),
    "a backbone at once": ({"backbone": RaisesAtOnce}, KeyError, "own error"),
    "a density": ({"density": FailsToFit()}, FloatingPointError, "own error"),
    "a density of one column": (
        {"density": OneColumn()},
        ValueError,
        r"OneColumn.sample\(256\) returned an array of shape \(256, 1\), expected",
    ),
    "a density of few rows": (
        {"density": FewRows()},
        ValueError,
        r"FewRows.sample\(256\) returned an array of shape \(3, 6\), expected \(256, 6",
    ),
    "a density of NaN": (
        {"density": Unknown()},
        ValueError,
        "returned NaN or infinity",
    ),
    "no epochs": ({"max_epochs": 0}, ValueError, "max_epochs .*an int >= 1, got 0"),
    "nothing to train on": (
        {"validation_fraction": 1.0},
        ValueError,
        "validation_fraction .*<= 0.9, got 1.0",
    ),
    "a device": ({"device": "cuda:99"}, ValueError, "device='cuda:99' was asked for"),
}


@pytest.fixture
def interruptible():
    """Let Ctrl-C interrupt, also where a shell started the tests without it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.signal(signal.SIGINT, before) is signal.default_int_handler


def test_a_callback_that_stops_the_training_leaves_a_fitted_estimator():
    augmenter = fast(max_epochs=9, net=AugmenterNet(callbacks=[Stops()])).fit(X)
    assert augmenter.n_iter_ == 2
    assert np.isfinite(augmenter.sample(3)).all()


@pytest.mark.usefixtures("interruptible")
@pytest.mark.floor
@pytest.mark.parametrize("what", FAILURES)
def test_a_failed_fit_leaves_neither_old_nor_new(what):
    params, error, words = FAILURES[what]
    augmenter = fast().fit(X, np.arange(30) % 2)
    settings = set(augmenter.get_params())
    augmenter.set_params(**params)
    with pytest.raises(error, match=words):
        augmenter.fit(X[:, :20])
    assert set(vars(augmenter)) == settings
    with pytest.raises(NotFittedError):
        augmenter.sample(2)
    # and the next one is as if nothing had been
    good = {name: getattr(fast(), name) for name in params}
    again = augmenter.set_params(**good).fit(X)
    assert same(again.sample(3), fast().fit(X).sample(3))


@pytest.mark.parametrize("backbone", [Wider, Shorter, WithoutTime, Pair, Arrays])
def test_a_backbone_of_another_shape_is_told_in_one_sentence(backbone):
    with pytest.raises(ValueError, match=r"24 time steps of 8 features were") as caught:
        fast(backbone).fit(X)
    words = str(caught.value)
    assert (
        f"{backbone.__name__}(in_features=8, out_features=8), and it returned" in words
    )
    assert words.count(".") == 1
    assert len(words) < 300


TRANSFORMATIONS = {
    "another shape": (lambda Z, rng: Z[:, :1], r"returned float64 of shape \(30, 1\)"),
    "another axis": (lambda Z, rng: Z[:, None], r"of shape \(30, 1, 4\), expected"),
    "nothing": (lambda Z, rng: None, "returned object of shape"),
    "NaN": (lambda Z, rng: Z * np.nan, "returned 120 values that are NaN or infinite"),
    "infinity": (lambda Z, rng: Z + np.inf, "returned 120 values that are NaN or inf"),
}


@pytest.mark.parametrize("what", TRANSFORMATIONS)
def test_a_transformation_that_returns_something_else(what):
    transformation, words = TRANSFORMATIONS[what]
    augmenter = fast(transformation=transformation).fit(X)
    with pytest.raises(ValueError, match=words):
        augmenter.augment(X)


def test_a_transformation_that_fails_or_writes_into_what_it_gets():
    def writes(Z, rng):
        Z *= 2
        return Z

    with pytest.raises(ZeroDivisionError):
        fast(transformation=lambda Z, rng: 1 / 0).fit(X).augment(X)
    writing = fast(transformation=writes).fit(X).augment(X, random_state=0)
    plain = fast(transformation=lambda Z, rng: 2 * Z).fit(X).augment(X, random_state=0)
    np.testing.assert_array_equal(writing, plain)


def test_noise_of_another_shape():
    class Noise(Density):
        def sample(self, n_samples):
            return np.zeros((n_samples, 2, 2))

    with pytest.raises(ValueError, match=r"\(256, 2, 2\), expected \(256, 1, 24\)"):
        fast(noise=Noise()).fit(X).sample(3)


@pytest.mark.parametrize("batch_size", [1, 13, 26, 27, 1000])
def test_batches_of_one_and_of_more_than_there_are(batch_size):
    # 27 of 30 series are trained on: 26 leaves a last batch of one
    augmenter = fast(batch_size=batch_size).fit(X)
    assert np.isfinite(augmenter.sample(3)).all()


@pytest.mark.parametrize("share", [1e-9, 0.5, 0.9])
@pytest.mark.parametrize("n_samples", [1, 4, 30])
def test_shares_to_hold_out_that_leave_little_or_nothing(share, n_samples):
    augmenter = fast(validation_fraction=share, batch_size=2).fit(X[:n_samples])
    held_out = augmenter.validation_curve_ is not None
    assert held_out == (round(share * n_samples) >= 5)
    assert np.isfinite(augmenter.loss_curve_).all()


@pytest.mark.parametrize("fits", [1, 7, 64, 100])
def test_inference_makes_do_with_less_memory(fits):
    rows = np.random.default_rng(0).normal(size=(300, 4))
    sizes = []

    def double(tensor):
        sizes.append(len(tensor))
        if len(tensor) > fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return (2 * tensor,)

    np.testing.assert_array_equal(infer(double, rows)[0], 2 * rows)
    assert sizes[-1] <= fits < 2 * sizes[-1]

    def never(tensor):
        raise torch.OutOfMemoryError("CUDA out of memory")

    with pytest.raises(torch.OutOfMemoryError):
        infer(never, rows)


@pytest.mark.filterwarnings("ignore:One or more of the test scores are non-finite")
def test_a_search_goes_on_after_a_candidate_that_diverges():
    search = GridSearchCV(fast(), {"lr": [1e-3, 1e6]}, cv=2, error_score=np.nan)
    with pytest.warns(FitFailedWarning, match="training diverged"):
        search.fit(X)
    assert np.isnan(search.cv_results_["mean_test_score"]).tolist() == [False, True]
    assert search.best_params_ == {"lr": 1e-3}


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_stops_a_whole_search():
    code = """
        import os, signal
        from skorch.callbacks import Callback
        from sklearn.model_selection import GridSearchCV
        from lgta_sklearn import LatentAugmenter
        from lgta_sklearn.datasets import make_waves
        from lgta_sklearn.training.nets import AugmenterNet
        signal.signal(signal.SIGINT, signal.default_int_handler)
        class Interrupt(Callback):
            def on_train_begin(self, net, **kwargs):
                print("begun", flush=True)
            def on_batch_end(self, net, **kwargs):
                os.kill(os.getpid(), signal.SIGINT)
        net = AugmenterNet(callbacks=[Interrupt()])
        augmenter = LatentAugmenter(max_epochs=2, net=net)
        search = GridSearchCV(augmenter, {"latent_dim": [2, 3, 4]}, cv=2)
        try:
            search.fit(make_waves(30, n_timepoints=12, random_state=0))
        except KeyboardInterrupt:
            print("stopped")
    """
    assert run_python(code) == ["begun", "stopped"]


def test_interrupted_while_the_density_is_fitted():
    class Interrupted(Density):
        def fit(self, Z):
            os.kill(os.getpid(), signal.SIGINT)
            return super().fit(Z)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    augmenter = fast(density=Interrupted())
    try:
        with pytest.raises(KeyboardInterrupt):
            augmenter.fit(X)
    finally:
        signal.signal(signal.SIGINT, before)
    assert set(vars(augmenter)) == set(LatentAugmenter().get_params())
