"""Growth at fit time: what is added, what is not touched, and where it works."""

import numpy as np
import pandas as pd
import pytest
import sklearn
from conftest import fast
from imblearn.over_sampling import SMOTE
from imblearn.pipeline import Pipeline as ImblearnPipeline
from imblearn.utils import estimator_checks as imblearn_checks
from joblib import parallel_config
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.model_selection import (
    GridSearchCV,
    KFold,
    cross_val_score,
    cross_validate,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.estimator_checks import check_estimator
from sktime.classification.distance_based import KNeighborsTimeSeriesClassifier

from lgta_sklearn import (
    AugmentedClassifier,
    AugmentedRegressor,
    LatentAugmenter,
    SyntheticOverSampler,
)
from lgta_sklearn._series.containers import Container
from lgta_sklearn._series.panel import Panel
from lgta_sklearn.compose._strategy import wanted_counts

SMALL = {"latent_dim": 2, "hidden_dim": 8, "max_epochs": 1}
# a smaller class of 8 among 40
LABELS = np.array(["often", "rare"])[(np.arange(40) % 5 == 0).astype(int)]


@pytest.fixture(scope="module")
def waves(italy):
    X = italy[0][:40].copy()
    X.setflags(write=False)
    return X


class Spy(ClassifierMixin, BaseEstimator):
    """A classifier that remembers what it saw, across clones."""

    def __init__(self, seen=None):
        self.seen = seen

    def __sklearn_clone__(self):
        return self

    def fit(self, X, y, sample_weight=None):
        self.classes_ = np.unique(y)
        self.fitted_, self.labels_, self.weight_ = X, y, sample_weight
        self.seen.append(("fit", np.array(X)))
        return self

    def predict(self, X):
        self.seen.append(("predict", np.array(X)))
        return np.full(len(X), self.classes_[0])


class SpyAugmenter(LatentAugmenter):
    """An augmenter that remembers what it learnt."""

    seen: list = []  # noqa: RUF012

    def fit(self, X, y=None):
        self.seen.append(np.array(X))
        return super().fit(X, y)


@pytest.mark.floor
@pytest.mark.changes_global_state
@pytest.mark.parametrize(
    "estimator",
    [
        AugmentedClassifier(
            LogisticRegression(), LatentAugmenter(**SMALL), n_copies=1, random_state=0
        ),
        AugmentedRegressor(
            Ridge(), LatentAugmenter(**SMALL), n_copies=1, random_state=0
        ),
        SyntheticOverSampler(LatentAugmenter(**SMALL), random_state=0),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_check_estimator_in_full(estimator):
    results = check_estimator(estimator, on_skip=None, on_fail="raise")
    assert len(results) >= 40
    assert {result["status"] for result in results} <= {"passed", "skipped"}


IMBLEARN_EXCEPTIONS = {
    "check_samplers_sparse": "series are dense",
    "check_samplers_pandas_sparse": "series are dense",
    "check_samplers_sample_indices": "asks for a tag of imblearn's own base class",
}


def _name(check):
    return getattr(check, "func", check).__name__


@pytest.mark.changes_global_state
@pytest.mark.parametrize(
    "check", list(imblearn_checks._yield_sampler_checks(SMOTE())), ids=_name
)
def test_imblearn_sampler_checks(check):
    sampler = SyntheticOverSampler(LatentAugmenter(**SMALL), random_state=0)
    if _name(check) in IMBLEARN_EXCEPTIONS:
        with pytest.raises((TypeError, ValueError, AttributeError)):
            check("SyntheticOverSampler", sampler)
    else:
        check("SyntheticOverSampler", sampler)


class TestAugmentedClassifier:
    def test_the_training_set_grows_and_keeps_its_rows(self, waves):
        spy = Spy([])
        model = AugmentedClassifier(spy, fast(), n_copies=3, random_state=0)
        model.fit(waves, LABELS)
        assert spy.fitted_.shape == (160, 24)
        assert model.n_augmented_ == 120
        np.testing.assert_array_equal(spy.fitted_[:40], waves)
        np.testing.assert_array_equal(spy.labels_, np.tile(LABELS, 4))
        assert not (spy.fitted_[40:80] == waves).all(axis=1).any()

    def test_no_fold_leaks_and_no_prediction_is_touched(self, waves):
        seen, SpyAugmenter.seen = [], []
        model = AugmentedClassifier(Spy(seen), SpyAugmenter(**SMALL), random_state=0)
        folds = KFold(3)
        pipeline = make_pipeline(StandardScaler(with_mean=False), model)
        cross_val_score(pipeline, waves, LABELS, cv=folds)
        for k, (train, test) in enumerate(folds.split(waves)):
            scaler = StandardScaler(with_mean=False).fit(waves[train])
            inside, outside = (scaler.transform(waves[rows]) for rows in (train, test))
            np.testing.assert_array_equal(SpyAugmenter.seen[k], inside)
            (_, fitted), (_, predicted) = seen[2 * k : 2 * k + 2]
            np.testing.assert_array_equal(fitted[: len(train)], inside)
            np.testing.assert_array_equal(predicted, outside)
            assert not any((row == outside).all(axis=1).any() for row in fitted)

    def test_seeds(self, waves):
        def grown(**params):
            spy = Spy([])
            AugmentedClassifier(spy, **params).fit(waves, LABELS)
            return spy.fitted_

        unseeded = LatentAugmenter(**SMALL)
        first = grown(augmenter=unseeded, random_state=3)
        np.testing.assert_array_equal(first, grown(augmenter=unseeded, random_state=3))
        assert not np.array_equal(first, grown(augmenter=unseeded, random_state=4))
        assert unseeded.random_state is None
        assert not hasattr(unseeded, "module_")

    def test_it_passes_on_what_the_classifier_has(self, waves):
        frame = pd.DataFrame(waves, columns=[f"h{i}" for i in range(24)])
        labels = pd.Series(LABELS).astype("category")
        model = AugmentedClassifier(
            RandomForestClassifier(5, random_state=0), fast(), random_state=0
        )
        assert hasattr(model, "predict_proba")
        assert not hasattr(model, "decision_function")
        model.fit(frame, labels)
        assert model.feature_names_in_.tolist() == frame.columns.tolist()
        assert model.classes_.tolist() == ["often", "rare"]
        assert model.predict_proba(frame).shape == (40, 2)
        assert model.score(frame, LABELS) > 0.8
        assert hasattr(AugmentedClassifier(RidgeClassifier()), "decision_function")

    def test_weights_follow_the_rows(self, waves):
        weight, spy = np.arange(40.0), Spy([])
        model = AugmentedClassifier(spy, fast(), n_copies=2, random_state=0)
        model.fit(waves, LABELS, sample_weight=weight)
        np.testing.assert_array_equal(spy.weight_, np.tile(weight, 3))

    @pytest.mark.floor
    @pytest.mark.changes_global_state
    def test_metadata_routing(self, waves):
        with sklearn.config_context(enable_metadata_routing=True):
            inner = RidgeClassifier().set_fit_request(sample_weight=True)
            model = AugmentedClassifier(inner, fast(), random_state=0)
            model.set_score_request(sample_weight=False)  # asked for up to 1.6
            weight = np.where(LABELS == "rare", 1.0, 1e-9)
            scores = cross_validate(
                model, waves, LABELS, cv=2, params={"sample_weight": weight}
            )
            assert np.isfinite(scores["test_score"]).all()
            model.fit(waves, LABELS, sample_weight=weight)
        assert (model.predict(waves) == "rare").all()

    def test_grid_search_and_parallel_folds(self, waves):
        model = AugmentedClassifier(
            RidgeClassifier(), LatentAugmenter(**SMALL), random_state=0
        )
        grid = {
            "augmenter__latent_dim": [2, 3],
            "estimator__alpha": [0.1, 1.0],
            "n_copies": [0, 1],
        }
        search = GridSearchCV(model, grid, cv=2).fit(waves, LABELS)
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()
        # processes are tested in test_repeatability.py, which start for half a minute
        with parallel_config("threading", n_jobs=2):
            scores = cross_validate(model, waves, LABELS, cv=2)["test_score"]
        np.testing.assert_array_equal(
            scores, cross_validate(model, waves, LABELS, cv=2)["test_score"]
        )

    def test_around_classifiers_of_sktime_and_pipelines(self, motions):
        X, y = motions
        nearest = KNeighborsTimeSeriesClassifier(distance="euclidean")
        model = AugmentedClassifier(nearest, fast(), n_copies=1, random_state=0)
        assert model.fit(X, y).score(X, y) == 1.0
        assert model.n_augmented_ == 40
        flat = FunctionTransformer(lambda X: X.reshape(len(X), -1))
        model.set_params(estimator=make_pipeline(flat, RidgeClassifier()))
        assert model.fit(X, y).predict(X).shape == y.shape

    def test_classes_grow_to_wanted_sizes(self, waves):
        spy = Spy([])
        model = AugmentedClassifier(
            spy, fast(), sampling_strategy={"rare": 20, "often": 40}, random_state=0
        )
        model.fit(waves, LABELS)
        assert pd.Series(spy.labels_).value_counts().to_dict() == {
            "often": 40,
            "rare": 20,
        }

    @pytest.mark.parametrize("method", ["augment", "sample"])
    def test_new_series_belong_to_their_class(self, italy, method):
        X, y = italy
        model = AugmentedClassifier(
            Spy([]), LatentAugmenter(random_state=0), method=method, random_state=0
        ).fit(X, y)
        spy = model.estimator_
        label_checker = LogisticRegression(max_iter=1000).fit(X, y)
        assert label_checker.score(spy.fitted_[67:], spy.labels_[67:]) > 0.85

    @pytest.mark.parametrize("on_mislabeled", ["reject", "relabel"])
    def test_doubted_series_are_replaced_or_relabelled(self, waves, on_mislabeled):
        # labels without meaning: many new series are put into the other class
        wild = LatentAugmenter(strength=2.5, max_epochs=30, random_state=0)
        nearest = KNeighborsClassifier(1)
        model = AugmentedClassifier(
            nearest, wild, n_copies=5, on_mislabeled=on_mislabeled, random_state=0
        )
        label_checker = clone(nearest).fit(waves, LABELS)
        kept = AugmentedClassifier(Spy([]), wild, n_copies=5, random_state=0)
        kept.fit(waves, LABELS)
        off = label_checker.predict(kept.estimator_.fitted_) != kept.estimator_.labels_
        assert off[40:].any()
        panel = Panel(waves, np.full(40, 24), container=Container("array"))
        grown = model._grow(panel, LABELS, 0, {})
        new, source = grown.panel.values, grown.source
        assert len(new) == 200
        assert (label_checker.predict(new) == LABELS[source]).mean() > 1 - off[
            :40
        ].mean() - 0.01

    @pytest.mark.parametrize(
        ("params", "message"),
        [
            ({"n_copies": -1}, "n_copies"),
            ({"method": "invent"}, "method"),
            ({"on_mislabeled": "drop"}, "on_mislabeled"),
            ({"augmenter": Ridge()}, "augmenter"),
            ({"sampling_strategy": "most"}, "sampling_strategy must be one of"),
        ],
    )
    def test_bad_parameters(self, waves, params, message):
        model = AugmentedClassifier(RidgeClassifier(), **params)
        with pytest.raises(ValueError, match=message):
            model.fit(waves, LABELS)


def test_a_regressor_learns_from_variations_with_the_same_target(waves):
    target = waves.max(axis=1)

    class SpyRegressor(Ridge):
        def fit(self, X, y, sample_weight=None):
            self.labels_ = y
            return super().fit(X, y, sample_weight)

    model = AugmentedRegressor(
        SpyRegressor(), fast(), n_copies=2, method="augment", random_state=0
    )
    assert model.fit(waves, target).score(waves, target) > 0.5
    np.testing.assert_array_equal(model.estimator_.labels_, np.tile(target, 3))


class TestLatentResampler:
    @pytest.mark.parametrize("method", ["augment", "sample"])
    def test_classes_are_balanced_and_the_rows_kept(self, waves, method):
        sampler = SyntheticOverSampler(fast(), method=method, random_state=0)
        X, y = sampler.fit_resample(waves, LABELS)
        assert pd.Series(y).value_counts().to_dict() == {"often": 32, "rare": 32}
        np.testing.assert_array_equal(X[:40], waves)
        assert y.dtype == LABELS.dtype
        assert sampler.sampling_strategy_ == {"rare": 24}
        assert (LABELS[sampler.sample_indices_] == y).all()
        assert not hasattr(sampler, "transform")

    def test_series_of_several_channels(self, motions):
        X, y = motions
        keep = np.r_[0:14, 20:23]
        kept = dict(zip(*np.unique(y[keep], return_counts=True), strict=True))
        X_new, y_new = SyntheticOverSampler(fast(), random_state=0).fit_resample(
            X[keep], y[keep]
        )
        assert X_new.shape[1:] == X.shape[1:]
        counts = np.unique(y_new, return_counts=True)[1]
        assert (counts == max(kept.values())).all()

    @pytest.mark.floor
    def test_in_the_pipeline_of_imblearn(self, waves):
        pipeline = ImblearnPipeline(
            [
                ("balance", SyntheticOverSampler(fast(), random_state=0)),
                ("clf", Ridge()),
            ]
        ).set_params(clf=RidgeClassifier())
        assert np.isfinite(cross_val_score(pipeline, waves, LABELS, cv=2)).all()
        grid = {"balance__augmenter__latent_dim": [2, 3], "clf__alpha": [1.0, 10.0]}
        search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).fit(waves, LABELS)
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()

    def test_sklearns_own_pipeline_refuses_it(self, waves):
        pipeline = Pipeline(
            [("balance", SyntheticOverSampler(fast())), ("clf", Ridge())]
        )
        with pytest.raises(TypeError, match="transform"):
            pipeline.fit(waves, LABELS)

    def test_a_rejected_series_is_replaced_by_one_of_its_class(self, waves):
        doubted = {}
        for on_mislabeled in ("keep", "reject"):
            sampler = SyntheticOverSampler(
                fast(strength=2.5), on_mislabeled=on_mislabeled, random_state=0
            )
            X, y = sampler.fit_resample(waves, LABELS)
            assert y[40:].tolist() == ["rare"] * 24
            nearest = ((X[40:, None] - waves) ** 2).sum(axis=2).argmin(axis=1)
            doubted[on_mislabeled] = int((LABELS[nearest] != "rare").sum())
        assert doubted["keep"] > 0
        assert doubted["reject"] == 0


class TestStrategy:
    Y = np.repeat([0, 1, 2], [10, 4, 6])

    @pytest.mark.parametrize(
        ("strategy", "expected"),
        [
            ("auto", {1: 6, 2: 4}),
            ("not majority", {1: 6, 2: 4}),
            ("minority", {1: 6}),
            ("not minority", {0: 0, 2: 4}),
            ("all", {0: 0, 1: 6, 2: 4}),
            ({1: 12}, {1: 8}),
            (lambda y: {2: 2 * int((y == 2).sum())}, {2: 6}),
        ],
        ids=lambda value: "function" if callable(value) else str(value),
    )
    def test_the_words_of_imblearn(self, strategy, expected):
        assert wanted_counts(strategy, self.Y) == expected
        if not callable(strategy):
            X = np.random.default_rng(0).normal(size=(20, 2))
            smote = SMOTE(sampling_strategy=strategy, k_neighbors=2, random_state=0)
            _, y = smote.fit_resample(X, self.Y)
            counts = np.bincount(y) - np.bincount(self.Y)
            assert {k: n for k, n in expected.items() if n} == {
                int(k): int(counts[k]) for k in np.flatnonzero(counts)
            }

    def test_a_float_is_the_ratio_of_two_classes(self):
        y = np.repeat(["a", "b"], [100, 20])
        assert wanted_counts(0.5, y) == {"b": 30}
        with pytest.raises(ValueError, match="not below the present one"):
            wanted_counts(0.1, y)
        with pytest.raises(ValueError, match="but y has 3"):
            wanted_counts(0.5, self.Y)

    @pytest.mark.parametrize(
        ("strategy", "message"),
        [
            ({7: 10}, r"not in y: \[7\]"),
            ({0: 5}, "fewer series than there are"),
            ("some", "must be one of"),
        ],
    )
    def test_what_cannot_be_done_is_refused(self, strategy, message):
        with pytest.raises(ValueError, match=message):
            wanted_counts(strategy, self.Y)
