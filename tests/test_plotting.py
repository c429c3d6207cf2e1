import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA

from lgta_sklearn import (
    AdversarialAugmenter,
    DirectAugmenter,
    LatentAugmenter,
    plotting,
)
from lgta_sklearn.datasets import make_waves
from lgta_sklearn.transforms import Drift, Jitter


@pytest.fixture(autouse=True)
def on_no_screen():
    import matplotlib.pyplot as plt

    with mpl.rc_context({"backend": "agg"}):
        yield
    plt.close("all")


@pytest.fixture(scope="module")
def waves():
    return make_waves(80, n_timepoints=32, random_state=0)


@pytest.fixture(scope="module")
def other():
    return make_waves(60, n_timepoints=32, random_state=1)


@pytest.fixture(scope="module")
def augmenter(waves):
    return LatentAugmenter(max_epochs=4, random_state=0).fit(waves)


COMPARISONS = [
    plotting.plot_overlay,
    plotting.plot_marginal,
    plotting.plot_autocorrelation,
    plotting.plot_spectrum,
    plotting.plot_map,
    plotting.plot_nearest_distances,
    plotting.plot_nearest_pairs,
]


def drawn(ax, label):
    """Return x and y of the line with a label."""
    (line,) = [line for line in ax.get_lines() if line.get_label() == label]
    return line.get_data()


@pytest.mark.parametrize("plot", COMPARISONS)
class TestComparisons:
    def test_take_every_container_and_change_nothing(self, plot, waves, other):
        ragged = [row[: 20 + i % 12] for i, row in enumerate(waves)]
        gappy = other[:, None].copy()
        gappy[::2, :, 5:9] = np.nan
        frames = [pd.DataFrame({"a": row}) for row in waves]
        for real, synthetic in (
            (waves, other),
            (ragged, ragged[:30]),
            (waves[:, None], gappy),
            (pd.DataFrame(waves), other),
            (frames, frames[:20]),
        ):
            before = [np.array(row, copy=True) for row in synthetic[:3]]
            plot(real, synthetic)
            for row, was in zip(synthetic, before, strict=False):
                np.testing.assert_array_equal(row, was)

    def test_draw_on_what_they_are_given(self, plot, waves, other):
        import matplotlib.pyplot as plt

        figure, ax = plt.subplots()
        result = plot(waves, other, ax=ax)
        axes = np.atleast_1d(result)
        assert all(one.figure is figure for one in axes)
        assert len(axes) > 1 or axes[0] is ax
        figure.canvas.draw()

    def test_refuse_what_are_no_series(self, plot, waves):
        with pytest.raises(ValueError, match="must have shape"):
            plot(waves, np.zeros((3, 2, 2, 2)))
        with pytest.raises(ValueError, match="must have shape"):
            plot(np.zeros(5), waves)


@pytest.mark.parametrize("plot", COMPARISONS[:4])
def test_constants_can_be_drawn(plot):
    ax = plot(np.ones((5, 10)), np.ones((4, 10)))
    ax.figure.canvas.draw()


@pytest.mark.parametrize("plot", COMPARISONS[:4])
def test_a_channel_that_is_not_there_is_refused(plot, waves, other):
    with pytest.raises(ValueError, match=r"between 0 and 0.* got 1"):
        plot(waves, other, channel=1)


def test_an_overlay_has_the_quantiles_of_both(waves, other):
    ax = plotting.plot_overlay(waves, other, names=("yes", "no"), n_series=3)
    for X, name in ((waves, "yes, median"), (other, "no, median")):
        np.testing.assert_allclose(drawn(ax, name)[1], np.median(X, axis=0))
    assert len(ax.get_lines()) == 1 + 3 + 5
    low, high = drawn(ax, "middle 90 %")[1], ax.get_lines()[-1].get_ydata()
    np.testing.assert_allclose([low, high], np.quantile(other, [0.05, 0.95], axis=0))


def test_the_marginal_is_a_density(waves, other):
    ax = plotting.plot_marginal(waves, other, n_bins=20)
    bars = ax.patches[:20]
    area = sum(bar.get_height() * bar.get_width() for bar in bars)
    assert area == pytest.approx(1)


