"""gRPC through a GRPC Service: a grpcio server behind the gateway, a grpcio client in front of it."""
import concurrent.futures
import threading

import grpc
import pytest

from api import open_channel
from testkit import DOMAIN, Answer, service

ECHO = "/test.pkg.Echo/"


class Handler(grpc.GenericRpcHandler):
    """Messages are plain bytes. Records the metadata of each call."""

    def __init__(self):
        self.metadata = []
        self.cancelled = threading.Event()

    def service(self, details):
        raw = {"request_deserializer": bytes, "response_serializer": bytes}
        make = {
            ECHO + "Unary": (grpc.unary_unary_rpc_method_handler, self.unary),
            ECHO + "Fail": (grpc.unary_unary_rpc_method_handler, self.fail),
            ECHO + "Many": (grpc.unary_stream_rpc_method_handler, self.many),
            ECHO + "Sum": (grpc.stream_unary_rpc_method_handler, self.sum),
            ECHO + "Talk": (grpc.stream_stream_rpc_method_handler, self.talk),
            ECHO + "Hang": (grpc.unary_stream_rpc_method_handler, self.hang),
        }.get(details.method)
        self.metadata.append(dict(details.invocation_metadata))
        return make and make[0](make[1], **raw)

    def unary(self, message, context):
        context.set_trailing_metadata([("x-trailer", "kept")])
        return b"echo:" + message

    def fail(self, message, context):
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not today")

    def many(self, message, context):
        for index in range(int(message)):
            yield b"%d" % index

    def sum(self, messages, context):
        return b"%d" % sum(len(message) for message in messages)

    def talk(self, messages, context):
        for message in messages:
            yield message.upper()

    def hang(self, message, context):
        context.add_callback(self.cancelled.set)
        yield b"first"
        self.cancelled.wait(30)


@pytest.fixture(scope="module")
def handler():
    return Handler()


@pytest.fixture(scope="module")
def server(handler):
    made = grpc.server(concurrent.futures.ThreadPoolExecutor(max_workers=40), handlers=[handler])
    port = made.add_insecure_port("127.0.0.1:0")
    made.start()
    yield f"127.0.0.1:{port}"
    made.stop(0)


@pytest.fixture(scope="module")
def channel(gateway, server):
    gateway.apply(service("echo", f"grpc://{server}", mode="GRPC"), service("gone", "grpc://127.0.0.1:9", mode="GRPC"))
    with open_channel(gateway, f"echo.{DOMAIN}") as made:
        yield made


@pytest.fixture(scope="module")
def metadata(gateway):
    return [("x-octelium-auth", gateway.token("alice"))]


def unary(channel, method):
    return channel.unary_unary(ECHO + method, request_serializer=bytes, response_deserializer=bytes)


def entry_of(gateway, call):
    """The line of the access log for a call that was answered or has failed."""
    for name, value in (*call.initial_metadata(), *call.trailing_metadata()):
        if name == "x-octelium-request-id":
            return gateway.entry_of(Answer(200, [(name, value)], b""))
    raise AssertionError("an answer without a request id")


def test_a_unary_call(gateway, channel, metadata, handler):
    handler.metadata.clear()
    answer, call = unary(channel, "Unary").with_call(b"hello", metadata=[*metadata, ("x-mine", "1")], timeout=10)
    assert answer == b"echo:hello" and ("x-trailer", "kept") in call.trailing_metadata()
    seen = handler.metadata.pop()
    assert seen["x-mine"] == "1" and "x-octelium-auth" not in seen and "authorization" not in seen
    info = entry_of(gateway, call)
    assert info["entry"]["common"]["mode"] == "GRPC" and info["entry"]["common"]["status"] == "ALLOWED"
    grpc_info = info["entry"]["info"]["grpc"]
    assert (grpc_info["package"], grpc_info["service"], grpc_info["serviceFullName"]) == ("test.pkg", "Echo", "test.pkg.Echo")
    assert grpc_info["method"] == "Unary"
    assert grpc_info.get("status", 0) == 0


def test_a_large_unary_call(channel, metadata):
    message = b"x" * 3_000_000
    assert unary(channel, "Unary")(message, metadata=metadata, timeout=20) == b"echo:" + message


def test_a_status_of_the_upstream_comes_through_and_is_logged(gateway, channel, metadata):
    with pytest.raises(grpc.RpcError) as failed:
        unary(channel, "Fail")(b"", metadata=metadata, timeout=10)
    assert (failed.value.code(), failed.value.details()) == (grpc.StatusCode.FAILED_PRECONDITION, "not today")
    info = entry_of(gateway, failed.value)["entry"]["info"]["grpc"]
    assert (info["method"], info["status"], info["message"]) == ("Fail", 9, "not today")


