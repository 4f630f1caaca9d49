// The access tokens with which Google Cloud Storage is called.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "storage/blob/environment.h"
#include "storage/blob/gcs_json.h"
#include "storage/blob/http_client.h"

namespace symphony {

// Where tokens come from. Blocks; one thread calls at a time.
using TokenSource = std::function<Result<GcsToken>()>;

// STORAGE_EMULATOR_HOST: none are needed (a source of empty tokens). GOOGLE_APPLICATION_CREDENTIALS: the key
// file of a service account, whose signed assertion is exchanged at its token_uri; for development. Else the
// metadata server, which knows the workload's identity on Google Cloud: GCE_METADATA_HOST, or
// metadata.google.internal. kInvalid if the key file cannot be used.
Result<TokenSource> gcs_token_source(const Environment& environment, const HttpOptions& http);

// The exchange's parts, for tests: "<header>.<claims>.<signature>", signed by RS256.
Result<std::string> signed_assertion(const GcsKey& key, int64_t unix_seconds);

// Keeps the newest token and renews it before it expires, once for all threads, which wait meanwhile. While
// renewing fails an old token is used as long as it lasts.
class TokenCache {
 public:
  using Clock = std::function<int64_t()>;  // milliseconds

  TokenCache(TokenSource source, Clock now_ms) : source_(std::move(source)), now_ms_(std::move(now_ms)) {}

  Result<std::string> token();

  // The service refused `token`: the next call fetches another, unless somebody has already.
  void drop(const std::string& token);

 private:
  const TokenSource source_;
  const Clock now_ms_;
  std::mutex mutex_;
  std::string token_;
  int64_t renew_ms_ = 0;  // from when on a new one is wanted
  int64_t end_ms_ = 0;    // from when on the old one is of no use
};

}  // namespace symphony
