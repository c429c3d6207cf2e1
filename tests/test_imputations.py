"""Draws of what is missing: their distribution, seeds, containers, units and errors."""

import numpy as np
import pandas as pd
import pytest
from conftest import fast, same
from scipy.stats import norm
from sklearn.exceptions import NotFittedError

from lgta_sklearn import LatentAugmenter, Panel
from lgta_sklearn.augmenters import _imputing
from lgta_sklearn.families import BaseAugmenter, MultipleImputationMixin
from lgta_sklearn.noise import NeighborNoise

T = 6
TIME = np.arange(T)
# of two channels, which are correlated and differ in size
CORRELATION = np.kron([[1.0, 0.6], [0.6, 1.0]], 0.8 ** np.abs(TIME[:, None] - TIME))
SCALE = np.repeat([1.0, 300.0], T)
MEAN = np.concatenate([np.sin(TIME), 1000.0 + 50.0 * TIME])
COVARIANCE = CORRELATION * SCALE[:, None] * SCALE


class Gaussian(MultipleImputationMixin, BaseAugmenter):
    """A normal distribution that is known, so that nothing is learned."""

    sizes: list = []  # noqa: RUF012

    def __init__(self, gaps="keep", *, fault=None, random_state=None):
        self.gaps = gaps
        self.fault = fault
        self.random_state = random_state

    def _fit_panel(self, panel, labels, rng):
        unit = np.repeat(self.channel_scale_[:, 0], T)
        self.mean_ = MEAN / unit
        self.root_ = np.linalg.cholesky(COVARIANCE / unit[:, None] / unit)

    def _sample_block(self, n_samples, labels, rng):
        rows = self.mean_ + rng.standard_normal((n_samples, 2 * T)) @ self.root_.T
        return Panel.full(rows.reshape(n_samples, 2, T))

    def _imputations(self, panel, n_draws, rngs):
        Gaussian.sizes.append(n_draws * panel.values.size)
        covariance = self.root_ @ self.root_.T
        drawn = np.empty((n_draws, *panel.values.shape))
        for i, (x, rng) in enumerate(zip(panel.values, rngs, strict=True)):
            row, known = x.ravel(), ~np.isnan(x.ravel())
            X = self.mean_ + rng.standard_normal((n_draws, 2 * T)) @ self.root_.T
            some = covariance[known]
            X += (row[known] - X[:, known]) @ np.linalg.solve(some[:, known], some)
            drawn[:, i] = X.reshape(n_draws, 2, T)
        if self.fault == "shape":
            return drawn[1:]
        if self.fault is not None:
            drawn[0][panel.gaps()] = self.fault
        return drawn


def conditional(x):
    """Return the mean and the covariance of the missing values of a series."""
    known = ~np.isnan(x.ravel())
    some = COVARIANCE[np.ix_(known, known)]
    weights = np.linalg.solve(some, COVARIANCE[np.ix_(known, ~known)]).T
    mean = MEAN[~known] + weights @ (x.ravel()[known] - MEAN[known])
    of_rest = COVARIANCE[np.ix_(~known, ~known)]
    return mean, of_rest - weights @ COVARIANCE[np.ix_(known, ~known)]


@pytest.fixture(scope="module")
def series():
    rng = np.random.default_rng(0)
    rows = MEAN + rng.standard_normal((30, 2 * T)) @ np.linalg.cholesky(COVARIANCE).T
    return rows.reshape(30, 2, T)


@pytest.fixture(scope="module")
def gappy(series):
    X = series.copy()
    X[::2, :, 2:4] = np.nan
    X[1::4, 1, 3:] = np.nan
    X[3] = series[3]
    return X


@pytest.fixture(scope="module")
def gaussian(series):
    return Gaussian(random_state=0).fit(series)


