#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string_view>

#include "resource/document.h"
#include "resource/kind.h"

namespace gateway {

// A message from YAML; a mistake in the text fails the test.
template <typename Message>
std::shared_ptr<Message> from_yaml(std::string_view yaml) {
  auto message = std::make_shared<Message>();
  const auto decoded = resource::decode_into(yaml, *message);
  EXPECT_TRUE(decoded) << decoded.error().message << "\n" << yaml;
  return message;
}

}  // namespace gateway
