"""The training of train.py, with its network in PyTorch: runs on a GPU when there is one.

    python3 train_torch.py --device cuda
"""

import io
import json
import os
import random
import sys

import digits
from support import parse_options
from train import Training

try:
    import torch
    from torch import nn
except ImportError:
    sys.exit(
        f"train_torch.py needs PyTorch, and {sys.executable} has none.\n"
        "Install it (python3 -m pip install torch), or run train.py, which needs nothing."
    )


def main():
    device_option = {
        "default": os.environ.get("RUNCTL_DEVICE") or "auto",
        "help": "where to compute: auto, cpu, cuda",
    }
    options = parse_options(
        "Teach a small PyTorch network to read handwritten digits.", ("--device", device_option)
    )
    device = pick_device(options.device)
    print(f"using {device}", flush=True)
    torch.manual_seed(options.seed)
    network = TorchNetwork(digits.PIXELS, options.hidden, digits.CLASSES, device)
    Training(options, network, random.Random(options.seed)).run()


def pick_device(wanted):
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=wanted)
    except (RuntimeError, AssertionError) as problem:
        sys.exit(f"cannot compute on {wanted}: {problem}\nTry --device cpu (or auto).")
    return wanted


class TorchNetwork:
    """Does what network.Network does, so that the loop in train.py drives either."""

    def __init__(self, inputs, hidden, classes, device):
        self.device = device
        self.model = nn.Sequential(
            nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, classes)
        ).to(device)
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1, momentum=0.9)
        self.cross_entropy = nn.CrossEntropyLoss()

    def train_batch(self, images, lr):
        pixels, labels = self.to_tensors(images)
        for group in self.optimizer.param_groups:
            group["lr"] = lr
        self.optimizer.zero_grad()
        loss = self.cross_entropy(self.model(pixels), labels)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    @torch.no_grad()
    def evaluate(self, images):
        pixels, labels = self.to_tensors(images)
        scores = self.model(pixels)
        correct = (scores.argmax(dim=1) == labels).float().mean()
        return self.cross_entropy(scores, labels).item(), correct.item()

    def to_tensors(self, images):
        pixels, labels = zip(*images)
        return (
            torch.tensor(pixels, device=self.device),
            torch.tensor(labels, device=self.device),
        )

    def dump(self, progress):
        # Tensors and text only: the safe loader of PyTorch 1.13 takes no floats.
        state = {
            "progress": json.dumps(progress),
            "model": self.model.state_dict(),
            "momentum": self.optimizer.state_dict()["state"],
        }
        file = io.BytesIO()
        torch.save(state, file)
        return file.getvalue()

    def load(self, content):
        state = load_safely(content)
        hidden = len(state["model"]["0.bias"])
        if hidden != len(self.model[0].bias):
            raise ValueError(f"trained with --hidden {hidden}")
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(
            {**self.optimizer.state_dict(), "state": state["momentum"]}
        )
        return json.loads(state["progress"])


def load_safely(content):
    try:
        # weights_only: a checkpoint from elsewhere must not be able to run code.
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as problem:  # a strange file makes torch.load raise errors of any kind
        raise ValueError("PyTorch cannot read it") from problem


if __name__ == "__main__":
    main()
