"""Augmentation and synthesis of time series as scikit-learn estimators.

The public names stand in ``__init__.pyi``, one line each. They are imported when they
are first used, so that to import the package costs next to nothing.
"""

import lazy_loader

__version__ = "0.1.0.dev0"
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