def test_streams_one_way(channel, metadata):
    many = channel.unary_stream(ECHO + "Many", request_serializer=bytes, response_deserializer=bytes)
    assert list(many(b"500", metadata=metadata, timeout=20)) == [b"%d" % index for index in range(500)]
    total = channel.stream_unary(ECHO + "Sum", request_serializer=bytes, response_deserializer=bytes)
    assert total((b"y" * 10_000 for _ in range(200)), metadata=metadata, timeout=20) == b"2000000"


def test_a_stream_both_ways_goes_message_by_message(channel, metadata):
    talk = channel.stream_stream(ECHO + "Talk", request_serializer=bytes, response_deserializer=bytes)
    answered = threading.Semaphore(1)

    def ask():
        for index in range(50):
            assert answered.acquire(timeout=10)  # the answer to the message before is here
            yield b"message %d" % index

    answers = []
    for answer in talk(ask(), metadata=metadata, timeout=30):
        answers.append(answer)
        answered.release()
    assert answers == [b"MESSAGE %d" % index for index in range(50)]


def test_many_calls_at_once_share_the_connections(channel, metadata):
    call = unary(channel, "Unary")
    futures = [call.future(b"%d" % index, metadata=metadata, timeout=20) for index in range(300)]
    assert [future.result() for future in futures] == [b"echo:%d" % index for index in range(300)]


def test_a_client_that_leaves_is_told_to_the_upstream(channel, metadata, handler):
    handler.cancelled.clear()
    hang = channel.unary_stream(ECHO + "Hang", request_serializer=bytes, response_deserializer=bytes)(b"", metadata=metadata, timeout=20)
    assert next(hang) == b"first"
    hang.cancel()
    assert handler.cancelled.wait(20)


def test_a_deadline_is_the_clients(channel, metadata, handler):
    handler.cancelled.clear()
    hang = channel.unary_stream(ECHO + "Hang", request_serializer=bytes, response_deserializer=bytes)(b"", metadata=metadata, timeout=3)
    assert next(hang) == b"first"  # it has come to the upstream in time
    with pytest.raises(grpc.RpcError) as late:
        list(hang)
    assert late.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    assert handler.cancelled.wait(20)


@pytest.mark.parametrize("user, code, message, reason", [
    ("bob", grpc.StatusCode.PERMISSION_DENIED, "Octelium: Unauthorized", "no_policy_match"),
    (None, grpc.StatusCode.UNAUTHENTICATED, "Octelium: Unauthenticated", "token_missing"),
])
def test_calls_that_are_refused(gateway, channel, handler, user, code, message, reason):
    handler.metadata.clear()
    with pytest.raises(grpc.RpcError) as refused:
        unary(channel, "Unary")(b"", timeout=10, metadata=[("x-octelium-auth", gateway.token(user))] if user else None)
    assert (refused.value.code(), refused.value.details()) == (code, message)
    assert handler.metadata == []
    entry = entry_of(gateway, refused.value)
    assert entry["ext"]["reason"] == reason and entry["entry"]["common"]["status"] == "DENIED"
    assert entry["entry"]["info"]["grpc"]["status"] == code.value[0]


@pytest.mark.parametrize("path", ["/nothing", "/Echo/Unary", "/test.pkg.Echo/Unary/More"])
def test_a_path_that_is_no_method(channel, metadata, path):
    with pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary(path, request_serializer=bytes, response_deserializer=bytes)(b"", metadata=metadata, timeout=10)
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_a_method_that_the_upstream_does_not_have(channel, metadata):
    with pytest.raises(grpc.RpcError) as refused:
        unary(channel, "Nothing")(b"", metadata=metadata, timeout=10)
    assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_an_upstream_that_is_gone(gateway, channel, metadata):
    with open_channel(gateway, f"gone.{DOMAIN}") as other, pytest.raises(grpc.RpcError) as failed:
        unary(other, "Unary")(b"", metadata=metadata, timeout=10)
    assert (failed.value.code(), failed.value.details()) == (grpc.StatusCode.UNAVAILABLE, "Octelium: upstream unavailable")


def test_rules_about_the_method(gateway, channel, server):
    rule = {"effect": "ALLOW", "condition": {"match": 'ctx.request.grpc.serviceFullName == "test.pkg.Echo" && ctx.request.grpc.method == "Unary"'}}
    gateway.apply(service("ruled", f"grpc://{server}", mode="GRPC", authorization={"inlinePolicies": [{"spec": {"rules": [rule]}}]}))
    bob = [("x-octelium-auth", gateway.token("bob"))]
    with open_channel(gateway, f"ruled.{DOMAIN}") as ruled:
        assert unary(ruled, "Unary")(b"1", metadata=bob, timeout=10) == b"echo:1"
        with pytest.raises(grpc.RpcError) as refused:
            unary(ruled, "Fail")(b"", metadata=bob, timeout=10)
        assert refused.value.code() == grpc.StatusCode.PERMISSION_DENIED
