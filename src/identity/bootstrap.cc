#include "identity/bootstrap.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>

#include "base/log.h"
#include "base/random.h"
#include "identity/token.h"

namespace identity {
namespace {

constexpr std::string_view kOperation = "bootstrap/IssueRootToken";

std::unexpected<base::Error> fail_with_errno(const std::string& what,
                                             const std::filesystem::path& file) {
  return base::fail(
      base::Code::kInternal, "bootstrap_token_file",
      "cannot " + what + " the root token file " + file.string() + ": " + std::strerror(errno));
}

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

// The first bytes of the file without the line end; nullopt when there is no file.
base::Result<std::optional<base::Secret>> read_token_file(const std::filesystem::path& path) {
  const File file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) {
    if (errno == ENOENT) return std::optional<base::Secret>();
    return fail_with_errno("read", path);
  }
  std::array<char, kTokenChars + 8> buffer{};
  const ssize_t size = read(file.fd(), buffer.data(), buffer.size());
  if (size < 0) return fail_with_errno("read", path);
  std::string text(buffer.data(), static_cast<std::size_t>(size));
  while (text.ends_with('\n') || text.ends_with('\r') || text.ends_with(' ')) text.pop_back();
  return std::optional<base::Secret>(base::Secret(std::move(text)));
}

// Through a new file that takes the name when it is complete, so that nobody reads half a token.
base::Result<void> write_token_file(const std::filesystem::path& path, std::string_view token) {
  const std::filesystem::path temporary = path.string() + "." + base::random_name(8);
  const File file(open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.is_open()) return fail_with_errno("create", path);
  const std::string line = std::string(token) + "\n";
  if (write(file.fd(), line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
      fsync(file.fd()) != 0 || rename(temporary.c_str(), path.c_str()) != 0) {
    auto failure = fail_with_errno("write", path);
    unlink(temporary.c_str());
    return failure;
  }
  return {};
}

bool is_of_this_cluster(std::string_view token, const SigningKeys& keys) {
  return read_token(token, TokenType::kCredential, *keys.ring()).has_value();
}

}  // namespace

base::Result<RootToken> ensure_root_token(Authenticator& authenticator, const SigningKeys& keys,
                                          const std::filesystem::path& file) {
  BASE_ASSIGN(const auto held, read_token_file(file));
  if (held && is_of_this_cluster(held->reveal(), keys)) return RootToken::kKept;

  resource::metav1::ObjectReference root;
  root.set_name(std::string(kRootCredential));
  BASE_ASSIGN(const auto token, authenticator.generate_credential_token(
                                    root, {std::nullopt, std::string(kOperation)}));
  if (!token.has_authenticationtoken())
    return base::fail(base::Code::kFailedPrecondition, "bootstrap_credential_type",
                      "the Credential root-init is not an authentication token");
  BASE_TRY(write_token_file(file, token.authenticationtoken().authenticationtoken()));
  spdlog::info("wrote a new authentication token of the User root to {}", file.string());
  return RootToken::kIssued;
}

}  // namespace identity
