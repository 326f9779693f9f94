"""Logins, Sessions and Credentials, by our own command lines, by grpcio, and by plain HTTP; what octeliumctl prints."""
import base64
import json
import os
import pty
import re
import subprocess
import termios
import time
import urllib.parse

import grpc
import pytest
import yaml

from api import Api, open_channel
from testkit import BIN, DOMAIN, service, wait_for


@pytest.fixture(scope="module")
def api(gateway):
    with Api(gateway) as made:
        yield made


@pytest.fixture(scope="module", autouse=True)
def services(gateway, upstream):
    gateway.apply(service("app", upstream.url))


@pytest.fixture
def person(gateway, request):
    """A User of this test alone, who may do everything."""
    name = "u-" + re.sub(r"[^a-z0-9]+", "-", request.node.name.removeprefix("test_").lower())[-24:].strip("-")
    gateway.user(name, policies=["allow-all"])
    return name


def login_token(gateway, user, session_type="client"):
    return gateway.credential(user, "auth-token", f"login-{user}"[:40].strip("-"), session_type)["authenticationToken"]["authenticationToken"]


def status_of(gateway, token):
    return gateway.get("app", token=token).status


# --- octelium ---------------------------------------------------------------------------------------------------------

def octelium(gateway, env, *words, check=True):
    return gateway.run(*words, program="octelium", env=env, check=check)


def test_login_status_logout(gateway, api, tmp_path, person):
    token = login_token(gateway, person)
    env = gateway.env(home=tmp_path, token="")
    nobody = octelium(gateway, env, "status", check=False)
    assert nobody.returncode == 1 and "octelium login" in nobody.stderr and nobody.stdout == ""
    done = octelium(gateway, {**env, "OCTELIUM_AUTH_TOKEN": token}, "login")
    assert done.stdout == "" and f"You are now authenticated as {person}" in done.stderr
    status = octelium(gateway, env, "status").stdout
    assert f"User: {person} (WORKLOAD)" in status and f"Domain: {DOMAIN}" in status and "(CLIENT)" in status
    document = json.loads(octelium(gateway, env, "status", "-o", "json").stdout)
    assert document["user"]["metadata"]["name"] == person
    # Already logged in: nothing to say, no other Session.
    assert octelium(gateway, env, "login").stderr == ""
    assert len(api.sessions_of(person)) == 1
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files and all(path.stat().st_mode & 0o077 == 0 for path in files)
    assert "logged out" in octelium(gateway, env, "logout").stderr
    assert api.sessions_of(person) == []
    assert octelium(gateway, env, "status", check=False).returncode == 1
    assert octelium(gateway, env, "logout").returncode == 0  # without a Session: no error


def test_a_wrong_token_is_refused_in_words(gateway, tmp_path):
    done = octelium(gateway, gateway.env(home=tmp_path, token="not-a-token"), "login", check=False)
    assert done.returncode == 1 and "nauthenticated" in done.stderr and done.stdout == ""


def test_a_server_that_cannot_be_verified_is_said_at_once(gateway, tmp_path, authority):
    begin = time.monotonic()
    done = octelium(gateway, gateway.env(home=tmp_path, OCTELIUM_CA_FILE=str(authority.file)), "login", check=False)
    assert done.returncode == 1 and "certificate" in done.stderr.lower()
    assert time.monotonic() - begin < 10
    assert octelium(gateway, gateway.env(home=tmp_path, OCTELIUM_CA_FILE=str(authority.file), OCTELIUM_INSECURE_TLS="true"), "login").returncode == 0


def test_a_server_that_is_not_there(gateway, tmp_path):
    done = gateway.run("get", "user", env=gateway.env(home=tmp_path, OCTELIUM_API_ENDPOINT="127.0.0.1:9"), check=False)
    assert done.returncode == 1 and done.stderr


def test_scopes_limit_a_session(gateway, tmp_path, person):
    env = gateway.env(home=tmp_path, token=login_token(gateway, person))
    octelium(gateway, env, "login", "--scope", "api:user.MainService/ListService")
    assert octelium(gateway, env, "get", "service").returncode == 0
    denied = octelium(gateway, env, "get", "namespace", check=False)
    assert denied.returncode == 1 and "PermissionDenied" in denied.stderr


