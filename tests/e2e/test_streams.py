"""Bodies that do not fit in memory, readers that stop, upgrades, chunks, trailers."""
import base64
import hashlib
import json
import os
import select
import socket
import ssl
import subprocess
import threading
import time

import h2.config
import h2.connection
import h2.events
import pytest

from testkit import DOMAIN, INSTRUMENTED, Answer, Gateway, scaled, service, wait_for
from upstreams import Http2Upstream, Scripted, read_head

MIB = 1 << 20
LARGE = scaled(1024, 128) * MIB
GROWTH = 16 * 1024  # KiB
PIECE = bytes(MIB)


@pytest.fixture(scope="module")
def gateway():
    with Gateway() as started:
        started.user("alice", policies=["allow-all"])
        yield started


class Source:
    """An upstream that answers with `size` zero bytes, counted as the kernel takes them; chunked when asked so."""

    def __init__(self, size=LARGE, chunked=False):
        self.sent, self.ended = 0, threading.Event()

        def script(connection):
            read_head(connection)
            framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % size
            connection.sendall(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
            try:
                while self.sent < size:
                    piece = memoryview(PIECE)[:size - self.sent]
                    if chunked:
                        connection.sendall(b"%x\r\n" % len(piece))
                        connection.sendall(piece)
                        connection.sendall(b"\r\n")
                        self.sent += len(piece)
                        continue
                    self.sent += connection.send(piece)
                if chunked:
                    connection.sendall(b"0\r\n\r\n")
            finally:
                self.ended.set()

        self.server = Scripted(script)
        self.url, self.close = self.server.url, self.server.close


class Sink:
    """An upstream that counts the bytes of a body with a length, then answers; `pause` keeps it from reading."""

    def __init__(self):
        self.received, self.go = 0, threading.Event()
        self.go.set()

        def script(connection):
            head, rest = read_head(connection)
            length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
            self.received = len(rest)
            buffer = bytearray(MIB)
            while self.received < length:
                self.go.wait(30)
                got = connection.recv_into(buffer)
                if not got:
                    return
                self.received += got
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        self.server = Scripted(script)
        self.url, self.close = self.server.url, self.server.close


def watch_memory(gateway, work):
    """Runs `work` and gives the largest growth of the process meanwhile, in KiB."""
    before = peak = gateway.rss_kib()
    done = threading.Event()

    def look():
        nonlocal peak
        while not done.wait(0.05):
            peak = max(peak, gateway.rss_kib())

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        work()
    finally:
        done.set()
        watcher.join()
    peak = max(peak, gateway.rss_kib())
    return peak - before


def head_of(gateway, name, method="GET", fields=()):
    lines = [f"{method} / HTTP/1.1", f"Host: {name}.{DOMAIN}", f"Authorization: Bearer {gateway.token('alice')}", *fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def drain(sock, size):
    """Reads a body of `size` bytes, without its head."""
    head, rest = read_head(sock)
    assert head.startswith(b"HTTP/1.1 200"), head
    received, buffer = len(rest), bytearray(MIB)
    while received < size:
        got = sock.recv_into(buffer)
        assert got, f"cut after {received} bytes"
        received += got
    return received


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("tls", [False, True], ids=["clear", "TLS"])
def test_a_large_download_streams_through(gateway, tls):
    source = Source()
    gateway.apply(service("download", source.url))
    gateway.token("alice")

    def work():
        with gateway.connect("download", timeout=60) if tls else gateway.connect_plaintext(60) as sock:
            sock.sendall(head_of(gateway, "download"))
            assert drain(sock, LARGE) == LARGE

    growth = watch_memory(gateway, work)
    source.close()
    assert INSTRUMENTED or growth < GROWTH, f"{growth} KiB"


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("tls", [False, True], ids=["clear", "TLS"])
def test_a_large_upload_streams_through(gateway, tls):
    sink = Sink()
    gateway.apply(service("upload", sink.url))
    gateway.token("alice")

    def work():
        with gateway.connect("upload", timeout=60) if tls else gateway.connect_plaintext(60) as sock:
            sock.sendall(head_of(gateway, "upload", "PUT", [f"Content-Length: {LARGE}"]))
            for _ in range(LARGE // MIB):
                sock.sendall(PIECE)
            assert Answer.read(sock).status == 200

    growth = watch_memory(gateway, work)
    assert sink.received == LARGE
    sink.close()
    assert INSTRUMENTED or growth < GROWTH, f"{growth} KiB"


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_large_bodies_over_http2_stream_through(gateway, tmp_path):
    """curl over h2, both ways; the body is a file without blocks."""
    size = scaled(256, 32) * MIB
    source, sink = Source(size), Sink()
    gateway.apply(service("download2", source.url), service("upload2", sink.url))
    sparse = tmp_path / "body"
    with open(sparse, "wb") as file:
        file.truncate(size)

    def curl(name, *words):
        port = gateway.ports["https"]
        done = subprocess.run(["curl", "-sS", "--http2", "--cacert", gateway.ca_file, "--resolve", f"{name}.{DOMAIN}:{port}:127.0.0.1",
                               "-H", f"x-octelium-auth: {gateway.token('alice')}", "-o", "/dev/null", "-w", "%{http_version} %{http_code} %{size_download}",
                               *map(str, words), f"https://{name}.{DOMAIN}:{port}/"], capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def work():
        assert curl("download2") == f"2 200 {size}"
        assert curl("upload2", "-T", sparse) == "2 200 2"

    growth = watch_memory(gateway, work)
    assert sink.received == size
    source.close()
    sink.close()
    assert INSTRUMENTED or growth < GROWTH, f"{growth} KiB"


def settled(value, seconds=0.6):
    """The value once it has not changed for a while."""
    last, since = value(), time.monotonic()
    deadline = since + 15
    while time.monotonic() - since < seconds:
        assert time.monotonic() < deadline, "never settles"
        time.sleep(0.02)
        if value() != last:
            last, since = value(), time.monotonic()
    return last


@pytest.mark.parametrize("protocol", ["http/1.1", "h2"])
def test_a_reader_that_stops_stops_the_upstream(gateway, protocol):
    source = Source(size=512 * MIB)
    gateway.apply(service("unread", source.url))
    gateway.token("alice")
    before = gateway.rss_kib()
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 * 1024)
    raw.settimeout(20)
    raw.connect(("127.0.0.1", gateway.ports["https"]))
    with gateway.client_tls(protocol).wrap_socket(raw, server_hostname=f"unread.{DOMAIN}") as sock:
        if protocol == "h2":
            state = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
            state.initiate_connection()
            state.send_headers(1, [(":method", "GET"), (":scheme", "https"), (":authority", f"unread.{DOMAIN}"), (":path", "/"),
                                   ("x-octelium-auth", gateway.token("alice"))], end_stream=True)
            sock.sendall(state.data_to_send())
        else:
            sock.sendall(head_of(gateway, "unread"))
        wait_for(lambda: source.sent > 0, 20)
        stopped_at = settled(lambda: source.sent)
        # What is on its way: socket buffers of two connections and one piece in the gateway.
        assert 0 < stopped_at < 32 * MIB
        assert INSTRUMENTED or gateway.rss_kib() - before < 4 * 1024
    # The client has gone: the upstream is not left hanging.
    assert source.ended.wait(20)
    source.close()


def test_an_upstream_that_stops_reading_stops_the_client(gateway):
    sink = Sink()
    sink.go.clear()
    gateway.apply(service("unwritten", sink.url))
    size, sent = 256 * MIB, 0
    with gateway.connect_plaintext(20) as sock:
        sock.sendall(head_of(gateway, "unwritten", "PUT", [f"Content-Length: {size}"]))
        sock.setblocking(False)
        quiet = time.monotonic()
        while time.monotonic() - quiet < 0.6:
            try:
                sent += sock.send(memoryview(PIECE)[:min(MIB, size - sent)])
                quiet = time.monotonic()
            except BlockingIOError:
                time.sleep(0.01)
            assert sent < 32 * MIB, "nobody reads, and still it is taken"
        assert sink.received < MIB
        sink.go.set()
        sock.settimeout(20)
        while sent < size:
            sent += sock.send(memoryview(PIECE)[:min(MIB, size - sent)])
        assert Answer.read(sock).status == 200
    assert sink.received == size
    sink.close()


# --- framing ---------------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def echo(gateway, upstream):
    gateway.apply(service("echo", upstream.url))
    return upstream


def test_a_chunked_upload(gateway, echo):
    echo.take()
    pieces = [os.urandom(size) for size in (1, 10, 5000, 70_000, 3)]
    body = b"".join(b"%x;ext=1\r\n" % len(piece) + piece + b"\r\n" for piece in pieces) + b"0\r\nX-Check: 42\r\n\r\n"
    with gateway.connect("echo") as sock:
        for _ in range(3):  # and the connection goes on
            answer = gateway.request("echo", "POST", "/c", [("Transfer-Encoding", "chunked"), ("Trailer", "X-Check")], body, gateway.token("alice"), sock)
            assert answer.status == 200
            seen = echo.one()
            assert seen.body == b"".join(pieces)
            assert seen.header("content-length") is None or int(seen.header("content-length")) == len(seen.body)


def test_a_chunked_upload_byte_by_byte(gateway, echo):
    echo.take()
    with gateway.connect_plaintext() as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in head_of(gateway, "echo", "POST", ["Transfer-Encoding: chunked"]) + b"5\r\nhello\r\n0\r\n\r\n":
            sock.send(bytes([byte]))
        assert Answer.read(sock).status == 200
    assert echo.one().body == b"hello"


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_a_download_of_each_framing(gateway, chunked):
    size = 3 * MIB + 17
    source = Source(size, chunked)
    gateway.apply(service("framed", source.url))
    answer = gateway.get("framed", token=gateway.token("alice"))
    assert len(answer.body) == size
    assert (answer.header("transfer-encoding") == "chunked") == chunked
    source.close()


def test_a_body_that_ends_with_the_connection(gateway):
    def script(connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 100_000)

    server = Scripted(script)
    gateway.apply(service("until-close", server.url))
    answer = gateway.get("until-close", token=gateway.token("alice"))
    assert answer.body == b"a" * 100_000
    server.close()


def test_an_answer_in_pieces_arrives_in_pieces(gateway):
    go_on = threading.Event()

    def script(connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n6\r\ndata1\n\r\n")
        go_on.wait(10)
        connection.sendall(b"6\r\ndata2\n\r\n0\r\n\r\n")

    server = Scripted(script)
    gateway.apply(service("events", server.url))
    with gateway.connect("events") as sock:
        sock.sendall(head_of(gateway, "events"))
        received = b""
        while b"data1" not in received:
            received += sock.recv(65536)
        assert b"data2" not in received
        go_on.set()
        while b"0\r\n\r\n" not in received:
            received += sock.recv(65536)
    server.close()


def test_expect_100_continue(gateway, echo):
    echo.take()
    with gateway.connect("echo") as sock:
        sock.sendall(head_of(gateway, "echo", "POST", ["Content-Length: 5", "Expect: 100-continue"]))
        head, rest = read_head(sock)
        assert head.startswith(b"HTTP/1.1 100 ") and rest == b""
        sock.sendall(b"hello")
        assert Answer.read(sock).status == 200
    assert echo.one().body == b"hello"
    # Whoever may not send it is not asked to.
    with gateway.connect("echo") as sock:
        sock.sendall(f"POST / HTTP/1.1\r\nHost: echo.{DOMAIN}\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n".encode())
        head, _ = read_head(sock)
        assert head.startswith(b"HTTP/1.1 401 ")


def test_an_answer_before_the_body_is_read(gateway):
    def script(connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):  # or what was not read would reset the connection
            pass

    server = Scripted(script)
    gateway.apply(service("early", server.url))
    with gateway.connect_plaintext() as sock:
        sock.sendall(head_of(gateway, "early", "PUT", [f"Content-Length: {64 * MIB}"]) + b"x" * 1000)
        answer = Answer.read(sock)
    assert (answer.status, answer.body) == (413, b"no")
    server.close()


def test_a_head_request_and_statuses_without_a_body(gateway):
    def script(connection):
        while True:
            head, _ = read_head(connection)
            if head.startswith(b"HEAD"):
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            elif b"/204" in head:
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            elif b"/304" in head:
                connection.sendall(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\nETag: \"x\"\r\n\r\n")
            else:
                connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    server = Scripted(script)
    gateway.apply(service("bodiless", server.url))
    with gateway.connect("bodiless") as sock:
        ask = lambda method, path: gateway.request("bodiless", method, path, token=gateway.token("alice"), sock=sock)
        head = ask("HEAD", "/")
        assert (head.status, head.header("content-length"), head.body) == (200, "1000", b"")
        assert (ask("GET", "/204").status, ask("GET", "/304").header("etag"), ask("GET", "/").body) == (204, '"x"', b"ok")
    server.close()


def test_pipelined_requests_are_answered_in_order(gateway, echo):
    echo.take()
    with gateway.connect_plaintext() as sock:
        message = b"".join(head_of(gateway, "echo").replace(b"GET / ", b"GET /%d " % index) for index in range(10))
        sock.sendall(message)
        file = sock.makefile("rb")
        paths = []
        for _ in range(10):
            length = None
            while (line := file.readline().strip()):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            paths.append(json.loads(file.read(length))["path"])
    assert paths == [f"/{index}" for index in range(10)]


# --- upgrades and trailers --------------------------------------------------------------------------------------------

def send_and_receive(sock, message):
    """Sends it over TLS and receives as much meanwhile; by one thread, since a TLS connection is not for two."""
    sock.setblocking(False)
    left, received = memoryview(message), b""
    deadline = time.monotonic() + 30
    while len(received) < len(message):
        assert time.monotonic() < deadline, f"{len(left)} bytes not sent, {len(received)} received"
        waits = 0
        try:
            left = left[sock.send(left[:65536]):] if left else left
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            waits += 1
        try:
            piece = sock.recv(65536)
            assert piece, f"cut after {len(received)} bytes"
            received += piece
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            waits += 1
        if waits == 2 or (waits == 1 and not left):
            select.select([sock], [sock] if left else [], [], 1)
    return received


def test_a_websocket_goes_through_both_ways(gateway):
    def script(connection):
        head, _ = read_head(connection)
        lines = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:] if b": " in line)
        if lines.get(b"upgrade") != b"websocket" or b"upgrade" not in lines.get(b"connection", b""):
            connection.sendall(b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n")
            return
        key = next(line.split(b": ", 1)[1] for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key"))
        accept = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\nhello")
        while data := connection.recv(65536):
            connection.sendall(data.upper())
        connection.sendall(b"bye")

    server = Scripted(script)
    gateway.apply(service("sockets", server.url))
    key = base64.b64encode(os.urandom(16)).decode()
    with gateway.connect("sockets") as sock:
        sock.sendall(head_of(gateway, "sockets", fields=["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}"]))
        head, rest = read_head(sock)
        assert head.startswith(b"HTTP/1.1 101 ")
        accept = base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        assert b"\r\nsec-websocket-accept: " + accept.lower() in head.lower()
        while len(rest) < 5:
            rest += sock.recv(100)
        assert rest == b"hello"
        message = b"abc" * 100_000
        assert send_and_receive(sock, message) == message.upper()
    # Without identity there is no upgrade.
    with gateway.connect("sockets") as sock:
        sock.sendall(f"GET / HTTP/1.1\r\nHost: sockets.{DOMAIN}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n".encode())
        assert Answer.read(sock).status == 401
    server.close()


def test_trailers_over_http2_both_ways(gateway):
    server = Http2Upstream(trailers=[("x-checksum", "42")])
    gateway.apply(service("trailers", f"h2c://{server.address}"))
    state = h2.connection.H2Connection(h2.config.H2Configuration(header_encoding="utf-8"))
    got, body, trailers = None, b"", None
    with gateway.connect("trailers", "h2") as sock:
        state.initiate_connection()
        state.send_headers(1, [(":method", "POST"), (":scheme", "https"), (":authority", f"trailers.{DOMAIN}"), (":path", "/t"),
                               ("te", "trailers"), ("x-octelium-auth", gateway.token("alice"))])
        state.send_data(1, b"part one, ")
        state.send_data(1, b"part two")
        state.send_headers(1, [("x-sum", "7")], end_stream=True)
        sock.sendall(state.data_to_send())
        ended = False
        while not ended:
            for event in state.receive_data(sock.recv(65536)):
                if isinstance(event, h2.events.ResponseReceived):
                    got = dict(event.headers)
                elif isinstance(event, h2.events.DataReceived):
                    body += event.data
                elif isinstance(event, h2.events.TrailersReceived):
                    trailers = list(event.headers)
                elif isinstance(event, h2.events.StreamEnded):
                    ended = True
            sock.sendall(state.data_to_send())
    assert got[":status"] == "200" and trailers == [("x-checksum", "42")] and body
    seen = server.one()
    assert seen.body == b"part one, part two" and seen.trailers == [("x-sum", "7")]
    server.close()


def test_trailers_of_an_http1_upstream(gateway):
    def script(connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n")

    server = Scripted(script)
    gateway.apply(service("trailed", server.url))
    with gateway.connect("trailed") as sock:
        sock.sendall(head_of(gateway, "trailed"))
        received = b""
        while not received.endswith(b"\r\n\r\n") or b"hello" not in received:
            received += sock.recv(65536)
    assert b"0\r\nX-Sum: 7\r\n\r\n" in received
    server.close()
