#include "resource/path_shift.h"

#include <charconv>

namespace resource {

std::optional<std::string> path_without_parent(std::string_view path, const Message& parent) {
  std::string out;
  const Message* message = &parent;
  while (path.starts_with('.') && message != nullptr) {
    const auto end = path.find_first_of(".[", 1);
    const std::string_view step = path.substr(0, end);
    out += step;
    path = end == std::string_view::npos ? std::string_view{} : path.substr(end);

    const auto* reflection = message->GetReflection();
    const auto* field = message->GetDescriptor()->FindFieldByName(std::string(step.substr(1)));
    if (field == nullptr) break;
    if (path.starts_with('[') && field->is_repeated()) {
      int index = 0;
      const auto [rest, error] = std::from_chars(path.data() + 1, path.data() + path.size(), index);
      if (error != std::errc{}) break;
      const int inherited = reflection->FieldSize(*message, field);
      if (index < inherited) return std::nullopt;
      out += '[' + std::to_string(index - inherited);
      path.remove_prefix(static_cast<std::size_t>(rest - path.data()));
      break;  // an element is the child's alone
    }
    const bool descends = field->message_type() != nullptr && !field->is_repeated() &&
                          reflection->HasField(*message, field);
    message = descends ? &reflection->GetMessage(*message, field) : nullptr;
  }
  out += path;
  return out;
}

}  // namespace resource
