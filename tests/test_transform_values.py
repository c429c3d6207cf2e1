"""Transformations against their formulas, written out with the same random numbers."""

import inspect
import re

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from lgta_sklearn import transforms
from lgta_sklearn.transforms import (
    Compose,
    Drift,
    Jitter,
    LinearDelta,
    MagnitudeWarp,
    Mixup,
    OneOf,
    PosteriorNoise,
    Scaling,
    SomeOf,
    TimeWarp,
    Trend,
)
from lgta_sklearn.transforms._combinations import (
    check_transformation,
    moves_of,
    scaled,
    step_of,
    transformed,
)
from lgta_sklearn.transforms._protocol import BaseTransformation

Z = np.random.default_rng(1).normal(size=(5, 12, 3))
V = np.random.default_rng(2).normal(size=(5, 4))


def rng(seed=0):
    return np.random.default_rng(seed)


def curves(n_samples, n_steps, n_knots, rng):
    heights = rng.standard_normal((n_samples, n_knots + 2))
    at = np.linspace(0, 1, n_steps)
    knots = np.arange(n_knots + 2) / (n_knots + 1)
    return np.array([CubicSpline(knots, row)(at) for row in heights])


def warped(Z, speed):
    """Return sequences read by clocks of given speeds, point by point."""
    out = np.empty_like(Z)
    n_steps = Z.shape[1]
    grid = np.linspace(0, 1, speed.shape[1])
    for i, own in enumerate(np.maximum(speed, 0.1)):
        passed = np.r_[0, np.cumsum((own[1:] + own[:-1]) / 2)]
        clock = np.interp(np.linspace(0, 1, n_steps), grid, passed / passed[-1])
        for c in range(Z.shape[2]):
            out[i, :, c] = np.interp(
                clock * (n_steps - 1), np.arange(n_steps), Z[i, :, c]
            )
    return out


class TestSequences:
    def test_jitter(self):
        noise = rng().standard_normal(Z.shape)
        np.testing.assert_allclose(Jitter(0.3)(Z, rng()), Z + 0.3 * noise)

    @pytest.mark.parametrize("values", [Z, V])
    def test_scaling(self, values):
        factor = 1 + 0.3 * rng().standard_normal(5)
        wanted = np.array([f * row for f, row in zip(factor, values, strict=True)])
        np.testing.assert_allclose(Scaling(0.3)(values, rng()), wanted)

    @pytest.mark.parametrize("n_knots", [2, 4])
    def test_magnitude_warp(self, n_knots):
        curve = 1 + 0.3 * curves(5, 12, n_knots, rng())
        got = MagnitudeWarp(0.3, n_knots)(Z, rng())
        np.testing.assert_allclose(got, Z * curve[:, :, None])

    @pytest.mark.parametrize("n_knots", [2, 4])
    @pytest.mark.parametrize("scale", [0.2, 3.0])  # the clock keeps going
    @pytest.mark.parametrize("n_steps", [2, 3, 12])
    def test_time_warp(self, n_steps, scale, n_knots):
        speed = 1 + scale * curves(5, 129, n_knots, rng())
        got = TimeWarp(scale, n_knots)(Z[:, :n_steps], rng())
        np.testing.assert_allclose(got, warped(Z[:, :n_steps], speed), atol=1e-12)

    def test_time_warp_of_one_step(self):
        np.testing.assert_array_equal(TimeWarp()(Z[:, :1], rng()), Z[:, :1])

    def test_drift(self):
        walk = rng().standard_normal((5, 12)).cumsum(axis=1) / np.sqrt(12)
        np.testing.assert_allclose(Drift(0.3)(Z, rng()), Z + 0.3 * walk[:, :, None])

    def test_trend(self):
        rise = 0.3 * rng().standard_normal(5)
        line = np.array([r * (np.arange(12) / 11 - 0.5) for r in rise])
        np.testing.assert_allclose(Trend(0.3)(Z, rng()), Z + line[:, :, None])

    def test_defaults(self):
        scales = {
            Jitter: 0.25,
            Scaling: 0.25,
            MagnitudeWarp: 0.25,
            TimeWarp: 0.25,
            Drift: 0.5,
            Trend: 1.0,
            LinearDelta: 0.25,
            PosteriorNoise: 1.0,
        }
        assert {kind: kind().scale for kind in scales} == scales
        assert MagnitudeWarp().n_knots == TimeWarp().n_knots == 4
        assert Mixup().n_neighbors == 5
        assert set(scales) | {Mixup, Compose, OneOf, SomeOf} == {
            getattr(transforms, name) for name in transforms.__all__
        }

    @pytest.mark.parametrize("kind", [MagnitudeWarp, TimeWarp, Drift, Trend])
    def test_what_is_said_where_there_is_no_time(self, kind):
        name = kind.__name__
        words = (
            f"{name} acts along the time axis, (n_samples, n_steps, n_features), and "
            "codes of shape (5, 4) have none. Use LatentAugmenter(latent='per_step'), "
            f"whose codes have one, or DirectAugmenter({name}())."
        )
        with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
            kind()(V, rng())
        words = (
            f"transformation={kind()!r} acts along time, and one code for the whole "
            "series has no time axis. Use LatentAugmenter(latent='per_step'), whose "
            "codes have one, or DirectAugmenter(transformation)."
        )
        for outer in (kind(), Compose([Jitter(), kind()])):
            with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
                check_transformation(outer, has_time=False, has_posterior=True)
            check_transformation(outer, has_time=True, has_posterior=False)