def test_services_and_namespaces_as_a_user_sees_them(gateway, tmp_path, person):
    env = gateway.env(home=tmp_path, token=login_token(gateway, person))
    table = octelium(gateway, env, "get", "service").stdout
    assert "app" in table and "octelium-api" not in table
    listed = json.loads(octelium(gateway, env, "get", "service", "-o", "json").stdout)
    assert "app.default" in [item["metadata"]["name"] for item in listed["items"]] and listed["apiVersion"] == "user/v1"
    one = yaml.safe_load(octelium(gateway, env, "get", "service", "app").stdout)
    assert one["metadata"]["name"] == "app.default"
    assert "default" in octelium(gateway, env, "get", "ns").stdout


# --- Sessions -----------------------------------------------------------------------------------------------------------

def test_a_session_is_effective_for_the_next_call_on_any_connection(gateway, api, person):
    login = login_token(gateway, person)
    for _ in range(5):
        tokens = api.login(login)
        assert status_of(gateway, tokens.accessToken) == 200
        with Api(gateway, tokens.accessToken) as other:
            assert other.user_call("GetStatus", other.user.GetStatusRequest()).user.metadata.name == person


def test_refresh_replaces_both_tokens(gateway, api, person):
    first = api.login(login_token(gateway, person))
    second = api.refresh(first.refreshToken)
    assert (status_of(gateway, first.accessToken), status_of(gateway, second.accessToken)) == (401, 200)
    with pytest.raises(grpc.RpcError) as refused:
        api.refresh(first.refreshToken)
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
    assert len(api.sessions_of(person)) == 1


def test_logout_ends_the_session(gateway, api, person):
    tokens = api.login(login_token(gateway, person))
    assert status_of(gateway, tokens.accessToken) == 200
    api.logout(tokens.refreshToken)
    assert status_of(gateway, tokens.accessToken) == 401
    assert api.sessions_of(person) == []


def test_deleting_a_session_takes_effect_on_the_next_request(gateway, api, person):
    tokens = [api.login(gateway.credential(person, "auth-token", f"one-{i}-{person}"[:40].strip("-"))["authenticationToken"]["authenticationToken"])
              for i in range(2)]
    sessions = api.sessions_of(person)
    assert len(sessions) == 2
    with gateway.connect("app") as sock:  # also on a connection that is open
        ask = lambda each: gateway.request("app", token=each.accessToken, sock=sock).status
        assert [ask(each) for each in tokens] == [200, 200]
        gateway.run("delete", "session", sessions[0].metadata.name)
        assert sorted(ask(each) for each in tokens) == [200, 401]
        api.delete("Session", sessions[1].metadata.name)
        assert [ask(each) for each in tokens] == [401, 401]


def test_a_session_is_rejected_and_approved_again(gateway, api, person):
    token = gateway.token(person)
    session, = api.sessions_of(person)
    assert status_of(gateway, token) == 200
    gateway.run("update", "session", session.metadata.name, "--reject")
    assert status_of(gateway, token) == 403
    with Api(gateway, token) as rejected, pytest.raises(grpc.RpcError) as denied:
        rejected.user_call("GetStatus", rejected.user.GetStatusRequest())
    assert denied.value.code() == grpc.StatusCode.PERMISSION_DENIED
    gateway.run("update", "session", session.metadata.name, "--approve")
    assert status_of(gateway, token) == 200


def test_a_disabled_user_can_do_nothing_until_enabled(gateway, api, person):
    login = login_token(gateway, person)
    tokens = api.login(login)
    gateway.user(person, policies=["allow-all"], isDisabled=True)
    assert status_of(gateway, tokens.accessToken) == 403
    for call in (lambda: api.login(login), lambda: api.refresh(tokens.refreshToken)):
        with pytest.raises(grpc.RpcError) as refused:
            call()
        assert refused.value.code() == grpc.StatusCode.PERMISSION_DENIED
    gateway.user(person, policies=["allow-all"])
    assert status_of(gateway, tokens.accessToken) == 200


def test_a_disabled_credential_makes_no_sessions(gateway, api, person):
    login = login_token(gateway, person)
    tokens = api.login(login)
    name = next(item["metadata"]["name"] for item in gateway.get_json("credential")["items"] if item["spec"]["user"] == person)
    api.update("Credential", name, lambda credential: setattr(credential.spec, "isDisabled", True))
    with pytest.raises(grpc.RpcError) as refused:
        api.login(login)
    assert refused.value.code() in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED)
    assert status_of(gateway, tokens.accessToken) == 401
    api.update("Credential", name, lambda credential: setattr(credential.spec, "isDisabled", False))
    assert status_of(gateway, tokens.accessToken) == 200


