"""The setting `SMARTSCALE_SCALE`: which scale the kiosk weighs with, as a URL."""

from decimal import Decimal, InvalidOperation
from urllib.parse import parse_qsl, urlsplit

from frontend.devices.scales.protocols.cas import CAS, CAS_22
from frontend.devices.scales.protocols.mt_sics import MT_SICS
from frontend.devices.scales.protocols.protocol import KILOGRAMS, Pan
from frontend.devices.scales.protocols.toledo_8217 import TOLEDO_8217
from frontend.devices.scales.scale import GRAM, Scale
from frontend.devices.scales.wired import Wire, WiredScale

SIMULATED = "simulated://"
PROTOCOLS = {protocol.name: protocol for protocol in (MT_SICS, TOLEDO_8217, CAS, CAS_22)}
_OPTIONS = {"protocol", "baudrate", "unit", "capacity", "division", "parity"}
_LARGEST_KG = Decimal(30)
"""The heaviest load that the service accepts."""


def open_scale(url: str) -> Scale | None:
    """Open the scale that a setting names; None for the simulated one, as each page has its own.

    Raises:
        ValueError: the setting is not one; the message says what would be right.
    """
    wire = read_wire(url)
    return None if wire is None else WiredScale(wire)


def read_wire(url: str) -> Wire | None:
    """Read where a setting's scale is, without opening it; None for the simulated one.

    Raises:
        ValueError: the setting is not one; the message says what would be right.
    """
    if url == SIMULATED:
        return None
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unknown := options.keys() - _OPTIONS:
        raise ValueError(f"{sorted(unknown)[0]!r} is none of {', '.join(sorted(_OPTIONS))}")
    protocol = PROTOCOLS.get(options.get("protocol", ""))
    if protocol is None:
        raise ValueError(f"add ?protocol= with one of {', '.join(PROTOCOLS)}")
    unit = options.get("unit", "kg")
    if unit not in KILOGRAMS:
        raise ValueError(f"use a unit of {', '.join(KILOGRAMS)}")
    capacity = _kilograms("capacity", options.get("capacity", str(_LARGEST_KG)), _LARGEST_KG)
    division = _kilograms("division", options.get("division", str(GRAM)), capacity)
    parity = options.get("parity", "line")
    if parity not in {"line", "eighth-bit"}:
        raise ValueError("use parity=line, or parity=eighth-bit behind a serial server")
    baudrate = options.get("baudrate")
    if baudrate is not None and not (baudrate.isdecimal() and 300 <= int(baudrate) <= 921_600):  # noqa: PLR2004
        raise ValueError("use a baud rate such as 9600")
    return Wire(
        url=_address(parts.scheme, parts.netloc, parts.path),
        protocol=protocol,
        pan=Pan(capacity, division, unit),
        baudrate=None if baudrate is None else int(baudrate),
        parity_in_software=parity == "eighth-bit",
    )


def _address(scheme: str, netloc: str, path: str) -> str:
    """The address in the form that pyserial opens."""
    if scheme == "serial" and (device := netloc + path):
        return device
    if scheme in {"socket", "rfc2217"} and _has_a_port(netloc):
        return f"{scheme}://{netloc}"
    raise ValueError(
        f"use {SIMULATED}, serial:///dev/ttyUSB0?protocol=mt-sics "
        "or socket://host:port?protocol=mt-sics"
    )


def _has_a_port(netloc: str) -> bool:
    try:
        parts = urlsplit(f"//{netloc}")
        return bool(parts.hostname and parts.port)
    except ValueError:  # no number, or above 65535
        return False


def _kilograms(name: str, text: str, most: Decimal) -> Decimal:
    try:
        weight = Decimal(text)
    except InvalidOperation:
        weight = Decimal("NaN")
    if not (weight.is_finite() and GRAM <= weight <= most and weight == weight.quantize(GRAM)):
        raise ValueError(f"use a {name} from 0.001 to {most} in kilograms, such as 0.005")
    return weight