class Reference:
    """Two parts, of which the second is noise; partners that are easy to name."""

    n_movable, posterior_scale = 3, None

    def __init__(self):
        self.asked = []

    def sequences(self, V, rng, *, noise=True):
        from lgta_sklearn.augmenters._reference import SequenceView

        assert noise in (True, False)
        self.asked.append(noise)
        part = slice(None), slice(0, 2)
        yield SequenceView(V[:, :2], rng, part, lambda step: 10 * step)
        if noise:
            yield SequenceView(
                V[:, 3:], rng, (slice(None), slice(3, 4)), lambda step: step
            )

    def pair(self, V, rng):
        assert isinstance(rng, np.random.Generator)
        return np.stack([np.full_like(V, 3.0), np.full_like(V, 1.0)])

    def neighbor(self, V, k, rng):
        assert k == 2
        return np.full_like(V, 7.0)


class Sure(Reference):
    posterior_scale = np.full((5, 2), 0.5)


class TestRelatives:
    def test_mixup(self):
        share = rng().uniform(size=(5, 1))
        got = Mixup(2)(V, rng(), Reference())
        np.testing.assert_allclose(got, (1 - share) * V + share * 7.0)

    def test_linear_delta(self):
        got = LinearDelta(0.5)(V, rng(), Reference())
        np.testing.assert_allclose(got, V + 0.5 * 2.0 / np.sqrt(2))

    def test_posterior_noise(self):
        noise = rng().standard_normal((5, 2))
        before = V.copy()
        got = PosteriorNoise(3.0)(V, rng(), Sure())
        np.testing.assert_allclose(got[:, :2], V[:, :2] + 3.0 * 0.5 * noise)
        np.testing.assert_array_equal(got[:, 2:], V[:, 2:])
        np.testing.assert_array_equal(V, before)
        words = (
            "PosteriorNoise asks a model how uncertain it is, and there is none that "
            "knows. Use LatentAugmenter with variational=True."
        )
        with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
            PosteriorNoise()(V, rng(), Reference())
        words = (
            "transformation=PosteriorNoise() asks a model how uncertain it is, and "
            "there is none that knows. Use LatentAugmenter with variational=True."
        )
        for outer in (PosteriorNoise(), OneOf([Jitter(), PosteriorNoise()])):
            with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
                check_transformation(outer, has_time=True, has_posterior=False)
            check_transformation(outer, has_time=False, has_posterior=True)

    def test_what_needs_nothing_is_never_refused(self):
        for made in (None, np.negative, Jitter(), Mixup()):
            check_transformation(made, has_time=False, has_posterior=False)