def test_a_rotated_credential_forgets_its_old_token(gateway, api, person):
    login = login_token(gateway, person)
    name = next(item["metadata"]["name"] for item in gateway.get_json("credential")["items"] if item["spec"]["user"] == person)
    fresh = json.loads(gateway.run("create", "cred", name, "--rotate", "-o", "json").stdout)["authenticationToken"]["authenticationToken"]
    with pytest.raises(grpc.RpcError) as refused:
        api.login(login)
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED
    assert status_of(gateway, api.login(fresh).accessToken) == 200


def test_group_and_policy_changes_take_effect_on_the_next_request(gateway, upstream):
    rule = {"effect": "ALLOW", "condition": {"match": '"crew" in ctx.user.spec.groups'}}
    policy = {"kind": "Policy", "metadata": {"name": "crew-only"}, "spec": {"rules": [rule]}}
    gateway.apply(policy, {"kind": "Group", "metadata": {"name": "crew"}, "spec": {}},
                  service("ship", upstream.url, authorization={"policies": ["crew-only"]}))
    gateway.user("sailor")
    token = gateway.token("sailor")
    ask = lambda: gateway.get("ship", token=token).status
    assert ask() == 403
    gateway.user("sailor", groups=["crew"])
    assert ask() == 200
    policy["spec"]["isDisabled"] = True
    gateway.apply(policy)
    assert ask() == 403
    policy["spec"].pop("isDisabled")
    gateway.apply(policy)
    assert ask() == 200
    policy["spec"]["rules"].insert(0, {"effect": "DENY", "priority": -1, "condition": {"match": 'ctx.user.metadata.name == "sailor"'}})
    gateway.apply(policy)
    assert ask() == 403


# --- OAuth2 -------------------------------------------------------------------------------------------------------------

def ask_token(gateway, fields, headers=(), content_type="application/x-www-form-urlencoded"):
    return gateway.request("", "POST", "/oauth2/token", [("Content-Type", content_type), *headers], urllib.parse.urlencode(fields))


@pytest.fixture(scope="module")
def client(gateway):
    gateway.user("machine", policies=["allow-all"])
    made = gateway.credential("machine", "oauth2", "machine-client")["oauth2Credentials"]
    return made["clientID"], made["clientSecret"]


@pytest.mark.parametrize("how", ["form", "basic"])
def test_client_credentials(gateway, client, how):
    fields, headers = {"grant_type": "client_credentials"}, []
    if how == "form":
        fields |= {"client_id": client[0], "client_secret": client[1]}
    else:
        pair = ":".join(urllib.parse.quote_plus(part) for part in client)
        headers = [("Authorization", "Basic " + base64.b64encode(pair.encode()).decode())]
    answer = ask_token(gateway, fields, headers)
    assert answer.status == 200 and answer.header("content-type") == "application/json" and answer.header("cache-control") == "no-store"
    token = answer.json()
    assert token["token_type"] == "Bearer" and token["expires_in"] > 0
    assert status_of(gateway, token["access_token"]) == 200
    entry = gateway.entry_of(answer)
    assert entry["entry"]["common"]["status"] == "ALLOWED"
    text = gateway.access_log.read_text()
    assert client[1] not in text and token["access_token"] not in text


@pytest.mark.parametrize("change, status, error", [
    ({"client_secret": "wrong"}, 401, "invalid_client"),
    ({"client_id": "wrong"}, 401, "invalid_client"),
    ({"client_secret": None}, 401, "invalid_client"),
    ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ({"grant_type": None}, 400, "unsupported_grant_type"),
    ({"scope": "nonsense"}, 401, "invalid_scope"),
], ids=lambda value: json.dumps(value) if isinstance(value, dict) else None)
def test_client_credentials_that_are_wrong(gateway, client, change, status, error):
    fields = {"grant_type": "client_credentials", "client_id": client[0], "client_secret": client[1], **change}
    answer = ask_token(gateway, {key: value for key, value in fields.items() if value is not None})
    assert (answer.status, answer.json()["error"]) == (status, error)
    entry = gateway.entry_of(answer)
    assert entry["ext"]["reason"] == "oauth2_refused" and entry["entry"]["common"]["status"] == "DENIED"


