"""What every augmenter owes scikit-learn, for every backbone."""

import pickle

import numpy as np
import pandas as pd
import pytest
from conftest import fast
from sklearn.base import clone
from sklearn.utils import estimator_checks

from lgta_sklearn import LatentAugmenter
from lgta_sklearn.networks.backbones import BACKBONES

REASON = "fit_transform varies the training rows by contract, as TargetEncoder's"
EXPECTED = {
    "check_transformer_general": REASON,
    "check_transformer_data_not_an_array": REASON,
}
# two columns of blobs have little to learn: without a KL term they are varied visibly
VARYING = {"latent_dim": 2, "hidden_dim": 8, "max_epochs": 20, "beta": 0.0, "lr": 0.02}


def _check(augmenter, expected):
    """Return the names of the checks that failed as expected; others raise."""
    results = estimator_checks.check_estimator(
        augmenter, expected_failed_checks=expected, on_skip=None, on_fail="raise"
    )
    assert len(results) > 40
    return {r["check_name"] for r in results if r["status"] == "xfail"}


# scikit-learn's checks look at what all backbones share: one of them stands for all,
# and each keeps the layout in test_every_method_keeps_the_layout
@pytest.mark.floor
@pytest.mark.changes_global_state
@pytest.mark.parametrize("latent", ["global", "per_step"])
def test_check_estimator_with_exactly_two_expected_failures(latent):
    augmenter = LatentAugmenter(latent=latent, strength=1.0, **VARYING)
    assert _check(augmenter, EXPECTED) == set(EXPECTED)


@pytest.mark.floor
@pytest.mark.changes_global_state
def test_check_estimator_without_any_at_strength_zero():
    params = {**VARYING, "max_epochs": 1}
    assert _check(LatentAugmenter(strength=0, **params), {}) == set()


@pytest.mark.changes_global_state
@pytest.mark.parametrize("on_transform", ["reconstruct", "augment"])
def test_the_other_transforms_are_row_wise_too(on_transform):
    augmenter = fast(on_transform=on_transform, beta=0.0, strength=1.0)
    for check in (
        estimator_checks.check_methods_sample_order_invariance,
        estimator_checks.check_methods_subset_invariance,
        estimator_checks.check_transformer_preserve_dtypes,
    ):
        check("LatentAugmenter", clone(augmenter))


EXTRA_CHECKS = [
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_global_output_transform_pandas",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
    "check_get_feature_names_out_error",
    "check_dataframe_column_names_consistency",
    "check_inplace_ensure_writeable",
]


@pytest.mark.changes_global_state
@pytest.mark.filterwarnings("ignore:X (does not have valid|has) feature names")
@pytest.mark.parametrize("name", EXTRA_CHECKS)
def test_further_checks_of_sklearn(name):
    check = getattr(estimator_checks, name, None)
    if check is None:
        pytest.skip("not a check of this scikit-learn")
    check("LatentAugmenter", fast(strength=0, max_epochs=1))


@pytest.fixture(params=BACKBONES)
def backbone(request):
    return request.param


@pytest.fixture(params=["2-D", "3-D", "float32"])
def series(request, italy, motions):
    if request.param == "3-D":
        return motions
    X, y = italy
    return X.astype(np.float32 if request.param == "float32" else float), y


@pytest.mark.floor
def test_every_method_keeps_the_layout(backbone, series):
    X, y = series
    augmenter = fast(backbone).fit(X, y)
    n_channels = 1 if X.ndim == 2 else X.shape[1]
    for same in (
        augmenter.transform(X),
        augmenter.fit_transform(X, y),
        augmenter.augment(X),
        augmenter.reconstruct(X),
    ):
        assert same.shape == X.shape
        assert same.dtype == X.dtype
        assert not np.shares_memory(same, X)
    assert augmenter.sample(5).shape == (5, *X.shape[1:])
    assert augmenter.sample(5).dtype == X.dtype
    Z = augmenter.encode(X)
    assert Z.shape == (len(X), 4 + 2 * n_channels)
    assert augmenter.decode(Z).shape == X.shape
    np.testing.assert_allclose(
        augmenter.decode(Z), augmenter.reconstruct(X), rtol=1e-5, atol=1e-6
    )
    assert augmenter.score_samples(X).shape == (len(X),)
    assert augmenter.score(X) == pytest.approx(augmenter.score_samples(X).mean())


