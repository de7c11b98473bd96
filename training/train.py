"""`python -m training.train`: see `training.cli`."""

from training.cli import app

if __name__ == "__main__":
    app()
