"""The certificate chain and private key that files are signed with: this installation's, or the user's own."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from ..errors import CertificateUnusable, OutOfResources

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

T = TypeVar("T")
CHAIN: Final = "chain.pem"
KEY: Final = "key.pem"
MOST_BYTES: Final = 1 << 20
_OWN_REMEDY: Final = "Give the settings 'certificate' and 'certificate_key' the paths of two PEM files."


@dataclass(frozen=True)
class Credentials:
    """What a file is signed with.

    Attributes:
        chain: certificates in PEM, the signer's own first.
        key: the signer's private key in PEM, not encrypted.
        algorithm: C2PA's name of the signature algorithm that the key is for, e.g. ``es256``.
    """

    chain: str
    key: str = field(repr=False)
    algorithm: str


def installed(folder: Path) -> Credentials:
    """This installation's credentials; made when there are none yet.

    The folder appears whole or not at all; of several processes that make one at once, the first wins and the others
    take what it made.

    Raises:
        CertificateUnusable: what lies there is damaged or expired, or nothing can be written.
    """
    if not folder.is_dir():
        _make(folder)
    remedy = f"Remove the folder {str(folder)!r}: another is made, and files signed before show an unknown signer."
    return _checked(folder / CHAIN, folder / KEY, remedy)


def given(chain: Path | None, key: Path | None) -> Credentials:
    """The user's own credentials.

    Raises:
        CertificateUnusable: a file is missing or no PEM, the key is another's or encrypted, the certificate has
            expired, is not valid yet, or is signed by itself.
    """
    if chain is None or key is None:
        lacking = "certificate" if chain is None else "certificate key"
        raise CertificateUnusable(f"A {lacking} is missing to sign with the certificate of one's own.", _OWN_REMEDY)
    return _checked(chain, key, _OWN_REMEDY)


def certificates(path: Path) -> list[str]:
    """The certificates of a PEM file, each as PEM, in order; raises ``CertificateUnusable``."""
    from cryptography.hazmat.primitives.serialization import Encoding

    parsed = _parsed(_read(path, _OWN_REMEDY), path, _OWN_REMEDY)
    return [each.public_bytes(Encoding.PEM).decode() for each in parsed]


def _make(folder: Path) -> None:
    from .issue import issue

    chain, key = issue()
    part = folder.with_name(f".{folder.name}-{secrets.token_hex(4)}")
    try:
        part.mkdir(mode=0o700, parents=True)
        for name, text, mode in ((CHAIN, chain, 0o644), (KEY, key, 0o600)):
            descriptor = os.open(part / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(descriptor, "w") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        part.rename(folder)  # fails where another process has put a filled folder meanwhile
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise OutOfResources(
                "There is no room on the disk for a signing certificate.", "Free some space."
            ) from error
        if not folder.is_dir():
            raise CertificateUnusable(
                f"A signing certificate could not be kept in {str(folder)!r} ({error.strerror}).",
                "Check the disk and its permissions, or switch 'provenance' off.",
            ) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _checked(chain_path: Path, key_path: Path, remedy: str) -> Credentials:
    chain, key = _read(chain_path, remedy), _read(key_path, remedy)
    leaf = _parsed(chain, chain_path, remedy)[0]
    private = _private(key, key_path, remedy)
    now = datetime.now(UTC)
    problem = ""
    if private.public_key() != leaf.public_key():
        problem = f"The key in {key_path.name!r} is not that of the first certificate in {chain_path.name!r}."
    elif leaf.subject == leaf.issuer:
        problem = f"The first certificate in {chain_path.name!r} is signed by itself, which C2PA does not allow."
    elif now > leaf.not_valid_after_utc:
        problem = f"The certificate in {chain_path.name!r} expired on {leaf.not_valid_after_utc:%Y-%m-%d}."
    elif now < leaf.not_valid_before_utc:
        problem = f"The certificate in {chain_path.name!r} is not valid before {leaf.not_valid_before_utc:%Y-%m-%d}."
    if problem:
        raise CertificateUnusable(problem, remedy)
    return Credentials(chain.decode("ascii", "replace"), key.decode("ascii", "replace"), _algorithm(private, remedy))


def _algorithm(key: PrivateKeyTypes, remedy: str) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.key_size in (256, 384, 521):
        return {256: "es256", 384: "es384", 521: "es512"}[key.curve.key_size]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    raise CertificateUnusable("C2PA has no signatures with keys of this kind.", f"Use an EC key (P-256). {remedy}")


def _parsed(data: bytes, path: Path, remedy: str) -> list[x509.Certificate]:
    from cryptography import x509

    return _understood(lambda: x509.load_pem_x509_certificates(data), f"{path.name!r} holds no certificate", remedy)


def _private(data: bytes, path: Path, remedy: str) -> PrivateKeyTypes:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    problem = f"{path.name!r} holds no private key that can be used without a password"
    return _understood(lambda: load_pem_private_key(data, password=None), problem, remedy)


def _understood(parse: Callable[[], T], problem: str, remedy: str) -> T:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return parse()
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CertificateUnusable(f"{problem} ({error}).", remedy) from error


def _read(path: Path, remedy: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise CertificateUnusable(f"The file {str(path)!r} cannot be read ({error.strerror}).", remedy) from error
    if len(data) > MOST_BYTES:
        raise CertificateUnusable(f"The file {str(path)!r} is too large for a certificate.", remedy)
    return data
