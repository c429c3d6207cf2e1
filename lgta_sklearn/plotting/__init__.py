"""Pictures of series, of models and of what transformations do. They need matplotlib.

Every function takes ``ax=`` and returns the axes it drew on, so that pictures can be
put together and changed. One that needs several panels takes an array of axes, or one
axes that it splits. Series come in any container the augmenters take, with gaps and
different lengths. Colours are told apart by people with any kind of colour vision
(Okabe and Ito, 2008), and sets differ by line or marker too, so that a print in grey
can be read.
"""

from lgta_sklearn.plotting._comparison import (
    plot_autocorrelation,
    plot_marginal,
    plot_overlay,
    plot_spectrum,
)
from lgta_sklearn.plotting._maps import plot_latent_space, plot_map
from lgta_sklearn.plotting._models import plot_reconstruction, plot_training
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
    "plot_spectrum",
    "plot_strength_curve",
    "plot_training",
    "plot_variations",
]
