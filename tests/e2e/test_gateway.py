"""What the gateway does with good requests: routing, rewriting, credentials, upstreams of every kind, its log, its end."""
import json
import os
import pathlib
import re
import socket
import subprocess
import tempfile
import threading
import time
from datetime import datetime, timezone

import pytest

from testkit import BIN, Answer, Gateway, service, wait_for
from upstreams import Http2Upstream, Scripted, Upstream, read_head


@pytest.fixture(autouse=True)
def nothing_seen(upstream):
    upstream.take()


@pytest.fixture(scope="module")
def token(gateway):
    return gateway.token("alice")


# --- fields ---------------------------------------------------------------------------------------------------------

def test_fields_are_added_replaced_and_removed_on_both_ways(gateway, token):
    def reply(seen):
        return 200, [("X-Internal", "1"), ("X-Kept", "2"), ("X-Replaced", "old"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")], b"ok"

    server = Upstream(reply)
    gateway.apply(service("fields", server.url, http={"header": {
        "addRequestHeaders": [{"key": "X-Added", "value": "one"}, {"key": "X-Sent", "value": "ours"},
                              {"key": "X-More", "value": "two", "append": True}],
        "removeRequestHeaders": ["X-Unwanted"],
        "addResponseHeaders": [{"key": "X-Replaced", "value": "new"}, {"key": "X-From-Gateway", "value": "yes"}],
        "removeResponseHeaders": ["x-internal"]}}))
    answer = gateway.get("fields", token=token, headers=[("X-Sent", "theirs"), ("X-More", "one"), ("X-Unwanted", "1"), ("X-Free", "f")])
    seen = server.one()
    assert seen.all("x-added") == ["one"] and seen.all("x-sent") == ["ours"] and seen.all("x-more") == ["one", "two"]
    assert seen.header("x-unwanted") is None and seen.header("x-free") == "f"
    assert answer.header("x-internal") is None and answer.header("x-kept") == "2"
    assert [value for name, value in answer.headers if name.lower() == "x-replaced"] == ["new"]
    assert answer.header("x-from-gateway") == "yes"
    assert [value for name, value in answer.headers if name.lower() == "set-cookie"] == ["a=1", "b=2"]
    assert answer.header("server") == "octelium" and answer.header("strict-transport-security")
    server.close()


def test_hop_by_hop_fields_stay_on_their_hop(gateway, token, upstream):
    gateway.apply(service("hops", upstream.url))
    gateway.get("hops", token=token, headers=[("Connection", "keep-alive, X-Private"), ("X-Private", "1"), ("Keep-Alive", "timeout=5"),
                                              ("Proxy-Authorization", "Basic eDp5"), ("TE", "trailers"), ("Upgrade", "h2c")])
    seen = upstream.one()
    for name in ("x-private", "keep-alive", "proxy-authorization", "upgrade", "authorization"):
        assert seen.header(name) is None, name


@pytest.mark.parametrize("host, expected", [({"preserve": True}, "hosts.octelium.test"), ({"value": "other.example.com"}, "other.example.com")])
def test_the_host_that_the_upstream_sees(gateway, token, upstream, host, expected):
    gateway.apply(service("hosts", upstream.url, http={"header": {"host": host}}))
    gateway.get("hosts", token=token)
    assert upstream.one().header("host") == expected


def test_forwarded_fields_by_mode(gateway, token, upstream):
    sent = [("X-Forwarded-For", "1.2.3.4"), ("Forwarded", "for=1.2.3.4")]
    gateway.apply(service("forwarded", upstream.url))
    gateway.get("forwarded", token=token, headers=sent)
    assert upstream.one().header("x-forwarded-for") is None
    gateway.apply(service("forwarded", upstream.url, http={"header": {"forwardedMode": "TRANSPARENT"}}))
    gateway.get("forwarded", token=token, headers=sent)
    seen = upstream.one()
    assert seen.header("x-forwarded-for") == "1.2.3.4, 127.0.0.1" and seen.header("x-forwarded-proto") == "https"
    gateway.apply(service("forwarded", upstream.url, http={"header": {"forwardedMode": "OBFUSCATE"}}))
    gateway.get("forwarded", token=token, headers=sent)
    seen = upstream.one()
    assert seen.header("x-forwarded-for") == "10.0.0.1" and seen.header("x-forwarded-host") == "forwarded.octelium.test"
    assert "1.2.3.4" not in json.dumps(seen.headers)


def test_prefixes_of_the_path(gateway, token, upstream):
    gateway.apply(service("prefix", upstream.url, http={"path": {"removePrefix": "/api", "addPrefix": "/v2"}}))
    for sent, expected in {"/api/users?a=%2F": "/v2/users?a=%2F", "/api": "/v2", "/other": "/v2/other"}.items():
        assert gateway.get("prefix", sent, token=token).status == 200
        assert upstream.one().path == expected
    gateway.apply(service("prefix", upstream.url, http={"path": {"removePrefix": "/api"}}))
    answer = gateway.get("prefix", "/api../secret", token=token)  # would become /../secret
    assert answer.status == 400 and gateway.entry_of(answer)["ext"]["reason"] == "path_rewrite_ambiguous"
    assert upstream.take() == []


# --- credentials for upstreams -----------------------------------------------------------------------------------------

def test_credentials_of_each_kind_and_their_rotation(gateway, token, upstream):
    gateway.secret("upstream-password", "PASS-1")
    secret = {"fromSecret": "upstream-password"}
    gateway.apply(service("basic", upstream.url, http={"auth": {"basic": {"username": "user", "password": secret}}}),
                  service("custom", upstream.url, http={"auth": {"custom": {"header": "X-Api-Key", "value": secret}}}),
                  service("bearer", upstream.url, http={"auth": {"bearer": secret}}))
    forged = [("X-Api-Key", "forged")]
    gateway.get("basic", token=token)
    assert upstream.one().all("authorization") == ["Basic dXNlcjpQQVNTLTE="]
    gateway.get("custom", token=token, headers=forged)
    assert upstream.one().all("x-api-key") == ["PASS-1"]
    gateway.run("update", "secret", "upstream-password", "--value", "PASS-2")
    gateway.get("custom", token=token, headers=forged)
    assert upstream.one().all("x-api-key") == ["PASS-2"]
    answer = gateway.get("bearer", token=token)
    assert upstream.one().all("authorization") == ["Bearer PASS-2"]
    gateway.run("delete", "secret", "upstream-password")
    answer = gateway.get("bearer", token=token)
    assert answer.status == 502 and gateway.entry_of(answer)["ext"]["reason"] == "upstream_credential_missing"
    assert upstream.take() == []
    gateway.secret("upstream-password", "PASS-3")
    answer = gateway.get("bearer", token=token)
    assert upstream.one().all("authorization") == ["Bearer PASS-3"]
    gateway.entry_of(answer)  # so that the log has all of it
    assert "PASS-" not in gateway.access_log.read_text() and "PASS-" not in gateway.output()


# --- answers without an upstream ---------------------------------------------------------------------------------------

def test_direct_responses(gateway, token):
    gateway.apply(service("direct", http={"response": {"direct": {"statusCode": 418, "contentType": "text/x-tea", "inline": "short and stout"}},
                                          "header": {"addResponseHeaders": [{"key": "X-Pot", "value": "1"}]}}))
    answer = gateway.get("direct", token=token)
    assert (answer.status, answer.body, answer.header("content-type"), answer.header("x-pot")) == (418, b"short and stout", "text/x-tea", "1")
    head = gateway.request("direct", "HEAD", token=token)
    assert (head.status, head.body, head.header("content-length")) == (418, b"", "15")
    assert gateway.get("direct").status == 401
    assert gateway.entry_of(answer)["entry"]["common"]["status"] == "ALLOWED"


# --- who is asked and who may ask --------------------------------------------------------------------------------------

def test_private_and_disabled_services(gateway, token, upstream):
    gateway.apply(service("hidden", upstream.url, isPublic=False))
    assert gateway.get("hidden", token=token).status == 404
    gateway.apply(service("hidden", upstream.url, isDisabled=True))
    assert gateway.get("hidden", token=token).status == 503
    gateway.apply(service("hidden", upstream.url))
    assert gateway.get("hidden", token=token).status == 200


def test_names_of_hosts(gateway, token, upstream):
    gateway.apply({"kind": "Namespace", "metadata": {"name": "staging"}, "spec": {}}, service("shop.staging", upstream.url), service("shop", upstream.url))
    for host, name in {"shop": "shop.default", "shop.default": "shop.default", "shop.staging": "shop.staging"}.items():
        answer = gateway.get(host, token=token)
        assert answer.status == 200, host
        assert gateway.entry_of(answer)["entry"]["common"]["serviceRef"]["name"] == name
    answer = gateway.get("shop", token=token, headers={"Host": "SHOP.octelium.test:8443"})
    assert answer.status == 200


def test_anonymous_services(gateway, upstream):
    gateway.apply(service("everyone", upstream.url, isAnonymous=True))
    answer = gateway.get("everyone", headers=[("Authorization", "Bearer for-the-upstream")])
    assert answer.status == 200
    assert upstream.one().header("authorization") == "Bearer for-the-upstream"
    common = gateway.entry_of(answer)["entry"]["common"]
    assert common["isAnonymous"] and "userRef" not in common and common["status"] == "ALLOWED"


def test_anonymous_services_with_policies(gateway, upstream):
    rule = {"effect": "ALLOW", "condition": {"match": 'ctx.request.http.path == "/open"'}}
    gateway.apply(service("careful", upstream.url, isAnonymous=True,
                          authorization={"enableAnonymous": True, "inlinePolicies": [{"spec": {"rules": [rule]}}]}))
    assert gateway.get("careful", "/open").status == 200
    answer = gateway.get("careful", "/closed")
    assert answer.status == 403 and gateway.entry_of(answer)["ext"]["reason"] == "no_policy_match"


def test_a_config_takes_from_its_parent(gateway, token, upstream):
    gateway.apply(service("family", upstream.url, http={"header": {"addRequestHeaders": [{"key": "X-Config", "value": "default"}]}},
                          dynamicConfig={
        "configs": [{"name": "child", "parent": "default", "http": {"path": {"addPrefix": "/child"}}},
                    {"name": "other", "upstream": {"url": upstream.url}}],
        "rules": [{"condition": {"match": 'ctx.request.http.path.startsWith("/a")'}, "configName": "child"},
                  {"condition": {"match": 'ctx.request.http.path.startsWith("/b")'}, "configName": "other"}]}))
    for sent, config in {"/a": "child", "/b": "other", "/c": "default"}.items():
        answer = gateway.get("family", sent, token=token)
        assert answer.status == 200
        assert gateway.entry_of(answer)["ext"]["config"] == config
        seen = upstream.one()
        assert seen.path == ("/child/a" if config == "child" else sent)
        assert seen.header("x-config") == (None if config == "other" else "default")


# --- upstreams of every kind -------------------------------------------------------------------------------------------

def test_several_endpoints_share_the_load(gateway, token):
    servers = [Upstream(), Upstream(), Upstream()]
    gateway.apply(service("balanced", port=80, config={"upstream": {"loadbalance": {"endpoints": [{"url": server.url} for server in servers]}}}))
    with gateway.connect("balanced") as sock:
        for _ in range(270):  # each draws one of the three: fewer than 30 for one of them happen once in 10^16 runs
            assert gateway.request("balanced", token=token, sock=sock).status == 200
    counts = [len(server.take()) for server in servers]
    assert sum(counts) == 270 and min(counts) >= 30, counts
    for server in servers:
        server.close()


def test_a_unix_socket(gateway, token):
    path = pathlib.Path(tempfile.mkdtemp(prefix="unix-")) / "app.sock"
    server = Upstream(socket_path=path)
    gateway.apply(service("local", f"unix://{path}"))
    answer = gateway.request("local", "POST", "/x?y=1", body="hello", token=token)
    assert answer.status == 200
    seen = server.one()
    assert (seen.path, seen.header("host"), seen.body) == ("/x?y=1", "localhost", b"hello")
    server.close()


@pytest.mark.parametrize("kind", ["h2c", "tls"])
def test_http2_upstreams(gateway, token, authority, kind):
    if kind == "h2c":
        server = Http2Upstream()
        gateway.apply(service("modern", f"h2c://{server.address}"))
    else:
        server = Http2Upstream(tls=authority.server("modern.test", protocols=("h2",)))
        ca = authority.file.read_text()
        port = server.address.rsplit(":", 1)[1]
        gateway.apply(service("modern", f"https://localhost:{port}", config={"tls": {"trustedCAs": [ca]}}, http={"isUpstreamHTTP2": True}))
        # The certificate is for another name: nothing is sent there.
        answer = gateway.get("modern", token=token)
        assert answer.status == 502 and gateway.entry_of(answer)["ext"]["reason"] == "upstream_tls_failed"
        assert server.take() == []
        server.close()
        server = Http2Upstream(tls=authority.server("localhost", protocols=("h2",)))
        port = server.address.rsplit(":", 1)[1]
        gateway.apply(service("modern", f"https://localhost:{port}", config={"tls": {"trustedCAs": [ca]}}, http={"isUpstreamHTTP2": True}))
    server.connections = 0
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(gateway.request("modern", "POST", "/a?b=c", body="x" * 50_000, token=token)))
               for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status for answer in answers] == [200] * 8
    seen = server.take()
    assert {(each.method, each.path, each.header(":scheme"), len(each.body)) for each in seen} == {
        ("POST", "/a?b=c", "https" if kind == "tls" else "http", 50_000)}
    assert all(name == name.lower() for each in seen for name, _ in each.headers)
    assert server.connections <= 8
    # One connection serves what comes one after the other.
    before = server.connections
    for _ in range(5):
        assert gateway.get("modern", token=token).status == 200
    assert server.connections == before
    server.close()


