"""Other networks on the same series: epochs, parameters, and what they reconstruct.

    python benchmarks/speed/peers.py series.npz keras_vae 3

reads arrays `train` and `held_out`, (n, T), in [0, 1], trains for a number of epochs
and prints a line of JSON: seconds of each epoch and the share of the held-out variance
that the reconstructions explain after it (1 all, 0 no more than their mean). Each runs
in an environment of its own: `tensorflow-cpu` for the first two, pythae, tsgm.

The first is the network of the lightweight version of L-GTA, of 83 401 parameters, the
second its baseline with attention; both were written anew from their description.
"""

import contextlib
import io
import json
import logging
import os
import sys
import tempfile
import time

import numpy as np

LATENT = 4


def explained(X, X_hat):
    """Return the share of the variance around the mean series that is explained."""
    return float(1 - ((X - X_hat) ** 2).sum() / ((X - X.mean(axis=0)) ** 2).sum())


def _keras(encode, decode, train, held_out, n_epochs):
    import keras
    from keras import layers, ops

    class Draw(layers.Layer):
        """Draw a code, and add its divergence from N(0, I) to the loss."""

        def __init__(self):
            super().__init__()
            self.seed = keras.random.SeedGenerator(0)

        def call(self, moments, training=None):
            mu, logvar = moments
            kl = -0.5 * ops.sum(1 + logvar - mu**2 - ops.exp(logvar), axis=1)
            self.add_loss(ops.mean(kl))
            noise = keras.random.normal(ops.shape(mu), seed=self.seed)
            return mu + ops.exp(logvar / 2) * noise if training else mu

    length = train.shape[1]
    inputs = keras.Input((length, 1))
    h = encode(layers, inputs)
    mu, logvar = layers.Dense(LATENT)(h), layers.Dense(LATENT)(h)
    h = decode(layers, layers.RepeatVector(length)(Draw()([mu, logvar])))
    outputs = layers.TimeDistributed(layers.Dense(1))(h)
    model = keras.Model(inputs, outputs)

    def squared(y, y_hat):  # summed over time, as published
        return ops.sum((y - y_hat) ** 2, axis=(1, 2))

    model.compile(keras.optimizers.Adam(1e-3), loss=squared)
    rows, X, unseen = [], train[..., None], held_out[..., None]
    for _ in range(n_epochs):
        start = time.perf_counter()
        model.fit(X, X, batch_size=32, epochs=1, verbose=0)
        seconds = time.perf_counter() - start
        rows.append([seconds, explained(unseen, model.predict(unseen, verbose=0))])
    return rows, model.count_params()


def keras_vae(*data):
    """Conv1D 32 - max-pool 2 - GRU 32 - z 4 - two bidirectional LSTM 64 and 32."""

    def encode(layers, x):
        h = layers.Conv1D(32, 5, padding="same", activation="relu")(x)
        return layers.GRU(32)(layers.MaxPooling1D(2)(h))

    def decode(layers, h):
        for width in (64, 32):
            h = layers.Bidirectional(layers.LSTM(width, return_sequences=True))(h)
        return h

    return _keras(encode, decode, *data)


def keras_attention(*data):
    """Bidirectional LSTM 64 with attention of four heads, and its mirror."""

    def encode(layers, x):
        h = layers.Bidirectional(layers.LSTM(64, return_sequences=True))(x)
        h = layers.Add()([h, layers.MultiHeadAttention(4, 32)(h, h)])
        return layers.GlobalAveragePooling1D()(h)

    def decode(layers, h):
        return layers.Bidirectional(layers.LSTM(64, return_sequences=True))(h)

    return _keras(encode, decode, *data)