def test_the_autocorrelation_of_known_series():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(400, 50))
    wave = np.sin(np.arange(50) * 2 * np.pi / 10) + np.zeros((4, 1))
    ax = plotting.plot_autocorrelation(noise, wave, max_lag=12)
    lags, of_noise = drawn(ax, "real")
    of_wave = drawn(ax, "synthetic")[1]
    np.testing.assert_array_equal(lags, np.arange(13))
    assert of_noise[0] == pytest.approx(1)
    assert np.abs(of_noise[1:]).max() < 0.05
    assert of_wave[10] == pytest.approx(0.8, abs=0.02)  # 40 of 50 products are left
    assert of_wave[5] == pytest.approx(-0.9, abs=0.02)


def test_the_spectrum_peaks_where_the_wave_is():
    wave = np.sin(2 * np.pi * 0.1 * np.arange(100)) + np.zeros((3, 1))
    short = [row[: 60 + 10 * i] for i, row in enumerate(wave)]
    ax = plotting.plot_spectrum(wave, short)
    for name in ("real", "synthetic"):
        frequencies, power = drawn(ax, name)
        assert frequencies[power.argmax()] == pytest.approx(0.1, abs=0.011)
    # zeros that follow a shorter series do not thin its power out
    noise = np.random.default_rng(0).normal(size=(300, 64))
    ax = plotting.plot_spectrum(noise, [*noise[:, :32], noise[0]])
    whole, half = (drawn(ax, name)[1].mean() for name in ("real", "synthetic"))
    assert half == pytest.approx(whole, rel=0.1)


class TestMap:
    def test_the_plane_is_that_of_the_real_series(self, waves):
        far = waves[:40] * 5 + 3
        ax = plotting.plot_map(waves, far, max_samples=100)
        real, synthetic = (np.asarray(c.get_offsets()) for c in ax.collections)
        assert (len(real), len(synthetic)) == (80, 40)
        shares = PCA(2).fit(waves).explained_variance_ratio_
        assert ax.get_xlabel() == f"component 1 ({shares[0]:.0%})"
        np.testing.assert_allclose(real.mean(axis=0), 0, atol=1e-9)
        assert np.abs(synthetic).max() > 3 * np.abs(real).max()

    def test_classes_have_colours_and_sets_have_markers(self, waves, other):
        y = np.repeat(["a", "b"], 40)
        ax = plotting.plot_map(waves, other, y_real=y, y_synthetic=y[10:70])
        words = [text.get_text() for text in ax.get_legend().get_texts()]
        assert words == ["real", "synthetic", "a", "b"]
        assert len(np.unique(ax.collections[0].get_edgecolors(), axis=0)) == 2

    def test_other_maps(self, waves, other, monkeypatch):
        maps = [
            plotting.plot_map(waves, other, method="tsne", random_state=3)
            for _ in range(2)
        ]
        first, again = (
            [np.asarray(c.get_offsets()) for c in ax.collections] for ax in maps
        )
        for a, b in zip(first, again, strict=True):
            np.testing.assert_array_equal(a, b)
        monkeypatch.setitem(sys.modules, "umap", None)
        with pytest.raises(ImportError, match="pip install umap-learn"):
            plotting.plot_map(waves, other, method="umap")
        with pytest.raises(ValueError, match="must be 'pca', 'tsne' or 'umap'"):
            plotting.plot_map(waves, other, method="lda")

    @pytest.mark.changes_global_state  # numba sets the number of OpenMP's threads
    def test_umap_keeps_groups_apart(self, waves):
        pytest.importorskip("umap", reason="umap-learn is not installed")
        ax = plotting.plot_map(waves, waves + 50, method="umap")
        groups = [np.asarray(c.get_offsets()) for c in ax.collections]
        spread = max(group.std() for group in groups)
        assert np.linalg.norm(groups[0].mean(0) - groups[1].mean(0)) > 2 * spread

    def test_what_does_not_fit_together_is_refused(self, waves, other):
        with pytest.raises(ValueError, match="same channels, got 1 and 2"):
            plotting.plot_map(waves, np.stack([other, other], axis=1))
        with pytest.raises(ValueError, match="both or neither"):
            plotting.plot_map(waves, other, y_real=np.zeros(80))
        with pytest.raises(ValueError, match="at least 2 series"):
            plotting.plot_map(waves[:1], other)
        with pytest.raises(ValueError, match="all the same"):
            plotting.plot_map(np.ones((5, 32)), other)

    def test_many_classes_get_steps_of_one_scale(self, waves):
        y = np.arange(80) % 10
        ax = plotting.plot_map(waves, waves, y_real=y, y_synthetic=y)
        assert len(np.unique(ax.collections[0].get_edgecolors(), axis=0)) == 10


