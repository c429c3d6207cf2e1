"""The generators of the generation benchmark.

Each is a function of the training series (n, C, T), a seed and a budget in seconds; it
returns a function that draws a number of series, and the number of parameters.
"""

import contextlib
import importlib.util
import io
import logging
import tempfile
import time

import numpy as np
from sklearn.covariance import LedoitWolf
from sklearn.neighbors import NearestNeighbors

from lgta_sklearn import (
    AdversarialAugmenter,
    DiffusionAugmenter,
    DirectAugmenter,
    LatentAnonymizer,
    LatentAugmenter,
)
from lgta_sklearn.augmenters.suggestion import direct_augmenter


def ours(kind, **params):
    """Return the generator of an augmenter."""

    def fit(X, seed, budget):
        augmenter = kind(random_state=seed, **params).fit(X)
        network = getattr(augmenter, "generator_", augmenter)  # of an anonymiser
        module = getattr(network, "module_", None)
        n_parameters = sum(p.numel() for p in module.parameters()) if module else X.size
        return lambda n: augmenter.sample(n, random_state=seed), n_parameters

    return fit


def gaussian(X, seed, budget):
    """Fit one Gaussian to the flattened windows."""
    flat = X.reshape(len(X), -1)
    fitted = LedoitWolf().fit(flat)
    rng = np.random.default_rng(seed)

    def draw(n):
        drawn = rng.multivariate_normal(
            fitted.location_, fitted.covariance_, n, method="eigh"
        )
        return drawn.reshape(n, *X.shape[1:])

    return draw, flat.shape[1] * (flat.shape[1] + 3) // 2


def smote(X, seed, budget, k=5):
    """Interpolate between a window and one of its five nearest (Chawla et al., 2002).

    imbalanced-learn's SMOTE balances classes; here there are none.
    """
    flat = X.reshape(len(X), -1)
    near = NearestNeighbors(n_neighbors=k).fit(flat).kneighbors(return_distance=False)
    rng = np.random.default_rng(seed)

    def draw(n):
        rows = rng.integers(len(flat), size=n)
        other = near[rows, rng.integers(k, size=n)]
        drawn = flat[rows] + rng.uniform(size=(n, 1)) * (flat[other] - flat[rows])
        return drawn.reshape(n, *X.shape[1:])

    return draw, flat.size


def jitter(X, seed, budget, size=0.03):
    """Add white noise of 3 % of a channel's deviation (Um et al., 2017)."""
    rng = np.random.default_rng(seed)
    scale = size * X.std(axis=(0, 2), keepdims=True)

    def draw(n):
        rows = rng.permutation(np.resize(np.arange(len(X)), n))
        return X[rows] + scale * rng.standard_normal((n, *X.shape[1:]))

    return draw, X.size


def markov(X, seed, budget, n_lags=2):
    """Resample step by step: a k-nearest-neighbour Markov bootstrap.

    The last two values are compared with those of all series at the same time; one of
    the nearest, whose number is the square root of that of the series, is drawn with a
    probability that is inverse to its rank, and the series continues as it did (Lall
    and Sharma, 1996, doi:10.1029/95WR02966).
    """
    rng = np.random.default_rng(seed)
    scale = X.std(axis=(0, 2))[:, None] + 1e-12
    n, n_channels, n_timepoints = X.shape
    k = max(int(np.sqrt(n)), 1)
    share = 1 / np.arange(1, k + 1)

    def draw(n_samples):
        drawn = np.empty((n_samples, n_channels, n_timepoints))
        drawn[:, :, 0] = X[rng.integers(n, size=n_samples), :, 0]
        for t in range(1, n_timepoints):
            last = slice(max(t - n_lags, 0), t)
            of, now = ((A[:, :, last] / scale).reshape(len(A), -1) for A in (X, drawn))
            near = NearestNeighbors(n_neighbors=k).fit(of)
            rank = rng.choice(k, size=n_samples, p=share / share.sum())
            chosen = near.kneighbors(now, return_distance=False)
            drawn[:, :, t] = X[chosen[np.arange(n_samples), rank], :, t]
        return drawn

    return draw, X.size


