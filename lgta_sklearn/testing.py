"""The contract of augmenters, as a function: `check_augmenter`."""

import copy
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import clone

__all__ = ["check_augmenter"]


def check_augmenter(augmenter: Any) -> list[str]:
    """Check that an augmenter keeps the contract of the package.

    It is fitted some twenty times to 24 short series, so it should train quickly.
    Abilities that it does not have (`augment`, `impute`, `sample_imputations`) are not
    checked. For the contract of scikit-learn see
    `sklearn.utils.estimator_checks.check_estimator`.

    Parameters
    ----------
    augmenter : BaseAugmenter
        Unfitted augmenter. It is cloned, with a seed.

    Returns
    -------
    list of str
        Names of the checks that were passed.

    Raises
    ------
    AssertionError
        If a check fails; the message says what was expected.

    Examples
    --------
    >>> from lgta_sklearn import DirectAugmenter
    >>> from lgta_sklearn.testing import check_augmenter
    >>> len(check_augmenter(DirectAugmenter())) > 5
    True
    """
    passed = []
    for check in _checks(augmenter):
        try:
            with warnings.catch_warnings():
                # so few series make a model warn
                warnings.simplefilter("ignore", UserWarning)
                check(clone(augmenter).set_params(random_state=0))
        except AssertionError as error:
            detail = str(error).strip() or "the two results differ"
            raise AssertionError(f"{check.__name__[1:]}: {detail}") from error
        passed.append(check.__name__[1:])
    return passed


def _checks(augmenter: Any) -> Iterator[Callable[[Any], None]]:
    """Yield the checks of all augmenters, and those of the abilities it has."""
    yield _check_layouts_and_units
    yield _check_samples_of_classes
    yield _check_repeatability
    yield _check_longer_draws
    yield _check_global_state_and_inputs
    yield _check_refit_forgets
    yield _check_files_and_copies
    yield _check_gaps_and_lengths
    if hasattr(augmenter, "augment"):
        yield _check_variations
    if hasattr(augmenter, "impute"):
        yield _check_imputation
    if hasattr(augmenter, "sample_imputations"):
        yield _check_multiple_imputation
        yield _check_forecasts


