"""What was acknowledged is there after kill -9, and what the data plane serves follows the store again."""
import random
import sqlite3
import subprocess
import threading
import time

import grpc
import pytest

from api import Api
from testkit import Gateway, scaled, service, wait_for

WRITERS = 6
WRITES = scaled(1000, 300)  # by all writers together
KILLS = 3


class Writer:
    """Makes a Group per write and puts the number of the write into its own Service. Keeps count of what was answered."""

    def __init__(self, name):
        self.name, self.attempted, self.acknowledged = name, 0, 0
        self.groups = []  # acknowledged

    def resource(self, api, number):
        out = api.core.Service(metadata=api.meta.Metadata(name=f"{self.name}.default"))
        out.spec.mode = api.core.Service.Spec.HTTP
        out.spec.isPublic = out.spec.isAnonymous = True
        out.spec.config.http.response.direct.inline = f"{self.name} {number}"
        out.spec.port = 80
        return out

    def create(self, api):
        api.call("CreateService", self.resource(api, 0))

    def write(self, api):
        self.attempted += 1
        number = self.attempted
        group = f"{self.name}-{number}"
        api.call("CreateGroup", api.core.Group(metadata=api.meta.Metadata(name=group), spec=api.core.Group.Spec()))
        self.groups.append(group)
        api.call("UpdateService", self.resource(api, number))
        self.acknowledged = number

    def run(self, gateway, token, until):
        with Api(gateway, token) as api:
            try:
                while not until():
                    self.write(api)
            except grpc.RpcError as error:
                # The process has gone, in the middle of a call or before it.
                assert error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.INTERNAL, grpc.StatusCode.CANCELLED,
                                        grpc.StatusCode.UNKNOWN), error


def check_everything(gateway, api, writers):
    groups = set()
    page = 0
    while True:
        options = api.core.ListGroupOptions(common=api.meta.CommonListOptions(page=page, itemsPerPage=500))
        listed = api.call("ListGroup", options)
        groups |= {item.metadata.name for item in listed.items}
        if not listed.listResponseMeta.hasMore:
            break
        page += 1
    for writer in writers:
        lost = set(writer.groups) - groups
        assert not lost, f"acknowledged and gone: {sorted(lost)[:10]}"
        stored = api.get("Service", f"{writer.name}.default").spec.config.http.response.direct.inline
        number = int(stored.split()[1])
        assert writer.acknowledged <= number <= writer.attempted, stored
        # The data plane serves what the store has.
        assert gateway.get(writer.name).body.decode() == stored


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_acknowledged_writes_survive_kill_9():
    dice = random.Random(7)
    with Gateway() as gateway:
        with Api(gateway) as root:
            token = root.access_token
            writers = [Writer(f"writer-{index}") for index in range(WRITERS)]
            for writer in writers:
                writer.create(root)

        def written():
            return sum(writer.attempted for writer in writers)

        for round_ in range(KILLS + 1):
            last = round_ == KILLS
            threads = [threading.Thread(target=writer.run, args=(gateway, token, lambda: last and written() >= WRITES)) for writer in writers]
            target = WRITES * (round_ + 1) // (KILLS + 1) - dice.randrange(20)
            for thread in threads:
                thread.start()
            if not last:
                wait_for(lambda: written() >= target, 60, f"{target} writes")
                gateway.kill()
            for thread in threads:
                thread.join(60)
                assert not thread.is_alive(), "a writer goes on"
            if not last:
                gateway.start()
            with Api(gateway, token) as api:
                check_everything(gateway, api, writers)
                # The watch goes on: a write after the restart is in force when it is answered.
                for writer in writers:
                    writer.write(api)
                    assert gateway.get(writer.name).body.decode() == f"{writer.name} {writer.attempted}"
        assert written() >= WRITES
        gateway.stop()
        database = sqlite3.connect(gateway.data / "octelium.db")
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        database.close()


@pytest.mark.slow
def test_a_write_is_in_force_when_it_is_answered():
    """Read your writes, on the data plane of every worker."""
    with Gateway(workers=3) as gateway, Api(gateway) as api:
        writer = Writer("changing")
        writer.create(api)
        connections = [gateway.connect("changing") for _ in range(6)]  # spread over the workers by the kernel
        for _ in range(scaled(100, 30)):
            writer.write(api)
            for sock in connections:
                assert gateway.request("changing", sock=sock).body.decode() == f"changing {writer.attempted}"
        for sock in connections:
            sock.close()


@pytest.mark.parametrize("milliseconds", [0, 2, 4, 6, 8, 10, 12, 15, 20, 30])
def test_kill_9_in_the_first_moments(tmp_path, milliseconds):
    """A first start that is cut short at any time is finished by the next one."""
    gateway = Gateway(directory=tmp_path)
    gateway.home.mkdir()
    process = subprocess.Popen(gateway.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=tmp_path)
    time.sleep(milliseconds / 1000 * scaled(1, 10))
    process.kill()
    process.wait()
    gateway.start()
    try:
        gateway.user("alice", policies=["allow-all"])
        gateway.apply(service("up", http={"response": {"direct": {"inline": "here"}}}))
        assert gateway.get("up", token=gateway.token("alice")).body == b"here"
    finally:
        gateway.kill()
