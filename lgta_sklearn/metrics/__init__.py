"""Measures of the fidelity, diversity, privacy and usefulness of synthetic series.

They are functions ``metric(X_real, X_synthetic, *, random_state=None, ...)`` of arrays
of shape (n_samples, n_timepoints) or (n_samples, n_channels, n_timepoints), from any
generator. Each documents its direction and range. Compare a value with its floor, the
value for real series in the place of the synthetic ones.

Measures of imputations and forecasts are functions ``metric(X_true, X_drawn, *,
where=None, ...)`` of true values and several draws of each.
"""

from lgta_sklearn.metrics.control import (
    Signature,
    monotone_share,
    signature,
    signature_distance,
    strength_correlation,
)
from lgta_sklearn.metrics.detection import discriminative_score
from lgta_sklearn.metrics.distribution import (
    autocorrelation_distance,
    cross_correlation_distance,
    frechet_distance,
    ks_distance,
    spectrum_distance,
    wasserstein,
)
from lgta_sklearn.metrics.features import RandomConvolutions
from lgta_sklearn.metrics.kernels import mmd, mmd_p_value
from lgta_sklearn.metrics.neighbours import (
    coverage,
    density,
    internal_diversity,
    precision,
    recall,
)
from lgta_sklearn.metrics.privacy import (
    membership_auc,
    near_duplicate_share,
    nearest_neighbour_ratio,
)
from lgta_sklearn.metrics.privacy_reporting import PrivacyReport, privacy_report
from lgta_sklearn.metrics.probabilistic import (
    crps,
    interval_coverage,
    interval_width,
)
from lgta_sklearn.metrics.reporting import Report, report
from lgta_sklearn.metrics.summaries import (
    summary_cosine_similarity,
    summary_jensen_shannon_distance,
)
from lgta_sklearn.metrics.usefulness import (
    augmentation_gain,
    predictive_score,
    trts_score,
    tstr_score,
)

__all__ = [
    "PrivacyReport",
    "RandomConvolutions",
    "Report",
    "Signature",
    "augmentation_gain",
    "autocorrelation_distance",
    "coverage",
    "cross_correlation_distance",
    "crps",
    "density",
    "discriminative_score",
    "frechet_distance",
    "internal_diversity",
    "interval_coverage",
    "interval_width",
    "ks_distance",
    "membership_auc",
    "mmd",
    "mmd_p_value",
    "monotone_share",
    "near_duplicate_share",
    "nearest_neighbour_ratio",
    "precision",
    "predictive_score",
    "privacy_report",
    "recall",
    "report",
    "signature",
    "signature_distance",
    "spectrum_distance",
    "strength_correlation",
    "summary_cosine_similarity",
    "summary_jensen_shannon_distance",
    "trts_score",
    "tstr_score",
    "wasserstein",
]