class TestDistribution:
    @pytest.mark.parametrize("row", [0, 1])
    def test_draws_have_the_conditional_mean_and_covariance(self, gaussian, gappy, row):
        n = 20_000
        x = gappy[row]
        draws = gaussian.sample_imputations(x[None], n, random_state=0)[:, 0]
        drawn = draws[:, np.isnan(x)]
        mean, covariance = conditional(x)
        error = np.sqrt(np.diag(covariance) / n)
        assert (np.abs(drawn.mean(axis=0) - mean) < 4 * error).all()
        spread = np.sqrt(np.diag(covariance))
        difference = (np.cov(drawn.T) - covariance) / spread[:, None] / spread
        assert np.abs(difference).max() < 4 * np.sqrt(2 / n)

    def test_quantiles(self, gaussian, gappy):
        q = [0.05, 0.5, 0.95]
        got = gaussian.impute_quantiles(gappy, q, n_draws=5000, random_state=0)
        for x, levels in zip(gappy, got.swapaxes(0, 1), strict=True):
            if not np.isnan(x).any():
                np.testing.assert_array_equal(levels, np.repeat(x[None], 3, axis=0))
                continue
            mean, covariance = conditional(x)
            spread = np.sqrt(np.diag(covariance))
            wanted = mean + spread * norm.ppf(q)[:, None]
            error = np.abs(levels[:, np.isnan(x)] - wanted) / spread
            assert error.max() < 0.15

    def test_forecasts(self, gaussian, series):
        known, ended = series[:, :, :4], series.copy()
        ended[:, :, 4:] = np.nan
        draws = gaussian.forecast(known, n_draws=2000, random_state=0)
        assert draws.shape == (2000, 30, 2, 2)
        for x, drawn in zip(ended, draws.swapaxes(0, 1), strict=True):
            mean, covariance = conditional(x)
            error = drawn.mean(axis=0).ravel() - mean
            assert (np.abs(error) < 4.5 * np.sqrt(np.diag(covariance) / 2000)).all()
        levels = gaussian.forecast(known, q=[0.1, 0.9], n_draws=2000, random_state=0)
        wanted = np.quantile(draws, [0.1, 0.9], axis=0, method="weibull")
        np.testing.assert_allclose(levels, wanted)

    def test_impute_is_the_median_of_draws_of_the_seed_of_fit(self, gaussian, gappy):
        filled = gaussian.impute(gappy)
        seed = gaussian._state.seed
        draws = gaussian.sample_imputations(gappy, 21, random_state=seed)
        np.testing.assert_array_equal(filled, np.median(draws, axis=0))
        np.testing.assert_array_equal(gaussian.impute(gappy), filled)
        np.testing.assert_array_equal(gaussian.impute(gappy[[4, 1]]), filled[[4, 1]])
        other = Gaussian(random_state=1).fit(gappy)
        assert not same(other.impute(gappy), filled)


class TestSeeds:
    def test_calls_differ_and_repeat_in_a_second_fit(self, series, gappy):
        first, again = (Gaussian(random_state=0).fit(series) for _ in range(2))
        calls = [
            [g.sample_imputations(gappy, 2) for _ in range(2)] for g in (first, again)
        ]
        assert same(*calls)
        assert not same(*calls[0])

    def test_large_seeds_and_generators(self, gaussian, gappy):
        for seed in (2**70, np.random.default_rng(0), np.random.RandomState(0)):
            assert gaussian.sample_imputations(gappy, 1, random_state=seed).size

    def test_a_row_alone_and_in_any_chunk(self, gaussian, gappy, monkeypatch):
        draws = gaussian.sample_imputations(gappy, 50, random_state=3)
        monkeypatch.setattr(_imputing, "DRAWN_VALUES", 1300)  # two series
        Gaussian.sizes.clear()
        again = gaussian.sample_imputations(gappy, 50, random_state=3)
        np.testing.assert_array_equal(draws, again)
        assert max(Gaussian.sizes) <= 1300
        few = gaussian.sample_imputations(gappy[5:6], 7, random_state=3)
        # the last bits of a product of matrices depend on the number of rows
        np.testing.assert_allclose(draws[:7, 5:6], few, rtol=1e-10)

    def test_nan_has_many_patterns_of_bits(self, gaussian, gappy):
        other = np.where(np.isnan(gappy), -np.float64(np.nan), gappy)
        assert other.tobytes() != gappy.tobytes()
        draws = [
            gaussian.sample_imputations(X, 2, random_state=0) for X in (gappy, other)
        ]
        assert same(*draws)


