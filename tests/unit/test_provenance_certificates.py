"""What files are signed with: a certificate of this installation, made once, or one of the user's own."""

from __future__ import annotations

import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes as Key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from gpt4video.tools.errors import CertificateUnusable
from gpt4video.tools.provenance.provenance import Provenance
from media_factory import index_clip


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return index_clip(tmp_path / "clip.mp4")


@pytest.fixture
def provenance(tmp_path: Path) -> Provenance:
    return Provenance(tmp_path / "home" / "provenance")


def test_two_processes_that_begin_at_once_have_one_certificate(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from gpt4video.tools.provenance.credentials import installed; "
        "sys.stdin.read(1); sys.stdout.write(installed(Path(sys.argv[1])).chain)"
    )
    folder = tmp_path / "home" / "provenance"
    command = [sys.executable, "-c", code, str(folder)]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("x")
        process.stdin.flush()
    chains = {process.communicate()[0] for process in processes}
    assert len(chains) == 1
    assert chains.pop().count("BEGIN CERTIFICATE") == 2
    assert sorted(path.name for path in folder.parent.iterdir()) == ["provenance"], "nothing half-made is left"


def test_the_private_key_is_the_owners_alone(provenance: Provenance, clip: Path, tmp_path: Path) -> None:
    provenance.sign(clip, action="generate")
    folder = tmp_path / "home" / "provenance"
    assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert sorted(path.name for path in folder.iterdir()) == ["chain.pem", "key.pem"], "the authority's key is gone"


def test_another_installation_does_not_trust_it_until_told_to(
    provenance: Provenance, clip: Path, tmp_path: Path
) -> None:
    provenance.sign(clip, action="generate")
    report = Provenance(tmp_path / "other").read(clip)
    assert (report.status, report.codes) == ("untrusted", ["signingCredential.untrusted"])
    trusting = Provenance(tmp_path / "other", trusted=[tmp_path / "home" / "provenance" / "chain.pem"])
    assert trusting.read(clip).status == "valid"


def certificate(
    folder: Path, key: Key | None = None, *, days: int = 30, begins: int = -1, own: bool = False, usage: bool = True
) -> tuple[Path, Path]:
    """Write a chain and key as a certificate authority would give them."""
    authority_key, leaf_key = ec.generate_private_key(ec.SECP384R1()), key or ec.generate_private_key(ec.SECP256R1())
    names = [
        x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Studio"), x509.NameAttribute(NameOID.COMMON_NAME, n)])
        for n in ("Studio CA", "Studio Camera")
    ]
    parts = []
    for ca, subject, public in ((True, names[0], authority_key), (False, names[1], leaf_key)):
        start = datetime.now(UTC) + timedelta(days=-60 if ca else begins)
        builder = x509.CertificateBuilder(
            names[1] if own and not ca else names[0], subject, public.public_key(), x509.random_serial_number()
        )
        builder = builder.not_valid_before(start).not_valid_after(start + timedelta(days=days + 60 * ca))
        builder = builder.add_extension(x509.BasicConstraints(ca, None), critical=True)
        flags = [not ca, False, False, False, False, ca, ca, False, False]
        builder = builder.add_extension(x509.KeyUsage(*flags), critical=True)
        builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public.public_key()), False)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
        builder = builder.add_extension(issuer, critical=False)
        if not ca:
            wanted = ExtendedKeyUsageOID.EMAIL_PROTECTION if usage else ExtendedKeyUsageOID.SERVER_AUTH
            builder = builder.add_extension(x509.ExtendedKeyUsage([wanted]), critical=False)
        signed = builder.sign(leaf_key if own and not ca else authority_key, hashes.SHA256())
        parts.append(signed.public_bytes(serialization.Encoding.PEM))
    folder.mkdir(exist_ok=True)
    (folder / "chain.pem").write_bytes(parts[1] + parts[0])
    pkcs8, no_password = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(leaf_key.private_bytes(serialization.Encoding.PEM, pkcs8, no_password))
    return folder / "chain.pem", folder / "key.pem"


@pytest.mark.parametrize("kind", ["P-256", "P-384", "RSA"])
def test_a_certificate_of_ones_own_signs(clip: Path, tmp_path: Path, kind: str) -> None:
    key: Key = ec.generate_private_key(ec.SECP256R1() if kind == "P-256" else ec.SECP384R1())
    if kind == "RSA":
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    chain, private = certificate(tmp_path / "own", key)
    provenance = Provenance(tmp_path / "home", certificate=chain, key=private)
    provenance.sign(clip, action="generate")
    report = provenance.read(clip)
    assert (report.status, report.signer) == ("valid", "Studio Camera, Studio")
    assert not (tmp_path / "home").exists(), "none is made beside it"


def broken_certificates(folder: Path) -> dict[str, tuple[Path | None, Path | None]]:
    good_chain, good_key = certificate(folder / "good")
    other_key = certificate(folder / "other")[1]
    (folder / "garbage.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    (folder / "empty.pem").write_text("")
    (folder / "huge.pem").write_bytes(bytes(2 << 20))
    secret = serialization.BestAvailableEncryption(b"secret")
    locked = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, secret
    )
    (folder / "locked.pem").write_bytes(locked)
    return {
        "expired": certificate(folder / "expired", days=10, begins=-20),
        "not valid before": certificate(folder / "early", begins=5),
        "signed by itself": certificate(folder / "own", own=True),
        "refused for signing": certificate(folder / "usage", usage=False),
        "is not that of": (good_chain, other_key),
        "holds no certificate": (folder / "garbage.pem", good_key),
        "no certificate": (folder / "empty.pem", good_key),
        "too large": (folder / "huge.pem", good_key),
        "without a password": (good_chain, folder / "locked.pem"),
        "no private key": (good_chain, folder / "garbage.pem"),
        "cannot be read": (good_chain, folder / "missing.pem"),
        "key is missing": (good_chain, None),
        "certificate is missing": (None, good_key),
    }


def test_a_certificate_that_cannot_be_used_is_a_typed_error_and_the_file_stays(clip: Path, tmp_path: Path) -> None:
    before = clip.read_bytes()
    for words, (chain, key) in broken_certificates(tmp_path).items():
        with pytest.raises(CertificateUnusable) as caught:
            Provenance(tmp_path / "home", certificate=chain, key=key).sign(clip, action="generate")
        assert words in caught.value.message
        assert caught.value.remedy
        assert clip.read_bytes() == before
    assert not [left for left in tmp_path.iterdir() if left.name.startswith(".")]


def test_a_damaged_installation_says_how_to_go_on(provenance: Provenance, clip: Path, tmp_path: Path) -> None:
    provenance.sign(clip, action="generate")
    (tmp_path / "home" / "provenance" / "key.pem").unlink()
    with pytest.raises(CertificateUnusable, match="Remove the folder"):
        provenance.sign(clip, action="generate")
