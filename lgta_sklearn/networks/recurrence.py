"""A gated recurrent unit whose backward pass is written out, for CPUs.

At the small widths used here most of the run time is the overhead of calling many small
operations. Autograd calls about twenty for each backward step. The explicit backward
pass calls seven, since terms that do not depend on the recursion, and the gradients of
the weights, are computed for all steps at once. If the backward pass has to be
differentiated too (a penalty on gradients), autograd does both.

Letters: B batch, L steps, H features; ``r`` and ``z`` the gates, ``n`` the candidate,
``h`` the state, ``x`` the input after its matrix product:

    r, z = sigmoid(x_rz + U_rz h + b_rz)
    n    = tanh(x_n + r * (U_n h + b_n))
    h'   = n + z * (h - n)
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["recur"]


def recur(gru: nn.GRU, x: Tensor) -> Tensor:
    """Return the states of all steps, the same as ``gru(x)[0]``.

    Parameters
    ----------
    gru : torch.nn.GRU
        One layer, one direction, ``batch_first=True``.
    x : Tensor of shape (B, L, in_features)
        Sequences.

    Returns
    -------
    Tensor of shape (B, L, H)
        States; the initial state is 0.

    References
    ----------
    Cho et al. (2014), "Learning phrase representations using RNN encoder-decoder",
    arXiv:1406.1078.
    """
    # a GPU has one kernel for it; without gradients there is nothing to save
    if x.device.type != "cpu" or not torch.is_grad_enabled():
        states: Tensor = gru(x)[0]
        return states
    of_input, of_state, input_bias, state_bias = gru.all_weights[0]
    x = F.linear(x, of_input, input_bias).transpose(0, 1)  # (L, B, 3H)
    return _Recurrence.apply(x, of_state, state_bias).transpose(0, 1)


class _Recurrence(torch.autograd.Function):
    """The states of all steps, (L, B, H), from the inputs of each step, (L, B, 3H)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        n_steps, n_rows, width = x.shape
        H = width // 3
        h = x.new_zeros(n_steps + 1, n_rows, H)
        gates = x.new_empty(n_steps, n_rows, 2 * H)
        n = x.new_empty(n_steps, n_rows, H)
        inner = x.new_empty(n_steps, n_rows, H)  # U_n h + b_n
        weight_t = weight.t().contiguous()
        parts = (x, gates, n, inner, h[:-1], h[1:])
        steps = zip(*(part.unbind() for part in parts), strict=True)
        for x_t, rz, n_t, inner_t, state, following in steps:
            from_state = torch.addmm(bias, state, weight_t)
            torch.add(x_t[:, : 2 * H], from_state[:, : 2 * H], out=rz).sigmoid_()
            inner_t.copy_(from_state[:, 2 * H :])
            torch.addcmul(x_t[:, 2 * H :], rz[:, :H], inner_t, out=n_t).tanh_()
            torch.lerp(n_t, state, rz[:, H:], out=following)
        ctx.save_for_backward(x, weight, bias, h, gates, n, inner)
        return h[1:]

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, weight, bias, h, gates, n, inner = ctx.saved_tensors
        if torch.is_grad_enabled():  # these gradients will be differentiated
            return _differentiable_gradients((x, weight, bias), grads[0])
        n_steps, _, H = n.shape
        r, z = gates.split(H, dim=2)
        # factors of the gradients with respect to the inputs of n, z and r
        into_n = (1 - z) * (1 - n * n)
        into_z = (h[:-1] - n) * z * (1 - z)
        into_r = inner * r * (1 - r)
        of_state = n.new_empty(*n.shape[:2], 3 * H)
        of_n = torch.empty_like(n)
        of_h = torch.zeros_like(n[0])
        parts = (grads[0], into_r, into_z, into_n, r, z, of_state, of_n)
        for t in range(n_steps - 1, -1, -1):
            grad, to_r, to_z, to_n, r_t, z_t, of_t, n_t = (part[t] for part in parts)
            of_h = of_h + grad
            torch.mul(of_h, to_n, out=n_t)
            torch.mul(n_t, to_r, out=of_t[:, :H])
            torch.mul(of_h, to_z, out=of_t[:, H : 2 * H])
            torch.mul(n_t, r_t, out=of_t[:, 2 * H :])
            of_h = torch.addmm(of_h * z_t, of_t, weight)
        rows = of_state.flatten(0, 1)
        of_weight = rows.t() @ h[:-1].flatten(0, 1)
        of_x = torch.cat([of_state[:, :, : 2 * H], of_n], dim=2)
        return of_x, of_weight, rows.sum(dim=0)


def _differentiable_gradients(
    inputs: tuple[Tensor, Tensor, Tensor], grad: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of the inputs as functions of the inputs and of `grad`."""
    # new leaves would cut the graph to the network; views of the inputs keep it
    views = [part.view_as(part) for part in inputs]
    views = [part if part.requires_grad else part.requires_grad_() for part in views]
    states = _states(*views)
    return torch.autograd.grad(states, views, grad, create_graph=True)  # type: ignore[return-value]


def _states(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Return the states of all steps, (L, B, H), by operations of torch alone."""
    H = x.shape[2] // 3
    h, states = x.new_zeros(x.shape[1], H), []
    for x_t in x:
        from_state = F.linear(h, weight, bias)
        r, z = (x_t + from_state)[:, : 2 * H].sigmoid().split(H, dim=1)
        n = (x_t[:, 2 * H :] + r * from_state[:, 2 * H :]).tanh()
        h = n + z * (h - n)
        states.append(h)
    return torch.stack(states)
