"""Sign what was made, and verify what comes: the one class that the rest of the program uses."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from ..errors import CertificateUnusable, MediaBroken, MediaMissing, MediaRejected, SigningFailed
from ..media.containers import HEAD_BYTES, Container, sniff
from .credentials import CHAIN, Credentials, certificates, given, installed
from .library import LibraryFailed, ask
from .manifest import Ingredient, actions, relationships, software
from .report import ProvenanceReport, report_of

FORMATS: Final = {
    "mp4": "video/mp4",
    "avi": "video/avi",
    "gif": "image/gif",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
}
"""Containers that can carry a manifest, and their media types; of those that are opened here only Matroska cannot."""

_UNPARSED: Final = ("Other", "Io", "Crash", "Decoding")


class Provenance:
    """Manifests of files.

    Args:
        folder: where this installation's certificate lies, or will once something is signed.
        certificate: a PEM chain of the user's own to sign with instead, the signer's certificate first.
        key: its private key, PEM.
        trusted: PEM files of other authorities whose signatures count as valid.
    """

    def __init__(
        self, folder: Path, *, certificate: Path | None = None, key: Path | None = None, trusted: Sequence[Path] = ()
    ) -> None:
        self._folder = folder
        self._certificate = certificate
        self._key = key
        self._trusted = list(trusted)

    def prepare(self) -> None:
        """Make sure that signing will be possible, before hours go into something to sign.

        Raises:
            CertificateUnusable: it will not.
        """
        self._credentials()

    def sign(
        self,
        path: Path,
        *,
        action: str,
        ingredients: Sequence[Ingredient] = (),
        model: str = "",
        prompt: str = "",
        arguments: Mapping[str, Any] | None = None,
    ) -> list[str]:
        """Put a signed manifest into a file; it is replaced in one step, or left as it was.

        Args:
            path: the file.
            action: what made it: ``generate``, or an edit's name.
            ingredients: what it was made from, the edited clip first; their manifests are carried along.
            model: the generator's name and revision.
            prompt: the text it was generated from, of which only the SHA-256 goes into the file.
            arguments: what it was made with; text goes into the file only where it is one of a few fixed words.

        Returns:
            Notes for the user: that this format carries no manifest, or that an ingredient's manifest was lost.

        Raises:
            MediaMissing, CertificateUnusable, SigningFailed, OutOfResources: and the file is as it was.
        """
        container = _container(path)
        if container is None or container.name not in FORMATS:
            kind = container.name if container else "this kind of"
            return [f"A {kind} file carries no provenance manifest; mp4, gif and png do."]
        try:
            damaged = self._embed(
                path,
                format=FORMATS[container.name],
                actions=actions(action, len(ingredients), model=model, prompt=prompt, arguments=arguments),
                ingredients=_described(ingredients, relationships(action, len(ingredients))),
            )
        except LibraryFailed as error:
            raise _signing_fault(error) from error
        except OSError as error:
            raise SigningFailed(
                f"The signed file could not be written ({error.strerror}).", "Check the disk and its free space."
            ) from error
        return [f"The manifest of {ingredients[at].title} is damaged and is not carried along." for at in damaged]

    def read(self, path: Path) -> ProvenanceReport:
        """Verify a file's manifests; nothing is fetched over the network, and no certificate is made.

        Raises:
            MediaMissing, MediaRejected, MediaBroken: it cannot be read, or is no video or picture.
            CertificateUnusable: a file of trusted certificates cannot be used.
            OutOfResources: it took too long.
        """
        container = _container(path)
        if container is None:
            raise MediaRejected(f"{path.name!r} is no video or picture.", "Give an mp4, gif, png, jpeg, webp or avi.")
        if container.name not in FORMATS:
            return ProvenanceReport(status="none", reason=f"A {container.name} file carries no manifest.")
        settings = self._settings()
        try:
            answer = ask("read", path, format=FORMATS[container.name], settings=settings)
        except LibraryFailed as error:
            return _unread(error, path)
        return report_of(answer["store"])

    def _embed(self, path: Path, ingredients: list[dict[str, Any]], **manifest: Any) -> list[int]:
        """Sign into a file beside it and put that in its place; numbers of ingredients whose manifests were lost."""
        credentials = self._credentials()
        target = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
        try:
            answer = ask(
                "sign",
                path,
                extra_bytes=sum(Path(each["path"]).stat().st_size for each in ingredients),
                target=str(target),
                ingredients=ingredients,
                settings=self._settings(),
                chain=credentials.chain,
                key=credentials.key,
                algorithm=credentials.algorithm,
                **manifest,
            )
            os.replace(target, path)
        finally:
            with suppress(OSError):
                target.unlink(missing_ok=True)
        damaged: list[int] = answer["damaged"]
        return damaged

    def _credentials(self) -> Credentials:
        if self._certificate is None and self._key is None:
            return installed(self._folder)
        return given(self._certificate, self._key)

    def _settings(self) -> dict[str, Any]:
        """The library's settings: trust what is ours or was given, and fetch nothing."""
        anchors, signers = [], []
        for path in [self._folder / CHAIN, *([self._certificate] if self._certificate else [])]:
            if path.exists():
                chain = certificates(path)
                anchors.append(chain[-1])
                signers.append(chain[0])
        anchors += [each for path in self._trusted for each in certificates(path)]
        trust = {"user_anchors": "".join(anchors), "allowed_list": "".join(signers)} if anchors else {}
        return {
            "trust": trust,
            "verify": {"verify_trust": True, "remote_manifest_fetch": False, "ocsp_fetch": False},
            "builder": {"thumbnail": {"enabled": False}, "claim_generator_info": software()},
        }


