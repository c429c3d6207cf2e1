"""
Fresh variations in a training loop of your own
===============================================

A network that is trained in torch sees the same few series again and again. Here each
step brings variations that it has not seen before: half of each batch is real, and the
other half is varied anew. The same loop runs once with real days alone, with the same
number of steps.
"""

import matplotlib.pyplot as plt
import numpy as np
import torch
from sktime.datasets import load_italy_power_demand
from torch import nn
from torch.utils.data import DataLoader

from lgta_sklearn import LatentAugmenter
from lgta_sklearn.adapters.torch import AugmentedDataset

# %%
# Twenty days of winter and summer to learn, and 1029 to test. The augmenter learns the
# same twenty days, with their labels.
X, y = load_italy_power_demand(split="train", return_type="numpy3D")
X_test, y_test = load_italy_power_demand(split="test", return_type="numpy3D")
y, y_test = (y == "2").astype(int), (y_test == "2").astype(int)
X, y = X[:20], y[:20]
augmenter = LatentAugmenter(random_state=0).fit(X, y)

# %%
# The dataset yields batches as tensors, and serves any loader of torch. ``real_share``
# says how many series stay as they are; with 1 nothing is varied.
series = {
    "real days": AugmentedDataset(
        augmenter, X, y, batch_size=16, real_share=1, n_batches=20, random_state=0
    ),
    "half of them varied anew": AugmentedDataset(
        augmenter, X, y, batch_size=16, real_share=0.5, n_batches=20, random_state=0
    ),
}


# %%
# An ordinary loop: 25 epochs of 20 steps, and the accuracy on the test days after each.
def accuracies(dataset, n_epochs=25):
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv1d(1, 32, 5, padding="same"),
        nn.ReLU(),
        nn.Conv1d(32, 32, 3, padding="same"),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 24, 2),
    )
    optimizer = torch.optim.Adam(model.parameters())
    found = []
    for _ in range(n_epochs):
        for X_batch, y_batch in DataLoader(dataset, batch_size=None):
            loss = nn.functional.cross_entropy(model(X_batch), y_batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            predicted = model(torch.from_numpy(X_test).float()).argmax(dim=1).numpy()
        found.append((predicted == y_test).mean())
    return found


curves = {name: accuracies(dataset) for name, dataset in series.items()}
for name, curve in curves.items():
    print(f"{name}: {np.mean(curve[-5:]):.3f}")

# %%
# Five of the varied days beside real ones, and the accuracy as training goes on. Here
# they make no difference: what they are worth has to be measured for each set and
# network, with real series alone beside.
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 3.5), layout="constrained")
fresh = augmenter.stream(X, y, batch_size=5, real_share=0, random_state=0).batch(0)[0]
left.plot(X[:, 0].T, color="grey", lw=0.8, alpha=0.5)
left.plot(fresh[:, 0].T)
left.set(title="real days (grey), and fresh ones", xlabel="hour")
for name, curve in curves.items():
    right.plot(range(1, len(curve) + 1), curve, label=name)
right.set(title="accuracy on 1029 other days", xlabel="epoch")
right.legend()
figure.savefig("training_loop.png", dpi=120)
