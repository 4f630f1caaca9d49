#include "storage/blob/sigv4.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>

#include "base/assert.h"
#include "storage/blob/http_client.h"

namespace symphony {
namespace {

constexpr size_t kHashBytes = 32;
using Hash = std::array<uint8_t, kHashBytes>;

std::string hex(const Hash& hash) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const uint8_t byte : hash) out += {kDigits[byte >> 4], kDigits[byte & 15]};
  return out;
}

Hash hmac(Bytes key, std::string_view text) {
  Hash out{};
  const Bytes bytes = as_bytes(text);
  unsigned size = 0;
  ASSERT(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes.data(), bytes.size(), out.data(),
              &size) != nullptr);
  ASSERT(size == out.size());
  return out;
}

std::string utc(const char* format, int64_t unix_seconds) {
  const auto seconds = static_cast<time_t>(unix_seconds);
  tm parts{};
  ASSERT(gmtime_r(&seconds, &parts) != nullptr);
  char out[32];
  return {out, std::strftime(out, sizeof out, format, &parts)};
}

}  // namespace

std::string sha256_hex(const std::vector<Bytes>& parts) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  ASSERT(context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1);
  for (const Bytes part : parts) ASSERT(EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1);
  Hash out{};
  unsigned size = 0;
  ASSERT(EVP_DigestFinal_ex(context.get(), out.data(), &size) == 1 && size == out.size());
  return hex(out);
}

SignedRequest sign_s3(const SigningRequest& request, const AwsCredentials& credentials,
                      std::string_view region, int64_t unix_seconds) {
  const std::string time = utc("%Y%m%dT%H%M%SZ", unix_seconds);
  const std::string day = time.substr(0, 8);
  const std::string scope = day + "/" + std::string(region) + "/s3/aws4_request";

  std::vector<std::pair<std::string, std::string>> query;
  for (const auto& [name, value] : request.query)
    query.emplace_back(percent_encode(name), percent_encode(value));
  std::ranges::sort(query);
  SignedRequest out;
  for (const auto& [name, value] : query) out.query += (out.query.empty() ? "" : "&") + name + "=" + value;

  auto headers = request.headers;
  headers.emplace_back("host", request.host);
  headers.emplace_back("x-amz-content-sha256", request.payload_sha256);
  headers.emplace_back("x-amz-date", time);
  if (!credentials.session_token.empty())
    headers.emplace_back("x-amz-security-token", credentials.session_token);
  std::ranges::sort(headers);
  std::string lines;
  std::string names;
  for (const auto& [name, value] : headers) {
    lines += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
    out.headers.push_back(name + ": " + value);
  }

  const std::string canonical = request.method + "\n" + request.path + "\n" + out.query + "\n" + lines +
                                "\n" + names + "\n" + request.payload_sha256;
  const std::string to_sign =
      "AWS4-HMAC-SHA256\n" + time + "\n" + scope + "\n" + sha256_hex({as_bytes(canonical)});
  Hash key = hmac(as_bytes("AWS4" + credentials.secret_key), day);
  for (const std::string_view part : {region, std::string_view("s3"), std::string_view("aws4_request")})
    key = hmac(key, part);
  out.headers.push_back("authorization: AWS4-HMAC-SHA256 Credential=" + credentials.access_key + "/" + scope +
                        ",SignedHeaders=" + names + ",Signature=" + hex(hmac(key, to_sign)));
  return out;
}

}  // namespace symphony
