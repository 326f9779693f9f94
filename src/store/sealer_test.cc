#include "store/sealer.h"

#include <sys/stat.h>

#include "store/sqlite_testkit_test.h"

namespace store {
namespace {

constexpr SealBinding kBinding{.kind = "Secret", .uid = "u1", .purpose = "data"};

Sealer make_sealer(char filler = 'k') {
  return Sealer::from_key(base::Secret(std::string(Sealer::kKeyBytes, filler))).value();
}

TEST(Sealer, OpensWhatItSealed) {
  const auto sealer = make_sealer();
  for (const std::string& text : {std::string(), std::string("x"), std::string(100'000, 'y')}) {
    const auto sealed = sealer.seal(text, kBinding);
    ASSERT_TRUE(sealed);
    EXPECT_EQ(sealer.open(*sealed, kBinding)->reveal(), text);
  }
}

TEST(Sealer, NeverSealsTwiceAlike) {
  const auto sealer = make_sealer();
  EXPECT_NE(sealer.seal("text", kBinding).value(), sealer.seal("text", kBinding).value());
}

TEST(Sealer, OpensForNoOtherRecordOrPurpose) {
  const auto sealer = make_sealer();
  const auto sealed = sealer.seal("text", kBinding).value();
  const SealBinding others[] = {
      {"Config", "u1", "data"}, {"Secret", "u2", "data"}, {"Secret", "u1", "spec"},
      {"Secretu1", "", "data"}, {"Secret", "", "u1data"},
  };
  for (const auto& other : others) {
    const auto opened = sealer.open(sealed, other);
    ASSERT_FALSE(opened) << other.kind << other.uid << other.purpose;
    EXPECT_EQ(opened.error().code, base::Code::kDataLoss);
  }
  EXPECT_FALSE(make_sealer('o').open(sealed, kBinding)) << "another key opened it";
}

TEST(Sealer, NoticesEveryChangedBitAndEveryMissingByte) {
  const auto sealer = make_sealer();
  const auto sealed = sealer.seal("some text", kBinding).value();
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    auto changed = sealed;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(sealer.open(changed, kBinding)) << bit;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(sealer.open(sealed.substr(0, size), kBinding)) << size;
}

class KeyFile : public testing::Test {
 protected:
  std::string error() const {
    const auto read = Sealer::from_file(file_);
    return read ? "" : read.error().message;
  }

  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_.path() / "master.key";
};

TEST_F(KeyFile, IsMadeForTheOwnerOnlyAndNeverOverwritten) {
  ASSERT_TRUE(Sealer::make_key_file(file_));
  struct stat info{};
  ASSERT_EQ(::stat(file_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  const std::string before = read_file(file_);
  EXPECT_EQ(before.size(), Sealer::kKeyBytes);
  EXPECT_EQ(Sealer::make_key_file(file_).error().code, base::Code::kAlreadyExists);
  EXPECT_EQ(read_file(file_), before);
  EXPECT_EQ(error(), "");
}

TEST_F(KeyFile, IsRefusedWhenOthersCanUseIt) {
  ASSERT_TRUE(Sealer::make_key_file(file_));
  for (const mode_t mode : {0640u, 0604u, 0620u, 0601u}) {
    ASSERT_EQ(::chmod(file_.c_str(), mode), 0);
    EXPECT_NE(error().find("others than its owner"), std::string::npos) << error();
  }
}

TEST_F(KeyFile, IsRefusedWithAnyOtherSize) {
  for (const std::size_t size : {0u, 31u, 33u, 64u}) {
    std::ofstream(file_) << std::string(size, 'k');
    ASSERT_EQ(::chmod(file_.c_str(), 0600), 0);
    EXPECT_NE(error().find("must have exactly 32 bytes"), std::string::npos) << error();
  }
}

TEST_F(KeyFile, MissingOrNoFileIsAClearError) {
  EXPECT_NE(error().find("No such file"), std::string::npos) << error();
  file_ = folder_.path();
  EXPECT_NE(error().find("not a regular file"), std::string::npos) << error();
  file_ = folder_.path() / "no" / "master.key";
  EXPECT_NE(Sealer::make_key_file(file_).error().message.find("cannot be made"), std::string::npos);
}

}  // namespace
}  // namespace store
