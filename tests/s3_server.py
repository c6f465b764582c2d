"""A double of an S3 server: the wire protocol of objects, listings and multipart uploads, in memory, on a free port.

It checks whose key signed a request, not the signature. Objects appear when their upload is complete, as on S3.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape, unescape

KEY, SECRET = "test-key", "test-secret-never-shown"


class S3Server(ThreadingHTTPServer):
    """Objects by ``bucket/key``; ``requests`` counts what was asked, by method."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.requests: list[tuple[str, str]] = []
        self.refusing = False

    @property
    def environment(self) -> dict[str, str]:
        """What a client of S3 reads."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.server_port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }


@contextmanager
def running_s3() -> Iterator[S3Server]:
    with S3Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: S3Server

    def log_message(self, *_: object) -> None:
        pass

    def do_PUT(self) -> None:
        body = self._body()
        key, query = self._asked()
        if key is None:
            return
        if source := self.headers.get("x-amz-copy-source"):
            copied = self.server.objects.get(unquote(source).strip("/"))
            if copied is None:
                self._error(404, "NoSuchKey")
                return
            self.server.objects[key] = copied
            self._answer(200, f"<CopyObjectResult><ETag>{_etag(copied)}</ETag></CopyObjectResult>".encode())
        elif "uploadId" in query:
            self.server.uploads[query["uploadId"]][int(query["partNumber"])] = body
            self._answer(200, headers={"ETag": _etag(body)})
        else:
            self.server.objects[key] = body
            self._answer(200, headers={"ETag": _etag(body)})

    def do_POST(self) -> None:
        body = self._body()
        key, query = self._asked()
        if key is None:
            return
        if "delete" in query:
            doomed = [unescape(name) for name in re.findall("<Key>(.*?)</Key>", body.decode())]
            for name in doomed:
                self.server.objects.pop(f"{key}/{name}", None)
            gone = "".join(f"<Deleted><Key>{escape(name)}</Key></Deleted>" for name in doomed)
            self._answer(200, f"<DeleteResult>{gone}</DeleteResult>".encode())
            return
        if "uploads" in query:
            name = f"upload-{len(self.server.uploads)}"
            self.server.uploads[name] = {}
            answer = f"<Bucket>b</Bucket><Key>{escape(key)}</Key><UploadId>{name}</UploadId>"
            self._answer(200, f"<InitiateMultipartUploadResult>{answer}</InitiateMultipartUploadResult>".encode())
            return
        parts = self.server.uploads.pop(query["uploadId"])
        self.server.objects[key] = b"".join(parts[number] for number in sorted(parts))
        etag = f"<Key>{escape(key)}</Key><ETag>{_etag(self.server.objects[key])}</ETag>"
        self._answer(200, f"<CompleteMultipartUploadResult>{etag}</CompleteMultipartUploadResult>".encode())

    def do_GET(self) -> None:
        key, query = self._asked()
        if key is None:
            return
        if "list-type" in query:
            self._list(key, query)
            return
        found = self.server.objects.get(key)
        if found is None:
            self._error(404, "NoSuchKey")
            return
        headers = {"ETag": _etag(found), "Last-Modified": formatdate(0, usegmt=True)}
        if self.command == "GET" and (span := self.headers.get("Range")):
            first, last = (int(part) if part else len(found) - 1 for part in span.removeprefix("bytes=").split("-"))
            last = min(last, len(found) - 1)
            headers["Content-Range"] = f"bytes {first}-{last}/{len(found)}"
            self._answer(206, found[first : last + 1], headers)
        else:
            self._answer(200, found, headers)

    do_HEAD = do_GET  # noqa: N815

    def do_DELETE(self) -> None:
        key, _ = self._asked()
        if key is not None:
            self.server.objects.pop(key, None)
            self._answer(204)

    def _asked(self) -> tuple[str | None, dict[str, str]]:
        url = urlsplit(self.path)
        key = unquote(url.path).strip("/")
        self.server.requests.append((self.command, key))
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        if self.server.refusing or f"Credential={KEY}/" not in self.headers.get("Authorization", ""):
            self._error(403, "AccessDenied")
            return None, query
        return key, query

    def _list(self, bucket: str, query: dict[str, str]) -> None:
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        keys = sorted(name.partition("/")[2] for name in self.server.objects if name.startswith(f"{bucket}/"))
        lines, folders = [], set()
        for key in (key for key in keys if key.startswith(prefix)):
            rest = key.removeprefix(prefix)
            if delimiter and delimiter in rest:
                folders.add(prefix + rest.partition(delimiter)[0] + delimiter)
                continue
            body = self.server.objects[f"{bucket}/{key}"]
            lines.append(
                f"<Contents><Key>{escape(key)}</Key><LastModified>1970-01-01T00:00:00.000Z</LastModified>"
                f"<ETag>{_etag(body)}</ETag><Size>{len(body)}</Size></Contents>"
            )
        lines += [f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>" for name in sorted(folders)]
        head = f"<Name>{bucket}</Name><KeyCount>{len(lines)}</KeyCount><IsTruncated>false</IsTruncated>"
        self._answer(200, f"<ListBucketResult>{head}{''.join(lines)}</ListBucketResult>".encode())

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _error(self, status: int, code: str) -> None:
        self._answer(status, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode())

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _etag(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