class TestUnitsAndContainers:
    def test_a_power_of_two_is_a_unit(self, series, gappy):
        larger = 2.0**20

        class Scaled(Gaussian):
            def _fit_panel(self, panel, labels, rng):
                unit = np.repeat(self.channel_scale_[:, 0], T) / larger
                self.mean_ = MEAN / unit
                self.root_ = np.linalg.cholesky(COVARIANCE / unit[:, None] / unit)

        scaled = Scaled(random_state=0).fit(series * larger)
        plain = Gaussian(random_state=0).fit(series)
        draws = plain.sample_imputations(gappy, 3, random_state=0)
        got = scaled.sample_imputations(gappy * larger, 3, random_state=0)
        np.testing.assert_array_equal(got, draws * larger)

    def test_single_precision_stays(self, gaussian, gappy):
        X = gappy.astype(np.float32)
        known = ~np.isnan(X)
        results = [
            *gaussian.sample_imputations(X, 2),
            gaussian.impute_quantiles(X, 0.5),
            *gaussian.impute_quantiles(X, [0.5]),
        ]
        for filled in results:
            assert filled.dtype == np.float32
            np.testing.assert_array_equal(filled[known], X[known])
        for options in ({}, {"n_draws": 2}, {"q": 0.5}):
            assert gaussian.forecast(X[:, :, :5], **options).dtype == np.float32

    def test_tables(self, italy):
        X = pd.DataFrame(italy[0][:9]).rename(columns="h{}".format)
        X.iloc[2, 3:6] = np.nan
        augmenter = fast().fit(X)
        draws = augmenter.sample_imputations(X, 3)
        assert isinstance(draws, list)
        for one in (*draws, augmenter.impute_quantiles(X, 0.5)):
            assert one.columns.equals(X.columns)
            assert one.index.equals(X.index)
            assert np.isfinite(one.to_numpy()).all()
        low, high = augmenter.impute_quantiles(X, (0.1, 0.9))
        assert (low <= high).all(axis=None)
        assert augmenter.forecast(X.iloc[:, :20]).shape == (9, 4)
        with pytest.raises(ValueError, match=r"columns \['h4'.*first columns of fit"):
            augmenter.forecast(X.iloc[:, 4:])

    @pytest.mark.parametrize("kind", ["pd-multiindex", "df-list", "nested_univ"])
    def test_panels_of_sktime(self, kind):
        from sktime.datatypes import convert

        rng = np.random.default_rng(0)
        X = convert(rng.normal(size=(8, 2, 12)), "numpy3D", kind, "Panel")
        augmenter = fast().fit(X)
        draws = augmenter.sample_imputations(X, 2)
        assert [type(one) for one in draws] == [type(X)] * 2
        X = convert(rng.normal(size=(5, 2, 9)), "numpy3D", kind, "Panel")
        assert augmenter.forecast(X, n_draws=4).shape == (4, 5, 2, 3)

    def test_lists_of_unequal_length(self):
        rng = np.random.default_rng(0)
        X = [rng.normal(size=(2, n)) for n in (12, 9, 12, 10, 8, 12, 11)]
        augmenter = fast(random_state=1).fit(X)
        X[1][0, 3:5] = np.nan
        draws = augmenter.sample_imputations(X, 3)
        assert [[x.shape for x in one] for one in draws] == [[x.shape for x in X]] * 3
        assert all(np.isfinite(x).all() for one in draws for x in one)
        shorter = [x[:, :6] if i else x[:, :4] for i, x in enumerate(X)]
        assert augmenter.forecast(shorter, 5, n_draws=2).shape == (2, 7, 2, 5)
        rows = augmenter.forecast(shorter[:1], 5, n_draws=2, random_state=0)
        both = augmenter.forecast(shorter, 5, n_draws=2, random_state=0)
        np.testing.assert_array_equal(rows, both[:, :1])
        with pytest.raises(ValueError, match=r"4 to 6 time points.*horizon=\.\.\."):
            augmenter.forecast(shorter)
        with pytest.raises(ValueError, match="series of 6 time points, expected at mo"):
            augmenter.forecast(shorter, 7)
        assert augmenter.forecast(shorter[:1]).shape == (1, 2, 8)


