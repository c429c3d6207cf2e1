"""Properties that hold for whatever goes in: found by hypothesis, not by us.

pytest tests/test_properties.py --hypothesis-profile=long    # 10 000 examples
"""

import warnings

import numpy as np
import pandas as pd
import pytest
from conftest import same
from hypothesis import assume, given
from hypothesis import strategies as st

from lgta_sklearn import DirectAugmenter, LatentAugmenter
from lgta_sklearn.scaling import ScaleDecomposition
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

pytestmark = pytest.mark.filterwarnings(
    "ignore:X has more channels", "ignore:strength=.*cannot move them"
)
# --- sets of series ---------------------------------------------------------------


@st.composite
def values(draw, max_samples=7):
    """Return series, (n, C, T), in float64, of any scale and offset, with gaps."""
    n, C, T = (draw(st.integers(1, most)) for most in (max_samples, 3, 12))
    T = max(T, 2)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    X = rng.normal(size=(n, C, T))
    kind = draw(st.sampled_from(["noise", "walk", "steps", "constant", "spike"]))
    if kind == "walk":
        X = X.cumsum(axis=2)
    elif kind == "steps":
        X = np.rint(X)
    elif kind == "constant":
        X[draw(st.integers(0, n - 1)) :] = 1.0
    elif kind == "spike":
        X[0, 0, 0] = 10.0 ** draw(st.integers(1, 15))
    X = X * 2.0 ** draw(st.integers(-900, 900)) if draw(st.booleans()) else X
    X = X * 10.0 ** draw(st.integers(-3, 3)) + draw(st.sampled_from([0, 1, -1e3]))
    share = draw(st.sampled_from([0.0, 0.0, 0.1, 0.4]))
    gaps = rng.uniform(size=X.shape) < share
    gaps[:, :, rng.integers(T)] = False  # something is known of each
    X[gaps] = np.nan
    return X


@st.composite
def containers(draw):
    """Return series in some container."""
    X, kind = draw(values()), draw(st.sampled_from([*RECTANGULAR, *RAGGED]))
    if kind in RECTANGULAR:
        assume(kind != "integers" or not np.isnan(X).any())
        return RECTANGULAR[kind](X)
    X[:, :, 0] = np.nan_to_num(X[:, :, 0], nan=1.0)  # something remains of each
    lengths = [draw(st.integers(2, X.shape[2])) for _ in X]
    assume(kind != "list" or len(set(lengths)) > 1)
    rows = [x[:, :length] for x, length in zip(X, lengths, strict=True)]
    return RAGGED[kind]([pd.DataFrame(row.T).add_prefix("c") for row in rows])


def single(X):
    largest = np.nanmax(np.abs(X))
    return (X / largest if largest > 0 else X).astype(np.float32) * np.float32(1e30)


RECTANGULAR = {
    "3-D": lambda X: X,
    "2-D": lambda X: X[:, 0],
    "table": lambda X: pd.DataFrame(X[:, 0]).add_prefix("t"),
    "float32": single,
    "integers": lambda X: np.clip(np.rint(X), -(2.0**40), 2.0**40).astype(np.int64),
    "Fortran": np.asfortranarray,
    "strided": lambda X: np.repeat(X, 2, axis=2)[::-1, :, ::2],
}
RAGGED = {
    "list": lambda frames: [frame.to_numpy().T for frame in frames],
    "df-list": lambda frames: frames,
    "pd-multiindex": lambda frames: pd.concat(
        frames, keys=[f"s{i}" for i in range(len(frames))]
    ),
    "nested_univ": lambda frames: pd.DataFrame(
        {c: [frame[c] for frame in frames] for c in frames[0].columns}
    ),
}


SEQUENCES = [Jitter, Scaling, MagnitudeWarp, TimeWarp, Drift, Trend]


@st.composite
def transformations(draw, temporal, variational=True):
    """Return a transformation, or None."""
    sequences = SEQUENCES if temporal else SEQUENCES[:2]
    single = st.one_of(
        st.builds(lambda kind, scale: kind(scale), st.sampled_from(sequences), SCALES),
        st.builds(Mixup, st.integers(1, 4)),
        st.builds(LinearDelta, SCALES),
    )
    several = st.lists(single, min_size=1, max_size=3)
    made = draw(
        st.one_of(
            st.none(),
            single,
            st.builds(Compose, several),
            st.builds(OneOf, several),
            st.builds(lambda t: SomeOf(t, [0.5] * len(t)), several),
        )
    )
    posterior = variational and draw(st.integers(0, 9)) == 0
    return PosteriorNoise() if posterior else made


SCALES = st.floats(0.01, 2.0)


