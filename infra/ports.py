"""Ports: whether they are free, and what to say when they are not."""

import errno
import socket
from collections.abc import Mapping

from infra.errors import PlainError


def check_ports(ports: Mapping[str, tuple[str, int]]) -> None:
    """Refuse ports that somebody else listens on; the key is the variable that changes one."""
    seen: dict[int, str] = {}
    for variable, (host, port) in ports.items():
        if port in seen:
            raise PlainError(f"{variable} and {seen[port]} are both {port}; set one of them", 2)
        seen[port] = variable
        error = _listening_error(host, port)
        if error is None:
            continue
        if error.errno == errno.EADDRINUSE:
            raise PlainError(
                f"Port {port} is in use; stop what listens there or set {variable} to a free port"
            )
        if error.errno == errno.EACCES:
            raise PlainError(f"Port {port} needs more rights; set {variable} to one above 1023", 2)
        raise PlainError(
            f"The address {host} cannot be used ({error.strerror}); set SMARTSCALE_HOST to an IPv4 "
            "address of this machine",
            2,
        )


def _listening_error(host: str, port: int) -> OSError | None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error
    return None