def tsgm_vae(train, held_out, n_epochs):
    """Fit tsgm's convolutional VAE."""
    os.environ["KERAS_BACKEND"] = "torch"
    import keras
    import torch
    import tsgm

    torch.set_num_threads(1)
    architecture = tsgm.models.zoo["vae_conv5"](train.shape[1], 1, 16)
    vae = tsgm.models.cvae.BetaVAE(architecture.encoder, architecture.decoder)
    vae.compile(optimizer=keras.optimizers.Adam(1e-3))
    rows, X, unseen = [], train[..., None], held_out[..., None].astype(np.float32)
    for _ in range(n_epochs):
        start = time.perf_counter()
        vae.fit(X.astype(np.float32), epochs=1, batch_size=32, verbose=0)
        seconds = time.perf_counter() - start
        with torch.no_grad():
            mean = vae.encoder(torch.as_tensor(unseen))[0]
            X_hat = vae.decoder(mean).detach().cpu().numpy()
        rows.append([seconds, explained(unseen, X_hat.reshape(unseen.shape))])
    return rows, vae.encoder.count_params() + vae.decoder.count_params()


def pythae_vae(train, held_out, n_epochs):
    """Fit pythae's VAE with the networks it comes with, in batches of 32."""
    import torch
    from pythae.models import VAE, VAEConfig
    from pythae.pipelines import TrainingPipeline
    from pythae.trainers import BaseTrainerConfig

    torch.set_num_threads(1)
    logging.disable(logging.INFO)
    data, unseen = (x[:, None].astype(np.float32) for x in (train, held_out))
    model = VAE(VAEConfig(input_dim=data.shape[1:], latent_dim=16))
    with tempfile.TemporaryDirectory() as folder:
        config = BaseTrainerConfig(
            output_dir=folder,
            per_device_train_batch_size=32,
            num_epochs=n_epochs,
            no_cuda=True,
        )
        start = time.perf_counter()
        TrainingPipeline(training_config=config, model=model)(data)
        seconds = (time.perf_counter() - start) / n_epochs
    with torch.no_grad():
        X_hat = model.eval().reconstruct(torch.as_tensor(unseen)).numpy()
    rows = [[seconds, None]] * (n_epochs - 1) + [[seconds, explained(unseen, X_hat)]]
    return rows, sum(p.numel() for p in model.parameters())


def ours(backbone, train, held_out, n_epochs, batch_size=None):
    """Fit a `LatentAugmenter`, and look at its reconstructions after each epoch."""
    import torch
    from skorch.callbacks import Callback

    from lgta_sklearn import LatentAugmenter
    from lgta_sklearn.scaling import ScaleDecomposition

    rows = []
    scaling = ScaleDecomposition().fit(train[:, None])
    level, scale, shape = scaling.split(held_out[:, None])
    u = torch.as_tensor(shape.transpose(0, 2, 1), dtype=torch.float32)

    class Look(Callback):
        def on_epoch_end(self, net, **kwargs):
            net.module_.eval()
            with torch.no_grad():
                u_hat = net.module_.decode(net.module_.encode(u)[0]).numpy()
            X_hat = scaling.join(level, scale, u_hat.transpose(0, 2, 1))[:, 0]
            rows.append(explained(held_out, X_hat))

    augmenter = LatentAugmenter(
        backbone,
        latent_dim=LATENT,
        max_epochs=n_epochs,
        batch_size=batch_size,
        callbacks=[Look()],
        early_stopping=False,
        random_state=0,
    ).fit(train)
    seconds = [epoch["dur"] for epoch in augmenter.history_]
    n_parameters = sum(p.numel() for p in augmenter.module_.parameters())
    return list(zip(seconds, rows, strict=True)), n_parameters


def cnn_gru(*data):
    return ours("cnn_gru", *data)


def cnn_gru_32(*data):
    return ours("cnn_gru", *data, batch_size=32)


def transformer(*data):
    return ours("transformer", *data)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    arrays = np.load(sys.argv[1])
    with contextlib.redirect_stdout(io.StringIO()):
        found = globals()[sys.argv[2]](
            arrays["train"], arrays["held_out"], int(sys.argv[3])
        )
    print(json.dumps({"epochs": found[0], "parameters": found[1]}))
