"""The package that comes with the project and serves until another one is active."""

from importlib.resources import files
from pathlib import Path

from smartscale.recognition.package import ModelPackage, PackageError, load_package

MODULE = "smartscale_model"


def builtin_package() -> ModelPackage:
    """The built-in package, from the model layer on Lambda and from the repo elsewhere.

    Raises:
        PackageError: the model layer is missing or damaged.
    """
    try:
        folder = Path(str(files(MODULE)))
    except ModuleNotFoundError as error:
        raise PackageError(f"the layer with {MODULE} is missing") from error
    return load_package(folder)
