"""Series between two others, and targets that go the same share of the way."""

import numpy as np
import pandas as pd
import pytest
from conftest import fast
from sklearn.base import BaseEstimator, RegressorMixin

from lgta_sklearn import (
    AugmentedRegressor,
    DiffusionAugmenter,
    DirectAugmenter,
    LatentAugmenter,
)
from lgta_sklearn.compose._mixing import _partners

KINDS = [
    pytest.param(DirectAugmenter(random_state=0), id="direct"),
    pytest.param(LatentAugmenter(max_epochs=20, random_state=0), id="latent"),
    pytest.param(
        LatentAugmenter(latent="per_step", max_epochs=5, random_state=0), id="per step"
    ),
]


@pytest.fixture(scope="module")
def days(italy):
    return italy[0]


class Kept(RegressorMixin, BaseEstimator):
    """A regressor that keeps what it was fitted to."""

    def fit(self, X, y, sample_weight=None):
        self.X_, self.y_, self.weight_ = X, y, sample_weight
        return self

    def predict(self, X):
        return np.zeros(len(X))


class TestInterpolate:
    @pytest.mark.filterwarnings("ignore::lgta_sklearn.PosteriorCollapseWarning")
    @pytest.mark.parametrize("augmenter", KINDS)
    def test_both_ends_and_the_way_between(self, days, augmenter):
        other = np.roll(days, 1, axis=0)
        augmenter.fit(days)
        at = {share: augmenter.interpolate(days, other, share) for share in (0, 0.5, 1)}
        np.testing.assert_array_equal(at[0], days)
        np.testing.assert_allclose(at[1], other, atol=1e-9)

        def distance(A, B):
            return np.linalg.norm(A - B, axis=1).mean()

        assert distance(at[0.5], days) < distance(days, other)
        assert distance(at[0.5], other) < distance(days, other)
        assert distance(at[0.5], days) > 0.2 * distance(days, other)

    def test_direct_lines_are_straight(self, days):
        augmenter, other = DirectAugmenter().fit(days), days[::-1]
        share = np.linspace(0, 1, len(days))
        expected = days + share[:, None] * (other - days)
        made = augmenter.interpolate(days, other, share)
        np.testing.assert_allclose(made, expected, atol=1e-12)

    def test_more_series_than_a_block_and_rows_do_not_matter(self, days):
        augmenter = LatentAugmenter(max_epochs=20, random_state=0).fit(days)
        many, others = np.tile(days, (5, 1)), np.tile(days[::-1], (5, 1))
        made = augmenter.interpolate(many, others, 0.3)
        part = augmenter.interpolate(many[260:270], others[260:270], 0.3)
        np.testing.assert_array_equal(made[260:270], part)

    def test_container_lengths_and_gaps_are_those_of_the_first(self, days):
        table = pd.DataFrame(days, columns=[f"h{i}" for i in range(24)])
        augmenter = DirectAugmenter().fit(table)
        made = augmenter.interpolate(table, table[::-1])
        assert made.columns.tolist() == table.columns.tolist()
        short = [day[: 20 + i % 5] for i, day in enumerate(days)]
        short[0] = short[0].copy()
        short[0][3] = np.nan
        made = DirectAugmenter().fit(short).interpolate(short, short[::-1])
        assert [len(row) for row in made] == [len(row) for row in short]
        assert np.flatnonzero(np.isnan(made[0])).tolist() == [3]
        assert not np.isnan(made[-1]).any()  # whose other end has the gap

    @pytest.mark.filterwarnings("ignore::lgta_sklearn.PosteriorCollapseWarning")
    @pytest.mark.parametrize("augmenter", KINDS)
    def test_constants_are_no_trap(self, days, augmenter):
        flat, other = np.full_like(days, 3.0), np.roll(days, 1, axis=0)
        X = np.where(np.arange(67)[:, None] % 3, days, flat)
        augmenter.fit(X)
        np.testing.assert_allclose(augmenter.interpolate(flat, other, 1), other)
        half = augmenter.interpolate(flat, other, 0.5)
        spread = half.std(axis=1) / other.std(axis=1)
        assert ((spread > 0.2) & (spread < 1.2)).all()
        back = augmenter.interpolate(other, flat, 0.5)
        assert (back.std(axis=1) > 0.2 * other.std(axis=1)).all()

    def test_gaps_are_filled_where_the_user_says_so(self, days):
        X = days.copy()
        X[0, 3] = np.nan
        kept = DirectAugmenter().fit(X).interpolate(X, X[::-1])
        filled = DirectAugmenter(gaps="fill").fit(X).interpolate(X, X[::-1])
        assert np.isnan(kept).sum() == 1
        assert not np.isnan(filled).any()

    @pytest.mark.parametrize(
        ("share", "message"),
        [
            (1.5, r"lie in \[0, 1\]"),
            (np.nan, r"lie in \[0, 1\]"),
            ([0.5, 0.5], "one for each of the 67 series"),
        ],
    )
    def test_bad_shares(self, days, share, message):
        with pytest.raises(ValueError, match=message):
            DirectAugmenter().fit(days).interpolate(days, days, share)

    def test_as_many_series_at_both_ends(self, days):
        with pytest.raises(ValueError, match="inconsistent numbers"):
            DirectAugmenter().fit(days).interpolate(days, days[:3])