@st.composite
def augmenters(draw):
    """Return an unfitted augmenter that is fitted in a blink."""
    common = {
        "strength": draw(st.one_of(st.none(), st.just(0.0), st.floats(0.01, 2.0))),
        "gaps": draw(st.sampled_from(["keep", "fill"])),
        "random_state": draw(st.integers(0, 1000)),
    }
    if draw(st.integers(0, 3)) == 0:
        return DirectAugmenter(draw(transformations(temporal=True, variational=False)))
    latent = draw(st.sampled_from(["global", "per_step"]))
    variational = draw(st.booleans())
    return LatentAugmenter(
        draw(st.sampled_from(["cnn_gru", "transformer", "lstm"])),
        latent=latent,
        variational=variational,
        latent_dim=draw(st.integers(1, 4)),
        hidden_dim=4,
        beta=draw(st.sampled_from([0.0, 0.1, 1.0, 10.0])),
        transformation=draw(transformations(latent == "per_step", variational)),
        density=draw(st.sampled_from(["auto", "mixture", "normal"])),
        noise=draw(st.sampled_from(["neighbors", "structured", None])),
        on_transform=draw(st.sampled_from(["identity", "reconstruct", "augment"])),
        early_stopping=draw(st.booleans()),
        max_epochs=draw(st.integers(1, 3)),
        batch_size=draw(st.sampled_from([None, 1, 3, 100])),
        **common,
    )


@st.composite
def labels(draw, n_samples):
    """Return labels of some kind, or none."""
    numbers = np.array([draw(st.integers(0, 2)) for _ in range(n_samples)])
    return draw(
        st.sampled_from([None, numbers, numbers > 0, np.array(list("abc"))[numbers]])
    )


# --- what holds -------------------------------------------------------------------


def arrays(X):
    """Return series as a list of arrays, whatever they are kept in."""
    if isinstance(X, np.ndarray):
        return list(X)
    if isinstance(X, list):
        return [np.asarray(x).T if hasattr(x, "columns") else x for x in X]
    if X.index.nlevels > 1:
        return [f.to_numpy().T for _, f in X.groupby(level=0, sort=False)]
    if hasattr(X.iloc[0, 0], "index"):
        return [np.stack([np.asarray(c) for c in row]) for row in X.to_numpy()]
    return list(X.to_numpy())


def snapshot(X):
    return [np.array(x, copy=True) for x in arrays(X)]


def check_like(got, X, *, filled):
    """Assert the container, the shapes, the dtype and the gaps of what came back."""
    assert isinstance(got, type(X) | np.ndarray)
    before, after = arrays(X), arrays(got)
    assert [x.shape for x in after] == [x.shape for x in before]
    dtype = np.float32 if before[0].dtype == np.float32 else np.float64
    for old, new in zip(before, after, strict=True):
        assert new.dtype == dtype
        assert not np.isinf(new).any()
        unknown = np.isnan(np.asarray(old, dtype=float))
        if filled:
            assert not np.isnan(new).any()
        else:
            assert (np.isnan(new) == unknown).all()


@given(st.data())
def test_what_goes_in_comes_back_whatever_it_is(data):
    X, augmenter = data.draw(containers()), data.draw(augmenters())
    n_samples = len(arrays(X))
    y = data.draw(labels(n_samples))
    before = snapshot(X)
    filled = augmenter.gaps == "fill"
    augmenter.fit(X, y)
    check_like(augmenter.augment(X, random_state=0), X, filled=filled)
    check_like(augmenter.fit_transform(X, y), X, filled=filled)
    check_like(augmenter.transform(X), X, filled=filled)
    identity = augmenter.augment(X, strength=0)
    if not filled:
        for old, new in zip(arrays(X), arrays(identity), strict=True):
            np.testing.assert_array_equal(new, np.asarray(old, dtype=new.dtype))
    drawn = augmenter.sample(3, random_state=0)
    assert len(arrays(drawn)) == 3
    for new in arrays(drawn):
        assert not np.isinf(new).any()
        assert new.shape[:-1] == arrays(X)[0].shape[:-1]
        assert new.shape[-1] in range(2, max(x.shape[-1] for x in arrays(X)) + 1)
    if hasattr(augmenter, "encode"):
        check_model(augmenter, X)
    assert same(snapshot(X), before)


def check_model(augmenter, X):
    """Assert what a model owes beside variations."""
    n_samples = len(arrays(X))
    check_like(augmenter.impute(X), X, filled=True)
    check_like(augmenter.reconstruct(X), X, filled=augmenter.gaps == "fill")
    Z, score = augmenter.encode(X), augmenter.score_samples(X)
    assert len(Z) == len(score) == n_samples
    assert np.isfinite(Z).all()
    assert np.isfinite(score).all()
    assert len(arrays(augmenter.decode(Z))) == n_samples


