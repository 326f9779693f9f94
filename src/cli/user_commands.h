#pragma once

#include <string>

#include "cli/core_api.h"
#include "cli/output.h"
#include "cli/signed_in.h"
#include "userv1.pb.h"

namespace cli {

namespace userv1 = octelium::api::main::user::v1;

// `login` of both programs. Who one is then goes to the standard error; not knowing is no error.
base::Result<void> run_login(SignedIn& signed_in, Terminal& terminal, const Settings& settings,
                             const base::Secret& token, const std::vector<std::string>& scopes);
base::Result<void> run_logout(SignedIn& signed_in, Terminal& terminal, const Settings& settings);

base::Result<void> show_status(Transport& transport, Terminal& terminal, Format format);

// What this User sees of the cluster.
base::Result<void> list_services(Transport& transport, Terminal& terminal, const ListQuery& query,
                                 Format format);
base::Result<void> get_service(Transport& transport, Terminal& terminal, const std::string& name,
                               Format format);
base::Result<void> list_namespaces(Transport& transport, Terminal& terminal, const ListQuery& query,
                                   Format format);

}  // namespace cli
