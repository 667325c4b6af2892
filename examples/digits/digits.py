"""The data: 1,797 images of handwritten digits, 8 x 8 grey pixels each (see data/README.md)."""

import csv
import random
from pathlib import Path

PIXELS = 64
CLASSES = 10
BRIGHTEST = 16
TEST_IMAGES = 360


def load():
    """Return (training images, test images); an image is (64 floats from 0 to 1, its digit)."""
    path = Path(__file__).parent / "data" / "digits.csv"
    with path.open(newline="") as file:
        images = [to_image(row) for row in csv.reader(file)]
    # Always the same split, whatever --seed says: accuracies of two runs stay comparable.
    random.Random(0).shuffle(images)
    return images[TEST_IMAGES:], images[:TEST_IMAGES]


def to_image(row):
    *pixels, digit = map(int, row)
    return [pixel / BRIGHTEST for pixel in pixels], digit
