"""Teach a small neural network to read handwritten digits. Needs Python 3.8 and nothing else.

    python3 train.py                                        train from the start
    python3 train.py --resume checkpoints/step-000900.ckpt  go on where that checkpoint was saved
"""

import random
import sys
import time
from math import ceil, isfinite

import digits
from network import Network
from support import StopSignal, log, parse_options, save_checkpoint


def main():
    options = parse_options("Teach a small neural network to read handwritten digits.")
    rng = random.Random(options.seed)
    network = Network(digits.PIXELS, options.hidden, digits.CLASSES, rng)
    Training(options, network, rng).run()


class Training:
    """The loop: take steps, print metrics, save checkpoints, stop when told, resume exactly."""

    def __init__(self, options, network, rng):
        self.options, self.network, self.rng = options, network, rng
        self.stop = StopSignal()
        self.train_images, self.test_images = digits.load()
        self.steps_per_epoch = ceil(len(self.train_images) / options.batch_size)
        self.total_steps = options.epochs * self.steps_per_epoch
        self.step = 0
        self.loss = None
        self.best_accuracy = 0.0
        self.epoch_rng = rng.getstate()  # where this epoch's shuffle starts: a resume repeats it

    @property
    def epoch(self):
        """The epoch of the latest step, counted from 1."""
        return ceil(self.step / self.steps_per_epoch)

    def run(self):
        if self.options.resume:
            self.resume(self.options.resume)
        print(f"training on {len(self.train_images)} images", flush=True)
        log(total_steps=self.total_steps)
        while self.step < self.total_steps:
            self.train_epoch()
        self.save("final.ckpt")
        print("done", flush=True)

    def train_epoch(self):
        """Train on each image once, in a random order; after a resume, on those still to come."""
        lr = self.options.lr * 0.95 ** (self.step // self.steps_per_epoch)
        images = self.rng.sample(self.train_images, len(self.train_images))
        size = self.options.batch_size
        for start in range(self.step % self.steps_per_epoch * size, len(images), size):
            if self.stop.received:
                self.save_and_exit()
            self.take_step(images[start : start + size], lr)
        self.epoch_rng = self.rng.getstate()
        self.finish_epoch()

    def take_step(self, batch, lr):
        self.loss = self.network.train_batch(batch, lr)
        if not isfinite(self.loss):
            sys.exit(f"the loss is {self.loss} after step {self.step}: try a smaller --lr")
        self.step += 1
        if self.step % self.options.log_every == 0:
            log(step=self.step, epoch=self.epoch, loss=self.loss, lr=lr)
        time.sleep(self.options.delay)

    def finish_epoch(self):
        val_loss, accuracy = self.network.evaluate(self.test_images)
        log(step=self.step, epoch=self.epoch, val_loss=val_loss, accuracy=accuracy)
        is_best = accuracy > self.best_accuracy
        self.best_accuracy = max(accuracy, self.best_accuracy)
        if is_best:
            self.save("best.ckpt")
        if self.epoch % self.options.save_every == 0:
            self.save(f"step-{self.step:06}.ckpt")

    def save_and_exit(self):
        self.save(f"step-{self.step:06}.ckpt")
        print(f"stopped after step {self.step} of {self.total_steps}", flush=True)
        sys.exit(self.stop.exit_code)

    def save(self, name):
        """Save all that the next step depends on, so that a resume cannot be told apart."""
        content = self.network.dump(
            {
                "batch_size": self.options.batch_size,
                "step": self.step,
                "loss": self.loss,
                "best_accuracy": self.best_accuracy,
                "rng": self.epoch_rng,
            }
        )
        _, accuracy = self.network.evaluate(self.test_images)
        save_checkpoint(
            self.options.checkpoint_dir / name,
            content,
            step=self.step,
            epoch=self.epoch,
            loss=self.loss,
            accuracy=accuracy,
        )

    def resume(self, path):
        try:
            saved = self.network.load(path.read_bytes())
            if saved["batch_size"] != self.options.batch_size:
                raise ValueError(f"trained with --batch-size {saved['batch_size']}")
            version, words, spare = saved["rng"]
        except OSError as problem:
            sys.exit(f"cannot resume: {problem}")
        except (ValueError, KeyError, TypeError) as problem:
            sys.exit(f"cannot resume: {path} does not fit this training ({problem})")
        self.step = saved["step"]
        self.loss = saved["loss"]
        self.best_accuracy = saved["best_accuracy"]
        self.epoch_rng = version, tuple(words), spare
        self.rng.setstate(self.epoch_rng)
        print(f"resumed from {path} after step {self.step}", flush=True)


if __name__ == "__main__":
    main()
