"""The first Service of README.md, command for command, with free ports instead of the printed ones."""
import json
import random
import re
import signal
import socket
import subprocess
import urllib.request

import pytest

from testkit import BIN, ROOT, wait_for


def free_port():
    """One that is free now, of those that the system gives to nobody who does not ask for it by number."""
    for port in random.sample(range(20_000, 30_000), 100):
        with socket.socket() as taken:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                taken.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")


def blocks(section):
    """The fenced blocks under a heading, in order."""
    text = (ROOT / "README.md").read_text().split(f"## {section}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"```(\w+)\n(.*?)```", text, re.S)


@pytest.fixture
def shell(tmp_path):
    """Runs a piece of shell in the same folder and environment as the pieces before."""
    folder = tmp_path / "here"
    folder.mkdir()
    variables = tmp_path / "variables"
    variables.write_text(f'export PATH="{BIN}:$PATH" NO_COLOR=1\n')
    ports = {"8443": str(free_port()), "8000": str(free_port())}
    started = []

    def run(text):
        for printed, ours in ports.items():
            text = re.sub(rf"\b{printed}\b", ours, text)
        lines = [line for line in text.splitlines() if not line.startswith("./dev ")]
        for line in (line for line in lines if line.endswith("&")):
            started.append(subprocess.Popen(["bash", "-c", f". {variables}; exec {line[:-1]}"], cwd=folder,
                                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        script = "\n".join(line for line in lines if not line.endswith("&"))
        done = subprocess.run(["bash", "-ec", f"set -a; . {variables}\n{script}\nexport -p > {variables}"], cwd=folder,
                              capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run.folder, run.ports = folder, ports
    yield run
    for process in started:
        process.send_signal(signal.SIGTERM)
    for process in started:
        process.wait(20)


def test_the_first_service_of_the_readme_works_as_printed(shell):
    (_, start), (_, resources), (_, use) = blocks("A first Service")
    shell(start)
    (shell.folder / "first.yaml").write_text(resources.replace(":8000", ":" + shell.ports["8000"]))
    wait_for(lambda: (shell.folder / "data/root-token").exists(), 30, "the gateway to start")
    wait_for(lambda: _answers(shell.ports["8000"]), 30, "the upstream to start")
    assert "hello Created" in shell(use)

    curl = next(line for line in use.splitlines() if line.startswith("curl"))
    status = "-s -o /dev/null -w '%{http_code} '"
    assert shell(curl.replace("curl", f"curl {status}")).split() == ["200"]
    assert shell(curl.replace("curl", f"curl {status} -X POST")).split() == ["403"]
    assert shell(re.sub(r'-H "[^"]*" ', "", curl).replace("curl", f"curl {status}")).split() == ["401"]
    reason = wait_for(lambda: _last_reason(shell.folder / "data/access.jsonl", "token_missing"), 20, "the log line")
    assert reason == "token_missing"


def _answers(port):
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1).status == 200
    except OSError:
        return False


def _last_reason(path, wanted):
    text = path.read_text()
    lines = text[:text.rfind("\n") + 1].splitlines()  # the last may not be whole yet
    # Each worker writes its own lines, so that of two that came within a moment either may be the last in the file.
    entries = sorted(map(json.loads, lines), key=lambda entry: entry["entry"]["common"]["startedAt"])
    last = entries[-1]["ext"].get("reason") if entries else None
    return last if last == wanted else None
