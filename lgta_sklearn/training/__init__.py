"""Training: losses, batches and the skorch net."""
