"""The child process that puts manifests into files and reads them, with the C2PA reference library.

Started by :mod:`.library` as ``python -m <this module> MEMORY_BYTES FILE_BYTES``: a JSON request on standard input, a
JSON answer on standard output. The library parses files of strangers in native code, so this process has limited
memory, may start no program, and cannot open a socket: no manifest, revocation list or time stamp is ever fetched.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from ..media.confine import confine


def sign(c2pa: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Write ``target``, the file ``source`` with a manifest; says which ingredients' own manifests were unreadable."""
    damaged: set[int] = set()
    while True:
        lost = _sign(c2pa, request, damaged)
        if lost is None:
            return {"damaged": sorted(damaged)}
        damaged.add(lost)


def _sign(c2pa: Any, request: dict[str, Any], damaged: set[int]) -> int | None:
    """Try; the number of the ingredient whose manifest the library cannot take, if it is for that."""
    plain = [each["about"] for at, each in enumerate(request["ingredients"]) if not each["format"] or at in damaged]
    assertions = [{"label": "c2pa.actions.v2", "data": {"actions": request["actions"]}}]
    definition = {"format": request["format"], "ingredients": plain, "assertions": assertions}
    with c2pa.Context.from_dict(request["settings"]) as context, c2pa.Builder(definition, context=context) as builder:
        for at, each in enumerate(request["ingredients"]):
            if each["format"] and at not in damaged:
                try:
                    with open(each["path"], "rb") as file:
                        builder.add_ingredient(each["about"], each["format"], file)
                except c2pa.C2paError:
                    return at
        # None is no time stamp authority: asking one would tell a stranger when something was signed.
        info = c2pa.C2paSignerInfo(request["algorithm"], request["chain"].encode(), request["key"].encode(), None)
        with (
            c2pa.Signer.from_info(info) as signer,
            open(request["source"], "rb") as source,
            open(request["target"], "w+b") as target,
        ):
            builder.sign(signer, request["format"], source, target)
    return None


def read(c2pa: Any, request: dict[str, Any]) -> dict[str, Any]:
    """The manifest store of a file, with the library's validation."""
    with (
        c2pa.Context.from_dict(request["settings"]) as context,
        open(request["source"], "rb") as file,
        c2pa.Reader(request["format"], file, context=context) as reader,
    ):
        return {"store": json.loads(reader.json())}


def main() -> None:
    """Answer one request."""
    confine(int(sys.argv[1]), int(sys.argv[2]))
    import c2pa

    request = json.load(sys.stdin)
    try:
        answer = {"sign": sign, "read": read}[request["do"]](c2pa, request)
    except c2pa.C2paError as error:
        answer = {"error": type(error).__name__.removeprefix("_C2pa"), "message": str(error)[:500]}
    except OSError as error:
        answer = {"error": "Io", "message": str(error)[:500]}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
