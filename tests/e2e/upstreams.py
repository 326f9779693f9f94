"""What stands behind the gateway in the tests: recording HTTP/1.1 and HTTP/2 servers, scripted sockets, a CA."""
import dataclasses
import http.server
import json
import pathlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading

import h2.config
import h2.connection
import h2.events


@dataclasses.dataclass
class Seen:
    """One request as it arrived at an upstream."""
    method: str
    path: str
    headers: list
    body: bytes
    trailers: list = dataclasses.field(default_factory=list)

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]


class Authority:
    """A throw-away CA, made with the openssl program."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="ca-"))
        self.file = self.directory / "ca.pem"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                      "-subj", "/CN=test CA", "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", "ca.key", "-out",
                      "ca.pem")

    def close(self):
        shutil.rmtree(self.directory, ignore_errors=True)

    def _openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.directory, check=True, capture_output=True, timeout=30)

    def server(self, *names, protocols=("http/1.1",)):
        """TLS settings of a server with these names, each a DNS name."""
        stem = names[0]
        (self.directory / f"{stem}.ext").write_text("subjectAltName=" + ",".join(f"DNS:{name}" for name in names))
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={stem}",
                      "-keyout", f"{stem}.key", "-out", f"{stem}.csr")
        self._openssl("x509", "-req", "-in", f"{stem}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                      "-days", "2", "-extfile", f"{stem}.ext", "-out", f"{stem}.pem")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.directory / f"{stem}.pem", self.directory / f"{stem}.key")
        context.set_alpn_protocols(list(protocols))
        return context


def echo(seen):
    body = json.dumps({"method": seen.method, "path": seen.path, "headers": seen.headers,
                       "body": seen.body.decode("latin-1")})
    return 200, [("Content-Type", "application/json")], body.encode()


class Upstream:
    """Records HTTP/1.1 requests. `reply(seen)` gives status, headers and body; by default the request as JSON."""

    def __init__(self, reply=echo, tls=None, socket_path=None):
        self._seen, outer = [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = socket_path is None  # head and body are written one after the other

            def handle_any(self):
                seen = Seen(self.command, self.path, list(self.headers.items()), b"")
                if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                    seen.body, seen.trailers = self.read_chunked()
                else:
                    seen.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                outer._seen.append(seen)
                status, headers, body = reply(seen)
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            def read_chunked(self):
                body, trailers = b"", []
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                while line := self.rfile.readline().strip():
                    name, _, value = line.decode("latin-1").partition(":")
                    trailers.append((name, value.strip()))
                return body, trailers

            def __getattr__(self, name):
                if name.startswith("do_"):
                    return self.handle_any
                raise AttributeError(name)

            def address_string(self):
                return "test"

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128  # with the 5 of the library, of many connections at once some would be turned away

        if socket_path:
            class UnixServer(Server):
                address_family = socket.AF_UNIX

                def server_bind(self):
                    self.socket.bind(str(socket_path))
                    self.server_name, self.server_port = "unix", 0

                def get_request(self):
                    connection, _ = self.socket.accept()
                    return connection, ("unix", 0)

            self.server = UnixServer(str(socket_path), Handler)
        else:
            self.server = Server(("127.0.0.1", 0), Handler)
            self.port = self.server.server_address[1]
            self.address = f"127.0.0.1:{self.port}"
            self.url = f"http://{self.address}"
        self.server.daemon_threads = True
        self.server.block_on_close = False
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def take(self):
        """What arrived since the last call."""
        seen, self._seen = self._seen, []
        return seen

    def one(self):
        seen = self.take()
        assert len(seen) == 1, seen
        return seen[0]


class Nobody:
    """An address of this machine at which nobody listens, and nobody else will while it is held."""

    def __init__(self):
        self._held = socket.socket()
        self._held.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self._held.getsockname()[1]
        self.url = f"http://{self.address}"

    def close(self):
        self._held.close()


class Scripted:
    """Runs `script(connection)` in a thread for each TCP connection, then closes it."""

    def __init__(self, script):
        self.script, self.accepted = script, 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.url = f"http://{self.address}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.accepted += 1
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        connection.settimeout(60)
        with connection:
            try:
                self.script(connection)
            except OSError:
                pass

    def close(self):
        self.listener.close()


def read_head(connection):
    """Bytes up to and including the empty line, and what came after it."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            raise ConnectionError("no head")
        data += piece
    head, _, rest = data.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", rest


class Http2Upstream:
    """Records HTTP/2 requests, in clear (prior knowledge) or over TLS; answers the request as JSON, with a trailer."""

    def __init__(self, tls=None, trailers=(("x-checksum", "42"),)):
        self._seen, self._tls, self._trailers = [], tls, list(trailers)
        self.connections = 0
        self._scripted = Scripted(self._serve)
        self.address = self._scripted.address

    def close(self):
        self._scripted.close()

    def take(self):
        seen, self._seen = self._seen, []
        return seen

    def one(self):
        seen = self.take()
        assert len(seen) == 1, seen
        return seen[0]

    def _serve(self, connection):
        self.connections += 1
        if self._tls:
            with self._tls.wrap_socket(connection, server_side=True) as secured:
                self._converse(secured)
        else:
            self._converse(connection)

    def _converse(self, connection):
        state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        state.initiate_connection()
        connection.sendall(state.data_to_send())
        open_streams = {}
        while data := connection.recv(65536):
            for event in state.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    fields = dict(event.headers)
                    open_streams[event.stream_id] = Seen(fields[":method"], fields[":path"], list(event.headers), b"")
                elif isinstance(event, h2.events.DataReceived):
                    open_streams[event.stream_id].body += event.data
                    state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.TrailersReceived):
                    open_streams[event.stream_id].trailers = list(event.headers)
                elif isinstance(event, h2.events.StreamEnded):
                    self._answer(state, event.stream_id, open_streams.pop(event.stream_id))
                elif isinstance(event, h2.events.ConnectionTerminated):
                    return
            connection.sendall(state.data_to_send())

    def _answer(self, state, stream_id, seen):
        self._seen.append(seen)
        status, headers, body = echo(seen)
        fields = [(":status", str(status))] + [(name.lower(), value) for name, value in headers]
        state.send_headers(stream_id, fields)
        for start in range(0, len(body), 16_384):  # all of it fits the gateway's window
            state.send_data(stream_id, body[start:start + 16_384])
        if not self._trailers:
            state.end_stream(stream_id)
        if self._trailers:
            state.send_headers(stream_id, self._trailers, end_stream=True)
