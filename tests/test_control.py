import numpy as np
import pytest

from lgta_sklearn.metrics import (
    monotone_share,
    signature,
    signature_distance,
    strength_correlation,
)
from lgta_sklearn.transforms import Drift, Jitter, Scaling, Trend


@pytest.fixture
def noise():
    return np.random.default_rng(0).normal(size=(400, 2, 100))


def added_by(transformation, X):
    moved = transformation(X.transpose(0, 2, 1), np.random.default_rng(1))
    return moved.transpose(0, 2, 1)


@pytest.mark.parametrize(
    ("transformation", "wanted"),
    [
        (Jitter(), (0.0, 0.01, 0.08)),
        (Scaling(), (0.0, 0.01, 1.0)),
        (Drift(), (0.94, 0.43, 0.08)),
        (Trend(), (1.0, 1.0, 0.08)),
    ],
    ids=repr,
)
def test_signatures_are_those_of_theory(transformation, wanted, noise):
    # of white noise a share 1/T is linear, and |r| is about sqrt(2 / pi / T)
    found = signature(noise, added_by(transformation, noise))
    np.testing.assert_allclose(found, wanted, atol=0.04)


def test_signatures_have_no_units_and_no_offset(noise):
    varied = added_by(Drift(), noise)
    np.testing.assert_allclose(
        signature(1e6 * noise + 5e7, 1e6 * varied + 5e7),
        signature(noise, varied),
        rtol=1e-5,
    )
    assert signature(noise, noise) == (0, 0, 0)
    assert signature(noise, noise + 3.0)[:2] == (0, 0)


def test_distance_is_none_to_the_same_and_large_to_another(noise):
    drift, other = added_by(Drift(), noise), added_by(Drift(0.1), noise[::-1])[::-1]
    assert signature_distance(noise, drift, drift) == 0
    assert signature_distance(noise, drift, other) < 0.05
    assert signature_distance(noise, drift, added_by(Jitter(), noise)) > 0.9


def test_rank_correlation_and_monotonicity():
    strengths = [0.1, 0.2, 0.4, 0.8]
    up, down, flat = [1, 2, 3, 4], [4, 3, 2, 1], [1, 1, 1, 1]
    assert strength_correlation(strengths, up) == pytest.approx(1)
    assert strength_correlation(strengths, np.exp(up)) == pytest.approx(1)
    curves = np.array([up, down, flat]).T
    assert strength_correlation(strengths, curves) == pytest.approx(0)
    assert monotone_share(strengths, curves) == pytest.approx(1 / 3)
    # the order in which strengths are given does not matter
    assert monotone_share([0.8, 0.1], [2.0, 1.0]) == 1
    assert monotone_share(strengths, [1, 2, 2, 3]) == 0


def test_only_a_greater_strength_has_to_move_farther():
    assert monotone_share([0.1, 0.1, 0.2], [1.0, 0.9, 2.0]) == 1
    assert monotone_share([0.1, 0.1, 0.2], [1.0, 0.9, 0.95]) == 0


def test_bad_input(noise):
    with pytest.raises(ValueError, match="a row for each of two strengths or more"):
        strength_correlation([0.1, 0.2], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="a row for each of two strengths or more"):
        monotone_share([0.1], [1.0])
    with pytest.raises(ValueError, match="one variation of each of 400"):
        signature(noise, noise[:3])
