#include "storage/blob/gcs_tokens.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "storage/errors.h"

namespace symphony {
namespace {

constexpr int64_t kRenewBeforeMs =
    225'000;  // the metadata server gives a new one in a token's last five minutes
constexpr int64_t kUseBeforeMs = 10'000;  // what a request may take to arrive
constexpr int64_t kRenewAgainMs = 5'000;  // at most this often while the source only has an old one, or none
constexpr size_t kTokenBytesMax = 16u << 10;

std::string base64url(Bytes bytes) {
  std::string out(4 * (bytes.size() / 3 + 1) + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<uint8_t*>(out.data()), bytes.data(), static_cast<int>(bytes.size()));
  out.resize(static_cast<size_t>(size));
  while (out.ends_with('=')) out.pop_back();
  std::ranges::replace(out, '+', '-');
  std::ranges::replace(out, '/', '_');
  return out;
}

// What has to hold before a token goes into a header.
Result<GcsToken> checked(Result<GcsToken> token) {
  if (!token) return token;
  const bool plain = std::ranges::all_of(token->value, [](char c) { return c > 0x20 && c < 0x7f; });
  if (token->value.empty() || token->value.size() > kTokenBytesMax || !plain)
    return fail(Code::kUnavailable, "the answer is not a token that a header could carry");
  return token;
}

// `secret` is what the request holds that no message may.
Result<GcsToken> token_of(HttpClient& http, const HttpCall& request, const std::string& what,
                          const std::string& secret = {}) {
  const auto got = http.call(request);
  if (!got) return fail(Code::kUnavailable, what + ": " + got.error().error.message);
  // An answer of success may hold a token, and is therefore never quoted.
  if (got->status != 200)
    return fail(Code::kUnavailable, what + " answered " + std::to_string(got->status) + ": " +
                                        first_line(without_secret(got->text, secret)));
  auto token = checked(parse_gcs_token(got->text));
  if (!token) return fail(Code::kUnavailable, what + ": " + token.error().message);
  return token;
}

bool is_loopback(std::string_view url) {
  return url.starts_with("http://127.0.0.1:") || url.starts_with("http://localhost:") ||
         url.starts_with("http://[::1]:");
}

Result<GcsKey> read_key(const std::string& path) {
  const std::string what = "GOOGLE_APPLICATION_CREDENTIALS, " + path + ": ";
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(Code::kInvalid, what + "the file cannot be read");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  auto key = parse_gcs_key(text);
  if (!key) return fail(Code::kInvalid, what + key.error().message);
  if (!key->token_uri.starts_with("https://") && !is_loopback(key->token_uri))
    return fail(Code::kInvalid, what + "its token_uri is not https");
  if (const auto assertion = signed_assertion(*key, 0); !assertion)
    return fail(Code::kInvalid, what + assertion.error().message);
  return key;
}

}  // namespace

Result<std::string> signed_assertion(const GcsKey& key, int64_t unix_seconds) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> pem(
      BIO_new_mem_buf(key.private_key.data(), static_cast<int>(key.private_key.size())), BIO_free);
  // Without a callback OpenSSL would ask the terminal for the password of an encrypted key.
  const auto no_password = [](char*, int, int, void*) { return 0; };
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> private_key(
      PEM_read_bio_PrivateKey(pem.get(), nullptr, no_password, nullptr), EVP_PKEY_free);
  if (!private_key || EVP_PKEY_base_id(private_key.get()) != EVP_PKEY_RSA)
    return fail(Code::kInvalid, "its private_key is not an RSA key in PEM");
  std::string out = base64url(as_bytes(gcs_assertion_header(key))) + "." +
                    base64url(as_bytes(gcs_assertion_claims(key, unix_seconds)));
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  Buffer signature(static_cast<size_t>(EVP_PKEY_size(private_key.get())));
  size_t size = signature.size();
  const Bytes text = as_bytes(out);
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, private_key.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, text.data(), text.size()) != 1)
    return fail(Code::kInternal, "OpenSSL does not sign with its private_key");
  return out + "." + base64url(Bytes(signature).first(size));
}

Result<TokenSource> gcs_token_source(const Environment& environment, const HttpOptions& http) {
  if (!environment("STORAGE_EMULATOR_HOST").empty()) return [] { return Result<GcsToken>(GcsToken{}); };
  HttpOptions options = http;
  options.total_timeout =
      std::min<std::chrono::milliseconds>(options.total_timeout, std::chrono::seconds(10));
  const auto client = std::make_shared<HttpClient>(options);

  if (const std::string path = environment("GOOGLE_APPLICATION_CREDENTIALS"); !path.empty()) {
    auto key = read_key(path);
    if (!key) return tl::unexpected(key.error());
    return [client, key = std::move(*key)]() -> Result<GcsToken> {
      const auto assertion = signed_assertion(key, storage::unix_ms() / 1000);
      if (!assertion) return tl::unexpected(assertion.error());
      const std::string form =
          "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" + *assertion;
      HttpCall request;
      request.method = "POST";
      request.url = key.token_uri;
      request.headers = {"content-type: application/x-www-form-urlencoded"};
      request.body = {as_bytes(form)};
      return token_of(*client, request, "the exchange of " + key.client_email + "'s key for a token",
                      *assertion);
    };
  }

  std::string host = environment("GCE_METADATA_HOST");
  if (host.empty()) host = "metadata.google.internal";
  return [client, host]() -> Result<GcsToken> {
    HttpCall request;
    request.url = "http://" + host + "/computeMetadata/v1/instance/service-accounts/default/token";
    request.headers = {"metadata-flavor: Google"};
    request.direct = true;
    auto token = token_of(*client, request, "the metadata server");
    if (!token) token.error().message += "; outside Google Cloud set GOOGLE_APPLICATION_CREDENTIALS";
    return token;
  };
}

Result<std::string> TokenCache::token() {
  const std::lock_guard lock(mutex_);
  const int64_t now = now_ms_();
  if (now < renew_ms_) return token_;
  auto fetched = source_();
  if (!fetched) {
    if (now >= end_ms_) return tl::unexpected(fetched.error());
    renew_ms_ = std::min(now + kRenewAgainMs, end_ms_);
    return token_;
  }
  token_ = std::move(fetched->value);
  const int64_t end = now + std::min(fetched->expires_in_s, int64_t{86'400}) * 1000;
  end_ms_ = end - kUseBeforeMs;
  renew_ms_ = std::max(end - kRenewBeforeMs, std::min(now + kRenewAgainMs, end_ms_));
  return token_;
}

void TokenCache::drop(const std::string& token) {
  const std::lock_guard lock(mutex_);
  if (token == token_) renew_ms_ = end_ms_ = 0;
}

}  // namespace symphony