class TestModels:
    def test_the_course_of_a_training(self, augmenter):
        axes = plotting.plot_training(augmenter)
        np.testing.assert_array_equal(
            drawn(axes[0], "training")[1], augmenter.loss_curve_
        )
        for name in ("reconstruction", "KL"):
            assert len(drawn(axes[1], name)[1]) == augmenter.n_iter_
        assert axes[2].get_lines()[0].get_ydata()[-1] <= 16

    def test_the_course_of_a_game(self, waves):
        players = AdversarialAugmenter(hidden_dim=8, max_epochs=2, random_state=0)
        axes = plotting.plot_training(players.fit(waves))
        for panel, column in zip(
            axes, ("train_critic", "train_generator", "valid_loss"), strict=True
        ):
            wanted = [row[column] for row in players.history_]
            np.testing.assert_array_equal(panel.get_lines()[0].get_ydata(), wanted)
        axes = plotting.plot_snapshots(players)
        assert [ax.get_title() for ax in axes] == ["epoch 1", "epoch 2"]
        for panel, shapes in zip(axes, players.snapshots_, strict=True):
            for line, shape in zip(panel.get_lines(), shapes, strict=True):
                np.testing.assert_array_equal(line.get_ydata(), shape[0])
        with pytest.raises(ValueError, match="channel must lie"):
            plotting.plot_snapshots(players, channel=1)

    def test_a_family_without_snapshots_is_refused(self, augmenter):
        with pytest.raises(ValueError, match="without snapshots"):
            plotting.plot_snapshots(augmenter)

    def test_a_loss_without_parts_leaves_panels_that_say_so(self, augmenter):
        from copy import copy

        bare = copy(augmenter)
        bare.history_ = [{"epoch": 1, "train_loss": 2.0}]
        axes = plotting.plot_training(bare)
        assert [text.get_text() for ax in axes[1:] for text in ax.texts] == [
            "not recorded",
            "not recorded",
        ]

    def test_the_latent_space_is_coloured_by_label_or_value(self, augmenter, waves):
        for y, n_colours in ((np.arange(80) % 3, 3), (None, 1)):
            ax = plotting.plot_latent_space(augmenter, waves, y)
            faces = [tuple(c.get_facecolors()[0]) for c in ax.collections]
            assert len(set(faces)) == n_colours
            assert sum(len(c.get_offsets()) for c in ax.collections) == 80
        ax = plotting.plot_latent_space(augmenter, waves, waves.std(axis=1))
        assert ax.figure.axes[-1].get_ylabel() == "target"
        with pytest.raises(ValueError, match="inconsistent numbers"):
            plotting.plot_latent_space(augmenter, waves, np.zeros(3))

    def test_levels_and_lengths_are_no_codes(self, motions, waves):
        X, _ = motions
        for series in (X, [row[: 20 + i % 12] for i, row in enumerate(waves)]):
            fitted = LatentAugmenter(latent_dim=5, max_epochs=2, random_state=0)
            ax = plotting.plot_latent_space(fitted.fit(series), series)
            assert ax.get_title() == "latent space, 5 codes"

    def test_a_reconstruction_and_variations(self, augmenter, waves, motions):
        axes = plotting.plot_reconstruction(
            augmenter, waves[3], strengths=(0, 0.4), n_variations=2
        )
        np.testing.assert_array_equal(drawn(axes[0], "original")[1], waves[3])
        np.testing.assert_array_equal(
            drawn(axes[0], "reconstruction")[1], augmenter.reconstruct(waves[3:4])[0]
        )
        for line in axes[1].get_lines():  # strength 0
            np.testing.assert_array_equal(line.get_ydata(), waves[3])
        assert (axes[2].get_lines()[1].get_ydata() != waves[3]).any()
        X, _ = motions
        direct = DirectAugmenter(random_state=0).fit(X)
        axes = plotting.plot_reconstruction(direct, X[0], channel=4)
        np.testing.assert_array_equal(drawn(axes[0], "original")[1], X[0, 4])
        assert len(axes[0].get_lines()) == 1  # it has no model


