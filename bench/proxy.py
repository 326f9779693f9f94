"""Requests per proxy CPU second: this gateway with its full work beside nginx and HAProxy that only proxy.

Method (performance.md, "Measure like this"): all targets are up at once, each with its own upstream and its own load generator;
generators are stopped by SIGSTOP except the one whose turn it is, for a slice of 0.2 s. Within each cycle the ratio to nginx is taken;
median and quartiles over all cycles of several fresh starts. Answers are counted at the upstream, CPU time is read from
the proxy's own clock at both ends of a slice. Proxies run on one core, generators and upstreams on the other.
"""
import argparse
import contextlib
import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

from gateway_process import BIN, ROOT, GatewayProcess, free_port

PROXY_CPU, LOAD_CPU = "0", "1"
HOST = "my-api.octelium.test"

RESOURCES = """
kind: Group
metadata: {name: dev}
spec: {}
---
kind: Group
metadata: {name: ops}
spec: {}
---
kind: User
metadata: {name: bench}
spec: {type: WORKLOAD, groups: [dev, ops]}
---
kind: Service
metadata: {name: my-api}
spec:
  mode: HTTP
  isPublic: true
  dynamicConfig:
    configs:
      - name: users
        upstream: {url: "http://upstream.test:80"}
      - name: other
        upstream: {url: "http://other.test:80"}
    rules:
      - condition: {match: 'ctx.request.http.path.startsWith("/users")'}
        configName: users
      - condition: {matchAny: true}
        configName: other
  authorization:
    inlinePolicies:
      - spec:
          rules:
            - effect: ALLOW
              condition:
                all:
                  of:
                    - match: ctx.user.spec.groups.hasAll("dev", "ops")
                    - match: ctx.request.http.method in ["GET", "POST", "PUT"]
                    - match: ctx.request.http.path.startsWith("/users")
                    - match: ctx.request.http.headers["x-custom-header"] == "this-value"
"""


def on(cpu, *command):
    return ["taskset", "-c", cpu, *map(str, command)]