class TestMixedTargets:
    def test_targets_go_the_way_of_their_series(self, days):
        # the target is linear in the series, so that a straight line keeps the relation
        weights = np.linspace(-1, 1, 24)
        model = AugmentedRegressor(Kept(), DirectAugmenter(), random_state=0)
        model.fit(days, days @ weights)
        made = model.estimator_
        assert len(made.X_) == 5 * 67
        np.testing.assert_array_equal(made.X_[:67], days)
        np.testing.assert_allclose(made.y_, made.X_ @ weights, atol=1e-9)
        assert len(np.unique(made.y_)) > 4 * 67

    @pytest.mark.parametrize("n_targets", [1, 2])
    def test_targets_of_several_columns(self, days, n_targets):
        y = days[:, :n_targets] if n_targets > 1 else days[:, 0]
        model = AugmentedRegressor(Kept(), DirectAugmenter(), random_state=0)
        made = model.fit(days, y).estimator_
        np.testing.assert_allclose(
            made.y_.reshape(335, -1), made.X_[:, :n_targets], atol=1e-9
        )

    def test_the_latent_way_serves_too(self, days):
        y = days.max(axis=1)
        model = AugmentedRegressor(Kept(), fast(), n_copies=2, random_state=0)
        made = model.fit(days, y, sample_weight=np.arange(67.0)).estimator_
        np.testing.assert_array_equal(made.weight_, np.tile(np.arange(67.0), 3))
        assert (made.y_ >= y.min()).all()
        assert (made.y_ <= y.max()).all()
        # the nearer end is the source, whose weight it has
        assert (np.abs(made.y_[67:] - np.tile(y, 2)) <= np.ptp(y) / 2 + 1e-9).all()

    @pytest.mark.parametrize("dtype", ["uint8", "int8", "bool", "float32", "float64"])
    def test_targets_of_any_kind_and_size(self, days, dtype):
        y = (
            (np.arange(67) * 3).astype(dtype)
            if dtype != "float64"
            else days[:, 0] * 1e300
        )
        model = AugmentedRegressor(Kept(), DirectAugmenter(), bandwidth=10.0)
        made = model.fit(days, y).estimator_.y_
        assert made.dtype == np.float64
        assert made.min() >= y.min()
        assert made.max() <= y.max()
        assert len(np.unique(made)) > 100 or dtype == "bool"

    def test_an_own_way_between_series_gets_arrays(self, days):
        class Own(DirectAugmenter):
            def interpolate(self, X, X_other, share=0.5):
                return np.where(np.reshape(share, (-1, 1)) < 0.5, X, X_other)

        made = AugmentedRegressor(Kept(), Own(), random_state=0).fit(days, days[:, 0])
        np.testing.assert_array_equal(made.estimator_.X_[:67], days)

    def test_unequal_lengths(self, days):
        short = [day[: 20 + i % 5] for i, day in enumerate(days)]
        y = np.array([day.max() for day in short])
        model = AugmentedRegressor(Kept(), DirectAugmenter(), n_copies=1)
        made = model.fit(short, y).estimator_
        assert [len(row) for row in made.X_[67:]] == [len(row) for row in short]

    @pytest.mark.parametrize("bandwidth", [0.05, 0.5, 50.0])
    def test_partners_are_drawn_by_the_kernel(self, bandwidth):
        rng = np.random.default_rng(0)
        y = rng.normal(size=(6, 1))
        source = np.repeat(np.arange(6), 20_000)
        partner = _partners(y, source, bandwidth, rng)
        drawn = np.zeros((6, 6))
        np.add.at(drawn, (source, partner), 1 / 20_000)
        z = (y - y.mean()) / y.std()
        kernel = np.exp(-((z - z.T) ** 2) / (2 * bandwidth**2))
        np.fill_diagonal(kernel, 0.0)
        expected = kernel / kernel.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(drawn, expected, atol=0.015)

    def test_outliers_and_single_series_have_partners(self):
        rng = np.random.default_rng(0)
        y = np.array([0.0, 0.1, 1e6])[:, None]
        assert _partners(y, np.full(50, 2), 1e-4, rng).tolist() == [1] * 50
        assert _partners(y[:1], np.zeros(3, dtype=int), 0.5, rng).tolist() == [0] * 3

    def test_an_augmenter_that_cannot_interpolate(self, days):
        model = AugmentedRegressor(Kept(), DiffusionAugmenter())
        with pytest.raises(ValueError, match=r"`interpolate`.*method='augment'"):
            model.fit(days, days[:, 0])

    @pytest.mark.parametrize("bad", [{"method": "sample"}, {"bandwidth": 1e9}])
    def test_bad_parameters(self, days, bad):
        with pytest.raises(ValueError, match=next(iter(bad))):
            AugmentedRegressor(Kept(), **bad).fit(days, days[:, 0])
