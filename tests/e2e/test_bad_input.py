"""Bad input of every kind: what it gets, by which reason, and what the access log says of it.

Each table is one row per mistake. Files are judged by octeliumctl; requests by the gateway, sent as raw bytes where a
well-behaved client could not send them.
"""
import contextlib
import dataclasses
import json
import socket
import ssl
import time
import uuid

import hpack
import pytest

from api import Api
from testkit import Answer, Gateway, service, wait_for
from upstreams import Nobody, Scripted, read_head

@pytest.fixture(scope="module")
def upstreams():
    """Servers that misbehave, by what they do."""
    def garbage(connection):
        read_head(connection)
        connection.sendall(b"\x00\x01 this is no HTTP\r\n\r\n")

    def early(connection):
        read_head(connection)

    def two_lengths(connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc")

    def cut_body(connection):
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc")

    def large_head(connection):
        read_head(connection)
        fields = b"".join(b"X-%d: " % i + b"a" * 1000 + b"\r\n" for i in range(70))
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n")

    made = {script.__name__: Scripted(script) for script in (garbage, early, two_lengths, cut_body, large_head)}
    yield made
    for server in made.values():
        server.close()


@pytest.fixture(scope="module")
def gateway(upstream, upstreams):
    nobody = Nobody()
    with Gateway() as started:
        started.user("alice", policies=["allow-all"])
        started.user("bob")
        started.secret("present", "SECRET-VALUE")
        started.secret("fleeting", "SECRET-VALUE")
        bearer = {"auth": {"bearer": {"fromSecret": "fleeting"}}}
        started.apply(
            service("good", upstream.url),
            service("buffered", upstream.url, http={"enableRequestBuffering": True, "body": {"maxRequestSize": 1000}}),
            service("json-only", upstream.url, http={"enableRequestBuffering": True, "body": {"mode": "JSON"}}),
            service("private", upstream.url, isPublic=False),
            service("disabled", upstream.url, isDisabled=True),
            service("orphan", upstream.url, http=bearer),
            service("refused", nobody.url),
            service("unresolved", "http://no-such-name.invalid"),
            service("not-tls", upstream.url.replace("http", "https")),
            *[service(name.replace("_", "-"), server.url) for name, server in upstreams.items()])
        started.run("delete", "secret", "fleeting")
        yield started
    nobody.close()


@pytest.fixture(scope="module")
def hasty():
    """A gateway that waits for heads, of clients and of upstreams, no longer than most of these tests may take."""
    def silent(connection):
        read_head(connection)
        connection.recv(1)  # until the gateway gives up

    server = Scripted(silent)
    with Gateway() as started:
        started.apply(service("slow", server.url, isAnonymous=True))
        started.stop()
        started.options += ["--upstream-head-timeout-ms", 700, "--head-timeout-ms", 700]  # which hold for the API, too
        started.start()
        yield started
    server.close()


# --- files --------------------------------------------------------------------------------------------------------

def spec_of(text):
    """A public HTTP Service with more lines under spec, which begins in line 3."""
    return f"kind: Service\nmetadata: {{name: broken}}\nspec:\n  mode: HTTP\n  isPublic: true\n{text}"


UPSTREAM = "  config: {upstream: {url: 'http://127.0.0.1:9'}}\n"

FILES = {
    "a list that is not closed": ("kind: User\nspec: {groups: [a, b}\n", "<stdin>:2:21: malformed YAML"),
    "bad indentation": ("kind: User\nspec:\n  type: HUMAN\n groups: []\n", "<stdin>:4:2: malformed YAML"),
    "malformed JSON": ('{"kind": "User",, }', "<stdin>:1:17: "),
    "no resource": ("hello\n", "<stdin>:1:1: expected a resource"),
    "no kind": ("metadata: {name: ab}\n", "<stdin>:1:1: kind: missing"),
    "unknown kind": ("kind: Servise\nmetadata: {name: ab}\n", 'unknown kind "Servise"; did you mean "Service"?'),
    "no name": ("kind: Group\nmetadata: {}\nspec: {}\n", "metadata.name: missing"),
    "unknown field": (spec_of("  config:\n    upstrem: {url: x}\n"),
                      '<stdin>:7:5: spec.config.upstrem: unknown field; did you mean "upstream"?'),
    "unknown enum name": ("kind: Service\nmetadata: {name: broken}\nspec: {mode: HTPP}\n",
                          '<stdin>:3:14: spec.mode: unknown value "HTPP"; did you mean "HTTP"?'),
    "wrong type": ("kind: Service\nmetadata: {name: broken}\nspec: {isPublic: 1}\n",
                   "<stdin>:3:18: spec.isPublic: expected true or false, found the number 1"),
    "text for a list": ("kind: User\nmetadata: {name: broken}\nspec: {groups: dev}\n",
                        '<stdin>:3:16: spec.groups: expected a list, found the text "dev"'),
    "out of range": ("kind: Service\nmetadata: {name: broken}\nspec: {port: -1}\n", "<stdin>:3:14: spec.port: out of range"),
    "two members of a oneof": ("kind: Secret\nmetadata: {name: broken}\ndata:\n  value: a\n  valueBytes: QQ==\n",
                               '<stdin>:5:3: data.valueBytes: "valueBytes" and "value" (at line 4) exclude each other'),
    "a key twice": ("kind: User\nmetadata: {name: broken}\nspec: {}\nspec: {}\n",
                    "<stdin>:4:1: spec: given twice; the first is at line 3"),
    "an object twice": ("kind: Group\nmetadata: {name: same}\nspec: {}\n---\nkind: Group\nmetadata: {name: same}\nspec: {}\n",
                        "metadata.name: Group same is already at <stdin>:1"),
    "too many aliases": ("kind: Group\nmetadata: {name: broken}\nspec:\n  attrs:\n    a: &a [" + "x," * 500 + "x]\n"
                         + "".join(f"    {chr(98 + i)}: &{chr(98 + i)} [" + f"*{chr(97 + i)}," * 50 + "]\n" for i in range(5)),
                         "<stdin>:"),
    "too deep": ("kind: Group\nmetadata: {name: broken}\nspec:\n  attrs: {a: " + "[" * 500 + "]" * 500 + "}\n", "<stdin>:4:"),
    "a name that is no name": ("kind: Group\nmetadata: {name: Bad_Name}\nspec: {}\n", "metadata.name: "),
    "dangling Group": ("kind: User\nmetadata: {name: broken}\nspec: {type: HUMAN, groups: [nobodies]}\n",
                       "spec.groups[0]: "),
    "dangling Policy": ("kind: User\nmetadata: {name: broken}\nspec: {type: HUMAN, authorization: {policies: [nothing]}}\n",
                        "spec.authorization.policies[0]: "),
    "dangling Secret": (spec_of("  config: {upstream: {url: 'http://x.test'}, http: {auth: {bearer: {fromSecret: nothing}}}}\n"),
                        "spec.config.http.auth.bearer"),
    "dangling Namespace": ("kind: Service\nmetadata: {name: broken.nowhere}\nspec:\n  mode: HTTP\n" + UPSTREAM,
                           "metadata.name: the Namespace \"nowhere\" does not exist"),
    "dangling User": ("kind: Credential\nmetadata: {name: broken}\nspec: {user: nobody, type: AUTH_TOKEN}\n", "spec.user: "),
    "dangling config": (spec_of("  config: {upstream: {url: 'http://x.test'}}\n  dynamicConfig:\n    configs: [{name: v1, parent: v0}]\n"),
                        "spec.dynamicConfig.configs[0].parent: there is no config \"v0\""),
    "an upstream that is no URL": (spec_of("  config: {upstream: {url: 'api.example.com'}}\n"), "spec.config.upstream.url: "),
    "no upstream": (spec_of("  config: {upstream: {}}\n"), "spec.config.upstream: "),
    "neither config nor dynamicConfig": (spec_of(""), "spec.config: a Service needs config or dynamicConfig"),
    "a mode of later": ("kind: Service\nmetadata: {name: broken}\nspec: {mode: SSH, port: 22, config: {upstream: {url: 'ssh://x'}}}\n",
                        "spec.mode: the mode SSH is not supported by this gateway yet"),
    "CEL syntax": (spec_of(UPSTREAM + "  authorization:\n    inlinePolicies:\n    - spec:\n        rules:\n"
                           "        - effect: ALLOW\n          condition: {match: 'ctx.user.metadata.name =='}\n"), "^"),
    "CEL misspelt field": (spec_of(UPSTREAM + "  authorization:\n    inlinePolicies:\n    - spec:\n        rules:\n"
                                   "        - effect: ALLOW\n          condition: {match: 'ctx.user.metdata.name == \"x\"'}\n"),
                           "did you mean"),
    "CEL misspelt function": (spec_of(UPSTREAM + "  authorization:\n    inlinePolicies:\n    - spec:\n        rules:\n"
                                      "        - effect: ALLOW\n          condition: {match: 'ctx.request.http.path.startWith(\"/\")'}\n"),
                              'did you mean'),
    "CEL that is no condition": (spec_of(UPSTREAM + "  authorization:\n    inlinePolicies:\n    - spec:\n        rules:\n"
                                         "        - effect: ALLOW\n          condition: {match: '1 + 1'}\n"), "bool"),
    "a header that is the gateway's": (spec_of("  config: {upstream: {url: 'http://x.test'}, http: {header: {addRequestHeaders: [{key: Host, value: x}]}}}\n"),
                                       "spec.config.http.header.addRequestHeaders[0].key: "),
    "anonymous with Policies that nobody checks": (spec_of(UPSTREAM + "  isAnonymous: true\n  authorization: {policies: [allow-all]}\n"),
                                                   "spec.authorization: an anonymous Service checks no Policies"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_refused(gateway, name):
    text, expected = FILES[name]
    done = gateway.apply(text, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert expected in done.stderr
    assert done.stdout == ""


def test_an_expression_is_refused_with_a_caret_below_the_mistake(gateway):
    text, _ = FILES["CEL misspelt field"]
    message = gateway.apply(text, check=False).stderr
    lines = message.splitlines()
    caret = next(i for i, line in enumerate(lines) if line.strip() == "^")
    assert lines[caret - 1][lines[caret].index("^"):].startswith("metdata"), message
    assert '"metadata"' in message or "`metadata`" in message or "metadata" in message.replace("metdata", ""), message


def test_one_bad_document_keeps_a_file_with_a_mistake_from_being_applied(gateway):
    done = gateway.apply("kind: Group\nmetadata: {name: innocent}\nspec: {}\n---\nkind: User\nmetadata: {name: broken}\nspec: {typ: HUMAN}\n",
                         check=False)
    assert done.returncode == 1
    assert "<stdin>:7:8: spec.typ: unknown field" in done.stderr and "Nothing was applied" in done.stderr
    assert gateway.run("get", "group", "innocent", check=False).returncode == 1


# --- heads and framing ---------------------------------------------------------------------------------------------

def request_to(name="good", line="GET / HTTP/1.1", fields=(), body=b""):
    head = f"{line}\r\nHost: {name}.octelium.test\r\n" + "".join(f"{field}\r\n" for field in fields)
    return head.encode("latin-1") + b"\r\n" + body


@dataclasses.dataclass
class Row:
    message: bytes
    status: int
    reason: str


HOST = b"Host: good.octelium.test\r\n"
WIRE = {
    "Content-Length and Transfer-Encoding": Row(request_to(line="POST / HTTP/1.1", fields=["Content-Length: 3", "Transfer-Encoding: chunked"],
                                                           body=b"0\r\n\r\n"), 400, "framing_conflict"),
    "two Content-Lengths": Row(request_to(line="POST / HTTP/1.1", fields=["Content-Length: 3", "Content-Length: 4"], body=b"abc"),
                               400, "duplicate_field"),
    "the same Content-Length twice": Row(request_to(line="POST / HTTP/1.1", fields=["Content-Length: 3", "Content-Length: 3"], body=b"abc"),
                                         400, "duplicate_field"),
    "a list of Content-Lengths": Row(request_to(line="POST / HTTP/1.1", fields=["Content-Length: 3, 3"], body=b"abc"),
                                     400, "content_length_malformed"),
    "a negative Content-Length": Row(request_to(line="POST / HTTP/1.1", fields=["Content-Length: -1"]), 400, "content_length_malformed"),
    "a signed Content-Length": Row(request_to(line="POST / HTTP/1.1", fields=["Content-Length: +3"], body=b"abc"), 400, "content_length_malformed"),
    "a huge Content-Length": Row(request_to(line="POST / HTTP/1.1", fields=["Content-Length: 99999999999999999999"]), 400, "content_length_malformed"),
    "another transfer coding": Row(request_to(line="POST / HTTP/1.1", fields=["Transfer-Encoding: gzip"]), 501, "transfer_coding_unsupported"),
    "chunked and another coding": Row(request_to(line="POST / HTTP/1.1", fields=["Transfer-Encoding: gzip, chunked"]), 501, "transfer_coding_unsupported"),
    "chunked in HTTP/1.0": Row(request_to(line="POST / HTTP/1.0", fields=["Transfer-Encoding: chunked"], body=b"0\r\n\r\n"), 400, "framing_conflict"),
    "two Transfer-Encodings": Row(request_to(line="POST / HTTP/1.1", fields=["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"]), 400, "duplicate_field"),
    "a bare line feed": Row(b"GET / HTTP/1.1\n" + HOST + b"\r\n", 400, "bare_line_break"),
    "a bare line feed after a field": Row(b"GET / HTTP/1.1\r\nHost: good.octelium.test\n\r\n", 400, "bare_line_break"),
    "a bare carriage return": Row(request_to(fields=["X-One: a\rb"]), 400, "bare_line_break"),
    "a folded field": Row(request_to(fields=["X-One: a", " b"]), 400, "obs_fold"),
    "a blank before the colon": Row(request_to(fields=["X-One : a"]), 400, "field_name_malformed"),
    "a field without a name": Row(request_to(fields=[": a"]), 400, "field_name_malformed"),
    "a line without a colon": Row(request_to(fields=["X-One"]), 400, "field_name_malformed"),
    "a NUL in a value": Row(request_to(fields=["X-One: a\0b"]), 400, "field_value_malformed"),
    "an underscore for a hyphen": Row(request_to(line="POST / HTTP/1.1", fields=["Content_Length: 3"], body=b"abc"), 400, "field_name_malformed"),
    "HTTP/0.9": Row(b"GET /\r\n\r\n", 400, "request_line_malformed"),
    "HTTP/2.0 in an HTTP/1 head": Row(request_to(line="GET / HTTP/2.0"), 505, "version_unsupported"),
    "HTTP/1.2": Row(request_to(line="GET / HTTP/1.2"), 505, "version_unsupported"),
    "lower-case protocol": Row(request_to(line="GET / http/1.1"), 400, "request_line_malformed"),
    "two blanks in the request line": Row(request_to(line="GET  / HTTP/1.1"), 400, "request_line_malformed"),
    "a method that is no token": Row(request_to(line="G(T / HTTP/1.1"), 400, "method_malformed"),
    "CONNECT": Row(b"CONNECT good.octelium.test:443 HTTP/1.1\r\n" + HOST + b"\r\n", 405, "method_not_allowed"),
    "TRACE": Row(request_to(line="TRACE / HTTP/1.1"), 405, "method_not_allowed"),
    "no Host": Row(b"GET / HTTP/1.1\r\n\r\n", 400, "host_missing"),
    "two Hosts": Row(b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400, "duplicate_field"),
    "a Host that is none": Row(b"GET / HTTP/1.1\r\nHost: good.octelium.test/x\r\n\r\n", 400, "host_malformed"),
    "a Host with user info": Row(b"GET / HTTP/1.1\r\nHost: a@good.octelium.test\r\n\r\n", 400, "host_malformed"),
    "a target for another host": Row(b"GET http://private.octelium.test/ HTTP/1.1\r\n" + HOST + b"\r\n", 400, "authority_conflict"),
    "a target without a slash": Row(request_to(line="GET index.html HTTP/1.1"), 400, "target_malformed"),
    "an encoded slash": Row(request_to(line="GET /a%2Fb HTTP/1.1"), 400, "path_escape_forbidden"),
    "an encoded slash, lower case": Row(request_to(line="GET /a%2fb HTTP/1.1"), 400, "path_escape_forbidden"),
    "an encoded backslash": Row(request_to(line="GET /a%5Cb HTTP/1.1"), 400, "path_escape_forbidden"),
    "an encoded NUL": Row(request_to(line="GET /a%00b HTTP/1.1"), 400, "path_escape_forbidden"),
    "an escape that is none": Row(request_to(line="GET /a%zz HTTP/1.1"), 400, "path_escape_malformed"),
    "a cut escape": Row(request_to(line="GET /a%2 HTTP/1.1"), 400, "path_escape_malformed"),
    "a backslash": Row(request_to(line="GET /a\\b HTTP/1.1"), 400, "path_backslash"),
    "a parameter that hides dots": Row(request_to(line="GET /a/..;x/b HTTP/1.1"), 400, "path_parameter_segment"),
    "a fragment": Row(request_to(line="GET /a#b HTTP/1.1"), 400, "path_control_byte"),
    "Connection that takes identity away": Row(request_to(fields=["Connection: x-octelium-auth"]), 400, "connection_field_forbidden"),
    "an unknown expectation": Row(request_to(line="POST / HTTP/1.1", fields=["Expect: miracles", "Content-Length: 0"]), 417, "expectation_unsupported"),
    "an upgrade with a body": Row(request_to(line="POST / HTTP/1.1", fields=["Connection: upgrade", "Upgrade: websocket", "Content-Length: 3"], body=b"abc"),
                                  400, "upgrade_malformed"),
    "a large field": Row(request_to(fields=["X-Large: " + "a" * 13_000]), 431, "head_too_large"),
    "a large head": Row(request_to(fields=[f"X-{i}: " + "a" * 4000 for i in range(5)]), 431, "head_too_large"),
    "too many fields": Row(request_to(fields=[f"X-{i}: a" for i in range(120)]), 431, "too_many_fields"),
    "a long target": Row(request_to(line=f"GET /{'a' * 9000} HTTP/1.1"), 414, "target_too_long"),
    "an unknown host": Row(request_to("nothing-here"), 404, "host_unknown"),
    "a host of somebody else": Row(b"GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n", 404, "host_unknown"),
    "the address for a host": Row(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 404, "host_unknown"),
    "a private Service": Row(request_to("private"), 404, "service_not_public"),
    "a disabled Service": Row(request_to("disabled"), 503, "service_disabled"),
    "a path of the domain that is none": Row(b"GET /nothing HTTP/1.1\r\nHost: octelium.test\r\n\r\n", 404, "path_unknown"),
    "a wrong method for the token endpoint": Row(b"GET /oauth2/token HTTP/1.1\r\nHost: octelium.test\r\n\r\n", 405, "method_not_allowed"),
}


def check_denied(gateway, answer, status, reason):
    assert answer is not None, "closed without an answer"
    assert answer.status == status, answer
    entry = gateway.entry_of(answer)
    assert entry["ext"].get("reason") == reason
    assert entry["entry"]["common"]["status"] == "DENIED"
    info = entry["entry"]["info"]
    assert info.get("http", info.get("grpc", {}).get("http"))["response"]["code"] == status
    return entry


@pytest.mark.parametrize("name", WIRE)
def test_a_head_is_refused(gateway, upstream, name):
    upstream.take()
    row = WIRE[name]
    answer = gateway.raw(row.message)
    check_denied(gateway, answer, row.status, row.reason)
    assert upstream.take() == []
    if row.status == 405:
        assert answer.header("allow")


def test_a_refused_head_ends_the_connection_so_that_nothing_is_smuggled_behind_it(gateway, upstream):
    upstream.take()
    first = WIRE["Content-Length and Transfer-Encoding"].message
    smuggled = f"GET /smuggled HTTP/1.1\r\nHost: good.octelium.test\r\nAuthorization: Bearer {gateway.token('alice')}\r\n\r\n"
    with gateway.connect_plaintext(5) as sock:
        sock.sendall(first + smuggled.encode())
        received = b""
        while piece := sock.recv(65536):
            received += piece
    assert received.count(b"HTTP/1.1 ") == 1
    assert upstream.take() == []


def test_a_head_that_does_not_end_in_time(hasty):
    with hasty.connect_plaintext() as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: good.oct")
        answer = Answer.read(sock)
    check_denied(hasty, answer, 408, "head_timeout")


def test_dot_segments_are_resolved_once_for_policy_log_and_upstream(gateway, upstream):
    upstream.take()
    for sent, expected in {"/a/../b": "/b", "/a/%2e%2e/b": "/b", "/../../b": "/b", "//a///b": "/a/b", "/a/./b/": "/a/b/", "/%61": "/a"}.items():
        answer = gateway.request("good", "GET", sent, token=gateway.token("alice"))
        assert answer.status == 200, sent
        assert upstream.one().path == expected
        assert gateway.entry_of(answer)["entry"]["info"]["http"]["request"]["path"] == expected


def test_another_host_than_the_connection_was_made_for(gateway):
    answer = gateway.request("good", headers={"Host": "buffered.octelium.test"}, token=gateway.token("alice"))
    check_denied(gateway, answer, 421, "misdirected_request")


def test_a_name_without_a_certificate_is_refused_in_the_handshake(gateway):
    with pytest.raises(ssl.SSLError):
        gateway.connect("", server_name="www.example.com").close()


def test_the_api_host_is_not_served_to_a_misdirected_connection(gateway):
    answer = gateway.request("good", headers={"Host": "octelium-api.octelium.test"}, token=gateway.token("alice"))
    check_denied(gateway, answer, 421, "misdirected_request")


# --- bodies --------------------------------------------------------------------------------------------------------

BODIES = {
    "declared too large": ("buffered", [("Content-Length", "1001")], b"a" * 1001, 413, "body_too_large"),
    "chunked too large": ("buffered", [("Transfer-Encoding", "chunked")], b"3e9\r\n" + b"a" * 1001 + b"\r\n0\r\n\r\n", 413, "body_too_large"),
    "chunk size that is none": ("buffered", [("Transfer-Encoding", "chunked")], b"zz\r\nabc\r\n0\r\n\r\n", 400, "body_malformed"),
    "chunk without its end": ("buffered", [("Transfer-Encoding", "chunked")], b"3\r\nabcdef\r\n0\r\n\r\n", 400, "body_malformed"),
    "chunk with a bare line feed": ("buffered", [("Transfer-Encoding", "chunked")], b"3\nabc\n0\n\n", 400, "body_malformed"),
    "chunk size with a sign": ("buffered", [("Transfer-Encoding", "chunked")], b"+3\r\nabc\r\n0\r\n\r\n", 400, "body_malformed"),
    "chunk size of many digits": ("buffered", [("Transfer-Encoding", "chunked")], b"0" * 40 + b"3\r\nabc\r\n0\r\n\r\n", 400, "body_malformed"),
    "not JSON": ("json-only", [], b"no json", 400, "body_not_a_json_object"),
    "no JSON object": ("json-only", [], b"[1]", 400, "body_not_a_json_object"),
    "malformed while streaming": ("good", [("Transfer-Encoding", "chunked")], b"zz\r\nabc\r\n0\r\n\r\n", 400, "body_malformed"),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_is_refused(gateway, name):
    to, headers, body, status, reason = BODIES[name]
    answer = gateway.request(to, "POST", "/", headers, body, token=gateway.token("alice"))
    assert answer.status == status
    entry = gateway.entry_of(answer)
    assert entry["ext"]["reason"] == reason
    # No policy here reads bodies, so the request was allowed before its body was looked at.
    assert entry["entry"]["common"]["status"] == "ALLOWED"


def test_the_largest_body_that_is_allowed(gateway, upstream):
    upstream.take()
    assert gateway.request("buffered", "POST", body=b"a" * 1000, token=gateway.token("alice")).status == 200
    assert upstream.one().body == b"a" * 1000


# --- tokens --------------------------------------------------------------------------------------------------------

def flip(token, position):
    return token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1:]


@pytest.fixture(scope="module")
def api(gateway):
    with Api(gateway) as made:
        yield made


def new_session(gateway, user=None, **spec):
    """A User of its own with an access token; for tests that spoil them."""
    user = user or f"user-{uuid.uuid4().hex[:8]}"
    gateway.user(user, policies=["allow-all"], **spec)
    return user, gateway.token(user)


def check_unauthenticated(gateway, headers, reason, token=None):
    answer = gateway.get("good", headers=headers, token=token)
    check_denied(gateway, answer, 401, reason)
    assert answer.body == b"" and answer.header("x-octelium-unauthorized") == "true"
    text = gateway.access_log.read_text()
    for value in [token, *(value for _, value in headers)]:
        for word in (value or "").split():
            assert len(word) < 20 or word not in text, "a token in the access log"


@pytest.mark.parametrize("headers", [
    [], [("Authorization", "Basic YTpi")], [("Authorization", "bearer lower-case-scheme")], [("Cookie", "other=1")]],
    ids=["nothing", "another scheme", "scheme in lower case", "another cookie"])
def test_token_missing(gateway, headers):
    check_unauthenticated(gateway, headers, "token_missing")


@pytest.mark.parametrize("token", ["x", "Zq" * 100, "eyJhbGciOiJub25lIn0.e30.", "%00", "Bearer"],
                         ids=["short", "long", "JWT", "escape", "scheme twice"])
def test_token_malformed(gateway, token):
    check_unauthenticated(gateway, [("Authorization", f"Bearer {token}")], "token_malformed")


def test_token_with_a_wrong_signature(gateway):
    token = gateway.token("alice")
    check_unauthenticated(gateway, [], "token_bad_signature", token=flip(token, len(token) - 30))


def test_token_with_other_claims(gateway):
    token = gateway.token("alice")
    answer = gateway.get("good", token=flip(token, 25))
    assert answer.status == 401
    assert gateway.entry_of(answer)["ext"]["reason"] in ("token_bad_signature", "token_malformed", "token_unverified")


def test_refresh_token_for_an_access_token(gateway, api):
    check_unauthenticated(gateway, [], "token_wrong_type", token=api.tokens.refreshToken)


def test_authentication_token_for_an_access_token(gateway):
    check_unauthenticated(gateway, [], "token_wrong_type", token=gateway.root_token_file.read_text().strip())


def test_two_different_tokens(gateway):
    one, other = gateway.token("alice"), gateway.token("bob")
    check_unauthenticated(gateway, [("X-Octelium-Auth", one), ("X-Octelium-Auth", other)], "token_malformed")
    check_unauthenticated(gateway, [("Cookie", f"octelium_auth={one}; octelium_auth={other}")], "token_malformed")
    answer = gateway.get("good", headers=[("Authorization", f"Bearer {one}"), ("Authorization", f"Bearer {other}")])
    check_denied(gateway, answer, 400, "duplicate_field")


def test_session_that_is_expired(gateway, api):
    user, token = new_session(gateway)
    session, = api.sessions_of(user)
    session.spec.expiresAt.FromSeconds(int(time.time()) + 3)  # what has passed when it is written is refused
    api.call("UpdateSession", session)
    wait_for(lambda: gateway.get("good", token=token).status != 200, 20, "the Session expires")
    check_unauthenticated(gateway, [], "session_expired", token=token)


def test_session_that_is_deleted(gateway, api):
    user, token = new_session(gateway)
    assert gateway.get("good", token=token).status == 200
    session, = api.sessions_of(user)
    api.delete("Session", session.metadata.name)
    check_unauthenticated(gateway, [], "session_unknown", token=token)


def test_session_that_is_rejected(gateway, api):
    user, token = new_session(gateway)
    assert gateway.get("good", token=token).status == 200
    session, = api.sessions_of(user)
    session.spec.state = api.core.Session.Spec.REJECTED
    api.call("UpdateSession", session)
    answer = gateway.get("good", token=token)
    entry = check_denied(gateway, answer, 403, "session_not_active")
    assert entry["entry"]["common"]["reason"] == {"type": "SESSION_NOT_ACTIVE",
                                                  "details": {"sessionNotActive": {"state": "REJECTED"}}}


def test_user_that_is_disabled(gateway):
    user, token = new_session(gateway)
    assert gateway.get("good", token=token).status == 200
    gateway.user(user, policies=["allow-all"], isDisabled=True)
    entry = check_denied(gateway, gateway.get("good", token=token), 403, "user_deactivated")
    assert entry["entry"]["common"]["reason"]["type"] == "USER_DEACTIVATED"


def test_credential_that_is_disabled(gateway, api):
    user, token = new_session(gateway)
    assert gateway.get("good", token=token).status == 200
    api.update("Credential", f"token-of-{user}", lambda credential: setattr(credential.spec, "isDisabled", True))
    check_unauthenticated(gateway, [], "credential_disabled", token=token)


def test_access_token_that_was_replaced(gateway, api):
    user, _ = new_session(gateway)
    tokens = api.login(gateway.credential(user, "auth-token", f"auth-{user}")["authenticationToken"]["authenticationToken"])
    assert gateway.get("good", token=tokens.accessToken).status == 200
    fresh = api.refresh(tokens.refreshToken)
    check_unauthenticated(gateway, [], "token_replaced", token=tokens.accessToken)
    assert gateway.get("good", token=fresh.accessToken).status == 200


def test_nothing_is_granted(gateway):
    answer = gateway.get("good", token=gateway.token("bob"))
    entry = check_denied(gateway, answer, 403, "no_policy_match")
    assert entry["entry"]["common"]["reason"] == {"type": "NO_POLICY_MATCH"}
    assert entry["entry"]["common"]["userRef"]["name"] == "bob"


# --- upstreams -----------------------------------------------------------------------------------------------------

UPSTREAMS = {
    "refused": (502, "upstream_connect_failed"),
    "unresolved": (502, "upstream_name_unresolved"),
    "not-tls": (502, "upstream_tls_failed"),
    "garbage": (502, "upstream_malformed"),
    "two-lengths": (502, "upstream_malformed"),
    "early": (502, "upstream_closed"),
    "large-head": (502, "upstream_head_too_large"),
    "orphan": (502, "upstream_credential_missing"),
}


@pytest.mark.parametrize("name", UPSTREAMS)
def test_an_upstream_fails(gateway, name):
    check_failed_upstream(gateway, gateway.get(name, token=gateway.token("alice")), name, *UPSTREAMS[name])


def test_an_upstream_is_too_slow(hasty):
    check_failed_upstream(hasty, hasty.get("slow"), "slow", 504, "upstream_timeout")


def check_failed_upstream(gateway, answer, name, status, reason):
    assert answer.status == status
    entry = gateway.entry_of(answer)
    assert entry["ext"]["reason"] == reason
    # Policy had allowed it: the upstream's failure does not change that.
    assert entry["entry"]["common"]["status"] == "ALLOWED"
    assert entry["entry"]["info"]["http"]["response"]["code"] == status
    assert entry["entry"]["common"]["serviceRef"]["name"] == f"{name}.default"


def test_a_response_that_is_cut_is_cut_for_the_client_too(gateway):
    with gateway.connect("cut-body") as sock:
        sock.sendall(f"GET / HTTP/1.1\r\nHost: cut-body.octelium.test\r\nAuthorization: Bearer {gateway.token('alice')}\r\n\r\n".encode())
        received = b""
        try:
            while piece := sock.recv(65536):
                received += piece
        except (ssl.SSLError, ConnectionError):
            pass
    assert received.startswith(b"HTTP/1.1 200") and received.endswith(b"abc")
    identifier = next(line.split(b": ")[1] for line in received.split(b"\r\n") if line.lower().startswith(b"x-octelium-request-id"))
    entry = gateway.entry_of(type("Seen", (), {"id": identifier.decode()}))
    assert entry["ext"]["reason"] == "upstream_closed"


def test_the_client_cannot_speak_for_the_gateway(gateway, upstream):
    """Identity, forwarding and gateway fields of a client never reach an upstream."""
    upstream.take()
    forged = {"X-Octelium-Session-Uid": "1", "X-Octelium-Client-Address": "1.2.3.4", "X-Forwarded-For": "1.2.3.4",
              "X-Forwarded-Host": "evil", "Forwarded": "for=1.2.3.4", "X-Real-IP": "1.2.3.4",
              "Cookie": f"octelium_auth={gateway.token('alice')}; kept=1", "X-Octelium-Request-Id": "mine"}
    answer = gateway.get("good", headers=forged)
    assert answer.status == 200 and answer.id != "mine"
    seen = upstream.one()
    assert seen.all("cookie") == ["kept=1"]
    for name in forged:
        if name != "Cookie":
            assert seen.header(name) is None, name
    assert json.dumps(seen.headers).find(gateway.token("alice")) < 0


# --- what a hostile author, client or upstream must not get ---------------------------------------------------------

def test_the_gateways_own_socket_is_no_upstream(gateway):
    """A Service in front of the API's socket would speak for anybody: it does not serve, and the socket would not answer."""
    path = gateway.data / "api.sock"
    gateway.apply(service("own-socket", f"unix:{path}", isAnonymous=True))
    answer = gateway.get("own-socket", "/")
    assert answer.status == 503
    assert gateway.entry_of(answer)["ext"]["reason"] == "service_broken"


def test_policy_does_not_see_what_connection_takes_away(gateway, upstream):
    rule = {"spec": {"rules": [{"effect": "ALLOW", "condition": {"match": 'ctx.request.http.headers["x-tenant"] == "a"'}}]}}
    gateway.apply(service("tenant", upstream.url, authorization={"inlinePolicies": [rule]}))
    token = gateway.token("bob")
    assert gateway.get("tenant", token=token, headers={"X-Tenant": "a"}).status == 200
    assert gateway.get("tenant", token=token, headers={"X-Tenant": "a", "Connection": "x-tenant"}).status == 403


def test_a_field_spelled_with_underscores_does_not_survive_an_edit(gateway, upstream):
    edits = {"addRequestHeaders": [{"key": "X-User", "value": "gw"}], "removeRequestHeaders": ["X-Internal"]}
    gateway.apply(service("twins", upstream.url, http={"header": edits}))
    upstream.take()
    gateway.get("twins", token=gateway.token("alice"), headers={"X_User": "evil", "X_Internal": "1"})
    names = [name.lower() for name, _ in upstream.one().headers]
    assert "x_user" not in names and "x_internal" not in names and names.count("x-user") == 1


def read_some(connection):
    """What has come; nothing when the connection has ended, in whatever way."""
    try:
        return connection.recv(65536)
    except ConnectionError:
        return b""


def test_resets_that_the_client_provokes_end_the_connection(gateway):
    """A window update that overflows makes us reset the stream; many of them must not keep us at work (CVE-2025-8671)."""
    silent = socket.create_server(("127.0.0.1", 0), backlog=1024)  # nobody accepts: the streams stay open until they are reset
    gateway.apply(service("resets", f"http://127.0.0.1:{silent.getsockname()[1]}", isAnonymous=True))
    frame = lambda kind, flags, stream, body: len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body
    fields = hpack.Encoder()
    with gateway.connect_plaintext() as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b""))
        received = pending = b""
        for number in range(400):
            stream = 2 * number + 1
            head = fields.encode([(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", gateway.host("resets"))])
            pending += frame(1, 5, stream, head) + frame(8, 0, stream, (2**31 - 1).to_bytes(4, "big"))
            if number % 50 == 49:  # fewer at a time than the limit on streams, which would hide what is tested
                with contextlib.suppress(ConnectionError):  # it is closed, maybe with some of these not read
                    connection.sendall(pending)
                pending = b""
                received += read_some(connection)
                if bytes([0, 0, 8, 7, 0, 0, 0, 0, 0]) in received:
                    break
        while piece := read_some(connection):
            received += piece
    silent.close()
    goaway = received.index(bytes([0, 0, 8, 7, 0, 0, 0, 0, 0]))
    assert received[goaway + 13:goaway + 17] == (11).to_bytes(4, "big")  # ENHANCE_YOUR_CALM


def test_connections_beyond_the_limit_are_closed():
    with Gateway("--max-connections", "4") as small:
        held = [small.connect_plaintext() for _ in range(4)]
        for connection in held:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: nobody\r\n\r\n")
            assert connection.recv(100).startswith(b"HTTP/1.1 404")
        with small.connect_plaintext() as fifth:
            assert fifth.recv(1) == b""
        for connection in held:
            connection.close()
