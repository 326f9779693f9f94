#include "cli/user_commands.h"

#include <fmt/format.h>

#include "cli/table.h"

namespace cli {
namespace {

using google::protobuf::Message;

base::Result<void> ask(Transport& transport, std::string method, const Message& request,
                       Message& response) {
  return transport.call({.service = ApiService::kUser,
                         .method = std::move(method),
                         .is_repeatable = true,
                         .metadata = {}},
                        request, response);
}

metav1::CommonListOptions common_of(const ListQuery& query) {
  using OrderBy = metav1::CommonListOptions::OrderBy;
  metav1::CommonListOptions common;
  common.set_page(query.page);
  common.set_itemsperpage(query.items_per_page);
  if (query.by_name) common.mutable_orderby()->set_type(OrderBy::NAME);
  if (query.by_name && query.reverse) common.mutable_orderby()->set_mode(OrderBy::DESC);
  return common;
}

template <typename List>
void print_list(Terminal& terminal, const List& list, std::string_view plural, const Table& table,
                Format format) {
  if (list.items().empty()) {
    terminal.line(fmt::format("No {} found", plural));
  } else if (format != Format::kDefault) {
    print_message(terminal, list, format);
  } else {
    terminal.print(table.render());
  }
}

}  // namespace

base::Result<void> run_login(SignedIn& signed_in, Terminal& terminal, const Settings& settings,
                             const base::Secret& token, const std::vector<std::string>& scopes) {
  BASE_ASSIGN(const SignedIn::Login login, signed_in.login(token, scopes));
  if (login == SignedIn::Login::kAlready) {
    if (!token.empty()) {
      terminal.notice(fmt::format("Already logged in to {}; log out first to use another token",
                                  settings.domain));
    }
    return {};
  }
  userv1::GetStatusResponse status;
  // The scopes of the Session may not cover this question.
  if (ask(signed_in, "GetStatus", userv1::GetStatusRequest(), status)) {
    terminal.notice(
        fmt::format("You are now authenticated as {}", status.user().metadata().name()));
  }
  return {};
}

base::Result<void> run_logout(SignedIn& signed_in, Terminal& terminal, const Settings& settings) {
  const auto ended = signed_in.logout();
  if (!ended && ended.error().reason == "state_locked") return ended;
  if (!ended) {
    terminal.warn(fmt::format("Forgotten here, but the server could not be told. {}",
                              describe(ended.error())));
  }
  terminal.notice(fmt::format("You are now logged out of {}", settings.domain));
  return {};
}

base::Result<void> show_status(Transport& transport, Terminal& terminal, Format format) {
  userv1::GetStatusResponse status;
  BASE_TRY(ask(transport, "GetStatus", userv1::GetStatusRequest(), status));
  if (format != Format::kDefault) {
    print_message(terminal, status, format);
    return {};
  }
  using UserType = userv1::GetStatusResponse::User::Spec;
  using SessionType = userv1::GetStatusResponse::Session::Status;
  const auto& user = status.user();
  const auto& session = status.session();
  terminal.line("Domain: " + status.domain());
  terminal.line(fmt::format("User: {} ({})", user.metadata().name(),
                            UserType::Type_Name(user.spec().type())));
  if (!user.spec().email().empty()) terminal.line("Email: " + user.spec().email());
  terminal.line(fmt::format("Session: {} ({})", session.metadata().name(),
                            SessionType::Type_Name(session.status().type())));
  return {};
}

base::Result<void> list_services(Transport& transport, Terminal& terminal, const ListQuery& query,
                                 Format format) {
  userv1::ListServiceOptions options;
  *options.mutable_common() = common_of(query);
  options.set_namespace_(query.namespace_name);
  userv1::ServiceList list;
  BASE_TRY(ask(transport, "ListService", options, list));
  Table table({"Name", "Namespace", "Port", "Type", "Addresses", "TLS", "Public"});
  for (const userv1::Service& service : list.items()) {
    const auto& spec = service.spec();
    const std::string type = spec.type() == userv1::Service::Spec::UNSET
                                 ? ""
                                 : userv1::Service::Spec::Type_Name(spec.type());
    table.add({service.metadata().name(), service.status().namespace_(),
               std::to_string(spec.port()), type,
               fmt::format("{}", fmt::join(service.status().addresses(), ", ")),
               spec.istls() ? "True" : "", spec.ispublic() ? "True" : ""});
  }
  print_list(terminal, list, "Services", table, format);
  return {};
}

base::Result<void> get_service(Transport& transport, Terminal& terminal, const std::string& name,
                               Format format) {
  metav1::GetOptions options;
  options.set_name(name);
  userv1::Service service;
  BASE_TRY(ask(transport, "GetService", options, service));
  print_message(terminal, service, format);
  return {};
}

base::Result<void> list_namespaces(Transport& transport, Terminal& terminal, const ListQuery& query,
                                   Format format) {
  userv1::ListNamespaceOptions options;
  *options.mutable_common() = common_of(query);
  userv1::NamespaceList list;
  BASE_TRY(ask(transport, "ListNamespace", options, list));
  Table table({"Name", "Description"});
  for (const userv1::Namespace& item : list.items()) {
    table.add({item.metadata().name(), item.metadata().description()});
  }
  print_list(terminal, list, "Namespaces", table, format);
  return {};
}

}  // namespace cli