def _series(n_channels: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return 24 smooth series of 12 time points, (n, C, T), and labels."""
    rng = np.random.default_rng(0)
    labels = np.repeat(["calm", "wild"], [16, 8])
    time = np.linspace(0, 2 * np.pi, 12)
    phase = rng.uniform(0, 1, size=(24, n_channels, 1))
    size = np.where(labels == "calm", 1.0, 3.0)[:, None, None]
    X = 5 + size * np.sin(time + phase) + 0.1 * rng.normal(size=(24, n_channels, 12))
    return X, labels


def _same(one: Any, other: Any) -> bool:
    """Tell whether two sets of series are equal to the last bit."""
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    one, other = np.asarray(one), np.asarray(other)
    numbers = one.dtype.kind == "f"
    return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=numbers)


def _expect(holds: Any, message: str) -> None:
    """Raise an AssertionError, also where Python runs without assertions."""
    if not holds:
        raise AssertionError(message)


def _expect_error(call: Callable[[], Any], words: str) -> None:
    """Expect a ValueError with certain words."""
    try:
        call()
    except ValueError as error:
        _expect(words in str(error), f"the error does not say {words!r}: {error}")
        return
    raise AssertionError(f"a ValueError that says {words!r} was expected")


def _check_layouts_and_units(augmenter: Any) -> None:
    """Check that samples have the layout, dtype and units of the series of `fit`."""
    for n_channels in (1, 2):
        X, y = _series(n_channels)
        X = X[:, 0] if n_channels == 1 else X
        for given in (X, X.astype(np.float32), 1000 * X):
            drawn = augmenter.fit(given, y).sample(30)
            _expect(drawn.shape == (30, *X.shape[1:]), "samples have another shape")
            _expect(drawn.dtype == given.dtype, "samples have another dtype")
            _expect(np.isfinite(drawn).all(), "samples are not finite")
            near = abs(drawn.mean() - given.mean()) < 2 * given.std()
            _expect(near, "samples are not in the units of the series")


def _check_samples_of_classes(augmenter: Any) -> None:
    """Check that labels of samples are aligned, and that classes can be chosen."""
    X, y = _series()
    augmenter.fit(X, y)
    _, labels = augmenter.sample(60, return_y=True)
    _expect(labels.dtype == y.dtype, "labels have another dtype")
    _expect(set(labels) == set(y), "some classes are never sampled, or others are")
    wanted = np.array(["wild", "calm", "wild"])
    _, got = augmenter.sample(y=wanted, return_y=True)
    _expect(_same(got, wanted), "sample(y=...) returns other labels")
    spread = [augmenter.sample(60, y=k, random_state=0).std() for k in ("calm", "wild")]
    _expect(spread[0] < spread[1], "samples of the classes do not differ as they do")
    _expect_error(lambda: augmenter.sample(y="none"), "labels that were not in fit")
    augmenter.fit(X)
    _expect_error(lambda: augmenter.sample(y="wild"), "fitted without labels")


def _check_repeatability(augmenter: Any) -> None:
    """Check that the same seed gives the same model, and calls without one differ."""
    X, y = _series()
    first = clone(augmenter).fit(X, y)
    again = clone(augmenter).fit(X, y)
    one, other = first.sample(5), first.sample(5)
    _expect(not _same(one, other), "two calls of sample return the same series")
    repeated = [again.sample(5), again.sample(5)]
    _expect(_same([one, other], repeated), "a second fit with the same seed differs")
    seeded = first.sample(5, random_state=1)
    _expect(_same(seeded, first.sample(5, random_state=1)), "a seed does not repeat")
    another = clone(augmenter).set_params(random_state=1).fit(X, y)
    _expect(not _same(one, another.sample(5)), "random_state changes nothing")


def _check_longer_draws(augmenter: Any) -> None:
    """Check that a longer draw begins with the shorter one, to the last bit."""
    X, y = _series()
    augmenter.fit(X, y)
    drawn = augmenter.sample(300, random_state=2)
    for n in (1, 5, 256):
        same = _same(augmenter.sample(n, random_state=2), drawn[:n])
        _expect(same, f"sample(300) does not begin with sample({n})")
    _expect(len(augmenter.sample(0)) == 0, "sample(0) is not empty")
    _expect(not _same(drawn[:44], drawn[256:]), "blocks of samples repeat")


def _check_global_state_and_inputs(augmenter: Any) -> None:
    """Check that global generators are not touched, and inputs not written to."""
    X, y = _series()
    X.setflags(write=False)
    before: Any = np.random.get_state()  # noqa: NPY002
    augmenter.fit(X, y).sample(3)
    after: Any = np.random.get_state()  # noqa: NPY002
    same = _same(before[1], after[1]) and before[2] == after[2]
    _expect(same, "the global generator of NumPy was advanced")


def _check_refit_forgets(augmenter: Any) -> None:
    """Check that a second fit leaves nothing of the first, and a failing one none."""
    X, y = _series(2)
    augmenter.fit(X, y).fit(X[:, 0])
    _expect(not hasattr(augmenter, "classes_"), "classes_ of an earlier fit are left")
    fresh = clone(augmenter).fit(X[:, 0])
    same = _same(augmenter.sample(4), fresh.sample(4))
    _expect(same, "an earlier fit has an effect")
    _expect_error(lambda: augmenter.fit(np.full((3, 12), np.inf)), "infinity")
    left = [name for name in vars(augmenter) if name.endswith("_")]
    _expect(not left, f"a failing fit leaves {left}")


def _check_files_and_copies(augmenter: Any) -> None:
    """Check that a saved or copied augmenter does what the original does."""
    X, y = _series(2)
    augmenter.fit(X, y)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "augmenter.safetensors"
        augmenter.save(path)
        loaded = type(augmenter).load(path)
    copied = copy.deepcopy(augmenter)  # what pickle does, but for the bytes
    wanted = augmenter.sample(60), augmenter.sample(5, y="wild", random_state=3)
    for other in (loaded, copied):
        got = other.sample(60), other.sample(5, y="wild", random_state=3)
        _expect(_same(wanted, got), "a copy samples other series")


def _check_gaps_and_lengths(augmenter: Any) -> None:
    """Check that missing values and series of different lengths are accepted."""
    X, y = _series()
    gappy = X.copy()
    gappy[::3, :, 4] = np.nan
    drawn = augmenter.fit(gappy, y).sample(20)
    _expect(np.isfinite(drawn[:, :, 0]).all(), "samples have gaps of their own")
    _expect(not np.isinf(drawn).any(), "samples are infinite")
    lists = [x[:, : 12 - i % 4] for i, x in enumerate(X)]
    drawn = augmenter.fit(lists, y).sample(20)
    _expect(isinstance(drawn, list), "samples of lists are no list")
    shapes = {x.shape for x in drawn}
    _expect(shapes <= {(1, n) for n in range(9, 13)}, f"samples of lists are {shapes}")


def _check_variations(augmenter: Any) -> None:
    """Check that variations keep order and labels, and that strength 0 is nothing."""
    X, y = _series()
    augmenter.fit(X, y)
    varied, labels, index = augmenter.augment(X, y, n_copies=2, return_index=True)
    _expect(varied.shape == (48, 1, 12), "n_copies=2 does not double the series")
    _expect(_same(index, np.tile(np.arange(24), 2)), "the order of copies is another")
    _expect(_same(labels, y[index]), "labels are not those of the sources")
    _expect(_same(augmenter.augment(X, strength=0), X), "strength=0 is no identity")
    distances = [
        np.sqrt(((augmenter.augment(X, strength=s, random_state=0) - X) ** 2).mean())
        for s in (0.1, 0.2, 0.4)
    ]
    grows = distances == sorted(distances)
    _expect(grows, "distance does not grow with strength")
    seeded, again = (augmenter.augment(X, random_state=1) for _ in range(2))
    _expect(_same(seeded, again), "a seed does not repeat")
    _expect(not _same(seeded, augmenter.augment(X)), "variations are not random")
    if augmenter.on_transform == "identity":
        _expect(_same(augmenter.transform(X), X), "transform changes series")
    varied = augmenter.fit_transform(X, y)
    _expect(not _same(varied, X), "fit_transform varies nothing")


def _check_imputation(augmenter: Any) -> None:
    """Check that gaps are filled and known values kept."""
    X, y = _series()
    gappy = X.copy()
    gappy[::2, :, 3:6] = np.nan
    filled = augmenter.fit(gappy, y).impute(gappy)
    known = ~np.isnan(gappy)
    _expect(np.isfinite(filled).all(), "gaps are left")
    _expect(_same(filled[known], gappy[known]), "known values were changed")


def _check_multiple_imputation(augmenter: Any) -> None:
    """Check that gaps are drawn, that known values are kept, and what a seed means."""
    X, y = _series(2)
    gappy = X.copy()
    gappy[::2, :, 3:6] = np.nan
    gaps = np.isnan(gappy)
    augmenter.fit(gappy, y)
    draws = augmenter.sample_imputations(gappy, 6, random_state=0)
    _expect(draws.shape == (6, *X.shape), "draws have another shape")
    _expect(np.isfinite(draws).all(), "gaps are left")
    kept = all(_same(draw[~gaps], gappy[~gaps]) for draw in draws)
    _expect(kept, "known values were changed")
    spread = draws.std(axis=0)[::2, :, 3:6]
    _expect((spread.max(axis=(1, 2)) > 0).all(), "draws of a gap are all the same")
    again = augmenter.sample_imputations(gappy, 6, random_state=0)
    _expect(_same(draws, again), "a seed does not repeat")
    other = augmenter.sample_imputations(gappy, 6)
    _expect(not _same(draws, other), "two calls of sample_imputations are the same")
    few = augmenter.sample_imputations(gappy, 2, random_state=0)
    # the last bits of a product of matrices depend on the number of rows
    close = np.allclose(draws[:2], few, rtol=1e-9, atol=0)
    _expect(close, "a longer draw does not begin with the shorter one")
    some = augmenter.sample_imputations(gappy[[8, 2]], 6, random_state=0)
    _expect(_same(draws[:, [8, 2]], some), "draws depend on the series around them")
    single = gappy.astype(np.float32)
    dtype = augmenter.sample_imputations(single, 2).dtype
    _expect(dtype == np.float32, "draws have another dtype")


def _check_forecasts(augmenter: Any) -> None:
    """Check quantiles in gaps, and that a forecast is the imputation of an end."""
    X, y = _series()
    augmenter.fit(X, y)
    ended = X.copy()
    ended[:, :, 9:] = np.nan
    levels = augmenter.impute_quantiles(ended, [0.1, 0.5, 0.9], random_state=0)
    _expect(levels.shape == (3, *X.shape), "quantiles have another shape")
    _expect((np.diff(levels, axis=0) >= 0).all(), "quantiles are not in order")
    known, seeded = X[:, :, :9], {"random_state": 0}
    got = augmenter.forecast(known, q=[0.1, 0.5, 0.9], **seeded)
    _expect(_same(got, levels[..., 9:]), "quantiles of forecasts are others")
    got = augmenter.forecast(known)
    _expect(got.shape == (24, 1, 3), "forecasts have another shape")
    _expect(_same(got, augmenter.impute(ended)[..., 9:]), "forecasts are no imputation")
    wanted = augmenter.sample_imputations(ended, 4, **seeded)[..., 9:]
    got = augmenter.forecast(known, 3, n_draws=4, **seeded)
    _expect(_same(got, wanted), "draws of forecasts are others")
    _expect_error(lambda: augmenter.forecast(X[:, :, :8], 3), "expected 9")
