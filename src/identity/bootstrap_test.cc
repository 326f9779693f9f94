#include "identity/bootstrap.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "identity/fixture_test.h"

namespace identity {
namespace {

class BootstrapTest : public IdentityTest {
 protected:
  BootstrapTest() {
    std::string pattern = testing::TempDir() + "bootstrapXXXXXX";
    folder_ = mkdtemp(pattern.data());
    add_credential(std::string(kRootCredential), *add_user("root"));
  }
  ~BootstrapTest() override { std::filesystem::remove_all(folder_); }

  std::string content() const {
    std::ostringstream out;
    out << std::ifstream(file()).rdbuf();
    std::string text = out.str();
    EXPECT_TRUE(text.ends_with('\n'));
    if (!text.empty()) text.pop_back();
    return text;
  }
  std::filesystem::path file() const { return folder_ / "root-token"; }
  base::Result<RootToken> ensure() { return ensure_root_token(*authenticator_, *keys_, file()); }

  std::filesystem::path folder_;
};

TEST_F(BootstrapTest, WritesATokenThatLogsIn) {
  EXPECT_EQ(ensure(), RootToken::kIssued);
  EXPECT_TRUE(login(content()));
  struct stat info{};
  ASSERT_EQ(stat(file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777u, 0600u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(BootstrapTest, ARestartKeepsTheToken) {
  ASSERT_TRUE(ensure());
  const std::string token = content();
  EXPECT_EQ(ensure(), RootToken::kKept);
  EXPECT_EQ(content(), token);
  EXPECT_TRUE(login(token));
  secret_of(std::string(kRootCredential));  // rotated on purpose: the file is left alone
  EXPECT_EQ(ensure(), RootToken::kKept);
}

TEST_F(BootstrapTest, AMissingFileGetsANewTokenThatEndsTheOld) {
  ASSERT_TRUE(ensure());
  const std::string token = content();
  std::filesystem::remove(file());
  EXPECT_EQ(ensure(), RootToken::kIssued);
  EXPECT_FALSE(login(token));
  EXPECT_TRUE(login(content()));
}

TEST_F(BootstrapTest, AFileOfAnotherClusterIsReplaced) {
  std::ofstream(file()) << std::string(kTokenChars, 'A') << "\n";
  EXPECT_EQ(ensure(), RootToken::kIssued);
  EXPECT_TRUE(login(content()));
}

TEST_F(BootstrapTest, SaysWhatIsWrong) {
  auto result = ensure_root_token(*authenticator_, *keys_, folder_ / "nowhere" / "root-token");
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().message.find("nowhere/root-token"), std::string::npos);
  result = ensure_root_token(*authenticator_, *keys_, folder_);
  ASSERT_FALSE(result);
  ASSERT_TRUE(store_.remove(
      resource::Kind::kCredential,
      resource::metadata_of(**store_.get(resource::Kind::kCredential, kRootCredential)).uid()));
  EXPECT_EQ(ensure().error().code, base::Code::kNotFound);
}

}  // namespace
}  // namespace identity