class TestSets:
    def test_balance_counts_classes(self):
        ax = plotting.plot_class_balance(list("aaab"), pd.Series(list("aaabbbc")))
        heights = [bar.get_height() for bar in ax.patches]
        assert heights == [3, 1, 0, 3, 3, 1]
        assert [text.get_text() for text in ax.get_xticklabels()] == ["a", "b", "c"]

    def test_a_copy_is_a_step_at_zero(self, waves, other):
        ax = plotting.plot_nearest_distances(waves, waves[:40], other)
        x, y = drawn(ax, "synthetic to training series")
        assert x[np.searchsorted(y, 0.99)] == pytest.approx(0, abs=1e-6)
        x, y = drawn(ax, "unseen to training series")
        assert x[np.searchsorted(y, 0.5)] > 0.01

    def test_distances_are_root_mean_squares(self, waves):
        shifted = waves + 0.3 * waves.std()
        far = waves[:, None] * [[[1.0], [1.0]]]  # two channels
        moved = far + 0.3 * waves.std()
        for real, synthetic in ((waves[:1].repeat(2, 0), shifted[:1]), (far, moved)):
            unit = real.std() / waves.std()
            ax = plotting.plot_nearest_distances(real, synthetic)
            x, _ = drawn(ax, "synthetic to training series")
            assert x[np.isfinite(x)].max() <= 0.3 / unit + 1e-6

    def test_pairs_are_the_nearest_first(self, waves, other):
        mixed = np.concatenate([other, waves[7:8], waves[9:10] + 1e-3])
        axes = plotting.plot_nearest_pairs(waves, mixed, n_pairs=3)
        for panel, row, source in zip(axes, (60, 61), (7, 9), strict=False):
            real, synthetic = (line.get_ydata() for line in panel.get_lines())
            np.testing.assert_array_equal(real, waves[source])
            np.testing.assert_array_equal(synthetic, mixed[row])
        assert axes[0].get_title().startswith("distance 0.00")

    def test_one_training_series_has_no_neighbours(self, waves):
        with pytest.raises(ValueError, match="at least 2 series"):
            plotting.plot_nearest_distances(waves[:1], waves)


class TestStrength:
    def test_a_strength_curve_is_a_line_per_transformation(self, italy):
        X, _ = italy
        augmenter = DirectAugmenter(Jitter(), random_state=0).fit(X)
        ax = plotting.plot_strength_curve(
            augmenter, X, [Jitter(), Drift()], strengths=(0.1, 0.2, 0.4)
        )
        words = [text.get_text() for text in ax.get_legend().get_texts()]
        assert words == ["Jitter", "Drift"]
        np.testing.assert_allclose(drawn(ax, "Jitter")[1], (0.1, 0.2, 0.4), rtol=0.1)
        assert isinstance(augmenter.transformation, Jitter)  # not changed
        assert augmenter.transformation.scale == 0.25
        assert plotting.plot_strength_curve(augmenter, X, ax=ax) is ax

    def test_variations_stand_side_by_side(self, italy, motions):
        for X, channel in ((italy[0], 0), (motions[0], 4)):
            augmenters = {
                "one": DirectAugmenter(random_state=0).fit(X),
                "other": DirectAugmenter(random_state=1).fit(X),
            }
            axes = plotting.plot_variations(
                X[0], augmenters, [Jitter(), Drift()], n_variations=3, channel=channel
            )
            assert axes.shape == (2, 3)
            original = X[0] if X.ndim == 2 else X[0, channel]
            np.testing.assert_array_equal(
                axes[0, 0].get_lines()[0].get_ydata(), original
            )
            assert len(axes[1, 1].get_lines()) == 4
            # the same random numbers for both
            lines = [ax.get_lines()[0].get_ydata() for ax in axes[1, 1:]]
            np.testing.assert_allclose(lines[0], lines[1], rtol=0.5, atol=0.3)
            assert [ax.get_title() for ax in axes[0]] == ["original", "one", "other"]


class TestCanvas:
    def test_several_panels_take_one_axes_or_as_many(self, augmenter):
        import matplotlib.pyplot as plt

        figure, given = plt.subplots(1, 3)
        axes = plotting.plot_training(augmenter, ax=given)
        assert (axes == given).all()
        figure, ax = plt.subplots()
        axes = plotting.plot_training(augmenter, ax=ax)
        assert len(figure.axes) == 4
        assert all(one.figure is figure for one in axes)
        with pytest.raises(ValueError, match="one axes or 3 of them, got 2"):
            plotting.plot_training(augmenter, ax=given[:2])

    def test_without_matplotlib_the_error_says_what_to_install(
        self, monkeypatch, waves
    ):
        monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
        with pytest.raises(ImportError, match=r"lgta-sklearn\[plot\]"):
            plotting.plot_marginal(waves, waves)