def test_token_requests_of_another_type(gateway, client):
    answer = ask_token(gateway, {"grant_type": "client_credentials"}, content_type="application/json")
    assert (answer.status, answer.json()["error"]) == (400, "invalid_request")
    wrong = base64.b64encode(b"a:b").decode()
    answer = ask_token(gateway, {"grant_type": "client_credentials"}, [("Authorization", f"Basic {wrong}")])
    assert answer.status == 401 and answer.header("www-authenticate", ).startswith("Basic")


def test_the_metadata_document(gateway):
    answer = gateway.get("", "/.well-known/oauth-authorization-server")
    assert answer.status == 200 and answer.header("content-type") == "application/json"
    document = answer.json()
    assert document["issuer"] == f"https://{DOMAIN}" and document["token_endpoint"] == f"https://{DOMAIN}/oauth2/token"
    assert document["grant_types_supported"] == ["client_credentials"]
    assert set(document["token_endpoint_auth_methods_supported"]) == {"client_secret_post", "client_secret_basic"}


# --- the API over the wire ------------------------------------------------------------------------------------------------

def test_the_api_needs_identity_and_a_grant(gateway, api):
    method = "/octelium.api.main.core.v1.MainService/ListUser"
    for token, code in ((None, grpc.StatusCode.UNAUTHENTICATED), (gateway.token("bob"), grpc.StatusCode.PERMISSION_DENIED)):
        with open_channel(gateway, f"octelium-api.{DOMAIN}") as channel:
            call = channel.unary_unary(method, request_serializer=bytes, response_deserializer=bytes)
            with pytest.raises(grpc.RpcError) as refused:
                call(b"", timeout=10, metadata=[("x-octelium-auth", token)] if token else None)
            assert refused.value.code() == code
    # Metadata that only the gateway may write is not believed.
    session = gateway.get_json("session")["items"][0]["metadata"]["uid"]
    with open_channel(gateway, f"octelium-api.{DOMAIN}") as channel, pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary(method, request_serializer=bytes, response_deserializer=bytes)(
            b"", timeout=10, metadata=[("x-octelium-session-uid", session)])
    assert refused.value.code() == grpc.StatusCode.UNAUTHENTICATED


def test_errors_of_the_api(gateway, api):
    def code_of(method, request):
        with pytest.raises(grpc.RpcError) as failed:
            api.call(method, request)
        return failed.value.code(), failed.value.details()

    code, text = code_of("GetUser", api.meta.GetOptions(name="no-such-user"))
    assert code == grpc.StatusCode.NOT_FOUND and "no-such-user" in text
    group = api.core.Group(metadata=api.meta.Metadata(name="twice"), spec=api.core.Group.Spec())
    api.call("CreateGroup", group)
    code, text = code_of("CreateGroup", group)
    assert code == grpc.StatusCode.ALREADY_EXISTS and "twice" in text
    code, text = code_of("DeleteUser", api.meta.DeleteOptions(name="root"))
    assert code in (grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.INVALID_ARGUMENT)
    provider = api.core.IdentityProvider(metadata=api.meta.Metadata(name="somebody"), spec=api.core.IdentityProvider.Spec())
    assert code_of("CreateIdentityProvider", provider)[0] == grpc.StatusCode.UNIMPLEMENTED
    # A write that changes nothing keeps the version.
    old = api.get("Group", "twice")
    newer = api.get("Group", "twice")
    newer.metadata.description = "changed"
    api.call("UpdateGroup", newer)
    unchanged = api.get("Group", "twice")
    assert unchanged.metadata.resourceVersion != old.metadata.resourceVersion
    assert unchanged.metadata.lastResourceVersion == old.metadata.resourceVersion
    assert api.call("UpdateGroup", unchanged).metadata.resourceVersion == unchanged.metadata.resourceVersion


def test_lists_are_paged(gateway, api):
    for index in range(7):
        api.call("CreateGroup", api.core.Group(metadata=api.meta.Metadata(name=f"paged-{index}"), spec=api.core.Group.Spec()))
    names, page = [], 0
    while True:
        options = api.core.ListGroupOptions(common=api.meta.CommonListOptions(page=page, itemsPerPage=3))
        listed = api.call("ListGroup", options)
        names += [item.metadata.name for item in listed.items]
        if not listed.listResponseMeta.hasMore:
            break
        page += 1
    assert len(names) == len(set(names)) == listed.listResponseMeta.totalCount
    assert {f"paged-{index}" for index in range(7)} <= set(names)


