"""The kiosk's certificate for https, signed by an authority of the shop's own.

Browsers give the camera only to a page that came by https, or from their own machine. No public
authority signs for a name such as `kiosk.local`, so the shop makes one, which its devices are told
to trust. That authority can sign for the shop's own names and private addresses alone: whoever
stole its key could not stand in for anybody's bank.
"""

import os
import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import ifaddr
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from infra.private import FOLDER_MODE, write_private

AUTHORITY_LASTS = timedelta(days=3652)
LASTS = timedelta(days=397)
"""Phones refuse what holds for more than 825 days, and what is public for more than 398."""
RENEWED_BEFORE_END = timedelta(days=60)

_CLOCKS_DIFFER = timedelta(days=1)
"""A kiosk without a battery for its clock may start yesterday."""
_LOCAL_DOMAINS = ("localhost", "local", "lan", "internal", "home.arpa")
_LOCAL_NETWORKS = (
    *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"),
    *("169.254.0.0/16", "::1/128", "fc00::/7"),
)
"""What no public network leads to; 100.64.0.0/10 is that of VPNs."""
_NOT_WHOLE = (ValueError, TypeError, FileNotFoundError)
"""What reading a file raises that is not there, or is no key and certificate."""

Address = IPv4Address | IPv6Address


@dataclass(frozen=True)
class Certificate:
    """What the kiosk is served with."""

    file: Path
    """Key and certificate, PEM; for its owner alone."""
    authority: Path
    """What devices are told to trust, PEM; no secret."""
    names: tuple[str, ...]
    """The names and addresses that it holds for."""
    left_out: tuple[str, ...]
    """Names that it should hold for, and that the authority must not sign for."""
    ends: datetime
    fingerprint: str
    """SHA-256 of the authority, as devices show it."""
    is_new: bool
    """Whether it was made just now."""
    authority_is_new: bool

    def news(self) -> Iterator[str]:
        """What an operator should know of what has just been made."""
        if self.authority_is_new:
            yield (
                "An authority was made for the kiosk's certificate. Devices have to be told to "
                f"trust {self.authority} (SHA-256 {self.fingerprint})."
            )
        if self.is_new:
            yield (
                f"A certificate was made for {', '.join(self.names)}; it ends on "
                f"{self.ends:%Y-%m-%d} and is renewed before."
            )
        if self.left_out:
            yield (
                f"The certificate is not for {', '.join(self.left_out)}: the shop's authority was "
                "made before that name was. `smartscale certificate --new-authority` makes one "
                "that may sign for it, and that devices have to be told to trust."
            )


@dataclass(frozen=True)
class _Signed:
    """A certificate and its key."""

    key: EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> str:
        """Both in one file, which is replaced at once: no reader meets the key of another."""
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return (key + self.certificate.public_bytes(Encoding.PEM)).decode()

    @property
    def ends(self) -> datetime:
        return self.certificate.not_valid_after_utc


def names_of_machine(more: Iterable[str] = ()) -> tuple[str, ...]:
    """The names and private addresses by which others find this machine, and those given besides.

    Public addresses are left out: they change hands.
    """
    machine = socket.gethostname().lower().split(".")[0]
    found = ["localhost", "127.0.0.1", "::1", machine, f"{machine}.local"]
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            address = ip_address(ip.ip if isinstance(ip.ip, str) else ip.ip[0])
            if _in_networks(address, map(ip_network, _LOCAL_NETWORKS)):
                found.append(str(address))
    found += [name.lower() for name in more]
    return tuple(dict.fromkeys(name for name in found if name.isascii() and "*" not in name))


def certificate_in(
    folder: Path, names: Sequence[str], now: datetime | None = None, *, new_authority: bool = False
) -> Certificate:
    """The certificate for these names; what is missing, ends soon or holds for others is made anew.

    Args:
        folder: where it is kept; it belongs to its owner alone, and so do the files in it.
        names: host names and IP addresses.
        now: the time; this moment if not given.
        new_authority: make another authority, which all devices have to be told to trust.

    Raises:
        OSError: the folder cannot be written.
    """
    now = now or datetime.now(UTC)
    if not folder.is_dir():
        folder.mkdir(mode=FOLDER_MODE, parents=True)
        _give_to_owner(folder)
    kept, shown, served = (
        folder / name for name in ("authority.pem", "authority.crt", "kiosk.pem")
    )

    authority = None if new_authority else _read(kept)
    authority_is_new = authority is None or authority.ends <= now
    if authority is None or authority_is_new:
        authority = _make_authority(names, now)
        _write(kept, authority.pem)
    public = authority.certificate.public_bytes(Encoding.PEM).decode()
    if authority_is_new or not shown.is_file() or shown.read_text(encoding="ascii") != public:
        _write(shown, public)

    allowed = tuple(name for name in names if _may_sign(authority.certificate, name))
    leaf = _read(served)
    is_new = leaf is None or not _holds(leaf, authority, allowed, now)
    if leaf is None or is_new:
        leaf = _make_leaf(authority, allowed, now)
        _write(served, leaf.pem)
    digest = authority.certificate.fingerprint(hashes.SHA256())
    return Certificate(
        file=served,
        authority=shown,
        names=tuple(_names_in(leaf.certificate)),
        left_out=tuple(name for name in names if name not in allowed),
        ends=leaf.ends,
        fingerprint=digest.hex(":").upper(),
        is_new=is_new,
        authority_is_new=authority_is_new,
    )


