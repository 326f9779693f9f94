#include "api/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "api/fields.h"
#include "api/lookup.h"

namespace api {
namespace {

using google::protobuf::FieldDescriptor;

constexpr std::uint32_t kDefaultItems = 200;
constexpr std::uint32_t kMaxItems = 1000;
constexpr std::uint32_t kMaxPage = 10'000;

// Which kind a filter field refers to; the same field of an item's status is compared with it.
const std::map<std::string, Kind, std::less<>>& filter_kinds() {
  static const std::map<std::string, Kind, std::less<>> kinds = {
      {"userRef", Kind::kUser}, {"namespaceRef", Kind::kNamespace}, {"regionRef", Kind::kRegion}};
  return kinds;
}

store::ListOptions::Order order_of(const metav1::CommonListOptions& common) {
  using OrderBy = metav1::CommonListOptions::OrderBy;
  switch (common.orderby().type()) {
    case OrderBy::NAME:
      return store::ListOptions::Order::kName;
    case OrderBy::CREATED_AT:
      return store::ListOptions::Order::kCreatedAt;
    default:
      return store::ListOptions::Order::kInsertion;
  }
}

}  // namespace

base::Result<store::ListOptions> read_list_options(store::Store& store, const Message& options) {
  const auto& common = static_cast<const metav1::CommonListOptions&>(field(options, "common"));
  if (common.page() > kMaxPage)
    return base::fail_invalid("page_too_large",
                              fmt::format("common.page: must be at most {}", kMaxPage));
  store::ListOptions out;
  out.page = common.page();
  out.items_per_page =
      common.itemsperpage() == 0 ? kDefaultItems : std::min(common.itemsperpage(), kMaxItems);
  out.order = order_of(common);
  // A mode without a type says nothing.
  out.descending = common.orderby().mode() == metav1::CommonListOptions::OrderBy::DESC &&
                   out.order != store::ListOptions::Order::kInsertion;

  std::vector<std::pair<std::string, std::string>> wanted;  // status field, uid
  for (const auto& [name, kind] : filter_kinds()) {
    if (!has_field(options, name.c_str())) continue;
    const auto& reference =
        static_cast<const metav1::ObjectReference&>(field(options, name.c_str()));
    BASE_ASSIGN(const auto target, find_one(store, kind, reference.name(), reference.uid()));
    wanted.emplace_back(name, resource::metadata_of(*target).uid());
  }
  if (!wanted.empty()) {
    out.filter = [wanted](const Message& item) {
      return std::ranges::all_of(wanted, [&](const auto& want) {
        const auto* reference = status_reference(item, want.first);
        return reference != nullptr && reference->uid() == want.second;
      });
    };
  }
  return out;
}

base::Result<void> fill_list(const store::Page& page, const store::ListOptions& options,
                             std::string_view api_version, const Show& show, Message& out) {
  if (options.page > 0 && page.items.empty())
    return base::fail(base::Code::kNotFound, "page_empty", "Not Items found for that page");
  const auto* reflection = out.GetReflection();
  const auto* type = out.GetDescriptor();
  reflection->SetString(&out, type->FindFieldByName("apiVersion"), std::string(api_version));
  reflection->SetString(&out, type->FindFieldByName("kind"), type->name());
  const FieldDescriptor* items = type->FindFieldByName("items");
  for (const auto& item : page.items)
    reflection->AddAllocatedMessage(&out, items, show(*item).release());
  auto& meta = static_cast<metav1::ListResponseMeta&>(mutable_field(out, "listResponseMeta"));
  meta.set_page(options.page);
  meta.set_itemsperpage(options.items_per_page);
  meta.set_totalcount(page.total_count);
  meta.set_hasmore(page.has_more);
  return {};
}

}  // namespace api