def test_the_same_seed_gives_the_same_model_bit_for_bit(backbone, italy):
    X, y = italy
    first = fast(backbone).fit(X, y)
    file = pickle.dumps(first)
    assert b"skorch" not in file
    for again in (
        fast(backbone).fit(X, y),
        first.fit(X, y),
        clone(first).fit(X, y),
        pickle.loads(file),
    ):
        np.testing.assert_array_equal(again.encode(X), first.encode(X))
    other = fast(backbone, random_state=1).fit(X, y)
    assert not np.array_equal(other.encode(X), first.encode(X))


def test_a_fitted_estimator_shows_itself(fitted):
    assert "LatentAugmenter" in fitted._repr_html_()
    assert repr(LatentAugmenter("lstm")) == "LatentAugmenter(backbone='lstm')"


def test_feature_names_are_for_two_dimensions_only(italy, motions):
    X, _ = italy
    frame = pd.DataFrame(X).add_prefix("hour")
    augmenter = fast().set_output(transform="pandas")
    varied = augmenter.fit_transform(frame)
    assert varied.columns.tolist() == frame.columns.tolist()
    assert varied.index.equals(frame.index)
    names = augmenter.get_feature_names_out()
    assert names.tolist() == frame.columns.tolist()
    multi = fast().set_output(transform="pandas").fit(motions[0])
    assert not hasattr(multi, "get_feature_names_out")
    assert isinstance(multi.transform(motions[0]), np.ndarray)


@pytest.mark.parametrize("latent_dim", [None, 2])
def test_codes_per_time_step_do_all_that_one_code_does(backbone, series, latent_dim):
    X, y = series
    augmenter = fast(backbone, latent="per_step", latent_dim=latent_dim).fit(X, y)
    n_channels = 1 if X.ndim == 2 else X.shape[1]
    n_codes = -(-X.shape[-1] // 4) * (latent_dim or 4)
    Z = augmenter.encode(X)
    assert Z.shape == (len(X), n_codes + 2 * n_channels)
    np.testing.assert_allclose(
        augmenter.decode(Z), augmenter.reconstruct(X), rtol=1e-5, atol=1e-6
    )
    for same in (augmenter.transform(X), augmenter.augment(X), augmenter.impute(X)):
        assert same.shape == X.shape
        assert same.dtype == X.dtype
    drawn = augmenter.sample(300, random_state=0)
    np.testing.assert_array_equal(drawn[:5], augmenter.sample(5, random_state=0))
    assert augmenter.sample(2, y=y[0]).shape == (2, *X.shape[1:])
    assert np.isfinite(augmenter.score_samples(X)).all()
    np.testing.assert_array_equal(
        pickle.loads(pickle.dumps(augmenter)).augment(X, random_state=0),
        augmenter.augment(X, random_state=0),
    )


OTHER = {
    "latent": "per_step",
    "backbone": "lstm",
    "latent_dim": 3,
    "hidden_dim": 12,
    "beta": 5.0,
    "variational": False,
    "max_epochs": 3,
    "batch_size": 7,
    "lr": 0.02,
    "early_stopping": False,
    "validation_fraction": 0.3,
    "random_state": 1,
}


@pytest.mark.parametrize("name", OTHER)
def test_each_parameter_of_the_training_changes_the_model(name, italy):
    X, _ = italy
    plain, changed = fast().fit(X), fast(**{name: OTHER[name]}).fit(X)
    assert not np.array_equal(plain.reconstruct(X), changed.reconstruct(X))


def test_a_one_channel_panel_may_change_its_dimensions(italy):
    X, _ = italy
    flat = fast().fit(X)
    np.testing.assert_array_equal(flat.encode(X[:, None]), flat.encode(X))
    assert flat.augment(X[:, None]).shape == (len(X), 1, 24)
    panel = fast().fit(X[:, None])
    np.testing.assert_array_equal(panel.encode(X), flat.encode(X))
    assert panel.augment(X).shape == X.shape
    assert panel.sample(2).shape == (2, 1, 24)
