"""Pictures of series, models and transformations. They need matplotlib.

Every function has a parameter ``ax`` and returns the axes it drew on, so that pictures
can be combined and changed. A picture of several panels takes an array of axes, or one
axes, which is split. Series can be in any container that the augmenters take, with gaps
and different lengths. The colours are distinct for people with any kind of colour
vision (Okabe and Ito, 2008). Sets differ by line or marker too, so that a print in grey
is readable.
"""

from lgta_sklearn.plotting._comparison import (
    plot_autocorrelation,
    plot_marginal,
    plot_overlay,
    plot_spectrum,
)
from lgta_sklearn.plotting._maps import plot_latent_space, plot_map
from lgta_sklearn.plotting._models import (
    plot_reconstruction,
    plot_snapshots,
    plot_training,
)
from lgta_sklearn.plotting._sets import (
    plot_class_balance,
    plot_nearest_distances,
    plot_nearest_pairs,
)
from lgta_sklearn.plotting._strength import plot_strength_curve, plot_variations

__all__ = [
    "plot_autocorrelation",
    "plot_class_balance",
    "plot_latent_space",
    "plot_map",
    "plot_marginal",
    "plot_nearest_distances",
    "plot_nearest_pairs",
    "plot_overlay",
    "plot_reconstruction",
    "plot_snapshots",
    "plot_spectrum",
    "plot_strength_curve",
    "plot_training",
    "plot_variations",
]
