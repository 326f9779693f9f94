#include "cli/get.h"

#include <fmt/format.h>

#include "cli/columns.h"
#include "cli/kinds.h"

namespace cli {

base::Result<void> run_get(CoreApi& api, Terminal& terminal, const GetRequest& request,
                           base::WallTime now) {
  const bool is_single = request.kind == resource::Kind::kClusterConfig;
  if (is_single && !request.name.empty()) {
    return base::fail_invalid("name_unusable", "there is one ClusterConfig; it takes no name");
  }
  if (is_single || !request.name.empty()) {
    BASE_ASSIGN(const Resource object, api.get(request.kind, request.name));
    print_message(terminal, *object, request.format);
    return {};
  }
  BASE_ASSIGN(const ListPage page, api.list(request.kind, request.query));
  if (page.items.empty()) {
    terminal.line(fmt::format("No {} found", words_of(request.kind).plural));
    return {};
  }
  if (request.format != Format::kDefault) {
    print_message(terminal, *page.list, request.format);
    return {};
  }
  terminal.print(table_of(request.kind, page.items, now).render());
  if (page.meta.hasmore()) {
    terminal.notice(fmt::format("{} of {}; more with --page {}", page.items.size(),
                                page.meta.totalcount(), request.query.page + 2));
  }
  return {};
}

}  // namespace cli
