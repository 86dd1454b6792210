"""The encoder problem: eight patterns through three units, which invent a code for them.

The inputs feed the three code units alone. These feed each other and the eight outputs, and the
outputs feed the code units in return. A small penalty on the recurrent weights keeps the units
settling.
"""

import numpy as np

from backprop_c import Adam, RecurrentNetwork

N, N_CODE, STARTS = 8, 3, 20
is_code = np.arange(N_CODE + N) < N_CODE
patterns = np.eye(N)


def trained(random_state):
    net = RecurrentNetwork(
        N,
        N_CODE + N,
        N,
        activation="sigmoid",
        connections=is_code[:, np.newaxis] | is_code,  # from or to a code unit
        input_connections=np.tile(is_code, (N, 1)),
        l2=(0, 3e-4),  # of the input weights, and of the recurrent ones
        random_state=random_state,
    )
    history = net.fit(patterns, patterns, epochs=600, batch_size=None, optimizer=Adam(0.1))
    return net, history


net, history = trained(1)
print(f"loss {history['loss'][0]:.3f} -> {history['loss'][-1]:.3f}")
print(f"iterations {history['iterations'][-1]:.1f}, settled {history['settled'].min():.0%}")
units = net.settle(patterns)
for i, (code, output) in enumerate(zip(units[:, :N_CODE], net.predict(patterns), strict=True)):
    print(f"pattern {i}: code {code.round(2) + 0.0}, output {output.argmax()}")

# Not every start finds one.
right = distinct = 0
for random_state in range(STARTS):
    net, _ = trained(random_state)
    right += (net.predict(patterns).round() == patterns).all()
    codes = net.settle(patterns)[:, :N_CODE].round()
    distinct += len(np.unique(codes, axis=0)) == N
print(f"of {STARTS} starts {right} have every output right")
print(f"{distinct} have eight codes that still differ when rounded to bits")