class TestSteps:
    def test_of_codes_and_of_noise(self):
        reference = Reference()
        step = step_of(Jitter(0.5), V, rng(), reference)
        own = rng()
        wanted = np.zeros_like(V)
        wanted[:, :2] = 10 * 0.5 * own.standard_normal((5, 2))
        wanted[:, 3:] = 0.5 * own.standard_normal((5, 1))
        np.testing.assert_allclose(step, wanted)
        assert reference.asked == [True]

    def test_a_factor_does_not_act_on_the_residual(self):
        reference = Reference()
        step = step_of(Scaling(0.5), V, rng(), reference)
        assert reference.asked == [False]
        np.testing.assert_array_equal(step[:, 2:], 0)
        factor = 0.5 * rng().standard_normal(5)[:, None]
        np.testing.assert_allclose(step[:, :2], 10 * factor * V[:, :2])

    @pytest.mark.parametrize("acts", [True, False])
    def test_a_rescaled_function_acts_on_what_it_says(self, acts):
        def double(Z, rng):
            return 2 * Z

        double.acts_on_residual = acts
        reference = Reference()
        step = step_of(scaled(double, 0.5), V, rng(), reference)
        assert reference.asked == [acts]
        np.testing.assert_allclose(step[:, :2], 10 * 0.5 * V[:, :2])
        np.testing.assert_allclose(step[:, 3], 0.5 * V[:, 3] if acts else 0.0)

    def test_of_levels_and_of_series(self):
        step = step_of(LinearDelta(0.5), V, rng(), Reference())
        np.testing.assert_allclose(step[:, :3], 1 / np.sqrt(2))
        np.testing.assert_array_equal(step[:, 3], 0)
        step = step_of(Mixup(2), V, rng(), Reference())
        share = rng().uniform(size=(5, 1))
        np.testing.assert_allclose(step, share * (7.0 - V))

    def test_of_combinations(self):
        both = Compose([LinearDelta(0.5), Mixup(2)])
        _, one, other = rng().spawn(3)
        first = V + step_of(LinearDelta(0.5), V, one, Reference())
        second = first + step_of(Mixup(2), first, other, Reference())
        np.testing.assert_allclose(step_of(both, V, rng(), Reference()), second - V)

    def test_of_a_function(self):
        step = step_of(lambda Z, rng: Z**2, V, rng(), Reference())
        wanted = V**2 - V
        np.testing.assert_allclose(step[:, :2], 10 * wanted[:, :2])
        np.testing.assert_allclose(step[:, 3], wanted[:, 3])

    def test_what_neighbours_do_not_have_may_be_missing(self):
        class Lacking(Reference):
            def neighbor(self, V, k, rng):
                return np.where(np.arange(4) == 3, np.nan, 7.0) * np.ones_like(V)

        for mixup in (Mixup(2), scaled(Mixup(2), 0.5), Compose([Mixup(2)])):
            step = step_of(mixup, V, rng(), Lacking())
            assert np.isnan(step[:, 3]).all()
            assert np.isfinite(step[:, :3]).all()


class TestChecks:
    def test_other_shapes_and_kinds(self):
        def check(made, words):
            with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
                transformed(_Named(made), V)

        shape = "expected numbers of the shape of what it was given, (5, 4)."
        check(lambda V: V[:1], f"Named returned float64 of shape (1, 4), {shape}")
        check(lambda V: V.astype(str), f"Named returned <U32 of shape (5, 4), {shape}")
        values = "values that are NaN or infinite, expected finite numbers."
        check(lambda V: np.where(V > 99, V, np.nan), f"Named returned 20 {values}")
        check(
            lambda V: np.where(np.arange(4) > 1, V, np.inf),
            f"Named returned 10 {values}",
        )

    def test_whole_numbers_and_truths_are_numbers(self):
        for kind in (int, bool, np.float32, np.uint8):
            assert transformed(lambda V, kind=kind: V.astype(kind), V).dtype == kind

    def test_nan_may_spread_where_there_is_some_or_where_it_may(self):
        known = np.where(V > 0, V, np.nan)
        spread = np.full_like(V, np.nan)
        np.testing.assert_array_equal(transformed(lambda V: V * np.nan, known), spread)
        lost = transformed(lambda V: V * np.nan, V, may_lose=True)
        np.testing.assert_array_equal(lost, spread)
        for options in ({"may_lose": True}, {}):
            with pytest.raises(ValueError, match="20 values that are NaN or infinite"):
                transformed(lambda V: np.full_like(V, np.inf), known, **options)
        assert inspect.signature(transformed).parameters["may_lose"].default is False

    def test_what_else_it_is_called_with(self):
        seen = []
        transformed(lambda *given: seen.append(given[1:]) or given[0], V, 1, "a")
        assert seen == [(1, "a")]


class _Named:
    def __init__(self, function):
        self.function = function

    def __call__(self, V):
        return self.function(V)

    def __repr__(self):
        return "Named"


