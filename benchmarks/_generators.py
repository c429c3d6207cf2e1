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

from lgta_sklearn import AdversarialAugmenter, DiffusionAugmenter, LatentAugmenter


def ours(kind, **params):
    """Return the generator of an augmenter."""

    def fit(X, seed, budget):
        augmenter = kind(random_state=seed, device="cpu", **params).fit(X)
        n_parameters = sum(p.numel() for p in augmenter.module_.parameters())
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
        f"AdversarialAugmenter, {name}": ours(AdversarialAugmenter, **BILSTM, **loss)
        for name, loss in (("BiLSTM", {}), ("BiLSTM, cross-entropy", CROSS_ENTROPY))
    },
    **{
        f"AdversarialAugmenter, {name}": ours(AdversarialAugmenter, **TTS, **loss)
        for name, loss in (("Transformers", {}), ("Transformers, LSGAN", LSGAN))
    },
    "Gaussian": gaussian,
    "SMOTE": smote,
    "jitter": jitter,
}
if importlib.util.find_spec("pythae"):
    _pythae = Pythae()
    GENERATORS |= {
        f"pythae VAE, {name} sampler": _pythae.generator(name)
        for name in ("normal", "mixture")
    }
if importlib.util.find_spec("tsgm"):
    GENERATORS["tsgm VAE"] = tsgm_vae
