"""`smartscale run`: the whole system on one machine, started, watched and stopped in order."""

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from infra.bell import VARIABLE as BELL
from infra.bell import bell_path
from infra.credentials import credentials_file
from infra.deploy import deploy, embedded_parameters, find_deployed
from infra.deployment import Deployment
from infra.emulator import Emulator
from infra.errors import PlainError, Stopped
from infra.outputs import stack_environment
from infra.ports import check_ports
from infra.private import kept_secret
from infra.probe import answers
from infra.process import Child
from infra.readiness import MAKE_ROOM, OF_THE_RUN, RESTORE, ROWS, UNTIL_IDLE, Readiness
from infra.readiness import VARIABLE as READY_FILE
from infra.restarts import Restarts
from infra.run_lock import only_run, wait_for_predecessors
from infra.settings import ROOT, Cloud, Settings
from infra.space import Room, Space
from infra.waiting import wait_until
from smartscale.domain.errors import StoreUnavailable
from smartscale.domain.limits import MAX_IMAGE_BYTES

_FILE_OF_KIOSKS = "kiosk-secret"
"""The file in the home folder with what kiosks prove themselves with."""
_READY_S = 60.0
_LOOK_S = 0.25
_ROOM_EVERY_S = 30.0
_WAKE_EVERY_S = 1.0
_TELL_S = 5.0
"""How long a stop waits for figures that are told again; the next start tells what is left."""
_DRAIN_S = 5.0
_HOUSEKEEPING = timedelta(days=1)
_SETTLED = timedelta(minutes=1)
"""When housekeeping begins after a start that had nothing to restore."""


@dataclass
class Service:
    """A child that serves HTTP, and how often it had to be started again."""

    child: Child
    ready_url: str | None
    """None for one that serves nobody, without which the others go on."""
    restarts: Restarts = field(default_factory=Restarts)
    wanted: Callable[[], bool] | None = None
    """Of one that ends by itself when it has nothing to do: whether there is something again."""

    @property
    def rests(self) -> bool:
        """Whether it has ended, or not begun, because there is nothing to do."""
        return self.wanted is not None and not self.child.alive and not self.child.exit_status