# --- octeliumctl ------------------------------------------------------------------------------------------------------------

def test_get_in_each_format(gateway):
    one = json.loads(gateway.run("get", "service", "app", "-o", "json").stdout)
    assert one["kind"] == "Service" and one["metadata"]["name"] == "app.default"
    assert yaml.safe_load(gateway.run("get", "svc", "app.default").stdout) == yaml.safe_load(gateway.run("get", "svc", "app", "-o", "yaml").stdout) == one
    listed = gateway.get_json("service")
    assert (listed["apiVersion"], listed["kind"]) == ("core/v1", "ServiceList")
    table = gateway.run("get", "service").stdout
    assert "│" in table and "NAME" in table and "app" in table
    assert gateway.run("get", "config", "-o", "json").stdout.strip() == "No Configs found"
    unknown = gateway.run("get", "servise", check=False)
    assert unknown.returncode == 1 and 'did you mean "service"?' in unknown.stderr
    missing = gateway.run("get", "service", "nothing", check=False)
    assert missing.returncode == 1 and "gRPC error NotFound" in missing.stderr and "nothing" in missing.stderr and missing.stdout == ""


def test_what_is_printed_can_be_applied(gateway, upstream):
    gateway.apply(service("round", upstream.url, http={"path": {"addPrefix": "/x"}}))
    printed = gateway.run("get", "service", "round", "-o", "yaml").stdout
    assert "No applied changes" in gateway.apply(printed).stdout
    document = yaml.safe_load(printed)
    spec = {"kind": "Service", "metadata": {"name": "round"}, "spec": document["spec"]}
    assert "No applied changes" in gateway.apply(spec).stdout


def test_create_update_delete(gateway):
    assert "created" in gateway.run("create", "namespace", "place").stdout
    again = gateway.run("create", "ns", "place", check=False)
    assert again.returncode == 1 and "gRPC error AlreadyExists" in again.stderr and "place" in again.stderr
    gateway.run("create", "secret", "word", stdin="from-stdin\n")
    gateway.run("update", "secret", "word", "--value", "changed")
    shown = gateway.run("get", "secret", "word", "-o", "json").stdout + gateway.run("get", "secret", "-o", "yaml").stdout
    assert "from-stdin" not in shown and "changed" not in shown
    gateway.run("create", "config", "settings", "--value", "first-value")
    config = gateway.get_json("config", "settings")
    assert config["metadata"]["name"] == "settings" and "first-value" not in json.dumps(config)
    for kind, name in (("secret", "word"), ("config", "settings"), ("namespace", "place")):
        gateway.run("delete", kind, name)
        gone = gateway.run("delete", kind, name, check=False)
        assert gone.returncode == 1 and "NotFound" in gone.stderr
    assert gateway.run("update", "secret", "word", "--value", "x", check=False).returncode == 1


def test_a_namespace_with_services_is_not_deleted(gateway, upstream):
    gateway.run("create", "namespace", "busy")
    gateway.apply(service("job.busy", upstream.url))
    refused = gateway.run("delete", "namespace", "busy", check=False)
    assert refused.returncode == 1 and gateway.get("job.busy").status == 401
    gateway.run("delete", "service", "job.busy")
    gateway.run("delete", "namespace", "busy")
    assert gateway.get("job.busy", sock=None, tls=False).status == 404


def test_dry_run_and_diff(gateway, upstream):
    wanted = service("planned", upstream.url)
    done = gateway.run("apply", "-", "--dry-run", stdin=json.dumps(wanted))
    assert "Created (dry run)" in done.stdout and "nothing was sent" in done.stdout
    assert gateway.run("get", "service", "planned", check=False).returncode == 1
    gateway.apply(wanted)
    wanted["spec"]["isDisabled"] = True
    done = gateway.run("apply", "-", "--dry-run", "--diff", stdin=json.dumps(wanted))
    assert re.search(r"spec\.isDisabled: .* -> true", done.stdout)
    assert "isDisabled" not in gateway.get_json("service", "planned")["spec"]
    done = gateway.run("apply", "-", "--diff", stdin=json.dumps(wanted))
    assert "Service: planned Updated" in done.stdout and re.search(r"spec\.isDisabled: .* -> true", done.stdout)
    assert gateway.get_json("service", "planned")["spec"]["isDisabled"] is True


