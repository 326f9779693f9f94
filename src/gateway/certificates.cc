#include "gateway/certificates.h"

namespace gateway {

SSL_CTX* CertificateTable::find(std::string_view server_name) const {
  if (server_name == domain_) return main_.get();
  if (!server_name.ends_with(domain_)) return nullptr;
  std::string_view below = server_name.substr(0, server_name.size() - domain_.size());
  if (!below.ends_with('.')) return nullptr;
  below.remove_suffix(1);
  if (below.empty()) return nullptr;
  if (only_main_) return main_.get();
  const auto dot = below.rfind('.');
  if (dot == std::string_view::npos) return main_.get();
  const auto it = namespaces_.find(std::string(below.substr(dot + 1)));
  return it == namespaces_.end() ? main_.get() : it->second.get();
}

base::Result<std::unique_ptr<CertificateSource>> CertificateSource::from_files(
    std::string domain, const io::Certificate& certificate) {
  std::unique_ptr<CertificateSource> source(new CertificateSource);
  source->domain_ = std::move(domain);
  BASE_ASSIGN(source->main_, io::make_server_context(certificate));
  source->only_main_ = true;
  return source;
}

base::Result<std::unique_ptr<CertificateSource>> CertificateSource::from_authority(
    std::string domain, io::Issued authority) {
  std::unique_ptr<CertificateSource> source(new CertificateSource);
  source->domain_ = std::move(domain);
  source->authority_ = std::move(authority);
  BASE_ASSIGN(source->main_,
              source->issue({source->domain_, "*." + source->domain_,
                             "*.default." + source->domain_, "*.octelium-api." + source->domain_}));
  return source;
}

base::Result<io::SslContext> CertificateSource::issue(const std::vector<std::string>& names) {
  BASE_ASSIGN(io::Issued issued, io::issue_certificate(authority_, names, kDays));
  return io::make_server_context({issued.certificate_pem, std::move(issued.key_pem)});
}

base::Result<std::shared_ptr<const CertificateTable>> CertificateSource::table(
    const std::vector<std::string>& namespaces) {
  if (latest_ && latest_names_ == namespaces) return latest_;
  auto table = std::make_shared<CertificateTable>();
  table->domain_ = domain_;
  table->main_ = main_;
  table->only_main_ = only_main_;
  std::unordered_map<std::string, io::SslContext> kept;
  for (const std::string& name : namespaces) {
    if (only_main_ || name == "default" || name == "octelium-api") continue;
    auto it = namespaces_.find(name);
    if (it != namespaces_.end()) {
      kept.emplace(name, it->second);
      continue;
    }
    BASE_ASSIGN(io::SslContext context, issue({"*." + name + "." + domain_, name + "." + domain_}));
    kept.emplace(name, std::move(context));
  }
  namespaces_ = kept;
  table->namespaces_ = std::move(kept);
  latest_ = std::move(table);
  latest_names_ = namespaces;
  return latest_;
}

}  // namespace gateway