class TestCombinations:
    def test_of_sequences_alone(self):
        _, one, other = rng().spawn(3)
        wanted = Drift(0.3)(Jitter(0.2)(Z, one), other)
        np.testing.assert_allclose(Compose([Jitter(0.2), Drift(0.3)])(Z, rng()), wanted)

    def test_some_of(self):
        own, one, other = rng().spawn(3)
        chosen = own.uniform(size=5) < 0.4
        wanted = np.where(chosen[:, None, None], Jitter(0.2)(Z, one), Z)
        chosen = own.uniform(size=5) < 1.0
        assert chosen.all()
        wanted = Trend(0.2)(wanted, other)
        made = SomeOf([Jitter(0.2), Trend(0.2)], [0.4, 1])
        np.testing.assert_allclose(made(Z, rng()), wanted)
        nothing = SomeOf([Jitter(0.2)], [1.0])(Z, rng()), SomeOf([Jitter(0.2)], [1])
        np.testing.assert_allclose(nothing[0], nothing[1](Z, rng()))

    @pytest.mark.parametrize("probabilities", [None, [3, 1], [0, 1]])
    def test_one_of(self, probabilities):
        own, one, other = rng().spawn(3)
        weights = np.array(probabilities or [1, 1]) / sum(probabilities or [1, 1])
        drawn = own.choice(2, size=5, p=weights)
        first, second = Jitter(0.2)(Z, one), Trend(0.2)(Z, other)
        wanted = np.where((drawn == 0)[:, None, None], first, second)
        made = OneOf([Jitter(0.2), Trend(0.2)], probabilities)
        np.testing.assert_allclose(made(Z, rng()), wanted)

    @pytest.mark.parametrize("kind", [SomeOf, OneOf])
    @pytest.mark.parametrize("bad", [[1.0], [1.0, -1.0], [0, 0], [[1, 1]], [1, 1, 1]])
    def test_probabilities_that_do_not_fit(self, kind, bad):
        words = (
            f"{kind.__name__} needs one probability for each of 2 transformations, "
            f"none negative and not all 0, got {bad!r}."
        )
        made = kind([Jitter(), Trend()], bad)
        with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
            made(Z, rng())
        with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
            check_transformation(made, has_time=True, has_posterior=True)

    def test_scaled(self):
        made = scaled(SomeOf([Jitter(0.2), Mixup(2)], [0.5, 1]), 0.5)
        assert isinstance(made, SomeOf)
        assert made.probabilities == [0.5, 1]
        assert made.transformations[0].scale == 0.1
        farther = made.transformations[1]
        assert repr(farther) == "Mixup(n_neighbors=2)"
        share = 0.5 * rng().uniform(size=(5, 1))
        np.testing.assert_allclose(
            farther(V, rng(), Reference()), V + share * (7.0 - V)
        )
        inner = Jitter(0.2)
        assert scaled(Compose([inner]), 2).transformations[0].scale == 0.4
        assert inner.scale == 0.2
        plain = scaled(lambda Z, rng: Z + 1, 0.5)
        np.testing.assert_allclose(plain(Z, rng()), Z + 0.5)
        assert plain.moves == "codes"
        with pytest.raises(ValueError, match="20 values that are NaN"):
            scaled(lambda V, rng: V * np.nan, 0.5)(V, rng())

    def test_what_they_move(self):
        assert moves_of(np.negative) == moves_of(Jitter()) == "codes"
        assert moves_of(Compose([])) == "codes"
        assert moves_of(LinearDelta()) == moves_of(PosteriorNoise()) == "levels"
        assert moves_of(OneOf([LinearDelta(), Jitter()])) == "levels"
        assert moves_of(OneOf([LinearDelta(), Mixup(), Jitter()])) == "series"
        assert scaled(Mixup(), 2).moves == "series"

    def test_what_a_function_says_of_itself_outlives_its_rescaling(self):
        def plain(Z, rng):
            return Z

        def special(V, rng, reference):
            return V

        said = {
            "moves": "levels",
            "needs_time": True,
            "needs_posterior": True,
            "acts_on_residual": False,
        }
        vars(special).update(said)
        for name, value in said.items():
            assert getattr(scaled(special, 2.0), name) == value
            default = getattr(BaseTransformation, name)
            assert getattr(scaled(plain, 2.0), name) == default != value