def test_apply_of_a_directory_and_prune(gateway, tmp_path, upstream):
    (tmp_path / "a.yaml").write_text(json.dumps({"kind": "User", "metadata": {"name": "from-folder"}, "spec": {"type": "WORKLOAD", "groups": ["folder-group"]}}))
    (tmp_path / "b.yaml").write_text("kind: Group\nmetadata: {name: folder-group}\nspec: {}\n---\nkind: Group\nmetadata: {name: folder-other}\nspec: {}\n")
    (tmp_path / "notes.txt").write_text("not for us")
    done = gateway.run("apply", tmp_path)  # the Group comes before the User who refers to it
    assert "3 resources created" in done.stdout
    (tmp_path / "b.yaml").write_text("kind: Group\nmetadata: {name: folder-group}\nspec: {}\n")
    done = gateway.run("apply", tmp_path, "--prune", "--include", "group", "--dry-run")
    assert "Group: folder-other Deleted (dry run)" in done.stdout
    kept = {item["metadata"]["name"] for item in gateway.get_json("group")["items"]}
    assert "folder-other" in kept


def test_one_refused_document_does_not_keep_the_others_but_is_an_error(gateway):
    done = gateway.apply({"kind": "Group", "metadata": {"name": "fine"}, "spec": {}},
                         {"kind": "User", "metadata": {"name": "not-fine"}, "spec": {"type": "HUMAN", "groups": ["nobodies"]}}, check=False)
    assert done.returncode == 1
    assert "Group: fine Created" in done.stdout and "Could not create User not-fine." in done.stderr and "1 resource was refused" in done.stderr
    assert gateway.get_json("group", "fine")["metadata"]["name"] == "fine"


def run_on_a_screen(gateway, *words, **env):
    """Output of octeliumctl when both its outputs are a terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([str(BIN / "octeliumctl"), *words], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
                               env={**gateway.env(), "TERM": "xterm", **env})
    os.close(theirs)
    text = b""
    try:
        while piece := os.read(ours, 65536):
            text += piece
    except OSError:
        pass  # the terminal's other end is gone
    process.wait(20)
    os.close(ours)
    return text.decode()


def test_colours_only_on_a_screen_and_not_with_no_color(gateway):
    gateway.get_json("user")
    coloured = run_on_a_screen(gateway, "create", "ns", "Bad_Name", NO_COLOR="")
    plain = run_on_a_screen(gateway, "create", "ns", "Bad_Name", NO_COLOR="1")
    piped = gateway.run("create", "ns", "Bad_Name", check=False, env={**gateway.env(), "NO_COLOR": ""}).stderr
    assert "\x1b[1;31m" in coloured and "InvalidArgument" in coloured
    assert "\x1b[1" not in plain and "InvalidArgument" in plain
    assert "\x1b" not in piped


def test_a_secret_is_asked_for_without_showing_it(gateway):
    ours, theirs = pty.openpty()
    process = subprocess.Popen([str(BIN / "octeliumctl"), "create", "secret", "typed"], stdin=theirs, stdout=subprocess.PIPE, stderr=theirs,
                               env=gateway.env())
    os.close(theirs)
    shown = b""
    while b": " not in shown:
        shown += os.read(ours, 4096)
    wait_for(lambda: not termios.tcgetattr(ours)[3] & termios.ECHO, 20, "what is typed is not shown")
    os.write(ours, b"TYPED-VALUE\n")
    out, _ = process.communicate(timeout=20)
    try:
        shown += os.read(ours, 4096)
    except OSError:
        pass
    os.close(ours)
    assert process.returncode == 0 and b"TYPED-VALUE" not in shown + out
    gateway.run("delete", "secret", "typed")


def test_wrong_words_on_the_command_line(gateway):
    for words in (["aply", "-"], ["get"], ["create", "cred", "--user", "alice", "--type", "password"], ["update", "session", "x"]):
        done = gateway.run(*words, check=False)
        assert done.returncode == 1 and done.stderr and done.stdout == ""
    assert re.match(r"v?\d+\.\d+", gateway.run("version").stdout)