def _read(file: Path) -> _Signed | None:
    """What a file holds; None where that is no key with its certificate."""
    try:
        pem = file.read_bytes()
        key = load_pem_private_key(pem, password=None)
        certificate = x509.load_pem_x509_certificate(pem)
    except _NOT_WHOLE:
        return None
    if not isinstance(key, EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        return None
    return _Signed(key, certificate)


def _holds(leaf: _Signed, authority: _Signed, names: Iterable[str], now: datetime) -> bool:
    """Whether it is the authority's, is for all the names, and does not end soon."""
    try:
        leaf.certificate.verify_directly_issued_by(authority.certificate)
    except (InvalidSignature, ValueError):
        return False
    return leaf.ends - RENEWED_BEFORE_END > now and set(names) <= set(_names_in(leaf.certificate))


def _make_authority(names: Sequence[str], now: datetime) -> _Signed:
    key = generate_private_key(SECP256R1())
    subject = _subject(f"SmartScale of {socket.gethostname()[:40]}, {now:%Y-%m-%d}")
    constraints = x509.NameConstraints(list(_may_be_signed(names)), None)
    certificate = (
        _builder(subject, subject, key, now, now + AUTHORITY_LASTS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_others=True), critical=True)
        .add_extension(constraints, critical=True)
        .sign(key, hashes.SHA256())
    )
    return _Signed(key, certificate)


def _make_leaf(authority: _Signed, names: Iterable[str], now: datetime) -> _Signed:
    key = generate_private_key(SECP256R1())
    issuer = authority.certificate
    identifier = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    certificate = (
        _builder(
            _subject("SmartScale kiosk"), issuer.subject, key, now, min(now + LASTS, authority.ends)
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_others=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(map(_general_name, names)), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier),
            critical=False,
        )
        .sign(authority.key, hashes.SHA256())
    )
    return _Signed(key, certificate)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: EllipticCurvePrivateKey,
    now: datetime,
    end: datetime,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCKS_DIFFER)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, signs_others: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_others,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_others,
        crl_sign=signs_others,
        encipher_only=False,
        decipher_only=False,
    )


def _address(name: str) -> Address | None:
    with suppress(ValueError):
        return ip_address(name)
    return None


def _general_name(name: str) -> x509.GeneralName:
    address = _address(name)
    return x509.DNSName(name) if address is None else x509.IPAddress(address)


def _may_be_signed(names: Iterable[str]) -> Iterator[x509.GeneralName]:
    """What an authority made now may sign for: the names, and what exists in private networks."""
    addresses = {name: _address(name) for name in names}
    own = [name for name, address in addresses.items() if address is None]
    yield from map(x509.DNSName, dict.fromkeys((*_LOCAL_DOMAINS, *own)))
    yield from (x509.IPAddress(ip_network(network)) for network in _LOCAL_NETWORKS)
    for address in addresses.values():
        if address is not None and not _in_networks(address, map(ip_network, _LOCAL_NETWORKS)):
            yield x509.IPAddress(ip_network(address))


def _may_sign(authority: x509.Certificate, name: str) -> bool:
    permitted = (
        authority.extensions.get_extension_for_class(x509.NameConstraints).value.permitted_subtrees
        or []
    )
    address = _address(name)
    if address is not None:
        return _in_networks(
            address, (one.value for one in permitted if isinstance(one, x509.IPAddress))
        )
    domains = [one.value for one in permitted if isinstance(one, x509.DNSName)]
    return any(name == domain or name.endswith(f".{domain}") for domain in domains)


def _in_networks(address: Address, networks: Iterable[object]) -> bool:
    return any(address in network for network in networks)  # type: ignore[operator]


def _names_in(certificate: x509.Certificate) -> Iterator[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return (str(name.value) for name in names)


def _write(file: Path, text: str) -> None:
    write_private(file, text)
    _give_to_owner(file)


def _give_to_owner(path: Path) -> None:
    """What root makes in a service's folder is the service's: it has to read and renew it."""
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.chown(path, folder.st_uid, folder.st_gid)