def test_a_connection_to_the_upstream_is_kept_and_replaced_when_the_upstream_closes_it(gateway, token):
    limit = 3

    def script(connection):
        for _ in range(limit):
            read_head(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    server = Scripted(script)
    gateway.apply(service("closing", server.url))
    with gateway.connect("closing") as sock:
        for _ in range(20):
            assert gateway.request("closing", token=token, sock=sock).status == 200
    assert 20 // limit <= server.accepted <= 8
    server.close()


# --- both protocols on each listener ---------------------------------------------------------------------------------

def test_http2_and_http1_by_alpn(gateway, token, upstream):
    gateway.apply(service("both", upstream.url))
    for protocol, flag in {"h2": "--http2", "http/1.1": "--http1.1"}.items():
        with gateway.connect("both", protocol) as sock:
            assert sock.selected_alpn_protocol() == protocol
        done = subprocess.run(["curl", "-sS", flag, "--cacert", gateway.ca_file, "--resolve", f"both.octelium.test:{gateway.ports['https']}:127.0.0.1",
                               "-H", f"x-octelium-auth: {token}", "-o", "/dev/null", "-w", "%{http_version} %{http_code}",
                               f"https://both.octelium.test:{gateway.ports['https']}/"], capture_output=True, text=True, timeout=20)
        assert done.stdout == ("2 200" if protocol == "h2" else "1.1 200"), done.stderr


def test_the_plain_listener_only_sends_people_to_https(gateway):
    def ask(message):
        with socket.create_connection(("127.0.0.1", gateway.ports["http"]), timeout=10) as sock:
            sock.sendall(message)
            return Answer.read(sock)

    answer = ask(b"GET /a?b=c HTTP/1.1\r\nHost: both.octelium.test\r\n\r\n")
    assert (answer.status, answer.header("location")) == (301, f"https://both.octelium.test:{gateway.ports['https']}/a?b=c")
    assert gateway.entry_of(answer)["ext"]["reason"] == "redirected_to_https"
    assert ask(b"POST / HTTP/1.1\r\nHost: octelium.test\r\nContent-Length: 0\r\n\r\n").status == 308
    assert ask(b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n").status == 404  # or it would send people anywhere


# --- the access log ----------------------------------------------------------------------------------------------------

def test_a_line_of_the_access_log(gateway, token, upstream):
    gateway.apply(service("logged", upstream.url))
    answer = gateway.request("logged", "POST", "/a%20b?token=QUERY-SECRET", token=token, body="BODY-SECRET",
                             headers=[("User-Agent", "agent/1"), ("Referer", "https://user:REFERER-SECRET@ref.example/x?y=REFERER-SECRET#z"),
                                      ("Origin", "https://origin.example"), ("Cookie", "c=COOKIE-SECRET"), ("X-Some", "HEADER-SECRET")])
    entry = gateway.entry_of(answer)
    assert (entry["apiVersion"], entry["kind"]) == ("core/v1", "AccessLog")
    assert re.fullmatch(r"[a-z][a-z0-9]{3}-[a-z0-9]{4}-[a-z0-9]{24}-[a-z0-9]{4}-[a-z0-9]{4}", entry["metadata"]["id"])
    common, http = entry["entry"]["common"], entry["entry"]["info"]["http"]
    assert common["status"] == "ALLOWED" and common["mode"] == "HTTP" and common["isPublic"]
    assert common["startedAt"] <= common["endedAt"] == entry["metadata"]["createdAt"]
    for reference, kind, name in [("serviceRef", "Service", "logged.default"), ("namespaceRef", "Namespace", "default"), ("userRef", "User", "alice"),
                                  ("regionRef", "Region", "default")]:
        assert (common[reference]["kind"], common[reference]["name"], common[reference]["apiVersion"]) == (kind, name, "core/v1")
        assert common[reference]["uid"]
    assert common["sessionRef"] == entry["metadata"]["actorRef"] and common["serviceRef"] == entry["metadata"]["targetRef"]
    match = common["reason"]["details"]["policyMatch"]
    assert common["reason"]["type"] == "POLICY_MATCH" and match["policy"]["policyRef"]["name"] == "allow-all"
    request = http["request"]
    assert (request["method"], request["uri"], request["path"]) == ("POST", "/a%20b", "/a b")
    assert (request["userAgent"], request["referer"], request["origin"]) == ("agent/1", "https://ref.example/x", "https://origin.example")
    assert request["bodyBytes"] == str(len("BODY-SECRET"))
    assert http["response"] == {"code": 200, "bodyBytes": str(len(answer.body)), "contentType": "application/json"}
    assert http["httpVersion"] == "HTTP11"
    assert entry["ext"] == {"host": "logged.octelium.test", "config": "default", "upstream": upstream.address, "clientAddress": "127.0.0.1"}
    text = gateway.access_log.read_text()
    assert "-SECRET" not in text and token not in text and gateway.root_token_file.read_text().strip() not in text


def test_the_log_of_a_request_that_somebody_tries_to_forge(gateway):
    answer = gateway.raw(b'GET /"},"status":"ALLOWED HTTP/1.1\r\nHost: logged.octelium.test\r\nUser-Agent: a"\\\tb\x1b[31m\xff\r\n\r\n')
    assert answer.status in (400, 401)
    gateway.entry_of(answer)  # every line is JSON, or this fails
    for line in gateway.access_log.read_bytes().splitlines():
        assert all(byte >= 0x20 for byte in line)


def test_every_request_has_its_line(gateway, token, upstream):
    gateway.apply(service("counted", upstream.url))
    answers = []
    with gateway.connect("counted") as sock:
        for index in range(30):
            answers.append(gateway.request("counted", path=f"/{index}", sock=sock, token=token if index % 2 else None))
    for index, answer in enumerate(answers):
        entry = gateway.entry_of(answer)
        assert entry["entry"]["info"]["http"]["request"]["path"] == f"/{index}"
        assert entry["entry"]["common"]["status"] == ("ALLOWED" if index % 2 else "DENIED")


# --- the admin listener, options, the end --------------------------------------------------------------------------------

def test_the_admin_listener(gateway, token, upstream):
    assert gateway.admin("/healthz").status == 200 and gateway.admin("/readyz").status == 200
    assert gateway.admin("/nothing").status == 404

    gateway.apply(service("measured", upstream.url))
    before = gateway.settled_metrics()
    gateway.get("measured", token=token)
    gateway.get("measured")
    after = gateway.settled_metrics()
    assert after["requests_allowed_total"] == before["requests_allowed_total"] + 1
    assert after["requests_denied_total"] == before["requests_denied_total"] + 1
    assert after["requests_total"] == before["requests_total"] + 2


def test_a_running_request_is_finished_before_the_end(upstream):
    arrived, release = threading.Event(), threading.Event()

    def script(connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
        arrived.set()
        release.wait(10)
        connection.sendall(b"-rest")

    server = Scripted(script)
    with Gateway() as gateway:
        gateway.apply(service("slow", server.url, isAnonymous=True))
        idle = gateway.connect("slow")
        with gateway.connect("slow") as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: slow.octelium.test\r\n\r\n")
            assert arrived.wait(20)
            gateway.process.terminate()

            def refused():
                try:
                    gateway.connect_plaintext(1).close()
                except ConnectionError:
                    return True
                return False

            wait_for(refused, 20, "no new connections")
            assert gateway.process.poll() is None
            release.set()
            answer = Answer.read(sock)
        assert (answer.status, answer.body) == (200, b"first-rest")
        assert gateway.process.wait(10) == 0
        # The last line of the log made it to the disk.
        assert gateway.entry_of(answer)["entry"]["info"]["http"]["response"]["code"] == 200
        idle.close()
    server.close()


def test_sigterm_ends_what_does_not_finish_in_time():
    arrived = threading.Event()

    def script(connection):
        read_head(connection)
        arrived.set()
        connection.recv(1)  # until the gateway gives up

    server = Scripted(script)
    with Gateway("--drain-timeout-ms", "300") as gateway:
        gateway.apply(service("stuck", server.url, isAnonymous=True))
        with gateway.connect("stuck") as sock, gateway.connect_plaintext(), gateway.connect("stuck", "h2"):
            sock.sendall(b"GET / HTTP/1.1\r\nHost: stuck.octelium.test\r\n\r\n")
            assert arrived.wait(20)
            begin = time.monotonic()
            gateway.stop()  # with 0
            assert time.monotonic() - begin < 9  # 10 without the option
    server.close()


def octeliumd(*words, env=None):
    return subprocess.run([str(BIN / "octeliumd"), *map(str, words)], capture_output=True, text=True, timeout=20,
                          env={**os.environ, **(env or {})})


@pytest.mark.parametrize("words, expected", [
    (["--data-dri", "/tmp/x"], "unknown option 'data-dri'; did you mean 'data-dir'?"),
    (["--workers", "many"], "workers is a number from 0, not 'many'"),
    (["--workers"], "--workers needs a value"),
    (["serve"], "unexpected 'serve'"),
    (["--dev=perhaps"], "dev is true or false, not 'perhaps'"),
    (["--log-level", "loud"], "--log-level is debug, info, warn or error, not 'loud'"),
], ids=["misspelt", "no number", "no value", "no option", "no boolean", "no level"])
def test_options_that_are_wrong(words, expected):
    done = octeliumd(*words)
    assert done.returncode == 2 and expected in done.stderr


@pytest.mark.parametrize("words, expected", [
    (["--plaintext-listen", "0.0.0.0:0"], "--plaintext-listen needs loopback or an explicit address"),
    (["--plaintext-listen", "[::]:0"], "--plaintext-listen needs loopback or an explicit address"),
    (["--https-listen", "nowhere"], "nowhere"),
    (["--tls-cert", "/nothing.pem"], "--tls-cert and --tls-key go together"),
    (["--tls-cert", "/nothing.pem", "--tls-key", "/nothing.key"], "cannot read /nothing.pem"),
    (["--upstream-resolve", "example.com"], "is not NAME:PORT=ADDR:PORT"),
    (["--upstream-ca-file", "/nothing.pem"], "cannot read /nothing.pem"),
])
def test_options_that_cannot_be_had(tmp_path, words, expected):
    done = octeliumd("--data-dir", tmp_path / "data", "--https-listen", "127.0.0.1:0", *words)
    assert done.returncode == 1 and expected in done.stdout + done.stderr


def test_options_from_a_file_and_the_environment(tmp_path, upstream):
    file = tmp_path / "octeliumd.yaml"
    file.write_text("upstream-resolve:\n- from-file.test:80=" + upstream.address + "\nbody-idle-timeout-ms: 5000\nlog-level: debug\n")
    environment = {"OCTELIUMD_LOG_LEVEL": "warn", "OCTELIUMD_HEAD_TIMEOUT_MS": "5000"}
    for wrong, expected in {"log-lvel: info\n": "octeliumd.yaml:1:1: unknown option 'log-lvel'; did you mean 'log-level'?",
                            "workers: [1]\n": "workers is one value", "- a\n": "expected option names and values"}.items():
        other = tmp_path / "wrong" / "octeliumd.yaml"
        other.parent.mkdir(exist_ok=True)
        other.write_text(wrong)
        done = octeliumd("--config", other)
        assert done.returncode == 2 and expected in done.stderr
    done = octeliumd(env={"OCTELIUMD_NOTHING": "1"})
    assert done.returncode == 2 and "OCTELIUMD_NOTHING is no option of this program" in done.stderr
    # The command line wins over the environment, which wins over the file.
    with Gateway("--config", file, "--log-level", "info", env=environment) as gateway:
        gateway.apply(service("by-file", "http://from-file.test", isAnonymous=True))
        assert gateway.get("by-file").status == 200
        assert upstream.one().header("host") == "from-file.test"


def test_help_and_version():
    assert "--plaintext-listen ADDR:PORT" in octeliumd("--help").stdout
    assert re.match(r"octeliumd \d+\.\d+", octeliumd("--version").stdout)


def test_files_that_hold_secrets_are_for_their_owner_only(gateway):
    for path in [gateway.data / "master.key", gateway.root_token_file, gateway.data / "octelium.db"]:
        mode = path.stat().st_mode & 0o777
        assert mode & 0o077 == 0 or path.parent.stat().st_mode & 0o077 == 0, (path, oct(mode))
    assert gateway.data.stat().st_mode & 0o777 == 0o700
    assert (gateway.data / "api.sock").stat().st_mode & 0o777 == 0o600


def test_what_is_stored_survives_a_restart(upstream):
    with Gateway() as gateway:
        gateway.user("alice", policies=["allow-all"])
        gateway.apply(service("lasting", upstream.url))
        token, ca = gateway.token("alice"), gateway.ca_file.read_bytes()
        assert gateway.get("lasting", token=token).status == 200
        gateway.stop()
        gateway.start()
        assert gateway.ca_file.read_bytes() == ca
        assert gateway.get("lasting", token=token).status == 200


def test_what_rules_see_is_the_time_at_which_the_body_was_there(gateway, upstream):
    """Else whoever sends slowly could carry a decision beyond the hour for which it is good. Here the body says since when
    it may be there, which is after its first half has been sent."""
    rule = {"effect": "ALLOW", "condition": {"match": "now() > timestamp(ctx.request.http.bodyMap.since)"}}
    gateway.apply(service("slowly", upstream.url, authorization={"inlinePolicies": [{"spec": {"rules": [rule]}}]}))
    token = gateway.token("bob")

    def body(since):
        return json.dumps({"since": datetime.fromtimestamp(since, timezone.utc).isoformat(timespec="microseconds")}).encode()

    assert gateway.request("slowly", "POST", body=body(time.time() + 3600), token=token).status == 403
    size = len(body(0))
    head = f"POST / HTTP/1.1\r\nHost: {gateway.host('slowly')}\r\nAuthorization: Bearer {token}\r\nContent-Length: {size}\r\n\r\n"
    before = gateway.settled_metrics()["requests_total"]
    with gateway.connect("slowly") as sock:
        sock.sendall(head.encode() + body(0)[:4])
        wait_for(lambda: gateway.metrics()["requests_total"] == before + 1, 20, "the request has begun")
        since = time.time()
        time.sleep(0.1)
        sock.sendall(body(since)[4:])
        assert Answer.read(sock).status == 200
