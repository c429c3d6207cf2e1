"""Training: specification, trainer, losses, batches, callbacks, the skorch net."""
