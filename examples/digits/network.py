"""A small neural network in plain Python: slow enough to watch, small enough to read."""

import json
from math import exp, log, sqrt
from operator import mul


class Network:
    """Pixels -> hidden units (ReLU) -> one probability per class, trained by SGD with momentum.

    A layer is a list of rows, one per unit; the last weight of a row is the unit's bias.
    """

    def __init__(self, inputs, hidden, classes, rng):
        self.layers = [random_layer(inputs, hidden, rng), random_layer(hidden, classes, rng)]
        self.velocity = [zeros_like(layer) for layer in self.layers]

    def predict(self, pixels):
        """Return the activations of the hidden units and the probability of each class."""
        hidden = [max(0.0, score) for score in scores(self.layers[0], pixels)]
        return hidden, softmax(scores(self.layers[1], hidden))

    def train_batch(self, images, lr, momentum=0.9):
        """Take one step down the gradient of the cross-entropy; return the batch's mean loss."""
        gradient = [zeros_like(layer) for layer in self.layers]
        loss = sum(self.add_gradient(gradient, pixels, digit) for pixels, digit in images)
        for layer, velocity, slopes in zip(self.layers, self.velocity, gradient):
            for unit, slope in enumerate(slopes):
                velocity[unit] = [
                    momentum * v - lr * s / len(images) for v, s in zip(velocity[unit], slope)
                ]
                layer[unit] = [w + v for w, v in zip(layer[unit], velocity[unit])]
        return loss / len(images)

    def add_gradient(self, gradient, pixels, digit):
        """Add the gradient of one image, by backpropagation; return the image's loss."""
        hidden, probabilities = self.predict(pixels)
        errors = [p - (k == digit) for k, p in enumerate(probabilities)]
        hidden_errors = [
            sum(map(mul, errors, column)) if active else 0.0
            for active, column in zip(hidden, zip(*self.layers[1]))
        ]
        add_outer_product(gradient[0], hidden_errors, pixels)
        add_outer_product(gradient[1], errors, hidden)
        return cross_entropy(probabilities, digit)

    def evaluate(self, images):
        """Return the mean loss and the share of images whose likeliest class is right."""
        loss = correct = 0
        for pixels, digit in images:
            _, probabilities = self.predict(pixels)
            loss += cross_entropy(probabilities, digit)
            correct += probabilities.index(max(probabilities)) == digit
        return loss / len(images), correct / len(images)

    def dump(self, progress):
        """Return a checkpoint: the loop's progress, the weights and the optimizer's velocity."""
        state = {**progress, "layers": self.layers, "velocity": self.velocity}
        return json.dumps(state).encode()  # safe to open, unlike a pickle, and exact for floats

    def load(self, content):
        """Take over a checkpoint's weights and velocity; return the loop's progress."""
        state = json.loads(content)
        layers, velocity = state["layers"], state["velocity"]
        if len(layers[0]) != len(self.layers[0]):
            raise ValueError(f"trained with --hidden {len(layers[0])}")
        self.layers, self.velocity = layers, velocity
        return state


def random_layer(inputs, units, rng):
    spread = sqrt(2 / inputs)  # He initialisation: keeps the signal's strength through ReLU
    return [[rng.gauss(0, spread) for _ in range(inputs)] + [0.0] for _ in range(units)]


def zeros_like(layer):
    return [[0.0] * len(row) for row in layer]


def scores(layer, inputs):
    # map stops at the shorter list, so the bias, last in the row, is left out of the products.
    return [sum(map(mul, row, inputs)) + row[-1] for row in layer]


def add_outer_product(gradient, errors, inputs):
    inputs = [*inputs, 1.0]  # the bias sees a constant
    for unit, error in enumerate(errors):
        if error:
            gradient[unit] = [g + error * x for g, x in zip(gradient[unit], inputs)]


def softmax(values):
    largest = max(values)
    powers = [exp(value - largest) for value in values]
    total = sum(powers)
    return [power / total for power in powers]


def cross_entropy(probabilities, digit):
    return -log(max(probabilities[digit], 1e-12))
