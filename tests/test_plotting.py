import matplotlib as mpl
import numpy as np
import pytest

from lgta_sklearn import DirectAugmenter
from lgta_sklearn.plotting import plot_response, plot_variations
from lgta_sklearn.transforms import Drift, Jitter


@pytest.fixture(autouse=True)
def on_no_screen():
    import matplotlib.pyplot as plt

    with mpl.rc_context({"backend": "agg"}):
        yield
    plt.close("all")


def test_a_response_is_a_line_per_transformation(italy):
    X, _ = italy
    augmenter = DirectAugmenter(Jitter(), random_state=0).fit(X)
    ax = plot_response(augmenter, X, [Jitter(), Drift()], strengths=(0.1, 0.2, 0.4))
    lines = ax.get_lines()
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "Jitter",
        "Drift",
    ]
    np.testing.assert_allclose(lines[0].get_ydata(), (0.1, 0.2, 0.4), rtol=0.1)
    assert augmenter.transformation.scale == 0.25
    assert isinstance(augmenter.transformation, Jitter)  # not changed
    assert plot_response(augmenter, X, ax=ax) is ax


def test_variations_stand_side_by_side(italy, motions):
    for X, channel in ((italy[0], 0), (motions[0], 4)):
        augmenters = {
            "one": DirectAugmenter(random_state=0).fit(X),
            "other": DirectAugmenter(random_state=1).fit(X),
        }
        axes = plot_variations(
            X[0], augmenters, [Jitter(), Drift()], n_variations=3, channel=channel
        )
        assert axes.shape == (2, 3)
        original = X[0] if X.ndim == 2 else X[0, channel]
        np.testing.assert_array_equal(axes[0, 0].get_lines()[0].get_ydata(), original)
        assert len(axes[1, 1].get_lines()) == 4
        # the same random numbers for both
        drawn = [ax.get_lines()[0].get_ydata() for ax in axes[1, 1:]]
        np.testing.assert_allclose(drawn[0], drawn[1], rtol=0.5, atol=0.3)
        assert [ax.get_title() for ax in axes[0]] == ["original", "one", "other"]
