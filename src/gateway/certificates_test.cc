#include "gateway/certificates.h"

#include <gtest/gtest.h>
#include <openssl/x509v3.h>

namespace gateway {
namespace {

std::unique_ptr<CertificateSource> own_authority() {
  auto authority = io::make_authority("CA", 2);
  auto source = CertificateSource::from_authority("example.com", std::move(*authority));
  EXPECT_TRUE(source);
  return std::move(*source);
}

bool covers(SSL_CTX* context, const char* name) {
  return context != nullptr &&
         X509_check_host(SSL_CTX_get0_certificate(context), name, 0, 0, nullptr) == 1;
}

TEST(Certificates, EveryHostOfTheDomainIsCovered) {
  const auto source = own_authority();
  const auto table = source->table({"default", "octelium-api", "prod"});
  ASSERT_TRUE(table);
  for (const char* name : {"example.com", "svc.example.com", "svc.default.example.com",
                           "default.octelium-api.example.com", "svc.prod.example.com"}) {
    EXPECT_TRUE(covers((*table)->find(name), name)) << name;
  }
}

TEST(Certificates, NamesOfOthersGetNone) {
  const auto source = own_authority();
  const auto table = source->table({});
  ASSERT_TRUE(table);
  for (const char* name :
       {"", "com", "example.org", "evilexample.com", ".example.com", "xample.com"})
    EXPECT_EQ((*table)->find(name), nullptr) << name;
}

TEST(Certificates, ANamespaceKeepsItsCertificateWhileItLives) {
  const auto source = own_authority();
  const auto first = *source->table({"prod"});
  const auto second = *source->table({"prod", "test"});
  EXPECT_EQ(first->find("a.prod.example.com"), second->find("b.prod.example.com"));
  EXPECT_NE(second->find("a.prod.example.com"), second->find("a.test.example.com"));
  EXPECT_EQ(*source->table({"prod", "test"}), second) << "nothing changed";
  EXPECT_FALSE(
      covers((*source->table({"test"}))->find("a.prod.example.com"), "a.prod.example.com"));
}

TEST(Certificates, OneThatTheUserBroughtIsForEverything) {
  const auto authority = io::make_authority("CA", 2);
  auto leaf = io::issue_certificate(*authority, {"*.example.com"}, 1);
  const auto source = CertificateSource::from_files(
      "example.com", {leaf->certificate_pem, std::move(leaf->key_pem)});
  ASSERT_TRUE(source);
  const auto table = (*source)->table({"prod"});
  ASSERT_TRUE(table);
  EXPECT_EQ((*table)->find("svc.prod.example.com"), (*table)->main());
  EXPECT_EQ((*table)->find("example.org"), nullptr);
}

}  // namespace
}  // namespace gateway
