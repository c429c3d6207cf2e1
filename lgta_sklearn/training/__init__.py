"""Training: what a family hands over, the trainer, losses, batches, the skorch net."""