def _container(path: Path) -> Container | None:
    try:
        with path.open("rb") as file:
            return sniff(file.read(HEAD_BYTES))
    except OSError as error:
        raise MediaMissing(f"{path.name!r} cannot be read ({error.strerror}).", "Check the path.") from error


def _described(ingredients: Sequence[Ingredient], relations: Sequence[str]) -> list[dict[str, Any]]:
    described = []
    for at, (ingredient, relation) in enumerate(zip(ingredients, relations, strict=True)):
        container = _container(ingredient.path)
        media = FORMATS.get(container.name, "") if container else ""
        about = {"title": ingredient.title, "relationship": relation, "label": str(at)}
        if container is not None:
            about["format"] = media or f"video/x-{container.name}"
        described.append({"path": str(ingredient.path), "format": media, "about": about})
    return described


def _signing_fault(error: LibraryFailed) -> CertificateUnusable | SigningFailed:
    off = "or switch 'provenance' off to go on without"
    if error.kind == "Signature" or "ertificate" in str(error) or "Cose" in str(error):
        return CertificateUnusable(
            f"The certificate is refused for signing provenance ({error}).",
            f"Use one for signing claims (extended key usage emailProtection or C2PA's), {off}.",
        )
    return SigningFailed(
        f"The provenance manifest could not be put into the file ({error}).", f"Check the disk's free space, {off}."
    )


def _unread(error: LibraryFailed, path: Path) -> ProvenanceReport:
    """What it means that the library could not read a manifest."""
    if error.kind == "ManifestNotFound":
        return ProvenanceReport(status="none", reason="There is no manifest in this file.")
    if error.kind == "RemoteManifest":
        return ProvenanceReport(
            status="none",
            reason="Its manifest lies on a server, and nothing is fetched from there.",
            codes=[error.kind],
        )
    if error.kind in _UNPARSED:
        raise MediaBroken(f"{path.name!r} cannot be read ({error}).", "Get a whole copy of the file.") from error
    return ProvenanceReport(
        status="tampered", reason="There is a manifest, but it is damaged.", codes=[f"{error.kind}: {error}"[:300]]
    )
