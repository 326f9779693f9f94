#include "cli/core_api.h"

#include <fmt/format.h>

#include "cli/kinds.h"

namespace cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::Reflection;
using resource::Kind;

constexpr std::uint32_t kLargestPage = 1000;

// An empty message of a type of the schema that is named after a kind.
Resource make_named(const std::string& name) {
  const auto* type = corev1::Service::descriptor()->file()->FindMessageTypeByName(name);
  return Resource(MessageFactory::generated_factory()->GetPrototype(type)->New());
}

bool set_reference(Message& options, const char* field_name, const std::string& name) {
  const FieldDescriptor* field = options.GetDescriptor()->FindFieldByName(field_name);
  if (field == nullptr) return false;
  metav1::ObjectReference reference;
  reference.set_name(name);
  options.GetReflection()->MutableMessage(&options, field)->CopyFrom(reference);
  return true;
}

base::Result<Resource> make_options(Kind kind, const ListQuery& query) {
  Resource options = make_named(fmt::format("List{}Options", resource::kind_name(kind)));
  metav1::CommonListOptions common;
  common.set_page(query.page);
  common.set_itemsperpage(query.items_per_page);
  using OrderBy = metav1::CommonListOptions::OrderBy;
  if (query.by_name) common.mutable_orderby()->set_type(OrderBy::NAME);
  if (query.by_name && query.reverse) common.mutable_orderby()->set_mode(OrderBy::DESC);
  const FieldDescriptor* field = options->GetDescriptor()->FindFieldByName("common");
  options->GetReflection()->MutableMessage(options.get(), field)->CopyFrom(common);
  const auto refuse = [kind](std::string_view flag) {
    return base::fail_invalid(
        "flag_unusable", fmt::format("{} cannot be listed by {}", words_of(kind).plural, flag));
  };
  if (!query.user.empty() && !set_reference(*options, "userRef", query.user)) {
    return refuse("user");
  }
  if (!query.namespace_name.empty() &&
      !set_reference(*options, "namespaceRef", query.namespace_name)) {
    return refuse("namespace");
  }
  return options;
}

}  // namespace

base::Result<void> CoreApi::call(std::string method, bool is_repeatable, const Message& request,
                                 Message& response) {
  return transport_.call({.service = ApiService::kCore,
                          .method = std::move(method),
                          .is_repeatable = is_repeatable,
                          .metadata = {}},
                         request, response);
}

base::Result<Resource> CoreApi::get(Kind kind, const std::string& name) {
  Resource object = resource::make_message(kind);
  const std::string method = fmt::format("Get{}", resource::kind_name(kind));
  if (kind == Kind::kClusterConfig) {
    BASE_TRY(call(method, true, corev1::GetClusterConfigRequest(), *object));
  } else {
    metav1::GetOptions options;
    options.set_name(name);
    BASE_TRY(call(method, true, options, *object));
  }
  return object;
}

base::Result<ListPage> CoreApi::list(Kind kind, const ListQuery& query) {
  BASE_ASSIGN(const Resource options, make_options(kind, query));
  ListPage page{.list = make_named(fmt::format("{}List", resource::kind_name(kind))),
                .items = {},
                .meta = {}};
  BASE_TRY(call(fmt::format("List{}", resource::kind_name(kind)), true, *options, *page.list));
  const Message& list = *page.list;
  const Reflection& reflection = *list.GetReflection();
  const auto& type = *list.GetDescriptor();
  const FieldDescriptor* items = type.FindFieldByName("items");
  for (int i = 0; i < reflection.FieldSize(list, items); ++i) {
    page.items.push_back(&reflection.GetRepeatedMessage(list, items, i));
  }
  page.meta.CopyFrom(reflection.GetMessage(list, type.FindFieldByName("listResponseMeta")));
  return page;
}

base::Result<std::vector<Resource>> CoreApi::list_all(Kind kind) {
  std::vector<Resource> out;
  for (ListQuery query{.items_per_page = kLargestPage};; ++query.page) {
    auto page = list(kind, query);
    if (!page) {
      // Objects went away since the page before.
      if (query.page > 0 && page.error().code == base::Code::kNotFound) return out;
      return std::unexpected(page.error());
    }
    for (const Message* item : page->items) {
      out.emplace_back(item->New())->CopyFrom(*item);
    }
    if (!page->meta.hasmore()) return out;
  }
}

base::Result<Resource> CoreApi::create(const Message& object) {
  Resource stored(object.New());
  BASE_TRY(call(fmt::format("Create{}", object.GetDescriptor()->name()), false, object, *stored));
  return stored;
}

base::Result<Resource> CoreApi::update(const Message& object) {
  Resource stored(object.New());
  BASE_TRY(call(fmt::format("Update{}", object.GetDescriptor()->name()), true, object, *stored));
  return stored;
}

base::Result<void> CoreApi::remove(Kind kind, const metav1::DeleteOptions& which) {
  metav1::OperationResult done;
  return call(fmt::format("Delete{}", resource::kind_name(kind)), false, which, done);
}

base::Result<corev1::CredentialToken> CoreApi::generate_token(const std::string& credential) {
  corev1::GenerateCredentialTokenRequest request;
  request.mutable_credentialref()->set_name(credential);
  corev1::CredentialToken token;
  BASE_TRY(call("GenerateCredentialToken", false, request, token));
  return token;
}

}  // namespace cli
