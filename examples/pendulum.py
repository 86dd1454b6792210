"""Model-predictive control: swing a pendulum up with a learned model and its input Jacobian."""

import numpy as np

from backprop_c import LevenbergMarquardt, Network

STEP, HORIZON, LIMIT = 0.05, 40, 3.0  # seconds, steps ahead, largest torque


def physics(state, torque):
    """What the controller does not know: angle (0 is up) and speed after one step."""
    angle, speed = state[..., 0], state[..., 1]
    speed = speed + STEP * (9.81 * np.sin(angle) + torque - 0.1 * speed)
    return np.stack([angle + STEP * speed, speed], axis=-1)


# Learn how the state changes, from random states and torques.
rng = np.random.default_rng(0)
states = rng.uniform((-np.pi, -8), (np.pi, 8), size=(2000, 2))
torques = rng.uniform(-LIMIT, LIMIT, 2000)


def inputs(state, torque):
    """Cosine and sine of the angle, so that turns make no difference; speed and torque."""
    angle, speed = state[..., 0], state[..., 1]
    return np.stack([np.cos(angle), np.sin(angle), speed / 8, torque / LIMIT], axis=-1)


X, changes = inputs(states, torques), physics(states, torques) - states
model = Network((4, 12, 2), random_state=0)
model.fit(X, changes, epochs=60, optimizer=LevenbergMarquardt())
print(f"largest error of the model {np.abs(model.predict(X) - changes).max():.4f}")


def plan(state, torques):
    """Improve torques along the gradient of the states' costs: 1 - cos(angle) + speed**2 / 200."""
    for _ in range(8):
        path, jacobians = [state], []
        for torque in torques:
            x = inputs(path[-1], torque)
            angle, d = path[-1][0], model.jacobian(x)
            by_state = np.stack([d[:, 1] * np.cos(angle) - d[:, 0] * np.sin(angle), d[:, 2] / 8], 1)
            jacobians.append((np.eye(2) + by_state, d[:, 3] / LIMIT))
            path.append(path[-1] + model.predict(x))
        slope, gradient = np.zeros(2), np.empty(HORIZON)
        for k in range(HORIZON - 1, -1, -1):
            slope = slope + np.array([np.sin(path[k + 1][0]), path[k + 1][1] / 100])
            gradient[k] = jacobians[k][1] @ slope
            slope = jacobians[k][0].T @ slope
        torques = np.clip(torques - 0.5 * gradient / np.abs(gradient).max(), -LIMIT, LIMIT)
    return torques


state, torques = np.array([np.pi, 0.0]), rng.normal(size=HORIZON)
for _ in range(160):
    torques = plan(state, torques)
    state = physics(state, torques[0])
    torques = np.append(torques[1:], 0)
print(f"after 8 seconds {np.degrees(np.arccos(np.cos(state[0]))):.1f} degrees from upright")