def synforecast_rules(X, seed, budget):
    """Fit a rule-based generator of Nixtla's synforecast to each series and channel."""
    import pandas as pd
    from synforecast import SynAugment

    n, n_channels, n_timepoints = X.shape
    name = np.repeat([f"{i:06d}" for i in range(n)], n_timepoints)
    time_ = np.tile(pd.date_range("2000", periods=n_timepoints, freq="h"), n)

    def channel(c, copies):
        given = pd.DataFrame({"unique_id": name, "ds": time_, "y": X[:, c].ravel()})
        augmenter = SynAugment(seed=seed + 1000 * c, on_error="ar1")
        grown = augmenter.augment(given, n_augment=copies)
        new = grown[grown["unique_id"].astype(str).str.contains("_aug_")]
        return new["y"].to_numpy(float).reshape(-1, n_timepoints)

    def draw(n_samples):
        copies = -(-n_samples // n)
        drawn = np.stack([channel(c, copies) for c in range(n_channels)], axis=1)
        # as many of each series: copies of one follow each other
        return (
            drawn.reshape(n, copies, n_channels, -1)
            .swapaxes(0, 1)
            .reshape(-1, n_channels, n_timepoints)[:n_samples]
        )

    return draw, X.size


class Pythae:
    """A VAE of pythae, fitted once for both of its samplers: to the second no time."""

    def __init__(self):
        self.fitted = {}

    def generator(self, sampler):
        def fit(X, seed, budget):
            key = X.tobytes()[:4096], seed
            if key not in self.fitted:
                self.fitted = {key: self.train(X, seed, budget)}
            model, low, span, data = self.fitted[key]
            draw = self.sampler(sampler, model, data)
            n_parameters = sum(p.numel() for p in model.parameters())
            return lambda n: low + span * draw(n), n_parameters

        return fit

    @staticmethod
    def train(X, seed, budget):
        import torch
        from pythae.models import VAE, VAEConfig
        from pythae.pipelines import TrainingPipeline
        from pythae.trainers import BaseTrainerConfig

        torch.set_num_threads(1)
        low = X.min((0, 2), keepdims=True)
        span = X.max((0, 2), keepdims=True) - low
        data = ((X - low) / span).clip(0, 1).astype(np.float32)

        def fit(n_epochs):
            torch.manual_seed(seed)
            model = VAE(VAEConfig(input_dim=X.shape[1:], latent_dim=16))
            with tempfile.TemporaryDirectory() as folder:
                config = BaseTrainerConfig(
                    output_dir=folder,
                    per_device_train_batch_size=128,
                    num_epochs=n_epochs,
                    learning_rate=1e-3,
                    seed=seed,
                    no_cuda=True,
                )
                TrainingPipeline(training_config=config, model=model)(data)
            return model.eval()

        logging.disable(logging.INFO)
        with contextlib.redirect_stderr(io.StringIO()):
            fit(1)
            start = time.perf_counter()
            fit(3)
            per_epoch = (time.perf_counter() - start) / 3
            return fit(max(int(budget / per_epoch), 10)), low, span, data

    @staticmethod
    def sampler(name, model, data):
        from pythae.samplers import (
            GaussianMixtureSampler,
            GaussianMixtureSamplerConfig,
            NormalSampler,
        )

        with contextlib.redirect_stderr(io.StringIO()):
            if name == "normal":
                sampler = NormalSampler(model)
            else:
                config = GaussianMixtureSamplerConfig(n_components=10)
                sampler = GaussianMixtureSampler(model, config)
                sampler.fit(data)
        return lambda n: sampler.sample(n).numpy().astype(float)


def tsgm_vae(X, seed, budget):
    """Fit tsgm's convolutional VAE, its own scaling to [0, 1] in front."""
    import os

    os.environ.setdefault("KERAS_BACKEND", "torch")
    import keras
    import torch
    import tsgm

    torch.set_num_threads(1)
    keras.utils.set_random_seed(seed)
    scaler = tsgm.utils.TSFeatureWiseScaler((0, 1))
    data = scaler.fit_transform(X.transpose(0, 2, 1)).astype(np.float32)
    _, length, channels = data.shape
    architecture = tsgm.models.zoo["vae_conv5"](length, channels, 16)
    vae = tsgm.models.cvae.BetaVAE(architecture.encoder, architecture.decoder)
    vae.compile(optimizer=keras.optimizers.Adam(1e-3))

    class Stop(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.start = time.perf_counter()

        def on_train_batch_end(self, batch, logs=None):
            if time.perf_counter() - self.start > budget:
                self.model.stop_training = True

    vae.fit(data, epochs=10_000, batch_size=128, verbose=0, callbacks=[Stop()])

    def draw(n):
        with torch.no_grad():
            drawn = vae.generate(n)
        drawn = drawn.detach().cpu().numpy() if hasattr(drawn, "detach") else drawn
        return scaler.inverse_transform(np.asarray(drawn)).transpose(0, 2, 1)

    return draw, vae.encoder.count_params() + vae.decoder.count_params()


TWIN = direct_augmenter().transformation
# the networks of Delaney et al. (2019) and of TTS-GAN, with our loss and with theirs
BILSTM = {"backbone": "bilstm", "minibatch": "discrimination"}
CROSS_ENTROPY = {"loss": "cross_entropy"}
TTS = {"backbone": "transformer", "critic": "transformer", "minibatch": None}
LSGAN = {"loss": "least_squares"}
GENERATORS = {
    **{
        f"LatentAugmenter, {backbone}": ours(LatentAugmenter, backbone=backbone)
        for backbone in ("cnn_gru", "transformer", "lstm")
    },
    "DiffusionAugmenter": ours(DiffusionAugmenter),
    "AdversarialAugmenter": ours(AdversarialAugmenter),
    **{
        f"{kind.__name__}, rejection": ours(kind, rejection_sampling=True)
        for kind in (LatentAugmenter, DiffusionAugmenter, AdversarialAugmenter)
    },
    **{
        f"AdversarialAugmenter, {name}": ours(AdversarialAugmenter, **BILSTM, **loss)
        for name, loss in (("BiLSTM", {}), ("BiLSTM, cross-entropy", CROSS_ENTROPY))
    },
    **{
        f"AdversarialAugmenter, {name}": ours(AdversarialAugmenter, **TTS, **loss)
        for name, loss in (("Transformers", {}), ("Transformers, LSGAN", LSGAN))
    },
    "LatentAnonymizer": ours(LatentAnonymizer),
    "DirectAugmenter": ours(DirectAugmenter, transformation=TWIN),
    "Gaussian": gaussian,
    "SMOTE": smote,
    "jitter": jitter,
    "Markov bootstrap": markov,
}
if importlib.util.find_spec("synforecast"):
    GENERATORS["synforecast"] = synforecast_rules
if importlib.util.find_spec("pythae"):
    _pythae = Pythae()
    GENERATORS |= {
        f"pythae VAE, {name} sampler": _pythae.generator(name)
        for name in ("normal", "mixture")
    }
if importlib.util.find_spec("tsgm"):
    GENERATORS["tsgm VAE"] = tsgm_vae