class Upstream:
    """nginx that answers a small body and counts what it answered."""

    def __init__(self, folder, name):
        self.port = free_port()
        self.conf = folder / f"upstream-{name}.conf"
        temp = " ".join(f"{kind}_temp_path {folder}/u-{name}-{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        self.conf.write_text(f"""
worker_processes 1; daemon off; error_log {folder}/u-{name}.err; pid {folder}/u-{name}.pid;
events {{ worker_connections 8192; }}
http {{ access_log off; keepalive_requests 100000000; keepalive_timeout 600s; {temp}
  server {{ listen 127.0.0.1:{self.port};
    location / {{ return 200 "hello from the upstream, a small body\\n"; }}
    location = /count {{ stub_status; }} }} }}
""")
        self.process = subprocess.Popen(on(LOAD_CPU, "nginx", "-c", self.conf), stderr=subprocess.DEVNULL)

    def count(self):
        text = urllib.request.urlopen(f"http://127.0.0.1:{self.port}/count", timeout=5).read().decode()
        return int(re.search(r"\n\s*(\d+) (\d+) (\d+)", text)[3])


class Target:
    def __init__(self, name, upstream, plain, tls, pid):
        self.name, self.upstream, self.plain, self.tls, self.pid = name, upstream, plain, tls, pid
        self.load = None

    def cpu(self):
        return time.clock_gettime_ns((~self.pid << 3) | 2)  # clock_getcpuclockid(3)


def make_certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}", "-keyout", folder / "key.pem",
                    "-out", folder / "cert.pem"], check=True, capture_output=True)
    (folder / "both.pem").write_text((folder / "cert.pem").read_text() + (folder / "key.pem").read_text())


def child_of(pid):
    deadline = time.time() + 5
    while time.time() < deadline:
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if children:
            return int(children[0])
        time.sleep(0.05)
    raise RuntimeError("the proxy did not start its worker")


def start_nginx(folder, upstream):
    plain, tls = free_port(), free_port()
    conf = folder / "nginx.conf"
    temp = " ".join(f"{kind}_temp_path {folder}/n-{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    conf.write_text(f"""
worker_processes 1; daemon off; error_log {folder}/nginx.err; pid {folder}/nginx.pid;
events {{ worker_connections 8192; }}
http {{ access_log {folder}/nginx.log; keepalive_requests 100000000; keepalive_timeout 600s; {temp}
  upstream u {{ server 127.0.0.1:{upstream.port}; keepalive 512; keepalive_requests 100000000; keepalive_timeout 600s; }}
  ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem; ssl_protocols TLSv1.2 TLSv1.3;
  server {{ listen 127.0.0.1:{plain}; listen 127.0.0.1:{tls} ssl http2;
    location / {{ proxy_pass http://u; proxy_http_version 1.1; proxy_set_header Connection ""; }} }} }}
""")
    process = subprocess.Popen(on(PROXY_CPU, "nginx", "-c", conf), stderr=subprocess.DEVNULL)
    return process, Target("nginx", upstream, plain, tls, child_of(process.pid))


def start_haproxy(folder, upstream):
    plain, tls = free_port(), free_port()
    conf = folder / "haproxy.cfg"
    conf.write_text(f"""
global
  nbthread 1
  maxconn 8192
  tune.pool-high-fd-ratio 90
  tune.pool-low-fd-ratio 80
  log 127.0.0.1:{free_port()} local0
defaults
  mode http
  log global
  option httplog
  timeout client 600s
  timeout server 600s
  timeout connect 5s
  http-reuse always
frontend f
  bind 127.0.0.1:{plain}
  bind 127.0.0.1:{tls} ssl crt {folder}/both.pem alpn h2,http/1.1
  default_backend b
backend b
  server s 127.0.0.1:{upstream.port} maxconn 8192 pool-max-conn -1
""")
    process = subprocess.Popen(on(PROXY_CPU, "haproxy", "-f", conf), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.3)
    return process, Target("haproxy", upstream, plain, tls, process.pid)


def load_command(scenario, target, token):
    headers = [f"Authorization: Bearer {token}", "x-custom-header: this-value", "User-Agent: bench", "Accept: */*"]
    flags = [flag for header in headers for flag in ("-H", header)]
    if scenario == "h1":
        return ["wrk", "-t1", "-c64", "-d3600s", "-H", f"Host: {HOST}", *flags, f"http://127.0.0.1:{target.plain}/users/1"]
    shape = ["--h1", "-c64"] if scenario == "tls-h1" else ["-c16", "-m16"]
    return ["h2load", *shape, "-t1", "-n1000000000", f"--connect-to=127.0.0.1:{target.tls}", *flags, f"https://{HOST}/users/1"]


def measure(scenario, targets, token, cycles, slice_seconds):
    for target in targets:
        target.load = subprocess.Popen(on(LOAD_CPU, *load_command(scenario, target, token)), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
        time.sleep(1.0)  # connect and warm up
        target.load.send_signal(signal.SIGSTOP)
        time.sleep(0.05)
    rows = []
    for _ in range(cycles):
        row = {}
        for target in targets:
            count, cpu = target.upstream.count(), target.cpu()
            target.load.send_signal(signal.SIGCONT)
            time.sleep(slice_seconds)
            target.load.send_signal(signal.SIGSTOP)
            time.sleep(0.03)
            answered = target.upstream.count() - count - 1
            row[target.name] = answered / max(1e-9, (target.cpu() - cpu) / 1e9)
        rows.append(row)
    for target in targets:
        target.load.send_signal(signal.SIGCONT)
        target.load.kill()
        target.load.wait()
    time.sleep(0.3)
    return rows


def start_bare(folder, upstream):
    plain = free_port()
    process = subprocess.Popen(on(PROXY_CPU, BIN / "bare_proxy", f"127.0.0.1:{plain}", f"127.0.0.1:{upstream.port}"))
    return process, Target("bare", upstream, plain, None, process.pid)


def one_start(scenarios, cycles, slice_seconds, with_bare):
    results = {scenario: [] for scenario in scenarios}
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bench-proxy-"))
    processes = []
    try:
        make_certificate(folder)
        ups = {name: Upstream(folder, name) for name in ("gateway", "nginx", "haproxy", "bare")}
        processes += [upstream.process for upstream in ups.values()]
        time.sleep(0.3)
        with contextlib.ExitStack() as stack:
            gw = stack.enter_context(GatewayProcess(
                resolve={"upstream.test:80": f"127.0.0.1:{ups['gateway'].port}"}, prefix=on(PROXY_CPU)))
            gw.ctl("apply", "-", stdin=RESOURCES)
            token = gw.access_token("bench")
            targets = [Target("gateway", ups["gateway"], gw.plain, gw.https, gw.process.pid)]
            for start, name in ((start_nginx, "nginx"), (start_haproxy, "haproxy")):
                process, target = start(folder, ups[name])
                processes.append(process)
                targets.append(target)
            bare = None
            if with_bare:
                process, bare = start_bare(folder, ups["bare"])
                processes.append(process)
            check(gw, token)
            for scenario in scenarios:
                used = targets + ([bare] if bare and scenario == "h1" else [])
                results[scenario] += measure(scenario, used, token, cycles, slice_seconds)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)
    return results


def check(gw, token):
    """The work is really done: without the header that policy asks for, 403; without a token, 401."""
    def status(headers):
        request = urllib.request.Request(f"http://127.0.0.1:{gw.plain}/users/1", headers={"Host": HOST, **headers})
        try:
            return urllib.request.urlopen(request, timeout=5).status
        except urllib.error.HTTPError as error:
            return error.code
    full = {"Authorization": f"Bearer {token}", "x-custom-header": "this-value"}
    got = (status(full), status({**full, "x-custom-header": "other"}), status({}))
    if got != (200, 403, 401):
        raise RuntimeError(f"the gateway does not do its work: {got}")


def summary(rows, name):
    ratios = sorted(row[name] / row["nginx"] for row in rows)
    q = statistics.quantiles(ratios, n=4)
    return {"median_per_cpu_s": round(statistics.median(row[name] for row in rows)),
            "ratio_to_nginx": round(statistics.median(ratios), 3), "quartiles": [round(q[0], 3), round(q[2], 3)]}


def main():
    parser = argparse.ArgumentParser(prog="./dev bench proxy")
    parser.add_argument("--scenario", action="append", choices=["h1", "tls-h1", "h2"])
    parser.add_argument("--cycles", type=int, default=24, help="in all")
    parser.add_argument("--starts", type=int, default=2)
    parser.add_argument("--slice", type=float, default=0.2, help="seconds")
    parser.add_argument("--bare", action="store_true", help="also the engine without the gateway's work (h1)")
    parser.add_argument("--save", action="store_true", help="write bench/results/<date>-proxy.json")
    options = parser.parse_args()
    scenarios = options.scenario or ["h1", "tls-h1", "h2"]
    rows = {scenario: [] for scenario in scenarios}
    for _ in range(options.starts):
        for scenario, more in one_start(scenarios, options.cycles // options.starts, options.slice, options.bare).items():
            rows[scenario] += more
    report = {}
    for scenario, all_rows in rows.items():
        report[scenario] = {name: summary(all_rows, name) for name in all_rows[0]}
        for name, line in report[scenario].items():
            print(f"{scenario:7} {name:8} {line['median_per_cpu_s']:8} req/cpu-s   {line['ratio_to_nginx']:.2f} x nginx {line['quartiles']}")
    if options.save:
        path = ROOT / f"bench/results/{datetime.date.today().isoformat()}-proxy.json"
        path.write_text(json.dumps({"date": datetime.datetime.now().isoformat(timespec="seconds"), "cycles": options.cycles,
                                    "cpus": os.cpu_count(), "results": report}, indent=2) + "\n")
        print(f"saved {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
