#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>
#include <optional>

#include "resource/quoted.h"
#include "resource/upstream_url.h"
#include "resource/validate_parts.h"

namespace resource {
namespace {

using Upstream = corev1::Service::Spec::Config::Upstream;

constexpr std::size_t kMaxEndpoints = 100;
constexpr std::size_t kMaxTrustedCas = 32;

std::optional<UpstreamUrl> check_url(Checker& check, const std::string& path,
                                     std::string_view text) {
  auto url = parse_upstream_url(text);
  if (url) return std::move(*url);
  check.fail(path, url.error().message);
  return std::nullopt;
}

void check_endpoints(Checker& check, const std::string& path,
                     const Upstream::Loadbalance& loadbalance, bool names_port) {
  const int count = loadbalance.endpoints_size();
  if (count == 0) check.fail(path, "must hold at least one endpoint");
  if (!check.at_most(path, static_cast<std::size_t>(count), kMaxEndpoints, "endpoints")) return;
  std::optional<UpstreamUrl> first;
  for (int i = 0; i < count; ++i) {
    const std::string at = indexed(path, i) + ".url";
    const auto url = check_url(check, at, loadbalance.endpoints(i).url());
    if (!url) continue;
    if (!first) {
      first = url;
    } else if (url->scheme != first->scheme) {
      check.fail(at, fmt::format("has the scheme {} and the first endpoint {}; all must have the "
                                 "same",
                                 url->scheme, first->scheme));
    } else if (!names_port && url->port != first->port) {
      check.fail(at, fmt::format("has the port {} and the first endpoint {}; they may differ only "
                                 "when spec.port is set",
                                 url->port, first->port));
    }
  }
}

bool is_certificate(std::string_view pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      bio == nullptr ? nullptr : PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr),
      X509_free);
  ERR_clear_error();
  return certificate != nullptr;
}

}  // namespace

void check_upstream(Checker& check, const std::string& path, const Upstream& upstream,
                    bool names_port) {
  switch (upstream.type_case()) {
    case Upstream::kUrl:
      check_url(check, path + ".url", upstream.url());
      return;
    case Upstream::kLoadbalance:
      return check_endpoints(check, path + ".loadbalance.endpoints", upstream.loadbalance(),
                             names_port);
    case Upstream::kContainer:  // refused
      return;
    case Upstream::TYPE_NOT_SET:
      break;
  }
  check.fail(path, "must have url or loadbalance");
}

void check_tls(Checker& check, const std::string& path,
               const corev1::Service::Spec::Config::TLS& tls) {
  const std::string at = path + ".trustedCAs";
  if (!check.at_most(at, static_cast<std::size_t>(tls.trustedcas_size()), kMaxTrustedCas,
                     "certificates"))
    return;
  for (int i = 0; i < tls.trustedcas_size(); ++i) {
    if (!is_certificate(tls.trustedcas(i)))
      check.fail(indexed(at, i),
                 fmt::format("{} is not a certificate in PEM form", quoted(tls.trustedcas(i))));
  }
}

}  // namespace resource
