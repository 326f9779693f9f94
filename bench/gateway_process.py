"""A gateway for benchmarks, used through its public interface only."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("GATEWAY_BIN", ROOT / "build/release/bin"))


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class GatewayProcess:
    """`with GatewayProcess(resolve={"name:80": "127.0.0.1:1"}) as gw`"""

    def __init__(self, domain="octelium.test", resolve=None, workers=1, prefix=(), extra=()):
        self.domain, self.dir = domain, pathlib.Path(tempfile.mkdtemp(prefix="bench-gw-"))
        self.https, self.plain, self.admin = free_port(), free_port(), free_port()
        self.token_file = self.dir / "root-token"
        self.ca = self.dir / "data/ca.pem"
        command = [*prefix, str(BIN / "octeliumd"), "--data-dir", str(self.dir / "data"), "--domain", domain,
                   "--https-listen", f"127.0.0.1:{self.https}", "--plaintext-listen", f"127.0.0.1:{self.plain}",
                   "--admin-listen", f"127.0.0.1:{self.admin}", "--workers", str(workers),
                   "--access-log", str(self.dir / "access.jsonl"), "--bootstrap-token-file", str(self.token_file), *extra]
        for name, address in (resolve or {}).items():
            command += ["--upstream-resolve", f"{name}={address}"]
        self.command = command

    def __enter__(self):
        self.output = open(self.dir / "out", "wb")
        self.process = subprocess.Popen(self.command, stdout=self.output, stderr=subprocess.STDOUT, cwd=self.dir)
        deadline = time.time() + 30
        while time.time() < deadline:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/readyz", timeout=1)
                return self
            except OSError:
                time.sleep(0.05)
        raise RuntimeError((self.dir / "out").read_text()[-2000:])

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.output.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def environment(self):
        return {**os.environ, "OCTELIUM_DOMAIN": self.domain, "OCTELIUM_HOME": str(self.dir / "home"),
                "OCTELIUM_API_ENDPOINT": f"127.0.0.1:{self.https}", "OCTELIUM_CA_FILE": str(self.ca),
                "OCTELIUM_AUTH_TOKEN": self.token_file.read_text().strip(), "NO_COLOR": "1"}

    def ctl(self, *arguments, stdin=None):
        done = subprocess.run([str(BIN / "octeliumctl"), *arguments], input=stdin, text=True, capture_output=True,
                              env=self.environment(), timeout=120)
        if done.returncode:
            raise RuntimeError(f"octeliumctl {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def access_token(self, user):
        made = self.ctl("create", "cred", "--user", user, "--type", "access-token", "--session-type", "clientless",
                        f"bench-{user}", "-o", "json")
        return json.loads(made)["accessToken"]["accessToken"]

    def rss_kib(self):
        for line in open(f"/proc/{self.process.pid}/status"):
            if line.startswith("VmRSS"):
                return int(line.split()[1])
        return 0
