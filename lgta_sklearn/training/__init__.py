"""Training: losses, batches and the skorch net."""

ACTIVE_VARIANCE = 0.01  # of a code's posterior mean over the series: it is in use
