#pragma once

#include <openssl/crypto.h>

namespace cmd {

// Leaves OpenSSL's own cleanup at exit out. gRPC may still have a thread then that uses OpenSSL;
// what it holds would be freed under it or never (OPENSSL_init_crypto(3), OPENSSL_INIT_NO_ATEXIT).
// Must be called before anything else uses OpenSSL.
inline void keep_openssl_until_the_end() { OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, nullptr); }

}  // namespace cmd
