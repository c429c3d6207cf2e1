"""Adversarial training: losses, penalties, and the skorch net with their steps.

Letters: ``D(x)`` the score that the critic gives to a real series, ``D(y)`` to a
generated one of the same level, scale and group; higher is more real.
"""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lgta_sklearn.training.nets import AugmenterNet

__all__ = [
    "LOSSES",
    "AdversarialNet",
    "CrossEntropy",
    "FeatureDistance",
    "Hinge",
    "LeastSquares",
    "Relativistic",
    "Wasserstein",
    "slope_penalty",
    "squared_slope",
    "squared_slope_by_difference",
]

STEP = 0.1  # of a finite difference, in standard deviations of the series
LEAST_COMPARED = 512  # generated series that are compared with the held-out ones
KEPT = 3  # series of a snapshot
Score = Callable[[Tensor], Tensor]


class _Loss(nn.Module):
    """A loss of both players.

    Parameters
    ----------
    penalty : float or None, default=None
        Weight of the penalty on the slope of the critic; None takes `usual_penalty`.
    """

    usual_penalty: ClassVar[float] = 0.0
    between: ClassVar[bool] = False  # where the slope is penalised, and around which

    def __init__(self, penalty: float | None = None) -> None:
        super().__init__()
        self.penalty = self.usual_penalty if penalty is None else penalty
        self.parts: dict[str, Tensor] = {}

    def critic(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the loss of the critic.

        Parameters
        ----------
        real, fake : Tensor of shape (B,)
            Scores.

        Returns
        -------
        Tensor of shape ()
            Mean over the pairs.
        """
        return self._critic(real, fake)

    def generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the loss of the generator.

        Parameters
        ----------
        real, fake : Tensor of shape (B,)
            Scores.

        Returns
        -------
        Tensor of shape ()
            Mean over the pairs.
        """
        return self._generator(real, fake)

    def _critic(self, real: Tensor, fake: Tensor) -> Tensor:
        raise NotImplementedError

    def _generator(self, real: Tensor, fake: Tensor) -> Tensor:
        raise NotImplementedError


class Relativistic(_Loss):
    """Each generated series against a real one: softplus of the difference of scores.

    The slope of the critic is penalised at the real and at the generated series.

    Parameters
    ----------
    penalty : float or None, default=None
        Weight of the penalty; None is 0.3.

    References
    ----------
    Huang et al. (2024), "The GAN is dead; long live the GAN! A modern GAN baseline",
    arXiv:2501.05441; Jolicoeur-Martineau (2018), "The relativistic discriminator: a key
    element missing from standard GAN", arXiv:1807.00734.
    """

    usual_penalty = 0.3

    def _critic(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the mean of softplus(D(y) - D(x))."""
        return F.softplus(fake - real).mean()

    def _generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the mean of softplus(D(x) - D(y))."""
        return F.softplus(real - fake).mean()


class LeastSquares(_Loss):
    """Scores of 1 for real series and 0 for generated ones.

    Parameters
    ----------
    penalty : float or None, default=None
        Weight of the penalty; None is 0.

    References
    ----------
    Mao et al. (2017), "Least squares generative adversarial networks",
    arXiv:1611.04076.
    """

    def _critic(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the mean of (D(x) - 1)^2 + D(y)^2."""
        return ((real - 1) ** 2 + fake**2).mean()

    def _generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the mean of (D(y) - 1)^2."""
        return ((fake - 1) ** 2).mean()


class Wasserstein(_Loss):
    """Difference of the mean scores, of a critic whose slope is near 1.

    Parameters
    ----------
    penalty : float or None, default=None
        Weight of the squared difference of the slope from 1, between real and generated
        series; None is 10.

    References
    ----------
    Gulrajani et al. (2017), "Improved training of Wasserstein GANs", arXiv:1704.00028.
    """

    usual_penalty = 10.0
    between = True

    def _critic(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the mean of D(y) - D(x)."""
        return (fake - real).mean()

    def _generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the mean of -D(y)."""
        return -fake.mean()


class Hinge(_Loss):
    """Scores above 1 for real series and below -1 for generated ones.

    Parameters
    ----------
    penalty : float or None, default=None
        Weight of the penalty; None is 0.

    References
    ----------
    Lim and Ye (2017), "Geometric GAN", arXiv:1705.02894.
    """

    def _critic(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the mean of max(0, 1 - D(x)) + max(0, 1 + D(y))."""
        return (F.relu(1 - real) + F.relu(1 + fake)).mean()

    def _generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the mean of -D(y)."""
        return -fake.mean()


class CrossEntropy(_Loss):
    """Binary cross-entropy with soft labels, and the generator that does not saturate.

    Parameters
    ----------
    penalty : float or None, default=None
        Weight of the penalty; None is 0.
    soft : float in [0, 0.5), default=0.1
        Labels are `soft` and ``1 - soft`` instead of 0 and 1.

    References
    ----------
    Goodfellow et al. (2014), "Generative adversarial nets", arXiv:1406.2661; the soft
    labels are those of Salimans et al. (2016), arXiv:1606.03498.
    """

    def __init__(self, penalty: float | None = None, soft: float = 0.1) -> None:
        super().__init__(penalty)
        self.soft = soft

    def _critic(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the cross-entropy of the probabilities that the scores stand for."""
        high, low = real.new_tensor(1 - self.soft), real.new_tensor(self.soft)
        entropy = F.binary_cross_entropy_with_logits
        of_real = entropy(real, high.expand_as(real))
        return of_real + entropy(fake, low.expand_as(fake))

    def _generator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Return the mean of -log of the probability that a generated one is real."""
        return F.softplus(-fake).mean()


LOSSES: dict[str, type[_Loss]] = {
    "relativistic": Relativistic,
    "least_squares": LeastSquares,
    "wasserstein": Wasserstein,
    "hinge": Hinge,
    "cross_entropy": CrossEntropy,
}


def squared_slope(score: Score, x: Tensor) -> Tensor:
    """Return the mean squared norm of the gradient of a score.

    Parameters
    ----------
    score : callable
        Maps (B, ...) to (B,).
    x : Tensor of shape (B, ...)
        Where.

    Returns
    -------
    Tensor of shape ()
        Mean over the rows; it can be differentiated.
    """
    return _gradient(score, x).square().flatten(1).sum(1).mean()


def squared_slope_by_difference(before: Tensor, after: Tensor, step: float) -> Tensor:
    """Estimate the mean squared norm of a gradient from scores at two places.

    For a small `step` the expectation over the noise is what `squared_slope` returns,
    but nothing has to be differentiated twice (Lin et al., 2025, arXiv:2501.08316).

    Parameters
    ----------
    before, after : Tensor of shape (B,)
        Scores of series, and of the same series with white noise.
    step : float
        Standard deviation of the noise.

    Returns
    -------
    Tensor of shape ()
        Mean over the rows.
    """
    return ((after - before) / step).square().mean()


def slope_penalty(score: Score, real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
    """Return the mean of (norm of the gradient - 1)^2 between pairs of series.

    Parameters
    ----------
    score : callable
        Maps (B, ...) to (B,).
    real, fake : Tensor of shape (B, ...)
        Pairs.
    share : Tensor of shape (B,)
        Where between them: 0 is the generated series.

    Returns
    -------
    Tensor of shape ()
        Mean over the pairs; it can be differentiated.
    """
    share = share.reshape(-1, *[1] * (real.ndim - 1))
    gradient = _gradient(score, share * real + (1 - share) * fake)
    return (gradient.flatten(1).norm(dim=1) - 1).square().mean()


def _gradient(score: Score, x: Tensor) -> Tensor:
    """Return the gradient of scores, which can be differentiated."""
    x = x.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(score(x).sum(), x, create_graph=True)
    return gradient


class FeatureDistance:
    """Energy distance between sets of series, by features that are not trained.

    Parameters
    ----------
    features : transformer
        Fitted; maps series (n, C, T) to features (n, F) of about unit variance.

    Attributes
    ----------
    snapshots : list of ndarray of shape (3, C, T)
        Generated shapes after the epochs 1, 2, 4, 8 and so on, of the same noise.

    References
    ----------
    Székely and Rizzo (2013), "Energy statistics: a class of statistics based on
    distances", doi:10.1016/j.jspi.2013.03.018.
    """

    def __init__(self, features: Any) -> None:
        self.features = features
        self.snapshots: list[np.ndarray] = []

    def __call__(self, real: np.ndarray, fake: np.ndarray) -> float:
        """Return the energy distance.

        Parameters
        ----------
        real, fake : ndarray of shape (n, C, T)
            Series.

        Returns
        -------
        float
            Unbiased estimate, divided by the root of the number of features: about 0
            for equal distributions, and slightly negative by chance.
        """
        a, b = (torch.as_tensor(self.features.transform(X)) for X in (real, fake))
        within = [
            torch.cdist(x, x).sum() / max(len(x) * (len(x) - 1), 1) for x in (a, b)
        ]
        between = torch.cdist(a, b).mean()
        distance = float(2 * between - within[0] - within[1])
        return distance / float(np.sqrt(a.shape[1]))


class AdversarialNet(AugmenterNet):
    """A skorch net that trains a critic and a generator in turn.

    The module offers `scores`, `noise`, `real`, `imitated` and `judged` as
    `networks.adversarial.Adversaries` does, and the criterion is one of `LOSSES`. The
    held-out "loss" is the distance of generated shapes from held-out ones.

    Parameters
    ----------
    module, criterion, optimizer : type or None, default=None
        As in `AugmenterNet`. The optimiser has the moments of AdamW if it is None.
    lr, batch_size, max_epochs : float, int or None, default=None
        As in `AugmenterNet`.
    critic_steps : int, default=1
        Steps of the critic for each of the generator.
    critic_lr : float, default=1.0
        Learning rate of the critic, as a multiple of that of the generator.
    exact : bool, default=False
        Whether the slope of the critic is differentiated, instead of estimated by a
        finite difference.
    **kwargs : dict
        Further arguments of `skorch.NeuralNet`.
    """

    def __init__(
        self,
        module: Any = None,
        criterion: Any = None,
        *,
        optimizer: Any = None,
        lr: float | None = None,
        batch_size: int | None = None,
        max_epochs: int | None = None,
        critic_steps: int = 1,
        critic_lr: float = 1.0,
        exact: bool = False,
        **kwargs: Any,
    ) -> None:
        self.critic_steps, self.critic_lr, self.exact = critic_steps, critic_lr, exact
        if optimizer is None:
            kwargs = {"optimizer__betas": (0.0, 0.99), **kwargs}
        super().__init__(
            module,
            criterion,
            optimizer=optimizer,
            lr=lr,
            batch_size=batch_size,
            max_epochs=max_epochs,
            **kwargs,
        )

    def initialize_optimizer(self, triggered_directly: Any = None) -> Any:
        """Create the optimiser, with a learning rate for each network.

        Parameters
        ----------
        triggered_directly : None
            Not used.

        Returns
        -------
        AdversarialNet
            The net.
        """
        super().initialize_optimizer(triggered_directly)
        optimizer, critic = self.optimizer_, list(self.module_.critic.parameters())
        of_critic, (group, *_) = {id(p) for p in critic}, optimizer.param_groups
        group["params"] = [p for p in group["params"] if id(p) not in of_critic]
        rate = self.critic_lr * group["lr"]
        optimizer.add_param_group({"params": critic, "lr": rate})
        return self

    def train_step(self, batch: Any, **fit_params: Any) -> dict[str, Any]:
        """Take the steps of both players.

        Parameters
        ----------
        batch : tuple
            Inputs of the module, twice.
        **fit_params : dict
            Not used.

        Returns
        -------
        dict
            `loss` of the critic; `y_pred` is None.
        """
        self._set_training(True)
        inputs, loss = _completed(self.module_, batch[0]), torch.zeros(())
        for _ in range(self.critic_steps):
            loss = self._critic_step(inputs)
        of_generator = self._generator_step(inputs)
        self.criterion_.parts = {"critic": loss, "generator": of_generator}
        return {"loss": loss, "y_pred": None}

    def _imitated(self, inputs: dict[str, Tensor], source: Any = None) -> Tensor:
        """Return one generated series for each real one."""
        z = self.module_.noise(len(inputs["w"]), source)
        names = "w", "group", "present", "free"
        x: Tensor = self.module_.imitated(z, *(inputs[name] for name in names))
        return x

    def _judged(self, inputs: dict[str, Tensor], *sets: Tensor) -> list[Tensor]:
        """Return the scores of sets of series with the attributes of the real ones."""
        given = (inputs[name] for name in ("present", "w", "group"))
        scores: list[Tensor] = self.module_.judged(list(sets), *given)
        return scores

    def _critic_step(self, inputs: dict[str, Tensor]) -> Tensor:
        """Improve the critic; return its loss, without the penalty."""
        module, criterion = self.module_, self.criterion_
        with torch.no_grad():
            fake = self._imitated(inputs)
        pair = inputs["real"], fake

        def score(x: Tensor) -> Tensor:
            return self._judged(inputs, x)[0]

        by_difference = criterion.penalty and not (criterion.between or self.exact)
        moved = [x + STEP * self._normal(x) for x in pair if by_difference]
        scores = self._judged(inputs, *pair, *moved)
        loss: Tensor = criterion.critic(*scores[:2])
        slope = torch.zeros(())
        if by_difference:
            both = torch.cat(scores[:2]), torch.cat(scores[2:])
            slope = squared_slope_by_difference(*both, STEP)
        elif criterion.between:
            share = torch.rand(len(fake), generator=module.generator).to(fake.device)
            slope = slope_penalty(score, *pair, share)
        elif criterion.penalty:
            slopes = [squared_slope(score, x) for x in pair]
            slope = torch.stack(slopes).mean()
        self._update(module.critic, loss + criterion.penalty * slope)
        return loss.detach()

    def _normal(self, x: Tensor) -> Tensor:
        """Return white noise of the shape of series."""
        return torch.randn(x.shape, generator=self.module_.generator).to(x.device)

    def _generator_step(self, inputs: dict[str, Tensor]) -> Tensor:
        """Improve the generator; return its loss."""
        scores = self._judged(inputs, inputs["real"], self._imitated(inputs))
        loss: Tensor = self.criterion_.generator(*scores)
        self._update(self.module_.generative, loss)
        return loss.detach()

    def _update(self, part: nn.Module, loss: Tensor) -> None:
        """Take a step of the optimiser with one of the players."""
        parameters = list(part.parameters())
        gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
        self.optimizer_.zero_grad(set_to_none=True)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        torch.nn.utils.clip_grad_norm_(parameters, 5.0)
        self.optimizer_.step()

    def validation_step(self, batch: Any, **fit_params: Any) -> dict[str, Any]:
        """Measure how far generated shapes are from held-out ones.

        Parameters
        ----------
        batch : tuple
            Inputs of the module, twice.
        **fit_params : dict
            Not used.

        Returns
        -------
        dict
            `loss`, the distance; `y_pred` is None.
        """
        self._set_training(False)
        inputs, module = _completed(self.module_, batch[0]), self.module_
        n_times = -(-LEAST_COMPARED // len(inputs["shape"]))
        many = {k: v.repeat(n_times, *[1] * (v.ndim - 1)) for k, v in inputs.items()}
        with torch.no_grad():
            # the same noise in each epoch, so that distances compare
            fake = self._imitated(many, torch.Generator().manual_seed(0))
        series = [x[..., : module.layout[1]] for x in (inputs["real"], fake)]
        if self.history[-1, "epoch"] == 2 ** len(module.distance.snapshots):
            module.distance.snapshots.append(_array(series[1][:KEPT] @ module.colour))
        distance = module.distance(*map(_array, series))
        return {"loss": torch.tensor(distance), "y_pred": None}


def _array(x: Tensor) -> np.ndarray:
    """Return sequences, (B, T, C), as an array of series, (B, C, T)."""
    return x.transpose(1, 2).cpu().double().numpy()


def _completed(module: Any, inputs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the inputs with what both players see of the real series."""
    shape, w = inputs["shape"], module.scores(inputs["attributes"])
    real = module.real(shape)
    return {**inputs, "w": w, "present": ~shape.isnan(), "real": real}
