"""Ports: whether they are free, and what to say when they are not."""

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
        if in_use(host, port):
            raise PlainError(
                f"Port {port} is in use; stop what listens there or set {variable} to a free port"
            )


def in_use(host: str, port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False
