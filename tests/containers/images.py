"""The images of others that ours are made of and run beside: the public ones, or stand-ins.

Where no registry can be reached, they are made of what Debian, PyPI and npm have. A stand-in of
LocalStack is LocalStack itself; the others do what is needed here. What was real is told. One that
the engine has from an earlier run is taken as long as it would be made of the same.
"""

import hashlib
import json
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
    kind = next(kind for kind in _MAKERS if kind in name)
    made_of = _made_of(_MAKERS[kind][0], name)
    if engine.docker("images", "--quiet", name).strip():
        labels = json.loads(engine.docker("inspect", "--format", "{{json .Config.Labels}}", name))
        found = (labels or {}).get(_STAND_IN)
        if found in {made_of, None}:
            return Image(name, public=found is None)
    elif not os.environ.get("SMARTSCALE_STAND_INS") and _pulled(engine, name):
        return Image(name, public=True)
    file, make = _MAKERS[kind]
    make(engine, _Build(name, file, made_of, engine.work / file))
    return Image(name, public=False)


@dataclass(frozen=True)
class _Build:
    """A stand-in to be made."""

    name: str
    file: str
    """The name of its Dockerfile."""
    made_of: str
    context: Path
    """A folder of its own: several are made at once."""

    def run(self, engine: Engine, **arguments: str) -> None:
        """Make it, of what is in `context` and of what lies beside its Dockerfile."""
        shutil.copytree(STAND_INS, self.context, dirs_exist_ok=True)
        given = [f"--build-arg={key}={value}" for key, value in arguments.items()]
        engine.docker(
            *("build", "--quiet", "--label", f"{_STAND_IN}={self.made_of}", "--tag", self.name),
            *(*given, "--file", str(self.context / f"{self.file}.Dockerfile"), str(self.context)),
        )


def _made_of(file: str, name: str) -> str:
    """A hash of all that a stand-in is made of, which is its label."""
    text = (STAND_INS / f"{file}.Dockerfile").read_text("utf-8")
    parts = [text, name, *_ELSEWHERE.get(file, ())]
    copied = [STAND_INS / one for one in re.findall(r"^COPY (\S+)", text, re.MULTILINE)]
    parts += [one.read_text("utf-8") for one in copied if one.is_file()]
    if f"FROM {PYTHON}" in text:
        parts.append(_made_of("python", PYTHON))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


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
_PACKAGES = "python3.13,python3-pip,python3.13-venv,ca-certificates,netbase,tzdata"
_ELSEWHERE: dict[str, tuple[str, ...]] = {"python": (_PACKAGES,), "localstack": (_DYNAMODB,)}
"""What a stand-in is made of that lies in no file here."""


def _python(engine: Engine, build: _Build) -> None:
    build.context.mkdir()
    root = engine.work / "trixie.tar"
    said(
        [
            *("mmdebstrap", "--quiet", "--variant=minbase", f"--include={_PACKAGES}"),
            *("trixie", str(root), _mirror()),
        ],
        dict(os.environ),
        600,
    )
    engine.docker("import", str(root), "smartscale/trixie")
    root.unlink()
    # This machine's: it may have to trust who stands between it and the internet.
    shutil.copy(_CERTIFICATES, build.context)
    build.run(engine)


def _mirror() -> str:
    """Where this machine gets Debian from."""
    targets = said(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
        dict(os.environ),
        60,
    )
    return next(line for line in targets.splitlines() if line.rstrip("/").endswith("/debian"))


def _localstack(engine: Engine, build: _Build) -> None:
    packed = said(
        ["npm", "pack", "--silent", _DYNAMODB], dict(os.environ), 300, cwd=engine.work
    ).split()[-1]
    shutil.unpack_archive(engine.work / packed, engine.work / "npm")
    [jar] = (engine.work / "npm").rglob("DynamoDBLocal.jar")
    shutil.copytree(jar.parent, build.context / "dynamodb-local")
    build.run(engine)


def _ministack(engine: Engine, build: _Build) -> None:
    build.run(engine, VERSION=build.name.rpartition(":")[2].removesuffix("-full"))


def _plain(engine: Engine, build: _Build) -> None:
    build.run(engine)


_MAKERS: dict[str, tuple[str, Callable[[Engine, _Build], None]]] = {
    "lambda/python": ("lambda", _plain),
    "python:": ("python", _python),
    "localstack": ("localstack", _localstack),
    "ministack": ("ministack", _ministack),
    "grafana": ("grafana", _plain),
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
