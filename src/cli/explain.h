#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/output.h"
#include "cli/transport.h"
#include "extv1.pb.h"

namespace cli {

// What `octeliumctl explain` was told: an id, or a request that nobody sent.
struct ExplainFlags {
  std::string id;
  std::string service;
  std::optional<std::string> as;  // empty: nobody
  bool is_anonymous = false;
  std::vector<std::string> groups;
  std::string session_type;  // client or clientless
  std::string session_file;  // YAML or JSON of a core.v1.Session, laid over the one that is made up
  std::string device_file;   // of a core.v1.Device
  std::string method;
  std::string path;
  std::string query;
  std::vector<std::string> headers;  // "name: value"
  std::optional<std::string> body;   // text, @FILE, or @- for the standard input
  std::string client_ip;
  std::string output;  // json or yaml; empty: text
};

base::Result<octelium::api::ext::v1::ExplainRequest> make_explain_request(const ExplainFlags& flags,
                                                                          std::istream& in);

// Asks the cluster and prints why the request is, or would be, allowed or denied. An error only
// when there is no explanation: a denied request is no failure of the command.
base::Result<void> run_explain(Transport& transport, Terminal& terminal, const ExplainFlags& flags);

}  // namespace cli
