#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cli/core_api.h"
#include "cli/output.h"

namespace cli {

// Where the bytes of a Secret or Config come from: the text itself, a file ("-" is the standard
// input), or for Secrets a question. A certificate is two files.
struct ValueSource {
  std::optional<std::string> value;
  std::string file;
  bool is_certificate = false;
  std::string certificate_file;
  std::string key_file;
};

struct CredentialRequest {
  std::string name;  // made up when empty
  std::string user;
  std::string type = "auth-token";
  std::string session_type = "client";
  std::vector<std::string> policies;
  std::string expire_in;
  bool one_time = false;
  std::uint32_t max_authentications = 0;
  bool rotate = false;  // a new token for the named Credential, nothing is created
  Format format = Format::kDefault;
};

struct StateRequest {
  std::string name;
  bool approve = false;
  bool reject = false;
};

base::Result<void> create_namespace(CoreApi& api, Terminal& terminal, const std::string& name);
base::Result<void> create_secret(CoreApi& api, Terminal& terminal, const std::string& name,
                                 const ValueSource& source);
base::Result<void> update_secret(CoreApi& api, Terminal& terminal, const std::string& name,
                                 const ValueSource& source);
base::Result<void> create_config(CoreApi& api, Terminal& terminal, const std::string& name,
                                 const ValueSource& source);
base::Result<void> update_config(CoreApi& api, Terminal& terminal, const std::string& name,
                                 const ValueSource& source);

// Ends with the token on the standard output; it cannot be shown again.
base::Result<void> create_credential(CoreApi& api, Terminal& terminal,
                                     const CredentialRequest& request, base::WallTime now);

// Approves or rejects a Session, Device or Authenticator.
base::Result<void> update_state(CoreApi& api, Terminal& terminal, resource::Kind kind,
                                const StateRequest& request);

base::Result<void> delete_object(CoreApi& api, Terminal& terminal, resource::Kind kind,
                                 const std::string& name);

}  // namespace cli
