"""Backbones: modules that map a sequence to a sequence.

The whole contract is ``Backbone(in_features, out_features)`` and
``(B, T, in_features) -> (B, T, out_features)``. Encoder and decoder are uses of
it. A backbone that has an attribute ``stride`` works on a sequence shortened by
that power of two (strided convolutions before it, their mirror after it);
``stride=None`` leaves the choice to the length of the series, and a backbone
without the attribute sees every time point.

Options travel inside the part: ``functools.partial(Transformer, n_heads=8)``.
A new backbone is a class here and a line in `BACKBONES`; a class of the user's own
needs neither.
"""

from collections.abc import Callable

from torch import Tensor, nn

from lgta_sklearn.networks.layers import sinusoidal_positions

__all__ = ["BACKBONES", "CNNGRU", "LSTM", "Transformer"]


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
        return h + self.gru(h)[0]  # (B, L, out)


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
    Vaswani et al. (2017), "Attention is all you need", arXiv:1706.03762; the norm
    stands first as in Xiong et al. (2020), arXiv:2002.04745.
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
