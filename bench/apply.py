"""How soon an applied Service is in force: UpdateService sent -> a new request gets the new answer, with 1 000 Services loaded;
and whether memory stays flat over 10 000 applies. Speaks gRPC to the gateway's public listener, as any client would.
"""
import argparse
import datetime
import http.client
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from gateway_process import ROOT, GatewayProcess


def stubs():
    """Generated from proto/ by grpcio-tools into a folder of this run."""
    out = tempfile.mkdtemp(prefix="bench-stubs-")
    names = [f"{name}.proto" for name in ("metav1", "corev1", "authv1", "userv1")]
    subprocess.run([sys.executable, "-m", "grpc_tools.protoc", "-I", str(ROOT / "proto"), f"--python_out={out}",
                    f"--grpc_python_out={out}", *names], check=True)
    sys.path.insert(0, out)


class Api:
    def __init__(self, gw):
        import authv1_pb2
        import authv1_pb2_grpc
        import corev1_pb2_grpc
        import grpc
        name = f"octelium-api.{gw.domain}"
        credentials = grpc.ssl_channel_credentials(gw.ca.read_bytes())
        options = [("grpc.ssl_target_name_override", name), ("grpc.default_authority", name)]
        channel = grpc.secure_channel(f"127.0.0.1:{gw.https}", credentials, options)
        auth = authv1_pb2_grpc.MainServiceStub(channel)
        token = auth.AuthenticateWithAuthenticationToken(authv1_pb2.AuthenticateWithAuthenticationTokenRequest(
            authenticationToken=gw.token_file.read_text().strip()))
        self.metadata = [("x-octelium-auth", token.accessToken)]
        self.core = corev1_pb2_grpc.MainServiceStub(channel)


def service(name, body):
    import corev1_pb2
    out = corev1_pb2.Service()
    out.metadata.name = name
    out.spec.mode = corev1_pb2.Service.Spec.HTTP
    out.spec.isPublic = out.spec.isAnonymous = True
    out.spec.config.http.response.direct.inline = body
    out.spec.port = 80
    return out


def main():
    parser = argparse.ArgumentParser(prog="./dev bench apply")
    parser.add_argument("--services", type=int, default=1000)
    parser.add_argument("--applies", type=int, default=10_000)
    parser.add_argument("--save", action="store_true", help="write bench/results/<date>-apply.json")
    options = parser.parse_args()
    stubs()
    with GatewayProcess() as gw:
        api = Api(gw)
        for i in range(options.services):
            api.core.CreateService(service(f"svc{i:05}", "first"), metadata=api.metadata)
        http_client = http.client.HTTPConnection("127.0.0.1", gw.plain, timeout=10)
        taken, rss = [], []
        for i in range(options.applies):
            name, body = f"svc{i % options.services:05}", f"answer {i}"
            began = time.perf_counter()
            api.core.UpdateService(service(name, body), metadata=api.metadata)
            http_client.request("GET", "/", headers={"Host": f"{name}.{gw.domain}"})
            answer = http_client.getresponse().read().decode()
            taken.append(time.perf_counter() - began)
            if answer != body:
                raise RuntimeError(f"{name}: an acknowledged write is not in force: {answer!r} instead of {body!r}")
            if i % 500 == 499:
                rss.append(gw.rss_kib())
    cuts = statistics.quantiles(taken, n=100)
    report = {"services": options.services, "applies": options.applies, "p50_ms": round(cuts[49] * 1e3, 2),
              "p99_ms": round(cuts[98] * 1e3, 2), "max_ms": round(max(taken) * 1e3, 2), "rss_kib": rss}
    quarter = rss[len(rss) // 4] if rss else 0
    print(f"apply to in force, {options.services} Services loaded: p50 {report['p50_ms']} ms, p99 {report['p99_ms']} ms, "
          f"max {report['max_ms']} ms over {options.applies} applies")
    if rss:
        print(f"memory: {rss[0]} KiB after 500 applies, {quarter} KiB after a quarter, {rss[-1]} KiB at the end")
    if options.save:
        path = ROOT / f"bench/results/{datetime.date.today().isoformat()}-apply.json"
        path.write_text(json.dumps({"date": datetime.datetime.now().isoformat(timespec="seconds"), **report}, indent=2) + "\n")
        print(f"saved {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