class TestForecasts:
    @pytest.mark.parametrize("horizon", [1, 3, T - 1])
    def test_shapes(self, gaussian, series, horizon):
        X = series[:, :, : T - horizon]
        for given in (horizon, np.int64(horizon), None):
            assert gaussian.forecast(X, given).shape == (30, 2, horizon)
        assert gaussian.forecast(X, n_draws=4).shape == (4, 30, 2, horizon)
        assert gaussian.forecast(X, q=0.5).shape == (30, 2, horizon)
        assert gaussian.forecast(X, q=[0.5], n_draws=3).shape == (1, 30, 2, horizon)

    def test_of_one_channel_have_no_axis_of_channels(self, fitted, italy):
        X = italy[0]
        assert fitted.forecast(X[:, :20]).shape == (67, 4)
        assert fitted.forecast(X[:, :20], n_draws=3).shape == (3, 67, 4)
        assert fitted.forecast(X[:, None, :20], q=[0.5]).shape == (1, 67, 1, 4)

    def test_go_on_where_the_series_ends(self, fitted, italy):
        X = italy[0]
        error = np.abs(fitted.forecast(X[:, :21]) - X[:, 21:]).mean()
        assert error < 0.7 * np.abs(X[:, 20:21] - X[:, 21:]).mean()

    def test_with_gaps_before_the_end(self, gaussian, gappy):
        known = gappy[:, :, :5].copy()
        known[:, :, 4] = np.nan
        assert np.isfinite(gaussian.forecast(known, n_draws=2)).all()


class TestErrors:
    @pytest.mark.parametrize("horizon", [0, -1, T, 2.0, True, "2"])
    def test_horizons(self, gaussian, series, horizon):
        words = f"horizon must be an int between 1 and {T - 1}.*got {horizon!r}"
        with pytest.raises(ValueError, match=words):
            gaussian.forecast(series[:, :, :4], horizon)

    def test_lengths(self, gaussian, series):
        with pytest.raises(ValueError, match="4 time points, expected 3: the 6 of fit"):
            gaussian.forecast(series[:, :, :4], 3)
        with pytest.raises(ValueError, match=r"as many as those of fit.*Pass fewer"):
            gaussian.forecast(series)
        with pytest.raises(ValueError, match="7 time points, expected 2 of at most 6"):
            gaussian.forecast(np.zeros((3, 2, 7)))
        with pytest.raises(ValueError, match="1 channels of 4 time points, expected 2"):
            gaussian.forecast(series[:, :1, :4])
        with pytest.raises(ValueError, match="expected 2 of 6 as in fit"):
            gaussian.sample_imputations(series[:, :, :4])

    @pytest.mark.parametrize(
        "q", [-0.1, 1.1, np.nan, [], [0.5, 2], "0.5", [[0.5]], True]
    )
    def test_levels(self, gaussian, gappy, q):
        with pytest.raises(ValueError, match=r"q must be a number in \[0, 1\]"):
            gaussian.impute_quantiles(gappy, q)
        with pytest.raises(ValueError, match=r"q must be a number in \[0, 1\]"):
            gaussian.forecast(gappy[:, :, :4], q=q)

    @pytest.mark.parametrize("n_draws", [0, -1, 2.0, "3", True])
    def test_numbers_of_draws(self, gaussian, gappy, n_draws):
        words = "n_draws must be an int >= 1, got"
        for call in (
            lambda: gaussian.sample_imputations(gappy, n_draws),
            lambda: gaussian.impute_quantiles(gappy, 0.5, n_draws=n_draws),
            lambda: gaussian.forecast(gappy[:, :, :4], n_draws=n_draws),
            lambda: gaussian.forecast(gappy[:, :, :4], n_draws=n_draws, q=0.5),
        ):
            with pytest.raises(ValueError, match=words):
                call()

    def test_series_of_which_nothing_is_known(self, gaussian, gappy):
        X = gappy.copy()
        X[[4, 7]] = np.nan
        words = "NaN only in 2 series, the first is number 4.*call `sample`"
        for call in (
            lambda: gaussian.sample_imputations(X),
            lambda: gaussian.impute_quantiles(X, 0.5),
            lambda: gaussian.forecast(X[:, :, :4]),
        ):
            with pytest.raises(ValueError, match=words):
                call()
        X[[4, 7], 0, 0] = 1.0
        assert np.isfinite(gaussian.sample_imputations(X)).all()

    def test_before_fit(self, gappy):
        for method in ("sample_imputations", "forecast"):
            with pytest.raises(NotFittedError):
                getattr(Gaussian(), method)(gappy)

    @pytest.mark.parametrize(
        ("fault", "words"),
        [
            ("shape", r"_imputations returned an array of shape \(2, 23, 2, 6\), exp"),
            (np.nan, "_imputations returned NaN or infinity in gaps"),
            (np.inf, "_imputations returned NaN or infinity in gaps"),
        ],
    )
    def test_what_is_no_draw(self, gaussian, gappy, fault, words):
        faulty = Gaussian(fault=fault).fit(gappy)
        with pytest.raises(ValueError, match=words):
            faulty.sample_imputations(gappy, 3)
        with pytest.raises(ValueError, match="_imputations returned"):
            faulty.impute(gappy)


