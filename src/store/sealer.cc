#include "store/sealer.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/random.h"

namespace store {
namespace {

// A sealed value: version, nonce, ciphertext, tag.
constexpr char kVersion = 1;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr std::size_t kOverhead = 1 + kNonceBytes + kTagBytes;

using Cipher = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

Cipher make_cipher() { return Cipher(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free); }

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// Every part with its length in front, so that no two bindings have the same bytes.
std::string additional_data(const SealBinding& binding) {
  std::string out(1, kVersion);
  for (const std::string_view part : {binding.kind, binding.uid, binding.purpose}) {
    for (int shift = 24; shift >= 0; shift -= 8)
      out.push_back(static_cast<char>((part.size() >> shift) & 0xff));
    out.append(part);
  }
  return out;
}

std::unexpected<base::Error> fail_key_file(const std::filesystem::path& file,
                                           std::string_view what) {
  return base::fail(base::Code::kFailedPrecondition, "master_key_file",
                    fmt::format("the master key file {} {}", file.string(), what),
                    base::Source::kStore);
}

std::unexpected<base::Error> fail_cipher() {
  return base::fail(base::Code::kInternal, "cipher_failed", "AES-256-GCM failed to encrypt",
                    base::Source::kStore);
}

std::unexpected<base::Error> fail_open(const SealBinding& binding) {
  return base::fail(
      base::Code::kDataLoss, "seal_broken",
      fmt::format("the sealed {} of {} {} does not open: it was changed, moved here from another "
                  "record, or sealed with another master key",
                  binding.purpose, binding.kind, binding.uid),
      base::Source::kStore);
}

base::Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return base::fail(base::Code::kUnavailable, "io", std::strerror(errno));
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

// A new name in a folder survives a power failure only when the folder was synced too.
bool sync_folder_of(const std::filesystem::path& file) {
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const File handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return handle.fd() >= 0 && ::fsync(handle.fd()) == 0;
}

}  // namespace

base::Result<Sealer> Sealer::from_key(base::Secret key) {
  if (key.size() != kKeyBytes)
    return base::fail_invalid("master_key_size",
                              fmt::format("a master key has {} bytes", kKeyBytes));
  return Sealer(std::move(key));
}

base::Result<Sealer> Sealer::from_file(const std::filesystem::path& file) {
  const File handle(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (handle.fd() < 0)
    return fail_key_file(file, fmt::format("cannot be opened: {}", std::strerror(errno)));
  struct stat info{};
  if (::fstat(handle.fd(), &info) != 0 || !S_ISREG(info.st_mode))
    return fail_key_file(file, "is not a regular file");
  if ((info.st_mode & 077) != 0)
    return fail_key_file(
        file, fmt::format("has mode {:04o}: others than its owner can use it; run chmod 600 on it "
                          "and consider the key known",
                          info.st_mode & 07777));
  std::string bytes(kKeyBytes + 1, '\0');
  const ssize_t count = ::read(handle.fd(), bytes.data(), bytes.size());
  if (count != static_cast<ssize_t>(kKeyBytes)) {
    return fail_key_file(file, fmt::format("must have exactly {} bytes, it has {}", kKeyBytes,
                                           static_cast<long long>(info.st_size)));
  }
  bytes.resize(kKeyBytes);
  return Sealer(base::Secret(std::move(bytes)));
}

// Written under another name first: a start that is cut short leaves no key file that is empty or
// cut.
base::Result<void> Sealer::make_key_file(const std::filesystem::path& file) {
  const std::filesystem::path fresh = file.string() + ".new";
  ::unlink(fresh.c_str());
  const File handle(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (handle.fd() < 0)
    return fail_key_file(file, fmt::format("cannot be made: {}", std::strerror(errno)));
  std::string key(kKeyBytes, '\0');
  base::random_bytes({bytes_of(key), key.size()});
  const base::Secret wiped_at_the_end(std::move(key));
  // Unlike a rename, a link never replaces a key that is there.
  const bool is_written = write_all(handle.fd(), wiped_at_the_end.reveal()).has_value() &&
                          ::fsync(handle.fd()) == 0 && ::link(fresh.c_str(), file.c_str()) == 0;
  const int cause = errno;
  ::unlink(fresh.c_str());
  if (!is_written && cause == EEXIST)
    return base::fail(base::Code::kAlreadyExists, "master_key_file",
                      fmt::format("the master key file {} exists already", file.string()));
  if (!is_written || !sync_folder_of(file))
    return fail_key_file(file, fmt::format("cannot be written: {}", std::strerror(cause)));
  return {};
}

base::Result<std::string> Sealer::seal(std::string_view plaintext,
                                       const SealBinding& binding) const {
  std::string out(kOverhead + plaintext.size(), '\0');
  out[0] = kVersion;
  unsigned char* const nonce = bytes_of(out) + 1;
  unsigned char* const body = nonce + kNonceBytes;
  base::random_bytes({nonce, kNonceBytes});
  const std::string aad = additional_data(binding);

  const Cipher cipher = make_cipher();
  int size = 0;
  const bool is_sealed = cipher != nullptr &&
                         EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr,
                                            bytes_of(key_.reveal()), nonce) == 1 &&
                         EVP_EncryptUpdate(cipher.get(), nullptr, &size, bytes_of(aad),
                                           static_cast<int>(aad.size())) == 1 &&
                         EVP_EncryptUpdate(cipher.get(), body, &size, bytes_of(plaintext),
                                           static_cast<int>(plaintext.size())) == 1 &&
                         EVP_EncryptFinal_ex(cipher.get(), body + plaintext.size(), &size) == 1 &&
                         EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTagBytes,
                                             body + plaintext.size()) == 1;
  if (!is_sealed) return fail_cipher();
  return out;
}

base::Result<base::Secret> Sealer::open(std::string_view sealed, const SealBinding& binding) const {
  if (sealed.size() < kOverhead || sealed[0] != kVersion) return fail_open(binding);
  const unsigned char* const nonce = bytes_of(sealed) + 1;
  const unsigned char* const body = nonce + kNonceBytes;
  const std::size_t body_size = sealed.size() - kOverhead;
  std::array<unsigned char, kTagBytes> tag{};
  std::memcpy(tag.data(), body + body_size, kTagBytes);
  const std::string aad = additional_data(binding);

  std::string plaintext(body_size, '\0');
  const Cipher cipher = make_cipher();
  int size = 0;
  const bool is_opened =
      cipher != nullptr &&
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, bytes_of(key_.reveal()),
                         nonce) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, bytes_of(aad),
                        static_cast<int>(aad.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), bytes_of(plaintext), &size, body,
                        static_cast<int>(body_size)) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), bytes_of(plaintext) + plaintext.size(), &size) == 1;
  base::Secret secret(std::move(plaintext));  // wiped on failure too
  if (!is_opened) return fail_open(binding);
  return secret;
}

}  // namespace store
