import pytest

from testkit import BIN, Gateway
from upstreams import Authority, Upstream


def pytest_configure(config):
    if not (BIN / "octeliumd").exists():
        pytest.exit(f"{BIN} has no octeliumd: run ./dev build release first", returncode=2)


@pytest.fixture(scope="session")
def authority():
    made = Authority()
    yield made
    made.close()


@pytest.fixture(scope="module")
def upstream():
    """A recording HTTP/1.1 server; empty at the start of each test that asks for `seen`."""
    server = Upstream()
    yield server
    server.close()


@pytest.fixture(scope="module")
def gateway():
    """A gateway with alice, who may do everything, and bob, who may do nothing."""
    with Gateway() as started:
        started.user("alice", policies=["allow-all"])
        started.user("bob")
        yield started
