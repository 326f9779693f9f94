#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "store/key_store.h"
#include "store/store.h"

namespace store {

// What every Store must do, whatever it is made of. An implementation makes a StoreUnderTest and
// says INSTANTIATE_TEST_SUITE_P(Name, StoreContract, testing::Values(factory)).
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;
  virtual Store& store() = 0;
  virtual KeyStore& keys() = 0;
  virtual base::FakeClock& clock() = 0;
  // Ends the store as a process would and opens it again over the same data.
  virtual void restart() = 0;
};

struct StoreFactory {
  std::string name;
  std::function<std::unique_ptr<StoreUnderTest>()> make;
};

inline void PrintTo(const StoreFactory& factory, std::ostream* out) { *out << factory.name; }

class StoreContract : public testing::TestWithParam<StoreFactory> {
 protected:
  void SetUp() override { under_test_ = GetParam().make(); }

  Store& store() { return under_test_->store(); }

  std::unique_ptr<StoreUnderTest> under_test_;
};

// Small resources for tests of stores.
std::unique_ptr<resource::corev1::User> make_user(std::string_view name);
std::unique_ptr<resource::corev1::Secret> make_secret(std::string_view name,
                                                      std::string_view value);

template <typename T>
std::unique_ptr<T> copy_as(const Resource& resource) {
  return std::make_unique<T>(static_cast<const T&>(*resource));
}

}  // namespace store
