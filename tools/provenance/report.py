"""What a file's manifests say and whether they hold, as data; made from the C2PA library's manifest store."""

from __future__ import annotations

from typing import Any, Final, Literal

from ..base import ToolModel
from .manifest import PREFIX

Status = Literal["valid", "untrusted", "tampered", "invalid", "none"]
"""What a file's provenance is worth.

``valid``: signed by somebody we trust, and unchanged since. ``untrusted``: unchanged, but anybody may have signed it.
``tampered``: the file or a manifest was changed after signing. ``invalid``: the certificate was not good for signing.
``none``: there is no manifest.
"""

MOST_TEXT: Final = 300
_CERTIFICATE: Final = ("signingCredential.", "claimSignature.outsideValidity", "timeStamp.")
UNTRUSTED: Final = "signingCredential.untrusted"


class Action(ToolModel):
    """Something that was done.

    Attributes:
        name: the standard's name, such as ``c2pa.trimmed``.
        operation: this program's name for it, if it was this program.
        when: ISO time that the signer claims, empty if none.
        software: what did it.
        source_type: the IPTC digital source type, e.g. ``trainedAlgorithmicMedia``, empty if none is said.
        model: the generator's name and revision, empty for edits.
        prompt_sha256: SHA-256 of the prompt, empty for edits.
        arguments: what it was done with.
    """

    name: str
    operation: str = ""
    when: str = ""
    software: str = ""
    source_type: str = ""
    model: str = ""
    prompt_sha256: str = ""
    arguments: dict[str, Any] = {}


class IngredientReport(ToolModel):
    """A file that another was made from.

    Attributes:
        title: its name in the manifest.
        relationship: ``parentOf``, ``componentOf`` or ``inputTo``.
        status: what its own manifest was worth when it was used; ``none`` when it had none.
        manifest: label of its own manifest among the report's, empty if it had none.
    """

    title: str
    relationship: str
    status: Status
    manifest: str = ""


class Manifest(ToolModel):
    """One signed statement.

    Attributes:
        signer: common name of the certificate, and the organisation it names.
        software: what wrote the manifest.
        actions: what was done, in order.
        ingredients: what it was made from.
    """

    signer: str
    software: str
    actions: list[Action] = []
    ingredients: list[IngredientReport] = []


class ProvenanceReport(ToolModel):
    """What is known of where a file comes from.

    Attributes:
        status: see :data:`Status`.
        reason: why, one sentence.
        codes: what failed, in the words of the standard.
        active: label of the file's own manifest, empty if there is none that can be read.
        manifests: every manifest in the file by its label, those of ingredients and of theirs included.
    """

    status: Status
    reason: str
    codes: list[str] = []
    active: str = ""
    manifests: dict[str, Manifest] = {}

    @property
    def signer(self) -> str:
        """Who signed the file, empty if nobody did."""
        return self.manifests[self.active].signer if self.active in self.manifests else ""


def report_of(store: dict[str, Any]) -> ProvenanceReport:
    """Judge a manifest store that the library has validated."""
    codes = failures(_dict(store.get("validation_results")))
    status = _verdict(codes, str(store.get("validation_state", "")))
    manifests = {_text(label): _manifest(_dict(each)) for label, each in _dict(store.get("manifests")).items()}
    active = _text(store.get("active_manifest"))
    signer = manifests[active].signer if active in manifests else "nobody"
    reason = {
        "valid": f"Signed by {signer}, and unchanged since.",
        "untrusted": f"Unchanged since it was signed, but the signer, {signer!r}, is not one that is trusted here.",
        "tampered": "The file or its manifest was changed after it was signed.",
        "invalid": "The certificate that it was signed with was not good for that, or is not any more.",
    }
    return ProvenanceReport(status=status, reason=reason[status], codes=codes, active=active, manifests=manifests)


def failures(results: dict[str, Any]) -> list[str]:
    """The codes of everything that failed, in the file's own manifest and in its ingredients'."""
    deltas = [_dict(each.get("validationDeltas")) for each in _dicts(results.get("ingredientDeltas"))]
    found = [_dicts(each.get("failure")) for each in (_dict(results.get("activeManifest")), *deltas)]
    return list(dict.fromkeys(_text(each.get("code")) for failed in found for each in failed))


def _verdict(codes: list[str], state: str) -> Status:
    """Judge by the library's own verdict, which is never made better here, and say what kind of worse it is."""
    if state == "Trusted":
        return "valid"
    found = _worst(codes)
    if state == "Valid":
        return "untrusted" if found == "valid" else found
    return found if found in ("tampered", "invalid") else "invalid"


def _worst(codes: list[str]) -> Status:
    """What failures come to: anything but a certificate that is unknown or not good is a change of content."""
    worse = [code for code in codes if code != UNTRUSTED]
    if any(not code.startswith(_CERTIFICATE) for code in worse):
        return "tampered"
    if worse:
        return "invalid"
    return "untrusted" if codes else "valid"


def _manifest(data: dict[str, Any]) -> Manifest:
    signature = _dict(data.get("signature_info"))
    names = [_text(signature.get(key)) for key in ("common_name", "issuer")]
    generators = _dicts(data.get("claim_generator_info"))
    assertions = [each for each in _dicts(data.get("assertions")) if str(each.get("label")).startswith("c2pa.actions")]
    lists = [_dicts(_dict(assertion.get("data")).get("actions")) for assertion in assertions]
    return Manifest(
        signer=", ".join(name for name in names if name) or "unknown",
        software=_software(generators[0] if generators else data.get("claim_generator")),
        actions=[_action(each) for found in lists for each in found],
        ingredients=[_ingredient(each) for each in _dicts(data.get("ingredients"))],
    )


def _action(data: dict[str, Any]) -> Action:
    parameters = _dict(data.get("parameters"))
    own = {key: parameters.get(PREFIX + key) for key in ("operation", "model", "prompt.sha256", "arguments")}
    return Action(
        name=_text(data.get("action")),
        operation=_text(own["operation"]),
        when=_text(data.get("when")),
        software=_software(data.get("softwareAgent")),
        source_type=_text(data.get("digitalSourceType")).rpartition("/")[2],
        model=_text(own["model"]),
        prompt_sha256=_text(own["prompt.sha256"]),
        arguments=_dict(own["arguments"]),
    )


def _ingredient(data: dict[str, Any]) -> IngredientReport:
    results, manifest = _dict(data.get("validation_results")), _text(data.get("active_manifest"))
    return IngredientReport(
        title=_text(data.get("title")) or "without a name",
        relationship=_text(data.get("relationship")),
        status=_worst(failures(results)) if manifest else "none",
        manifest=manifest,
    )


def _software(data: object) -> str:
    if isinstance(data, dict):
        return " ".join(part for part in (_text(data.get("name")), _text(data.get("version"))) if part)
    return _text(data)


def _dict(value: object) -> dict[str, Any]:
    """Assertions are whatever a signer wrote: what has another shape than the standard's counts as empty."""
    return value if isinstance(value, dict) else {}


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _text(value: object) -> str:
    """Text of strangers, made fit for a terminal: no control characters, no length without end."""
    text = "" if value is None else str(value)
    return "".join(letter if letter.isprintable() else "�" for letter in text[:MOST_TEXT])