class Supervisor:
    """Runs emulator, API and kiosk for as long as nobody asks it to stop."""

    def __init__(
        self,
        settings: Settings,
        stop: threading.Event,
        report: Callable[[str], None],
        *,
        root: Path = ROOT,
    ) -> None:
        self._settings = settings
        self._stop = stop
        self._report = report
        self._root = root
        self._parameters = embedded_parameters(settings)
        self._ready = Readiness.of(settings.home)
        self._bell = bell_path(settings.home)
        self._emulator = Emulator(
            settings.home,
            settings.cloud_port,
            settings.region,
            ready=self._ready,
            stop=stop,
            report=report,
            bell=self._bell,
        )
        self._emulator_restarts = Restarts()
        self._initialise: Child | None = None
        self._restoring: Child | None = None
        self._housekeeping_due = datetime.max.replace(tzinfo=UTC)
        self._services: list[Service] = []
        self._room = Room.ENOUGH
        self._room_due = 0.0
        self._wake_due = 0.0
        self._imports_unseen = False
        """Whether a model may be half imported of which no message tells any more."""
        self._stack_environment: dict[str, str] = {}

    def run(self) -> None:
        """Start everything, watch it, and stop it when `stop` is set."""
        settings = self._settings
        with only_run(settings.home):
            try:
                wait_for_predecessors(
                    settings.home,
                    ("cloud", "api", "kiosk", "initialise", "importer"),
                    stop=self._stop,
                    report=self._report,
                )
                check_ports(
                    {
                        "SMARTSCALE_CLOUD_PORT": ("127.0.0.1", settings.cloud_port),
                        "SMARTSCALE_API_PORT": (settings.host, settings.api_port),
                        "SMARTSCALE_UI_PORT": (settings.kiosk_host, settings.ui_port),
                    }
                )
                self._start()
                self._watch()
            except Stopped:
                pass
            finally:
                self._shut_down()

    def _start(self) -> None:
        self._report("Starting")
        self._ready.withdraw()
        self._emulator.launch()
        deployment = find_deployed(
            self._emulator, self._settings.stack, self._parameters, root=self._root
        )
        if deployment is None:
            self._serve_kiosk()  # it needs the API's address alone, and loads meanwhile
            self._emulator.wait()
            deployment = self._deploy()
            self._serve_api(deployment)
        else:
            self._serve_api(deployment)  # it loads while the emulator does
            self._emulator.wait()
            self._serve_kiosk()
        self._restore(deployment)
        for service in self._services:
            self._wait_ready(service)
        self._serve(
            "importer",
            "infra.importer",
            None,
            self._importer_environment(),
            arguments=[UNTIL_IDLE],
            wanted=self._imports_wait,
        )
        self._report(
            "\n".join(
                (
                    "",
                    "SmartScale is ready.",
                    f"  Kiosk          {self._settings.ui_url}",
                    f"  API            {self._settings.api_url}/docs",
                    f"  Emulated AWS   {self._settings.embedded_endpoint}",
                    f"  Its keys       {credentials_file(self._settings.home)}",
                    f"  Bucket         s3://{deployment.outputs.bucket}",
                    f"  Logs           {self._settings.home / 'logs'}",
                    "Stop with Ctrl-C.",
                    "",
                )
            )
        )

    def _serve_kiosk(self) -> None:
        environment = {**self._common_environment(), **self._certificate()}
        self._serve("kiosk", "frontend", self._settings.ui_url, environment)

    def _serve_api(self, deployment: Deployment) -> None:
        self._stack_environment = self._environment(deployment)
        health = f"{self._settings.api_url}/v1/health"
        self._serve("api", "infra.api", health, self._stack_environment)

    def _deploy(self) -> Deployment:
        return deploy(
            self._emulator,
            self._settings.stack,
            self._parameters,
            root=self._root,
            stop=self._stop,
            report=self._report,
        )

    def _common_environment(self) -> dict[str, str]:
        settings = self._settings
        return {
            # The operator's own AWS settings are for other stacks than this one.
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "SMARTSCALE_HOME": str(settings.home),
            "SMARTSCALE_HOST": settings.host,
            "SMARTSCALE_API_URL": settings.api_url,
            "SMARTSCALE_API_PORT": str(settings.api_port),
            "SMARTSCALE_UI_PORT": str(settings.ui_port),
            "SMARTSCALE_CLOUD_PORT": str(settings.cloud_port),
            READY_FILE: str(self._ready.file),
            "NICEGUI_STORAGE_PATH": str(settings.home / "kiosk"),
            "SMARTSCALE_KIOSK_SECRET": self._kiosk_secret(),
            # As the template says it to the workers: a second thread costs more than it brings.
            "OPENBLAS_NUM_THREADS": "1",
        }

    def _certificate(self) -> dict[str, str]:
        """What the kiosk has to know of its certificate, made or renewed if it is time."""
        settings = self._settings
        if settings.certificate is not None:
            key = settings.certificate_key
            given = {"SMARTSCALE_CERTIFICATE": str(settings.certificate)}
            return given if key is None else given | {"SMARTSCALE_CERTIFICATE_KEY": str(key)}
        if not settings.https:
            return {}
        from infra.certificate import (  # noqa: PLC0415 - 15 MB that few runs need
            certificate_in,
            names_of_machine,
        )

        names = names_of_machine(settings.allowed_hosts.split())
        made = certificate_in(settings.certificates, names)
        for line in made.news():
            self._report(line)
        return {
            "SMARTSCALE_CERTIFICATE": str(made.file),
            "SMARTSCALE_CERTIFICATE_AUTHORITY": str(made.authority),
        }

    def _kiosk_secret(self) -> str:
        given = self._settings.kiosk_secret
        if given is not None:
            return given.get_secret_value()
        return kept_secret(self._settings.home / _FILE_OF_KIOSKS)

    def _environment(self, deployment: Deployment) -> dict[str, str]:
        settings = self._settings.model_copy(update={"endpoint_url": None, "cloud": Cloud.EMBEDDED})
        return {
            **self._common_environment(),
            **stack_environment(settings, deployment.outputs),
            "SMARTSCALE_CLOUD": Cloud.EMBEDDED.value,
            "SMARTSCALE_MODEL_ID": settings.model_id,
            **({BELL: str(self._bell)} if self._bell else {}),
            "ADMIN_TOKEN": settings.admin_token.get_secret_value(),
            "MAX_IMAGE_BYTES": str(MAX_IMAGE_BYTES),
            # On the loopback whoever asks is on this machine; its pages are kept out by their host.
            "HISTORY_IS_OPEN": str(not settings.reaches_others).lower(),
        }

    def _importer_environment(self) -> dict[str, str]:
        return {
            "SMARTSCALE_SAMPLES": str(self._root / "sample_data"),
            **self._stack_environment,
            "MODEL_CACHE": str(self._settings.model_cache),
        }

    def _serve(
        self,
        name: str,
        module: str,
        ready_url: str | None,
        environment: dict[str, str],
        *,
        arguments: Sequence[str] = (),
        wanted: Callable[[], bool] | None = None,
    ) -> None:
        home = self._settings.home
        child = Child(name, module, arguments, home=home, environment=environment)
        if wanted is None:
            child.start()
        self._services.append(Service(child, ready_url, wanted=wanted))

    def _imports_wait(self) -> bool:
        """Whether a model is to be imported."""
        if self._imports_unseen:
            self._imports_unseen = False
            return True
        try:
            return self._emulator.signed.waiting(self._stack_environment["IMPORTS_QUEUE_URL"]) > 0
        except StoreUnavailable:  # the next look is soon
            return False

    def _restore(self, deployment: Deployment) -> None:
        """Fill the catalogue and rebuild what the last run did not save; then let others work."""
        if self._emulator.complete and not deployment.changed:
            self._ready.declare()
            self._housekeeping_due = datetime.now(UTC) + _SETTLED
            return
        self._report("Restoring from the stored objects")
        figures_are_kept = self._emulator.complete and not deployment.rebuilt
        self._emulator.complete = False
        child = self._start_initialise([ROWS if figures_are_kept else RESTORE])
        wait_until(lambda: bool(self._ready) or not child.alive, float("inf"), stop=self._stop)
        if not self._ready:
            raise PlainError(
                "Restoring catalogue and weighings failed; see "
                f"{self._settings.home / 'logs' / 'initialise.log'}"
            )
        self._restoring = child
        self._imports_unseen = True

    def _see_restored(self, wait_s: float = 0.0) -> None:
        """Know when the figures have been told as well: from then on a stop saves everything."""
        child = self._restoring
        if child is None or not wait_until(lambda: not child.alive, wait_s):
            return
        self._restoring = None
        self._emulator.complete = child.exit_status == 0
        if not self._emulator.complete:
            self._report(
                "Earlier figures could not be told, the next start tries again; see "
                f"{self._settings.home / 'logs' / 'initialise.log'}"
            )

    def _start_initialise(self, arguments: list[str]) -> Child:
        self._initialise = Child(
            "initialise",
            "infra.initialise",
            arguments,
            home=self._settings.home,
            environment={**self._stack_environment, **OF_THE_RUN},
        )
        self._initialise.start()
        self._housekeeping_due = datetime.now(UTC) + _HOUSEKEEPING
        return self._initialise

    def _wait_ready(self, service: Service) -> None:
        ready = wait_until(
            lambda: (
                not service.child.alive or service.ready_url is None or answers(service.ready_url)
            ),
            _READY_S,
            stop=self._stop,
        )
        if not ready or not service.child.alive:
            raise PlainError(
                f"The {service.child.name} did not start; see "
                f"{self._settings.home / 'logs' / f'{service.child.name}.log'}"
            )

    def _watch(self) -> None:
        while not self._stop.wait(_LOOK_S):
            if not self._emulator.child.alive:
                self._revive_emulator()
            for service in self._services[:]:
                if not service.child.alive and not service.rests:
                    self._revive(service)
            self._wake_wanted()
            self._see_restored()
            if datetime.now(UTC) >= self._housekeeping_due:
                # It runs beside the traffic; what it finds wrong is in its log.
                since = datetime.now(UTC) - 2 * _HOUSEKEEPING
                self._start_initialise([since.isoformat()])
                self._renew_certificate()
            self._watch_room()

    def _renew_certificate(self) -> None:
        """Renew it if it is time; the kiosk sees that by itself. What holds is served meanwhile."""
        try:
            self._certificate()
        except OSError as error:
            self._report(f"The certificate could not be renewed, and is tried again: {error}")

    def _wake_wanted(self) -> None:
        """Start who rests where there is something to do again."""
        if time.monotonic() >= self._wake_due:
            self._wake_due = time.monotonic() + _WAKE_EVERY_S
            self._wake(lambda service: service.wanted is not None and service.wanted())

    def _wake(self, whom: Callable[[Service], bool] = lambda _: True) -> None:
        """Start who rests; whatever crashed may have left something that no message tells of."""
        for service in self._services:
            if service.rests and whom(service):
                service.child.stop()
                service.child.start()

    def _watch_room(self) -> None:
        """Have old pictures deleted before the disk is full, and say what state it is in."""
        if time.monotonic() < self._room_due:
            return
        self._room_due = time.monotonic() + _ROOM_EVERY_S
        room = Space(self._settings.home).room()
        if room is not self._room:
            self._report(f"The disk of {self._settings.home} is {room.value}")
            self._room = room
        busy = self._initialise is not None and self._initialise.alive
        if room in {Room.SCARCE, Room.NONE} and not busy:
            due = self._housekeeping_due
            self._start_initialise([MAKE_ROOM])
            self._housekeeping_due = due

    def _revive_emulator(self) -> None:
        """Start the emulator again: its tables are as old as its last save, so restore them."""
        self._ready.withdraw()
        while not self._ready:
            if self._restoring is not None:  # what it told died with the emulator
                self._restoring.stop()
                self._restoring = None
            self._pause(self._emulator_restarts, self._emulator.child)
            try:
                self._emulator.stop()
                self._emulator.start()
                self._restore(self._deploy())
            except PlainError as error:
                # Most likely it died once more meanwhile: one more crash, whatever it was.
                self._report(str(error))
                self._emulator.child.kill()
                self._emulator_restarts.failed()
        self._report("The emulator is back")
        self._wake()

    def _revive(self, service: Service) -> None:
        try:
            self._pause(service.restarts, service.child)
        except PlainError as error:
            if service.ready_url is not None:
                raise
            self._report(f"{error}; the others go on without it")
            self._services.remove(service)
            service.child.stop()
            return
        service.child.stop()
        service.child.start()
        self._wake()

    def _pause(self, restarts: Restarts, child: Child) -> None:
        pause = restarts.next_pause()
        if pause is None:
            raise PlainError(
                f"{child.name} ended again and again; see "
                f"{self._settings.home / 'logs' / f'{child.name}.log'}"
            )
        self._report(f"{child.name} ended (status {child.exit_status}): starting it again")
        if self._stop.wait(pause):
            raise Stopped

    def _drain(self) -> None:
        """Let the workers end the batches that they have, so that rows and figures are saved whole.

        What they do not end in time stays in the queue.
        """
        was_ready = bool(self._ready)
        self._ready.withdraw()
        url = self._stack_environment.get("WEIGHINGS_QUEUE_URL")
        if not (was_ready and url and self._emulator.child.alive):
            return
        try:
            wait_until(lambda: self._emulator.signed.in_hand(url) == 0, _DRAIN_S)
        except StoreUnavailable as error:
            self._report(f"What is under way is not waited for: {error}")

    def _shut_down(self) -> None:
        """Stop in the order of dependence: the emulator last, with everything it has to save."""
        if not self._services:
            return
        self._report("Stopping")
        self._see_restored(_TELL_S)
        for service in self._services:
            service.child.stop()
        if self._initialise:
            self._initialise.stop()
        self._drain()
        if self._emulator.stop():
            self._report("Stopped; everything is saved.")
        else:
            self._report("Stopped; the next run restores from the stored objects.")
