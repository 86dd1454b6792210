"""Iris with early stopping: the fit ends by itself, and the best epoch is brought back."""

from backprop_c import EarlyStopping, Network
from backprop_c.demo import load_iris

X, species = load_iris()

net = Network((4, 8, 3), loss="cross_entropy", random_state=0)
history = net.fit(
    (X - X.mean(axis=0)) / X.std(axis=0),
    species,
    epochs=2000,
    optimizer="adam",
    metrics=["accuracy"],
    validation_fraction=0.25,
    callbacks=[EarlyStopping(patience=50)],
)

held_out = len(history.validation_indices)
best = history.best_epoch
print(net.summary())
print(f"ended after {history.epochs} of 2000 epochs; the best was epoch {best}")
print(
    f"accuracy on the {held_out} flowers kept for validation: "
    f"{history['val_accuracy'][best - 1]:.3f}"
)
