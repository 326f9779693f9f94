"""Starts octeliumd on loopback and speaks to it as its users do: by its command lines, HTTP, and the access log.

    with Gateway() as gateway:
        gateway.user("alice", policies=["allow-all"])
        gateway.apply(yaml_text)
        answer = gateway.get("my-api", "/path", token=gateway.token("alice"))
        entry = gateway.entry_of(answer)      # the line of the access log that belongs to the answer

Everything is bounded in time, uses ports that the system chose, and ends by process id.
"""
import contextlib
import dataclasses
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("GATEWAY_BIN", ROOT / "build/release/bin"))
PRESET = os.environ.get("GATEWAY_PRESET", "release")
INSTRUMENTED = PRESET in ("asan", "tsan")
DOMAIN = "octelium.test"

_SANITIZER_REPORT = re.compile(r"(ERROR|WARNING): \w+Sanitizer|runtime error:")


def scaled(count: int, instrumented: int) -> int:
    """`instrumented` where a sanitizer makes everything slow, `count` elsewhere."""
    return instrumented if INSTRUMENTED else count


def wait_for(condition, seconds=10.0, what="the condition"):
    """The first true value of `condition()`; an error when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not in {seconds} s: {what}")
        time.sleep(0.01)


@dataclasses.dataclass
class Answer:
    status: int
    headers: list
    body: bytes

    @classmethod
    def read(cls, sock, method="GET"):
        """Reads one HTTP/1 answer; interim ones are skipped."""
        response = http.client.HTTPResponse(sock, method=method)
        response.begin()
        answer = cls(response.status, response.getheaders(), response.read())
        response.close()
        return answer

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def json(self):
        return json.loads(self.body)

    @property
    def id(self):
        return self.header("x-octelium-request-id")


class Gateway:
    def __init__(self, *options, resolve=None, upstream_ca=None, workers=1, directory=None, env=None, plaintext=True):
        self.options, self.resolve, self.upstream_ca = list(options), dict(resolve or {}), upstream_ca
        self.workers, self.domain, self.environment, self.plaintext = workers, DOMAIN, dict(env or {}), plaintext
        self._owns_directory = directory is None
        self.directory = pathlib.Path(directory or tempfile.mkdtemp(prefix="gateway-"))
        self.data = self.directory / "data"
        self.ca_file = self.data / "ca.pem"
        self.access_log = self.directory / "access.jsonl"
        self.root_token_file = self.directory / "root-token"
        self.home = self.directory / "home"
        self.output_file = self.directory / "octeliumd.out"
        self.process = None
        self.ports = {}
        self._tokens, self._entries, self._log_offset = {}, {}, 0
        self._log_lock = threading.Lock()

    # --- life cycle

    def __enter__(self):
        self.home.mkdir(parents=True, exist_ok=True)
        self.start()
        return self

    def __exit__(self, kind, *_):
        self.stop(check=kind is None)
        if self._owns_directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def command(self):
        listen = "127.0.0.1:0"
        command = [BIN / "octeliumd", "--data-dir", self.data, "--domain", self.domain, "--https-listen", listen,
                   "--http-listen", listen, "--admin-listen", listen, "--workers", self.workers, "--access-log",
                   self.access_log, "--bootstrap-token-file", self.root_token_file]
        if self.plaintext:
            command += ["--plaintext-listen", listen]
        for name, address in self.resolve.items():
            command += ["--upstream-resolve", f"{name}={address}"]
        if self.upstream_ca:
            command += ["--upstream-ca-file", self.upstream_ca]
        return [str(word) for word in command + self.options]

    def start(self):
        begin = self.output_file.stat().st_size if self.output_file.exists() else 0
        with open(self.output_file, "ab") as out:
            self.process = subprocess.Popen(self.command(), stdout=out, stderr=subprocess.STDOUT, cwd=self.directory,
                                            env={**os.environ, **self.environment})

        def bound():
            text = self.output_file.read_bytes()[begin:].decode(errors="replace")
            if self.process.poll() is not None:
                raise AssertionError(f"octeliumd ended: {text[-2000:]}")
            found = dict(re.findall(r"(https|plaintext|http \(redirects\)|admin) on 127\.0\.0\.1:(\d+)\n", text))
            return found if "admin" in found else None

        found = wait_for(bound, 30, "octeliumd says where it listens")
        self.ports = {name.split()[0]: int(port) for name, port in found.items()}
        wait_for(lambda: self.admin("/readyz").status == 200, 30, "/readyz")

    def stop(self, how=signal.SIGTERM, check=True, timeout=30):
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(how)
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("octeliumd did not end in time")
        if not check:
            return
        report = _SANITIZER_REPORT.search(self.output())
        assert not report, self.output()[report.start():][:4000]
        assert how == signal.SIGKILL or code == 0, f"octeliumd ended with {code}: {self.output()[-2000:]}"

    def kill(self):
        self.stop(signal.SIGKILL, check=False)

    def output(self):
        return self.output_file.read_text(errors="replace")

    def rss_kib(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
        return 0

    def cpu_seconds(self, name):
        """What all threads of this name have worked so far."""
        ticks = 0
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a thread may end meanwhile
                thread, _, fields = (task / "stat").read_text().partition("(")[2].rpartition(")")
                if thread == name:
                    ticks += sum(map(int, fields.split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    # --- the command lines

    def env(self, home=None, token=None, **more):
        """Environment of a command line; `token` is an authentication token, root's when left out."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("OCTELIUM_")}
        token = self.root_token_file.read_text().strip() if token is None else token
        return {**inherited, "OCTELIUM_DOMAIN": self.domain, "OCTELIUM_HOME": str(home or self.home),
                "OCTELIUM_API_ENDPOINT": f"127.0.0.1:{self.ports['https']}", "OCTELIUM_CA_FILE": str(self.ca_file),
                "OCTELIUM_AUTH_TOKEN": token, "NO_COLOR": "1", **more}

    def run(self, *words, program="octeliumctl", stdin=None, check=True, env=None):
        done = subprocess.run([str(BIN / program), *map(str, words)], input=stdin or "", text=True, capture_output=True,
                              env=env or self.env(), timeout=60, cwd=self.directory)
        if check:
            assert done.returncode == 0, f"{program} {words} gave {done.returncode}: {done.stdout}{done.stderr}"
        return done

    def apply(self, *documents, check=True):
        """Each document is YAML text or something to write as JSON."""
        texts = [each if isinstance(each, str) else json.dumps(each) for each in documents]
        return self.run("apply", "-", stdin="\n---\n".join(texts), check=check)

    def user(self, name, groups=(), policies=(), kind="WORKLOAD", **spec):
        documents = [{"kind": "Group", "metadata": {"name": group}, "spec": {}} for group in groups]
        spec = {"type": kind, "groups": list(groups), **spec}
        if policies:
            spec["authorization"] = {"policies": list(policies)}
        self.apply(*documents, {"kind": "User", "metadata": {"name": name}, "spec": spec})

    def credential(self, user, kind, name, session_type="clientless"):
        """The CredentialToken of a new Credential."""
        words = ["create", "cred", "--user", user, "--type", kind, name, "-o", "json"]
        if kind != "oauth2":
            words += ["--session-type", session_type]
        return json.loads(self.run(*words).stdout)

    def token(self, user):
        """An access token of a CLIENTLESS Session of `user`; the same one at each call."""
        if user not in self._tokens:
            made = self.credential(user, "access-token", f"token-of-{user}")
            self._tokens[user] = made["accessToken"]["accessToken"]
        return self._tokens[user]

    def secret(self, name, value):
        self.run("create", "secret", name, "--value", value)

    def get_json(self, kind, name=None, **flags):
        return json.loads(self.run("get", kind, *([name] if name else []), "-o", "json", **flags).stdout)

    # --- requests

    def host(self, service):
        return f"{service}.{self.domain}" if service else self.domain

    def client_tls(self, *protocols):
        context = ssl.create_default_context(cafile=str(self.ca_file))
        context.set_alpn_protocols(list(protocols) or ["http/1.1"])
        return context

    def connect(self, service, *protocols, timeout=20, server_name=None):
        """A TLS connection for a Service; "" is the domain itself."""
        sock = socket.create_connection(("127.0.0.1", self.ports["https"]), timeout=timeout)
        return self.client_tls(*protocols).wrap_socket(sock, server_hostname=server_name or self.host(service))

    def connect_plaintext(self, timeout=20):
        return socket.create_connection(("127.0.0.1", self.ports["plaintext"]), timeout=timeout)

    def request(self, service, method="GET", path="/", headers=(), body=None, token=None, sock=None, tls=True, timeout=20):
        """One request, on a connection of its own unless `sock` is given. `headers` are pairs or a dict."""
        own = sock is None
        if own:
            sock = self.connect(service, timeout=timeout) if tls else self.connect_plaintext(timeout)
        pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
        names = {name.lower() for name, _ in pairs}
        if "host" not in names:
            pairs.insert(0, ("Host", self.host(service)))
        if token:
            pairs.append(("Authorization", f"Bearer {token}"))
        body = body.encode() if isinstance(body, str) else body
        if body is not None and not names & {"content-length", "transfer-encoding"}:
            pairs.append(("Content-Length", str(len(body))))
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in pairs) + "\r\n"
        try:
            sock.sendall(head.encode("latin-1") + (body or b""))
            return Answer.read(sock, method)
        finally:
            if own:
                sock.close()

    def get(self, service, path="/", **options):
        return self.request(service, "GET", path, **options)

    def raw(self, message, tls_for=None, timeout=10):
        """Sends exactly these bytes; the one answer, or None when the connection is closed without one."""
        sock = self.connect(tls_for, timeout=timeout) if tls_for is not None else self.connect_plaintext(timeout)
        with sock:
            sock.sendall(message)
            try:
                return Answer.read(sock)
            except (http.client.BadStatusLine, ConnectionError):
                return None

    def admin(self, path):
        with socket.create_connection(("127.0.0.1", self.ports["admin"]), timeout=5) as sock:
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: admin\r\nConnection: close\r\n\r\n".encode())
            return Answer.read(sock)

    def metrics(self):
        """Each metric as a number, by its name without octeliumd_."""
        text = self.admin("/metrics").body.decode()
        return {name: int(value) for name, value in re.findall(r"^octeliumd_(\w+) (-?\d+)$", text, re.M)}

    def settled_metrics(self):
        """The metrics once no request is under way. A client may have its answer before its request is counted as allowed
        or denied, but not before it is counted as received."""
        def look():
            now = self.metrics()
            ended = now["requests_allowed_total"] + now["requests_denied_total"]
            return now if now["requests_total"] == ended else None

        return wait_for(look, 20, "no request is under way")

    # --- the access log

    def _read_log(self):
        with self._log_lock:
            if not self.access_log.exists():
                return
            with open(self.access_log, "rb") as log:
                log.seek(self._log_offset)
                text = log.read()
            whole = text[:text.rfind(b"\n") + 1]
            self._log_offset += len(whole)
            for line in whole.splitlines():
                entry = json.loads(line)
                self._entries[entry["metadata"]["id"]] = entry

    def entry_of(self, answer):
        """The line of the access log for this answer."""
        assert answer.id, f"an answer without a request id: {answer}"

        def look():
            self._read_log()
            return self._entries.get(answer.id)

        return wait_for(look, 20, f"a line of the access log with id {answer.id}")

    def entries(self, select=lambda entry: True):
        self._read_log()
        return [entry for entry in self._entries.values() if select(entry)]


class Flood:
    """Requests that all come at once, each on a connection that was opened before."""

    def __init__(self, gateway, name, tokens):
        self.sockets = [gateway.connect_plaintext(timeout=60) for _ in tokens]
        authorizations = [f"Authorization: Bearer {token}\r\n" if token else "" for token in tokens]
        self.heads = [f"GET / HTTP/1.1\r\nHost: {gateway.host(name)}\r\n{text}\r\n".encode() for text in authorizations]

    def __enter__(self):
        for sock, head in zip(self.sockets, self.heads):
            sock.sendall(head)
        return self

    def __exit__(self, *_):
        for sock in self.sockets:
            sock.close()

    def answers(self):
        return [Answer.read(sock) for sock in self.sockets]


def service(name, url=None, **spec):
    """A public HTTP Service; `http` goes to spec.config.http, everything else to spec."""
    config = spec.pop("config", {})
    if url:
        config = {"upstream": {"url": url}, **config}
    if "http" in spec:
        config = {**config, "http": spec.pop("http")}
    if config:
        spec["config"] = config
    return {"kind": "Service", "metadata": {"name": name}, "spec": {"mode": "HTTP", "isPublic": True, **spec}}