class TestOfTheLatentAugmenter:
    @pytest.mark.parametrize(
        "params",
        [
            {},
            {"variational": False},
            {"noise": None},
            {"noise": "structured", "latent": "per_step"},
            {"variational": False, "noise": None, "gaps": "fill"},
            {"noise": NeighborNoise(5, blend=0.5)},
        ],
        ids=str,
    )
    def test_a_longer_draw_begins_with_the_shorter_one(self, italy, params):
        X = italy[0][:12].copy()
        X[::2, 5:9] = np.nan
        augmenter = fast(**params).fit(X)
        draws = augmenter.sample_imputations(X, 70, random_state=0)
        # so many draws need several blocks of noise
        few = augmenter.sample_imputations(X, 3, random_state=0)
        np.testing.assert_array_equal(draws[:3], few)
        assert np.isfinite(draws).all()
        assert (draws[:, ::2, 5:9].std(axis=0) > 0).all()
        assert len({draw.tobytes() for draw in draws}) == 70

    def test_impute_stays_the_deterministic_fill(self, fitted, italy):
        X = italy[0].copy()
        X[:, 7:10] = np.nan
        filled = fitted.impute(X)
        scale = fitted.channel_scale_
        wanted = fitted._imputed(Panel.full(X[:, None] / scale)).values * scale
        np.testing.assert_array_equal(filled[:, 7:10], wanted[:, 0, 7:10])

    def test_the_spread_is_kept_within_the_gap_and_grows_with_it(self, fitted, italy):
        X = italy[0]
        scale = X.std(axis=1)[:, None]
        noise = np.sqrt(fitted.observation_variance_[0])
        spreads = []
        for length in (1, 5, 9):
            holed = X.copy()
            holed[:, 8 : 8 + length] = np.nan
            draws = fitted.sample_imputations(holed, 60, random_state=0)
            spread = (draws.std(axis=0) / scale)[:, 8 : 8 + length].mean(axis=0)
            spreads.append(spread.mean())
            assert spread.min() > 0.5 * noise
        assert spreads == sorted(spreads)

    def test_values_stay_on_their_grid(self):
        X = np.random.default_rng(0).poisson(3.0, size=(30, 12)).astype(float)
        X[::2, 5] = np.nan
        augmenter = fast().fit(X)
        assert (augmenter.sample_imputations(X, 5) % 1 == 0).all()

    def test_constants_stay_constant(self):
        X = np.full((8, 12), 3.0)
        augmenter = fast().fit(X)
        X[::2, 4:6] = np.nan
        assert (augmenter.sample_imputations(X, 3) == 3.0).all()

    def test_a_channel_of_which_nothing_is_known(self, motions):
        X = motions[0][:, :2].copy()
        X[::3, 1] = np.nan
        augmenter = fast().fit(X)
        assert np.isfinite(augmenter.sample_imputations(X, 3)).all()

    def test_a_loaded_augmenter_draws_the_same(self, italy, tmp_path):
        X = italy[0][:12].copy()
        X[::2, 5:9] = np.nan
        augmenter = fast().fit(X)
        augmenter.save(tmp_path / "a.safetensors")
        loaded = LatentAugmenter.load(tmp_path / "a.safetensors")
        assert same(loaded.sample_imputations(X, 3), augmenter.sample_imputations(X, 3))
