"""The cluster's gRPC API as a foreign client uses it: stubs generated from proto/ by grpcio-tools, calls by grpcio.

    api = Api(gateway)                       # as root
    user = api.call("GetUser", api.meta.GetOptions(name="alice"))
"""
import atexit
import functools
import importlib
import shutil
import sys
import tempfile

import grpc

from testkit import ROOT


@functools.cache
def stubs():
    """The generated modules by name: metav1, corev1, authv1, userv1, extv1 and the same with _grpc."""
    from grpc_tools import protoc
    directory = tempfile.mkdtemp(prefix="stubs-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    names = ["metav1", "corev1", "authv1", "userv1", "extv1"]
    files = [str(ROOT / f"proto/{name}.proto") for name in names]
    well_known = f"-I{importlib.resources.files('grpc_tools') / '_proto'}"
    done = protoc.main(["protoc", f"-I{ROOT / 'proto'}", well_known, f"--python_out={directory}",
                        f"--grpc_python_out={directory}", *files])
    assert done == 0, "protoc failed"
    sys.path.insert(0, directory)
    modules = {}
    for name in names:
        modules[name] = importlib.import_module(f"{name}_pb2")
        modules[name + "_grpc"] = importlib.import_module(f"{name}_pb2_grpc")
    return modules


def open_channel(gateway, host, options=()):
    """A channel through the gateway's own TLS to the Service at `host`."""
    credentials = grpc.ssl_channel_credentials(gateway.ca_file.read_bytes())
    return grpc.secure_channel(f"127.0.0.1:{gateway.ports['https']}", credentials, options=[
        ("grpc.ssl_target_name_override", host), ("grpc.default_authority", host), ("grpc.enable_http_proxy", 0),
        ("grpc.use_local_subchannel_pool", 1), *options])


class Api:
    def __init__(self, gateway, access_token=None):
        modules = stubs()
        self.meta, self.core, self.auth, self.user = (modules[name] for name in ("metav1", "corev1", "authv1", "userv1"))
        self.channel = open_channel(gateway, f"octelium-api.{gateway.domain}")
        self._main = modules["corev1_grpc"].MainServiceStub(self.channel)
        self._auth = modules["authv1_grpc"].MainServiceStub(self.channel)
        self._user = modules["userv1_grpc"].MainServiceStub(self.channel)
        self.tokens = None
        if access_token is None:
            self.tokens = self.login(gateway.root_token_file.read_text().strip())
            access_token = self.tokens.accessToken
        self.access_token = access_token

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()

    def _metadata(self):
        return [("x-octelium-auth", self.access_token)]

    def call(self, method, request, timeout=20):
        return getattr(self._main, method)(request, metadata=self._metadata(), timeout=timeout)

    def user_call(self, method, request, timeout=20):
        return getattr(self._user, method)(request, metadata=self._metadata(), timeout=timeout)

    # --- logins

    def login(self, authentication_token, scopes=()):
        request = self.auth.AuthenticateWithAuthenticationTokenRequest(authenticationToken=authentication_token,
                                                                       scopes=scopes)
        return self._auth.AuthenticateWithAuthenticationToken(request, timeout=20)

    def refresh(self, refresh_token):
        return self._auth.AuthenticateWithRefreshToken(self.auth.AuthenticateWithRefreshTokenRequest(), timeout=20,
                                                       metadata=[("x-octelium-refresh-token", refresh_token)])

    def logout(self, refresh_token):
        return self._auth.Logout(self.auth.LogoutRequest(), timeout=20,
                                 metadata=[("x-octelium-refresh-token", refresh_token)])

    # --- what tests do often

    def get(self, kind, name):
        return self.call(f"Get{kind}", self.meta.GetOptions(name=name))

    def delete(self, kind, name):
        return self.call(f"Delete{kind}", self.meta.DeleteOptions(name=name))

    def update(self, kind, name, change):
        resource = self.get(kind, name)
        change(resource)
        return self.call(f"Update{kind}", resource)

    def sessions_of(self, user):
        reference = self.meta.ObjectReference(name=user)
        return list(self.call("ListSession", self.core.ListSessionOptions(userRef=reference)).items)
