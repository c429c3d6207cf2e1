"""Statistics for `GaussianAnonymizer`, of sums with noise alone.

Letters: ``a`` the attributes of a series and ``z`` its coefficients (`_spectra`). What
is computed from a release is as private as the release itself, so that nothing here
needs a budget; the two functions at the top compute what is released.
"""

import numpy as np

from lgta_sklearn._files.registry import storable
from lgta_sklearn.augmenters._spectra import Spectra

__all__ = ["ClassMeans", "Covariance", "class_sums", "first_sensitivity"]

ROOM = 1.5  # squared radius of the deviations, in their mean squares
LEAST = 1e-3  # energy of deviations
ATTRIBUTES = 0.5  # energy of all attributes, in that of the coefficients
MINOR = 0.7  # weight of all but the coefficients in the first release


def class_sums(
    spectra: Spectra, labels: np.ndarray, weights: np.ndarray, n_classes: int
) -> np.ndarray:
    """Return what the first release is made of.

    Parameters
    ----------
    spectra : Spectra
        Features of series.
    labels : ndarray of int of shape (n_samples,)
        Numbers of classes.
    weights : ndarray of shape (n_samples,)
        Weights of the records; those of a person sum to 1.
    n_classes : int
        Number of classes.

    Returns
    -------
    ndarray of shape (n_classes, n_columns)
        Weighted sums of 1, attributes, squared attributes and energies, these times
        `MINOR`, and of coefficients.
    """
    n, a = len(labels), spectra.attributes
    minor = [np.ones((n, 1)), a, a**2, spectra.energy.reshape(n, -1)]
    rows = np.hstack([MINOR * np.hstack(minor), spectra.z.reshape(n, -1)])
    sums = np.zeros((n_classes, rows.shape[1]))
    np.add.at(sums, labels, rows * weights[:, None])
    return sums


def first_sensitivity(n_channels: int, n_attributes: int) -> float:
    """Return the largest norm that a person adds to `class_sums`.

    Parameters
    ----------
    n_channels, n_attributes : int
        Layout of the features.

    Returns
    -------
    float
        The norm. Before they are weighted, the squares are 1 for the count, the number
        of attributes at most for these and for their squares, and that of the channels
        for the energies, as for the coefficients.
    """
    minor = 1 + 2 * n_attributes + n_channels
    return float(np.sqrt(MINOR**2 * minor + n_channels))


