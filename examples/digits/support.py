"""What every good training needs around its loop: options, a stop signal, whole checkpoints."""

import argparse
import json
import os
import signal
from pathlib import Path


def parse_options(description, *more):
    """Read the command line; runctl gives some defaults through the environment.

    `more` lists further options, each as (flag, settings for add_argument).
    """
    parser = argparse.ArgumentParser(description=description)

    def option(flag, **settings):
        settings["help"] += " (default: %(default)s)"
        parser.add_argument(flag, **settings)

    option("--epochs", type=count, default=40, help="passes over the training images")
    option("--lr", type=amount, default=0.05, help="learning rate of the first epoch")
    option("--batch-size", type=count, default=32, help="images per step")
    option("--hidden", type=count, default=32, help="hidden units")
    option("--seed", type=int, default=1, help="where the random numbers start")
    option("--log-every", type=count, default=10, metavar="STEPS", help="steps per log line")
    option("--save-every", type=count, default=4, metavar="EPOCHS", help="epochs per checkpoint")
    option("--delay", type=amount, default=0, metavar="SECONDS", help="pause after each step")
    option(
        "--checkpoint-dir",
        type=Path,
        default=os.environ.get("RUNCTL_CHECKPOINT_DIR") or "checkpoints",
        metavar="FOLDER",
        help="where checkpoints go",
    )
    for flag, settings in more:
        option(flag, **settings)
    parser.add_argument(
        "--resume",
        type=Path,
        default=os.environ.get("RUNCTL_RESUME_FROM") or None,
        metavar="CHECKPOINT",
        help="go on from this checkpoint",
    )
    return parser.parse_args()


def count(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def amount(text):
    number = float(text)
    if not 0 <= number < float("inf"):
        raise argparse.ArgumentTypeError("must be 0 or more")
    return number


def log(**metrics):
    """Print one line of key=value metrics, at once: runctl draws its charts from these."""
    print(*(f"{key}={short(value)}" for key, value in metrics.items()), flush=True)


def short(number):
    return f"{number:.5g}" if isinstance(number, float) else str(number)


class StopSignal:
    """Remembers a TERM or Ctrl-C, so that the loop can finish its step and save first."""

    def __init__(self):
        self.received = None
        signal.signal(signal.SIGTERM, self.remember)
        signal.signal(signal.SIGINT, self.remember)

    def remember(self, number, _frame):
        self.received = number

    @property
    def exit_code(self):
        """128 + signal, as shells report it: whoever waits sees that training did not finish."""
        return 128 + self.received


def save_checkpoint(path, content, **facts):
    """Write a checkpoint, then its facts beside it: PATH.json exists only for a whole file."""
    facts_path = path.with_name(path.name + ".json")
    if facts_path.exists():
        facts_path.unlink()  # best.ckpt is replaced often: no facts are better than old ones
    write_whole(path, content)
    write_whole(facts_path, json.dumps({**facts, "complete": True}).encode())
    print(f"saved {path}", flush=True)


def write_whole(path, content):
    """Write bytes so that, whenever the power fails, `path` is absent, old, or all there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".tmp")
    with unfinished.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
