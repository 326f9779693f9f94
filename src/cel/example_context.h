#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "cel/schema.h"

namespace cel {

// A small `ctx` for the tests, the benchmark and the fuzzer of this module, and the shortest
// example of how a Schema and an AttributeSource go together:
//
//   ctx.user.metadata.name    ctx.user.spec.groups (texts)    ctx.user.isLocked
//   ctx.request.http.method   ctx.request.http.path           ctx.request.http.headers["x"]
//   ctx.request.http.bodyMap (open below)                     ctx.device.osType (absent)
//   ctx.groups (a list of {metadata: {name}})                 attrs (open below)
class ExampleSchema final : public Schema {
 public:
  enum SlotNumber : std::uint32_t {
    kCtx = 1,
    kUser,
    kMetadata,
    kSpec,
    kName,
    kUserGroups,
    kLocked,
    kRequest,
    kHttp,
    kMethod,
    kPath,
    kHeaders,
    kHeader,
    kBody,
    kDevice,
    kOsType,
    kGroups,
    kGroup,
    kGroupMetadata,
    kGroupName,
    kAttrs,
  };

  std::optional<Attribute> root(std::string_view name) const override {
    if (name == "ctx") return make(kCtx, kCtx);
    if (name == "attrs") return make(kAttrs, kOpenShape);
    return std::nullopt;
  }

  std::optional<Attribute> member(const Attribute& parent, std::string_view name) const override {
    if (parent.shape == kHeaders) {
      Attribute header = make(kHeader, kOpenShape);
      header.slot.key = name;
      return header;
    }
    for (const Row& row : kRows)
      if (row.parent == parent.shape && row.name == name) return make(row.slot, row.shape);
    return std::nullopt;
  }

  ShapeId element(ShapeId container) const override {
    return container == kGroups ? ShapeId{kGroup} : kOpenShape;
  }

  std::vector<std::string_view> root_names() const override { return {"ctx", "attrs"}; }

  std::vector<std::string_view> member_names(ShapeId shape) const override {
    std::vector<std::string_view> out;
    for (const Row& row : kRows)
      if (row.parent == shape) out.push_back(row.name);
    return out;
  }

 private:
  struct Row {
    ShapeId parent;
    std::string_view name;
    SlotNumber slot;
    ShapeId shape;
  };

  static constexpr std::array<Row, 19> kRows = {{
      {kCtx, "user", kUser, kUser},
      {kCtx, "request", kRequest, kRequest},
      {kCtx, "device", kDevice, kDevice},
      {kCtx, "groups", kGroups, kGroups},
      {kUser, "metadata", kMetadata, kMetadata},
      {kUser, "spec", kSpec, kSpec},
      {kUser, "isLocked", kLocked, kOpenShape},
      {kMetadata, "name", kName, kOpenShape},
      {kSpec, "groups", kUserGroups, kOpenShape},
      {kRequest, "http", kHttp, kHttp},
      {kHttp, "method", kMethod, kOpenShape},
      {kHttp, "path", kPath, kOpenShape},
      {kHttp, "headers", kHeaders, kHeaders},
      {kHttp, "bodyMap", kBody, kOpenShape},
      {kDevice, "osType", kOsType, kOpenShape},
      {kGroup, "metadata", kGroupMetadata, kGroupMetadata},
      {kGroupMetadata, "name", kGroupName, kOpenShape},
      {kGroupMetadata, "uid", kGroupName, kOpenShape},
      {kGroup, "kind", kGroupName, kOpenShape},
  }};

  static Attribute make(SlotNumber slot, ShapeId shape) {
    return {.slot = {.id = slot, .key = {}, .plan = nullptr}, .shape = shape};
  }
};

// alice of dev and ops posts to /users/7.
class ExampleSource final : public AttributeSource {
 public:
  Value resolve(const Slot& slot, Arena& arena) const override {
    switch (slot.id) {
      case ExampleSchema::kName:
        return Value::string("alice");
      case ExampleSchema::kUserGroups:
        return Value::list(groups_);
      case ExampleSchema::kLocked:
        return Value::boolean(false);
      case ExampleSchema::kMethod:
        return Value::string("POST");
      case ExampleSchema::kPath:
        return Value::string("/users/7");
      case ExampleSchema::kHeaders:
        return Value::map(headers_);
      case ExampleSchema::kHeader:
        return Value::map(headers_).map_find(Value::string(slot.key), arena);
      case ExampleSchema::kBody:
        return Value::map(body_);
      case ExampleSchema::kGroups:
        return Value::list(group_messages_);
      case ExampleSchema::kAttrs:
        return Value::map(attrs_);
      default:  // ctx.device and whole messages
        return Value::no_such_key();
    }
  }

  Value has(const Slot& slot, Arena& arena) const override {
    if (slot.id == ExampleSchema::kOsType) return Value::no_such_key();
    if (slot.id == ExampleSchema::kUser) return Value::boolean(true);
    return AttributeSource::has(slot, arena);
  }

  base::WallTime now() const override {
    return base::WallTime(std::chrono::seconds(1'772'616'600));  // Wednesday 2026-03-04T09:30:00Z
  }

 private:
  using Entries1 = std::array<MapEntry, 1>;

  std::array<Value, 2> groups_{Value::string("dev"), Value::string("ops")};
  std::array<MapEntry, 3> headers_{{
      {Value::string("accept"), Value::string("application/json")},
      {Value::string("x-custom-header"), Value::string("this-value")},
      {Value::string("x-team"), Value::string("blue")},
  }};
  std::array<Value, 2> tags_{Value::string("a"), Value::string("b")};
  std::array<MapEntry, 4> body_{{
      {Value::string("age"), Value::real(42)},
      {Value::string("email"), Value::string("bob@example.com")},
      {Value::string("tags"), Value::list(tags_)},
      {Value::string("nothing"), Value::null()},
  }};
  std::array<Value, 2> ports_{Value::real(80), Value::real(443)};
  std::array<MapEntry, 2> attrs_{{
      {Value::string("ports"), Value::list(ports_)},
      {Value::string("empty"), Value::list(std::span<const Value>())},
  }};
  Entries1 dev_name_{{{Value::string("name"), Value::string("dev")}}};
  Entries1 ops_name_{{{Value::string("name"), Value::string("ops")}}};
  Entries1 dev_{{{Value::string("metadata"), Value::map(dev_name_)}}};
  Entries1 ops_{{{Value::string("metadata"), Value::map(ops_name_)}}};
  std::array<Value, 2> group_messages_{Value::map(dev_), Value::map(ops_)};
};

}  // namespace cel