@storable
class ClassMeans:
    """Means of classes, and how far series lie from them: of released sums alone.

    Parameters
    ----------
    sums : ndarray of shape (n_classes, n_columns)
        Sums as in `class_sums`, with noise.
    noise : float
        Standard deviation of the noise.
    n_channels, n_attributes, n_coefficients : int
        Layout of the features.

    Attributes
    ----------
    shares : ndarray of shape (n_classes,)
        Frequencies of the classes.
    n_persons : float
        Number of persons.
    energy : ndarray of shape (n_classes, n_channels, n_bands)
        Mean energies.
    radius : float
        Largest norm of a deviation.
    """

    def __init__(
        self,
        sums: np.ndarray,
        noise: float,
        n_channels: int,
        n_attributes: int,
        n_coefficients: int,
    ) -> None:
        n_z = n_channels * n_coefficients
        minor, z = sums[:, :-n_z] / MINOR, sums[:, -n_z:]
        counts = np.maximum(minor[:, 0], 1.0)
        self.n_persons = float(counts.sum())
        self.shares = counts / self.n_persons
        cuts = [1, 1 + n_attributes, 1 + 2 * n_attributes]
        _, a, squares, energy = np.split(minor / counts[:, None], cuts, axis=1)
        errors = noise / counts  # of a mean
        self._a = _shrunken(a, errors / MINOR)
        octaves = np.log2(np.arange(n_coefficients) + 1).astype(int)
        self._z = np.empty((len(sums), n_channels, n_coefficients))
        z = z.reshape(self._z.shape) / counts[:, None, None]
        for octave in np.unique(octaves):
            some = z[:, :, octaves == octave]
            shrunken = _shrunken(some.reshape(len(sums), -1), errors, to_zero=True)
            self._z[:, :, octaves == octave] = shrunken.reshape(some.shape)
        self.energy = energy.clip(0, 1).reshape(len(sums), n_channels, -1)
        error = noise / MINOR / self.n_persons
        variance = self.shares @ (squares - self._a**2)
        # within twice its error of 0, it is 0: all series are alike
        self._sd = np.sqrt(np.where(variance > 2 * error, variance, 0.0))
        total = self.shares @ self.energy[:, :, 0].sum(axis=1)
        explained = self.shares @ (self._z**2).sum(axis=(1, 2))
        unexplained = float(np.clip(total - explained, LEAST, n_channels))
        active = int((self._sd > 0).sum())
        share = ATTRIBUTES if active else 0.0
        self._unit = np.sqrt(share * unexplained / max(active, 1))
        self.radius = float(np.sqrt(ROOM * (1 + share) * unexplained))

    def deviations(self, spectra: Spectra, labels: np.ndarray) -> np.ndarray:
        """Return how series differ from the means of their classes.

        Parameters
        ----------
        spectra : Spectra
            Features.
        labels : ndarray of int of shape (n_samples,)
            Numbers of classes.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Deviations with norms of at most `radius`.
        """
        alike = self._sd == 0
        scale = np.where(alike, 0.0, self._unit / np.where(alike, 1.0, self._sd))
        a = (spectra.attributes - self._a[labels]) * scale
        z = (spectra.z - self._z[labels]).reshape(len(labels), -1)
        D = np.hstack([a, z])
        norms = np.linalg.norm(D, axis=1, keepdims=True)
        # a little less than 1, so that rounding does not matter
        longest = (1 - 1e-12) * self.radius
        return D * np.minimum(1.0, longest / np.maximum(norms, 1e-300))

    def features(
        self, D: np.ndarray, labels: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the attributes and coefficients of deviations.

        Parameters
        ----------
        D : ndarray of shape (n_samples, n_columns)
            Deviations.
        labels : ndarray of int of shape (n_samples,)
            Numbers of classes.

        Returns
        -------
        attributes : ndarray of shape (n_samples, n_attributes)
            Not clipped.
        z : ndarray of shape (n_samples, n_channels, n_coefficients)
            Coefficients.
        """
        n_attributes = self._a.shape[1]
        scale = self._sd / (self._unit or 1.0)
        a = self._a[labels] + D[:, :n_attributes] * scale
        z = self._z[labels]
        return a, z + D[:, n_attributes:].reshape(z.shape)


def _shrunken(
    means: np.ndarray, errors: np.ndarray, *, to_zero: bool = False
) -> np.ndarray:
    """Return means of classes, moved to that of all as far as they are noise.

    The rule is that of James and Stein (1961): what the noise adds to a squared norm is
    taken off. The mean of all is moved to zero in the same way if `to_zero`.
    """
    precision = 1 / errors**2
    centre = precision @ means / precision.sum()
    if to_zero:
        centre = centre * _kept(centre, 1 / precision.sum())
    differences = [
        _kept(mean - centre, error**2) * (mean - centre)
        for mean, error in zip(means, errors, strict=True)
    ]
    return centre + np.stack(differences)


def _kept(vector: np.ndarray, variance: float) -> float:
    """Return the share of a vector that is no noise."""
    square = float(vector @ vector)
    return max(0.0, 1 - len(vector) * variance / square) if square > 0 else 0.0


@storable
class Covariance:
    """Directions of a noisy covariance that stand out, and the variance of the rest.

    Parameters
    ----------
    matrix : ndarray of shape (n_columns, n_columns)
        Covariance with symmetric noise.
    noise : float
        Standard deviation of the noise beside the diagonal.

    Attributes
    ----------
    values : ndarray of shape (n_columns,)
        Eigenvalues without what the noise adds to them; 0 for those that noise alone
        would have (the edge of the semicircle law, Wigner, 1958; the shrinkage is that
        of Gavish and Donoho, 2017, arXiv:1405.7511, for symmetric noise).
    """

    def __init__(self, matrix: np.ndarray, noise: float) -> None:
        values, self._axes = np.linalg.eigh(matrix)
        edge = 2 * noise * np.sqrt(len(matrix))
        over = np.maximum(values**2 - edge**2, 0.0)
        self.values = np.where(values > edge, (values + np.sqrt(over)) / 2, 0.0)
        kept = (self._axes**2 * self.values).sum(axis=1)
        rest = np.maximum(np.diag(matrix) - kept, 0.0)
        # the sum is known better than its parts
        total = max(float(np.trace(matrix) - self.values.sum()), 0.0)
        self._rest = rest * (total / rest.sum() if rest.sum() > 0 else 0.0)

    def sample(self, n_samples: int, rng: np.random.Generator) -> np.ndarray:
        """Draw vectors.

        Parameters
        ----------
        n_samples : int
            Number of vectors.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        ndarray of shape (n_samples, n_columns)
            Vectors.
        """
        size = n_samples, len(self.values)
        drawn = rng.standard_normal(size) * np.sqrt(self.values) @ self._axes.T
        return drawn + rng.standard_normal(size) * np.sqrt(self._rest)
