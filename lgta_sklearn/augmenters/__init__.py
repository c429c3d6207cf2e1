"""Augmenters: scikit-learn estimators around the networks."""
