"""The images of others that ours are made of and run beside: the public ones, or stand-ins.

Where no registry can be reached, they are made of what Debian, PyPI and npm have. A stand-in of
LocalStack is LocalStack itself; the others do what is needed here. What was real is told.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from infra.settings import ROOT
from tests.containers.engine import Engine, said

STAND_INS = Path(__file__).parent / "stand_ins"
PYTHON = "python:3.13-slim-trixie"
LAMBDA = "public.ecr.aws/lambda/python:3.13"
_DYNAMODB = "amplify-dynamodb-simulator@2.9.30"
"""Amazon's DynamoDB Local, as the newest package of npm that holds it."""
_CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True)
class Image:
    """An image by the name that our files ask for."""

    name: str
    public: bool

    def __str__(self) -> str:
        return f"{self.name}: {'the public image' if self.public else 'a stand-in'}"


def images_of_others() -> list[str]:
    """In an order in which one may be made of those before it."""
    compose = (ROOT / "docker-compose.yml").read_text("utf-8")
    named = re.findall(r"^ {4}image: (?:\$\{\w+:-)?([^\s}]+)\}?$", compose, re.MULTILINE)
    others = [name for name in named if not name.startswith("smartscale/")]
    return [PYTHON, LAMBDA, *others]


def provide(engine: Engine, name: str) -> Image:
    """Have an image: as it is there, pulled, or a stand-in."""
    if engine.docker("images", "--quiet", name).strip():
        return Image(name, public=_STAND_IN not in engine.docker("inspect", name))
    if not os.environ.get("SMARTSCALE_STAND_INS") and _pulled(engine, name):
        return Image(name, public=True)
    kind = next(kind for kind in _MAKERS if kind in name)
    _MAKERS[kind](engine, name)
    return Image(name, public=False)


def _pulled(engine: Engine, name: str) -> bool:
    done = subprocess.run(
        ["docker", "pull", "--quiet", name],
        env=engine.environment,
        capture_output=True,
        check=False,
        timeout=600,
    )
    return done.returncode == 0


_STAND_IN = "org.smartscale.stand-in"


def _build(engine: Engine, name: str, kind: str, **arguments: str) -> None:
    context = engine.work / "stand_ins"
    shutil.copytree(STAND_INS, context, dirs_exist_ok=True)
    given = [f"--build-arg={key}={value}" for key, value in arguments.items()]
    engine.docker(
        *("build", "--quiet", "--label", f"{_STAND_IN}=1", "--tag", name, *given),
        *("--file", str(context / f"{kind}.Dockerfile"), str(context)),
    )


def _python(engine: Engine, name: str) -> None:
    context = engine.work / "stand_ins"
    context.mkdir(exist_ok=True)
    root = engine.work / "trixie.tar"
    packages = "python3.13,python3-pip,python3.13-venv,ca-certificates,netbase,tzdata"
    said(
        [
            *("mmdebstrap", "--quiet", "--variant=minbase", f"--include={packages}"),
            *("trixie", str(root), _mirror()),
        ],
        dict(os.environ),
        600,
    )
    engine.docker("import", str(root), "smartscale/trixie")
    root.unlink()
    # This machine's: it may have to trust who stands between it and the internet.
    shutil.copy(_CERTIFICATES, context)
    _build(engine, name, "python")


def _mirror() -> str:
    """Where this machine gets Debian from."""
    targets = said(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
        dict(os.environ),
        60,
    )
    return next(line for line in targets.splitlines() if line.rstrip("/").endswith("/debian"))


def _lambda(engine: Engine, name: str) -> None:
    _build(engine, name, "lambda")


def _localstack(engine: Engine, name: str) -> None:
    context = engine.work / "stand_ins"
    packed = said(
        ["npm", "pack", "--silent", _DYNAMODB], dict(os.environ), 300, cwd=engine.work
    ).split()[-1]
    shutil.unpack_archive(engine.work / packed, engine.work / "npm")
    [jar] = (engine.work / "npm").rglob("DynamoDBLocal.jar")
    shutil.copytree(jar.parent, context / "dynamodb-local", dirs_exist_ok=True)
    _build(engine, name, "localstack")


def _ministack(engine: Engine, name: str) -> None:
    version = name.rpartition(":")[2].removesuffix("-full")
    _build(engine, name, "ministack", VERSION=version)


def _grafana(engine: Engine, name: str) -> None:
    _build(engine, name, "grafana")


_MAKERS: dict[str, Callable[[Engine, str], None]] = {
    "lambda/python": _lambda,
    "python:": _python,
    "localstack": _localstack,
    "ministack": _ministack,
    "grafana": _grafana,
}


def tools_for_stand_ins() -> str | None:
    """Why stand-ins cannot be made here, in a sentence; None when they can."""
    missing = [
        tool for tool in ("mmdebstrap", "npm", "docker-registry") if shutil.which(tool) is None
    ]
    if missing:
        named = ", ".join(missing)
        return f"The public images cannot be reached, and for stand-ins {named} is missing."
    return None
