import torch
from torch.distributions import Normal, kl_divergence

from lgta_sklearn.training import losses


def _codes():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(2, 5, 3, generator=generator)


def test_kl_divergence_is_torchs():
    mu, logvar = _codes()
    wanted = kl_divergence(Normal(mu, (logvar / 2).exp()), Normal(0.0, 1.0)).sum(-1)
    torch.testing.assert_close(losses.kl_divergence(mu, logvar), wanted)
    assert (losses.kl_divergence(mu, None) == 0).all()


def test_log_likelihood_is_torchs():
    u, u_hat = _codes()[:, :, :, None].expand(2, 5, 3, 2)
    variance = torch.tensor([0.5, 2.0])
    wanted = Normal(u_hat, variance.sqrt()).log_prob(u).sum((1, 2))
    got = losses.gaussian_log_likelihood(u, u_hat, variance)
    torch.testing.assert_close(got, wanted)


def test_the_variance_in_closed_form_is_the_best_one():
    u, u_hat = _codes()[:, :, :, None].expand(2, 5, 3, 1)
    error = (u - u_hat).square().mean((0, 1))

    def likelihood(variance):
        return losses.gaussian_log_likelihood(u, u_hat, variance).sum()

    for factor in (0.8, 0.95, 1.05, 1.2):
        assert likelihood(error) > likelihood(error * factor)


def test_beta_weighs_the_kl_of_one_series_and_annealing_only_training():
    mu, logvar = _codes()
    u = torch.zeros(5, 4, 1)
    output = (torch.ones(5, 4, 1), mu, logvar)
    kl = losses.kl_divergence(mu, logvar).mean()
    loss = {beta: losses.ELBOLoss(1, beta).eval() for beta in (1.0, 3.0)}
    torch.testing.assert_close(loss[3.0](output, u) - loss[1.0](output, u), 2 * kl)
    cold = losses.ELBOLoss(1, 1.0)
    cold.kl_weight = 0.0
    torch.testing.assert_close(
        losses.ELBOLoss(1, 1.0).train()(output, u) - cold.train()(output, u), kl
    )
    cold.variance.fill_(1.0)
    torch.testing.assert_close(cold.eval()(output, u), loss[1.0](output, u))


def test_equivariance_weighs_its_error_in_units_of_the_variance():
    u = torch.zeros(2, 3, 1)
    mu, logvar, apart = torch.zeros(2, 1), torch.zeros(2, 1), torch.full((2, 3, 1), 2.0)
    plain = losses.ELBOLoss(1, equivariance=0.5).eval()
    plain.variance.fill_(4.0)
    with_it = plain((u, mu, logvar, apart), u)
    torch.testing.assert_close(
        with_it - plain((u, mu, logvar), u), torch.tensor(0.5 * 0.5 * 3 * 4.0 / 4.0)
    )


def test_what_is_missing_has_no_term_and_no_gradient():
    u, u_hat = _codes()[:, :, :, None].expand(2, 5, 3, 2)
    holed, u_hat = u.clone(), u_hat.clone().requires_grad_()
    holed[0, 1], holed[3, :, 1] = torch.nan, torch.nan
    known = ~holed.isnan()
    wanted = (Normal(u_hat, 0.5).log_prob(u) * known).sum((1, 2))
    got = losses.gaussian_log_likelihood(holed, u_hat, torch.full((2,), 0.25))
    torch.testing.assert_close(got, wanted)
    criterion = losses.ELBOLoss(2)
    criterion((u_hat, *_codes()), holed).backward()
    assert torch.equal(u_hat.grad != 0, known)
    error = ((u - u_hat.detach()).square() * known).sum((0, 1)) / known.sum((0, 1))
    torch.testing.assert_close(criterion.variance, 0.95 + 0.05 * error)
    criterion((u_hat, *_codes()), torch.full_like(u, torch.nan))
    assert criterion.variance.isfinite().all()
