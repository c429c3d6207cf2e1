"""Backbones: modules that map a sequence to a sequence.

The whole contract is ``Backbone(in_features, out_features)`` and
``(B, T, in_features) -> (B, T, out_features)``. The encoder and the decoder each use a
backbone. A backbone that has an attribute ``stride`` works on a sequence shortened by
that power of two (strided convolutions before it, their mirror after it);
``stride=None`` chooses it from the length of the series, and a backbone without the
attribute sees every time point.

Set options by ``functools.partial(Transformer, n_heads=8)``. A new backbone is a class
here and a line in `BACKBONES`; a user-defined class needs neither:

>>> import torch
>>> from lgta_sklearn import LatentAugmenter
>>> from lgta_sklearn.datasets import make_waves
>>> class Pointwise(torch.nn.Module):
...     def __init__(self, in_features, out_features):
...         super().__init__()
...         self.linear = torch.nn.Linear(in_features, out_features)
...
...     def forward(self, x):
...         return torch.tanh(self.linear(x))
>>> X = make_waves(30, n_timepoints=20, random_state=0)
>>> augmenter = LatentAugmenter(Pointwise, max_epochs=2, random_state=0).fit(X)
>>> augmenter.sample(2).shape
(2, 20)
"""

from collections.abc import Callable, Mapping

from torch import Tensor, nn

from lgta_sklearn._files.registry import storable
from lgta_sklearn.networks.layers import sinusoidal_positions
from lgta_sklearn.networks.recurrence import recur

__all__ = [
    "BACKBONES",
    "CNNGRU",
    "LSTM",
    "Transformer",
    "resolve_backbone",
]


@storable
class CNNGRU(nn.Module):
    """Gated recurrent unit over a sequence that strided convolutions shortened.

    Parameters
    ----------
    in_features, out_features : int
        Features of the input and of the output at each step.
    stride : int or None, default=None
        Power of two by which strided convolutions shorten the series first;
        None chooses it from the length of the series.

    References
    ----------
    Cho et al. (2014), "Learning phrase representations using RNN encoder-decoder",
    arXiv:1406.1078.
    """

    def __init__(
        self, in_features: int, out_features: int, *, stride: int | None = None
    ) -> None:
        super().__init__()
        self.stride = stride
        same = in_features == out_features
        self.embed = nn.Identity() if same else nn.Linear(in_features, out_features)
        self.gru = nn.GRU(out_features, out_features, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, L, in_features) to (B, L, out_features)."""
        h = self.embed(x)
        return h + recur(self.gru, h)  # (B, L, out)


@storable
class LSTM(nn.Module):
    """Long short-term memory over a shortened sequence.

    Parameters
    ----------
    in_features, out_features : int
        Features of the input and of the output at each step.
    n_layers : int, default=1
        Stacked layers.
    stride : int or None, default=None
        Power of two by which strided convolutions shorten the series first;
        None chooses it from the length of the series, 1 recurs over every time
        point.

    References
    ----------
    Hochreiter and Schmidhuber (1997), "Long short-term memory",
    doi:10.1162/neco.1997.9.8.1735.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        n_layers: int = 1,
        stride: int | None = None,
    ) -> None:
        super().__init__()
        self.stride = stride
        self.lstm = nn.LSTM(in_features, out_features, n_layers, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, L, in_features) to (B, L, out_features)."""
        h: Tensor = self.lstm(x)[0]
        return h


@storable
class Transformer(nn.Module):
    """Pre-norm Transformer encoder with sinusoidal positions.

    Parameters
    ----------
    in_features, out_features : int
        Features of the input and of the output at each step. `out_features` must
        be divisible by `n_heads`.
    n_heads : int, default=4
        Attention heads.
    n_layers : int, default=2
        Encoder layers.
    stride : int or None, default=None
        Power of two by which strided convolutions shorten the series first;
        None chooses it from the length of the series.

    References
    ----------
    Vaswani et al. (2017), "Attention is all you need", arXiv:1706.03762; the norm comes
    first as in Xiong et al. (2020), arXiv:2002.04745.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        n_heads: int = 4,
        n_layers: int = 2,
        stride: int | None = None,
    ) -> None:
        super().__init__()
        self.stride = stride
        if out_features % n_heads:
            raise ValueError(
                f"the width of a Transformer must be divisible by n_heads={n_heads}, "
                f"got {out_features}. Change hidden_dim or n_heads."
            )
        self.embed = nn.Linear(in_features, out_features)
        layer = nn.TransformerEncoderLayer(
            out_features,
            n_heads,
            dim_feedforward=2 * out_features,
            dropout=0.0,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.layers = nn.TransformerEncoder(
            layer, n_layers, nn.LayerNorm(out_features), enable_nested_tensor=False
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, L, in_features) to (B, L, out_features)."""
        h = self.embed(x)
        h = h + sinusoidal_positions(h.shape[1], h.shape[2], like=h)
        out: Tensor = self.layers(h)
        return out


BACKBONES: dict[str, Callable[..., nn.Module]] = {
    "cnn_gru": CNNGRU,
    "transformer": Transformer,
    "lstm": LSTM,
}


def resolve_backbone(
    backbone: str | Callable[..., nn.Module],
    named: Mapping[str, Callable[..., nn.Module]] = BACKBONES,
) -> Callable[..., nn.Module]:
    """Return the callable that builds a backbone.

    Parameters
    ----------
    backbone : str or callable
        Key of `named`, or a callable that is returned as it is.
    named : mapping of str to callable, default=BACKBONES
        Backbones by name.

    Returns
    -------
    callable
        Called with ``(in_features, out_features)``.

    Raises
    ------
    ValueError
        If `backbone` is a module that has been built already.
    """
    if isinstance(backbone, nn.Module):
        raise ValueError(
            "backbone must be a class or a function that builds a module, got a module "
            f"of {type(backbone).__name__}. Its sizes follow from the series: pass the "
            "class, or functools.partial(the class, option=...)."
        )
    return named[backbone] if isinstance(backbone, str) else backbone
