"""Foreign clients under load: curl, h2load and wrk, to answers of the gateway itself and through nginx behind it."""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

from testkit import DOMAIN, Gateway, scaled, service, wait_for

REQUESTS = scaled(100_000, 8_000)
BODY = "x" * 128


@pytest.fixture(scope="module")
def nginx():
    """The address of an nginx of our own that answers everything with 200."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="nginx-"))
    socket_path = directory / "nginx.sock"
    (directory / "nginx.conf").write_text(f"""
        daemon off; worker_processes 1; pid {directory}/nginx.pid; error_log {directory}/error.log warn;
        events {{ worker_connections 1024; }}
        http {{
          access_log off; keepalive_requests 1000000; client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy;
          fastcgi_temp_path {directory}/f; uwsgi_temp_path {directory}/u; scgi_temp_path {directory}/s;
          server {{ listen unix:{socket_path}; location / {{ return 200 "{BODY}"; }} }}
        }}""")
    process = subprocess.Popen([shutil.which("nginx") or "/usr/sbin/nginx", "-c", directory / "nginx.conf", "-p", directory],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(socket_path.exists, 10, "nginx listens")
    yield f"unix://{socket_path}"
    process.terminate()
    process.wait(10)
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="module")
def gateway(nginx):
    with Gateway() as started:
        started.user("alice", policies=["allow-all"])
        started.token("alice")
        started.apply(service("direct", http={"response": {"direct": {"inline": BODY}}}), service("proxied", nginx))
        started.log_lines = LineCount(started.access_log)
        yield started


@pytest.fixture(autouse=True)
def no_lines_are_lost(gateway):
    """Each request of a test has a line in the access log, and nothing failed."""
    before = settled(gateway)
    gateway.sent = 0
    yield
    after = settled(gateway)
    assert after["requests_allowed_total"] - before["requests_allowed_total"] == gateway.sent
    assert after["upstream_failures_total"] == before["upstream_failures_total"]
    assert after["access_log_dropped_lines_total"] == 0


def settled(gateway):
    """The metrics with no request under way, all of them counted and in the access log.

    A client may be gone before its requests are counted. A connection is open until the last of its requests has been.
    It counts as open from its first bytes on: the request of our own is served behind those of everyone who connected
    before.
    """
    assert gateway.get("direct", tls=False).status == 401
    wait_for(lambda: gateway.metrics()["connections_open"] == 0, 20, "no connection is left open")
    values = gateway.metrics()
    assert values["requests_total"] == values["requests_allowed_total"] + values["requests_denied_total"]
    wait_for(lambda: gateway.log_lines.now() >= values["requests_total"], 20, "each request has a line in the access log")
    assert gateway.log_lines.now() == values["requests_total"]
    return values


class LineCount:
    """How many whole lines a growing file has."""

    def __init__(self, path):
        self.path, self.offset, self.count = path, 0, 0

    def now(self):
        with open(self.path, "rb") as file:
            file.seek(self.offset)
            while piece := file.read(1 << 20):
                self.offset += len(piece)
                self.count += piece.count(b"\n")
        return self.count


def run(*words, timeout=150):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("to", ["direct", "proxied"])
@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_curl(gateway, version, to):
    port = gateway.ports["https"]
    host = f"{to}.{DOMAIN}"
    urls = [f"https://{host}:{port}/{index}?q=1" for index in range(100)]
    out = run("curl", "-sS", "--fail", version, "--cacert", gateway.ca_file, "--resolve", f"{host}:{port}:127.0.0.1",
              "-H", f"Authorization: Bearer {gateway.token('alice')}", "-w", "\n%{http_version} %{http_code} %{num_connects}\n", *urls)
    gateway.sent = len(urls)
    lines = out.splitlines()
    assert lines[0::2] == [BODY] * 100
    number = version.removeprefix("--http")
    assert lines[1] == f"{number} 200 1" and set(lines[3::2]) == {f"{number} 200 0"}  # one connection for all


def test_curl_refused(gateway):
    port = gateway.ports["https"]
    host = f"direct.{DOMAIN}"
    words = ["curl", "-sS", "--cacert", gateway.ca_file, "--resolve", f"{host}:{port}:127.0.0.1", "-o", "/dev/null", "-w", "%{http_code}"]
    assert run(*words, f"https://{host}:{port}/") == "401"


def h2load(gateway, to, count, *words, tls=True):
    # h2load takes the name for SNI from the URI, so the URI has the name and the connection goes elsewhere.
    port = gateway.ports["https" if tls else "plaintext"]
    out = run("h2load", "-n", count, "-c", 10, f"--connect-to=127.0.0.1:{port}", "-H", f"x-octelium-auth: {gateway.token('alice')}", *words,
              f"{'https' if tls else 'http'}://{to}.{DOMAIN}/some/path?x=1")
    gateway.sent += count
    found = re.search(r"requests: (\d+) total, \d+ started, \d+ done, (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout", out)
    assert found and [int(value) for value in found.groups()] == [count, count, 0, 0, 0], out
    assert re.search(rf"status codes: {count} 2xx, 0 3xx, 0 4xx, 0 5xx", out), out
    return out


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("to, protocol", [("direct", "h2"), ("proxied", "h2"), ("proxied", "http/1.1")])
def test_h2load(gateway, to, protocol):
    words = ["-m", 10] if protocol == "h2" else ["--h1"]
    out = h2load(gateway, to, REQUESTS, *words)
    assert f"Application protocol: {protocol}" in out


@pytest.mark.slow
def test_h2load_without_tls(gateway):
    assert "h2c" in h2load(gateway, "proxied", REQUESTS // 4, "-m", 10, tls=False)


def test_h2load_of_uploads(gateway, tmp_path):
    body = tmp_path / "body"
    body.write_bytes(b"a" * 20_000)
    h2load(gateway, "proxied", scaled(2_000, 500), "-m", 5, "-d", body)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_wrk(gateway, tmp_path):
    """In clear, since wrk takes the name for SNI from an address that it can dial. It ends by time: so, until enough."""
    script = tmp_path / "report.lua"
    script.write_text("""
        local threads = {}
        function setup(thread) table.insert(threads, thread) end
        function init() refused = 0 end
        function response(status) if status ~= 200 then refused = refused + 1 end end
        function done(summary)
          local others = 0
          for _, thread in ipairs(threads) do others = others + thread:get("refused") end
          local errors = summary.errors
          io.write(string.format("RESULT %d %d %d\\n", summary.requests, others,
                                 errors.connect + errors.read + errors.write + errors.timeout + errors.status))
        end""")
    connections = 16
    before, total, runs = settled(gateway)["requests_allowed_total"], 0, 0
    while total < REQUESTS and runs < 20:
        runs += 1
        out = run("wrk", "-t", 1, "-c", connections, "-d", "4s", "-s", script, "-H", f"Host: proxied.{DOMAIN}",
                  "-H", f"Authorization: Bearer {gateway.token('alice')}", f"http://127.0.0.1:{gateway.ports['plaintext']}/")
        answered, others, errors = map(int, re.search(r"RESULT (.*)", out).group(1).split())
        assert (others, errors) == (0, 0), out
        total += answered
    assert total >= REQUESTS
    # What was under way when wrk stopped is in the log, too: on each connection one request, or none.
    gateway.sent = settled(gateway)["requests_allowed_total"] - before
    assert total <= gateway.sent <= total + runs * connections


@pytest.mark.slow
def test_the_log_of_all_that_is_whole(gateway):
    """Runs last: every line of what was written above is one JSON document."""
    total, count = settled(gateway)["requests_total"], 0
    with open(gateway.access_log, "rb") as log:
        for line in log:
            count += 1
            if count % 50 == 0:
                json.loads(line)
            else:
                assert line.startswith(b'{"apiVersion":"core/v1"') and line.endswith(b"}}\n")
    assert count == total
