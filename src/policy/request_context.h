#pragma once

#include <google/protobuf/struct.pb.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "cel/arena.h"
#include "cel/schema.h"
#include "policy/context_schema.h"
#include "policy/disclosure.h"
#include "policy/request_view.h"
#include "policy/subject.h"

namespace cel {
class Program;
}

namespace policy {

class JsonBody;
class RegoRun;
class Recorder;

// `ctx` of one request, read lazily: an attribute is looked up when an expression names it, and
// nothing is converted beforehand.
//
// Made per request, on its worker; everything that it was made over outlives it. Conditions use
// its arena one after the other. Values: as protobuf's JSON mapping has them (numbers double,
// 64-bit integers decimal text, enums by name, bytes base64, times RFC 3339), except that a field
// that is zero reads as its zero; has() is false for it all the same. What is unset otherwise (a
// message, a member of a oneof) is a miss.
class RequestContext final : public cel::AttributeSource {
 public:
  RequestContext(const RequestView& request, const Subject& subject, base::WallTime now);
  ~RequestContext() override;
  RequestContext(const RequestContext&) = delete;
  RequestContext& operator=(const RequestContext&) = delete;

  const RequestView& request() const { return request_; }
  const Subject& subject() const { return subject_; }

  cel::Value resolve(const cel::Slot& slot, cel::Arena& arena) const override;
  cel::Value has(const cel::Slot& slot, cel::Arena& arena) const override;
  base::WallTime now() const override { return now_; }  // the same for all rules of a request

  // What `attrs` is from now on; nullptr is an empty object.
  void set_attrs(const google::protobuf::Struct* attrs) { attrs_ = attrs; }
  const google::protobuf::Struct& attrs() const;

  // Memory of the evaluation in progress. Whoever evaluates resets it when done.
  cel::Arena& arena() { return arena_; }

  // What the last condition that failed says: "1:5: no such overload".
  const std::string& error() const { return error_; }
  // `cause`: what the value that failed says, if there was one.
  void set_error(std::string text, const char* cause = nullptr);
  // What an expression that failed says, as far as it may be shown.
  std::string describe(const cel::Program& program, const cel::Value& value) const;
  // Messages quote nothing of credentials and bodies unless told otherwise: they go to the log.
  Disclosure disclosure() const { return disclosure_; }
  void set_disclosure(Disclosure disclosure) { disclosure_ = disclosure; }
  // Whether it failed because the body that it reads is none that can be read as a JSON object.
  bool failed_on_body() const { return failed_on_body_; }

  // What must not change when something is asked that counts for nothing: the last failure, and
  // the time that Rego has used.
  struct Aside {
    std::string error;
    bool failed_on_body = false;
    std::chrono::nanoseconds rego_time{0};
  };
  Aside set_aside();
  void put_back(Aside aside);

  // Rego's part of this request.
  RegoRun& rego();
  // Whether what is evaluated from now on holds up an event loop. On one, what takes too long is
  // not finished: then wants_thread() holds, what was decided does not count, and it is decided
  // anew elsewhere.
  void set_on_loop(bool on_loop);
  bool wants_thread() const;

  // Who watches the decision; nullptr, as it is for all but explanations: nobody.
  Recorder* recorder() const { return recorder_; }
  void set_recorder(Recorder* recorder) { recorder_ = recorder; }

 private:
  cel::Value resolve_http(const cel::Slot& slot, cel::Arena& arena) const;
  cel::Value resolve_grpc(std::uint32_t id) const;
  cel::Value resolve_message(const cel::Slot& slot, cel::Arena& arena) const;
  cel::Value body_map(cel::Arena& arena) const;
  const google::protobuf::Message* root_message(Root root) const;

  const RequestView& request_;
  Subject subject_;
  base::WallTime now_;
  const google::protobuf::Struct* attrs_ = nullptr;
  std::string error_;
  bool failed_on_body_ = false;
  Disclosure disclosure_ = Disclosure::kRedacted;
  bool on_loop_ = false;
  Recorder* recorder_ = nullptr;
  mutable std::unique_ptr<JsonBody> body_;  // made when first asked for
  std::unique_ptr<RegoRun> rego_;           // the same
  cel::Arena arena_;
};

}  // namespace policy
