#include "io/tls.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <array>

namespace io {
namespace {

constexpr std::string_view kTls12Suites =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";

struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
struct X509Deleter {
  void operator()(X509* x) const { X509_free(x); }
};
struct KeyDeleter {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, BioDeleter>;
using X509Ptr = std::unique_ptr<X509, X509Deleter>;
using KeyPtr = std::unique_ptr<EVP_PKEY, KeyDeleter>;

Bio reader(std::string_view text) {
  return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::unexpected<base::Error> fail_tls(std::string_view what) {
  return base::fail_invalid("tls_material_invalid", fmt::format("{}: {}", what, take_ssl_error()));
}

std::vector<X509Ptr> read_certificates(std::string_view pem) {
  std::vector<X509Ptr> out;
  const Bio bio = reader(pem);
  while (X509* x = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) out.emplace_back(x);
  ERR_clear_error();
  return out;
}

KeyPtr read_key(const base::Secret& pem) {
  const Bio bio = reader(pem.reveal());
  return KeyPtr(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
}

SslContext make_context(const SSL_METHOD* method) {
  SslContext context(SSL_CTX_new(method), SslContextDeleter());
  if (!context) return context;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context.get(), kTls12Suites.data());
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context.get(), 1);
  return context;
}

int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned in_size, void*) {
  static constexpr unsigned char kOurs[] = "\x02h2\x08http/1.1";
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, kOurs, sizeof kOurs - 1, in, in_size) !=
      OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;  // RFC 7301 §3.2
  }
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

std::string to_pem(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return std::string(data, static_cast<std::size_t>(size));
}

base::Secret to_pem(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return base::Secret(std::string(data, static_cast<std::size_t>(size)));
}

bool add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr) return false;
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  return true;
}

X509Ptr make_certificate(EVP_PKEY* key, std::string_view common_name, int days) {
  X509Ptr x(X509_new());
  X509_set_version(x.get(), X509_VERSION_3);
  std::array<unsigned char, 16> serial{};
  RAND_bytes(serial.data(), serial.size());
  serial[0] &= 0x7Fu;
  BIGNUM* number = BN_bin2bn(serial.data(), serial.size(), nullptr);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x.get()));
  BN_free(number);
  X509_gmtime_adj(X509_getm_notBefore(x.get()), -3600);  // clocks differ
  X509_gmtime_adj(X509_getm_notAfter(x.get()), 86'400L * days);
  X509_set_pubkey(x.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(x.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(common_name.data()),
                             static_cast<int>(common_name.size()), -1, 0);
  return x;
}

}  // namespace

std::string take_ssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "no detail from OpenSSL";
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : fmt::format("OpenSSL error {:x}", code);
}

base::Result<SslContext> make_server_context(const Certificate& certificate) {
  const auto chain = read_certificates(certificate.chain_pem);
  if (chain.empty()) return fail_tls("the certificate chain holds no certificate in PEM");
  const KeyPtr key = read_key(certificate.key_pem);
  if (!key) return fail_tls("the private key is not readable PEM");
  SslContext context = make_context(TLS_server_method());
  if (!context) return fail_tls("cannot make a TLS context");
  if (SSL_CTX_use_certificate(context.get(), chain[0].get()) != 1)
    return fail_tls("the certificate is not usable");
  for (std::size_t i = 1; i < chain.size(); ++i)
    SSL_CTX_add1_chain_cert(context.get(), chain[i].get());
  if (SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1)
    return fail_tls("the private key does not belong to the certificate");
  SSL_CTX_set_alpn_select_cb(context.get(), choose_alpn, nullptr);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);  // tickets are enough
  SSL_CTX_set_num_tickets(context.get(), 1);
  return context;
}

base::Result<SslContext> make_client_context(const ClientTls& options) {
  SslContext context = make_context(TLS_client_method());
  if (!context) return fail_tls("cannot make a TLS context");
  if (options.system_roots) SSL_CTX_set_default_verify_paths(context.get());
  for (const std::string& pem : options.trusted_pem) {
    const auto roots = read_certificates(pem);
    if (roots.empty()) return fail_tls("a trusted CA is not a certificate in PEM");
    for (const auto& root : roots)
      X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), root.get());
    ERR_clear_error();
  }
  SSL_CTX_set_verify(context.get(), options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  return context;
}

base::Result<Issued> make_authority(std::string_view common_name, int days) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  if (!key) return fail_tls("cannot make a key");
  X509Ptr x = make_certificate(key.get(), common_name, days);
  X509_set_issuer_name(x.get(), X509_get_subject_name(x.get()));
  if (!add_extension(x.get(), x.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !add_extension(x.get(), x.get(), NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !add_extension(x.get(), x.get(), NID_subject_key_identifier, "hash") ||
      X509_sign(x.get(), key.get(), EVP_sha256()) == 0) {
    return fail_tls("cannot make the CA certificate");
  }
  return Issued{to_pem(x.get()), to_pem(key.get())};
}

base::Result<Issued> issue_certificate(const Issued& authority,
                                       const std::vector<std::string>& dns_names, int days) {
  const auto issuer = read_certificates(authority.certificate_pem);
  const KeyPtr issuer_key = read_key(authority.key_pem);
  if (issuer.empty() || !issuer_key) return fail_tls("the CA is not readable");
  const KeyPtr key(EVP_EC_gen("P-256"));
  if (!key) return fail_tls("cannot make a key");
  X509Ptr x = make_certificate(key.get(), dns_names.front(), days);
  X509_set_issuer_name(x.get(), X509_get_subject_name(issuer[0].get()));
  std::string names;
  for (const auto& name : dns_names) names += (names.empty() ? "DNS:" : ",DNS:") + name;
  if (!add_extension(x.get(), issuer[0].get(), NID_basic_constraints, "critical,CA:FALSE") ||
      !add_extension(x.get(), issuer[0].get(), NID_key_usage, "critical,digitalSignature") ||
      !add_extension(x.get(), issuer[0].get(), NID_ext_key_usage, "serverAuth") ||
      !add_extension(x.get(), issuer[0].get(), NID_authority_key_identifier, "keyid:always") ||
      !add_extension(x.get(), issuer[0].get(), NID_subject_alt_name, names) ||
      X509_sign(x.get(), issuer_key.get(), EVP_sha256()) == 0) {
    return fail_tls("cannot make the certificate");
  }
  return Issued{to_pem(x.get()) + authority.certificate_pem, to_pem(key.get())};
}

}  // namespace io