@given(X=values(), exponent=st.integers(-60, 60), data=st.data())
def test_powers_of_two_are_units(X, exponent, data):
    largest = np.nanmax(np.abs(X))
    assume(largest == 0 or 1e-250 < largest < 1e250)
    smallest = np.nanmin(np.abs(X)[np.abs(X) > 0], initial=np.inf)
    assume(not smallest < 1e-270)  # not exact below the normal numbers
    augmenter, factor = data.draw(augmenters()), 2.0**exponent

    def made(X):
        augmenter.fit(X)
        return augmenter.sample(3, random_state=0), augmenter.augment(X, random_state=0)

    for plain, scaled in zip(made(X), made(X * factor), strict=True):
        np.testing.assert_array_equal(plain * factor, scaled)


@given(X=values(), data=st.data())
def test_rows_do_not_see_each_other(X, data):
    assume(len(X) > 1)
    augmenter = data.draw(augmenters())
    augmenter.fit(X)
    order = np.random.default_rng(0).permutation(len(X))
    methods = ["transform"]
    if hasattr(augmenter, "encode"):
        methods += ["encode", "reconstruct", "impute", "score_samples"]
    for method in methods:
        call = getattr(augmenter, method)
        whole = call(X)
        np.testing.assert_array_equal(call(X[order]), whole[order])
        np.testing.assert_array_equal(call(X[1:]), whole[1:])


@given(X=values(), data=st.data())
def test_files_and_fits_repeat(X, data, tmp_path_factory):
    import pickle

    augmenter = data.draw(augmenters())
    y = data.draw(labels(len(X)))
    augmenter.fit(X, y)
    path = tmp_path_factory.getbasetemp() / "a.safetensors"
    augmenter.save(path)
    others = [
        type(augmenter).load(path),
        pickle.loads(pickle.dumps(augmenter)),
        type(augmenter)(**augmenter.get_params(deep=False)).fit(X, y),
    ]
    if augmenter.random_state is None:
        others.pop()
    wanted = augmenter.sample(300, random_state=0), augmenter.augment(X, random_state=0)
    for other in others:
        got = other.sample(300, random_state=0), other.augment(X, random_state=0)
        assert same(got, wanted)
    np.testing.assert_array_equal(augmenter.sample(2, random_state=0), wanted[0][:2])


@given(X=values(), data=st.data())
def test_a_permutation_of_the_channels_permutes_what_has_none_of_the_network(X, data):
    # the weights of a network are not symmetric, but whatever is computed for each
    # channel by itself must not notice which one it is
    assume(not np.nanmax(np.abs(X)) > 1e150)  # whose square is no number
    order = np.array(data.draw(st.permutations(range(X.shape[1]))))
    plain, turned = (ScaleDecomposition().fit(some) for some in (X, X[:, order]))
    for one, other in zip(plain.split(X), turned.split(X[:, order]), strict=True):
        np.testing.assert_array_equal(one[:, order], other)
    kind = data.draw(st.sampled_from([TimeWarp, MagnitudeWarp, Scaling, Trend]))
    direct = DirectAugmenter(kind(), random_state=0)
    varied, other = (
        direct.fit(some).augment(some, random_state=0) for some in (X, X[:, order])
    )
    np.testing.assert_allclose(varied[:, order], other, rtol=1e-9, atol=0)


@given(
    shape=st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 3)),
    dtype=st.sampled_from(["f8", "f4", "f2", "i4", "?", "O", "c16", "U1", "M8[s]"]),
    spoiled=st.sampled_from([None, np.nan, np.inf]),
    place=st.integers(0, 17),
)
def test_it_is_fitted_or_refused_with_a_sentence(shape, dtype, spoiled, place):
    X = np.ones(shape) + np.arange(shape[2])
    if spoiled is not None and X.size:
        X.flat[place % X.size] = spoiled
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NaN cast to integers, by ourselves
        X = X.astype(dtype) if dtype != "M8[s]" else X.astype("i8").astype(dtype)
    augmenter = LatentAugmenter(latent_dim=1, hidden_dim=2, max_epochs=1)
    try:
        augmenter.fit(X)
    except (ValueError, TypeError) as error:
        words = str(error)
        assert len(words.split()) > 4
        assert not [name for name in vars(augmenter) if name.endswith("_")]
    else:
        drawn = augmenter.sample(2)
        assert drawn.shape == (2, *shape[1:])
        assert not np.isinf(drawn).any()
