#include "storage/blob/gcs_store.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "storage/blob/sigv4.h"
#include "storage/checksum.h"
#include "storage/errors.h"

namespace symphony {
namespace {

constexpr size_t kListBytesMax = 4u << 20;  // a thousand names of 1,024 bytes, each perhaps escaped

using Called = tl::expected<HttpAnswer, HttpFailure>;

// As Google writes it: big endian, in base64.
std::string crc32c_text(Bytes bytes) {
  const uint32_t crc = storage::crc32c(bytes);
  const std::array<uint8_t, 4> raw{static_cast<uint8_t>(crc >> 24), static_cast<uint8_t>(crc >> 16),
                                   static_cast<uint8_t>(crc >> 8), static_cast<uint8_t>(crc)};
  std::array<uint8_t, 9> out{};
  const int size = EVP_EncodeBlock(out.data(), raw.data(), static_cast<int>(raw.size()));
  return {out.begin(), out.begin() + size};
}

class GcsApi final : public ObjectApi {
 public:
  GcsApi(const GcsOptions& options, std::string origin, bool is_emulator, TokenSource tokens)
      : origin_(std::move(origin)),
        objects_("/storage/v1/b/" + options.bucket + "/o"),
        is_emulator_(is_emulator),
        tokens_(std::move(tokens), storage::unix_ms),
        http_(options.http) {}

  tl::expected<Creation, HttpFailure> create(const std::string& name, const Buffer& stored) override {
    // No object can hold its own hash, whatever a peer has made it of.
    const std::string boundary = "symphony-" + sha256_hex({stored});
    const std::string head = "--" + boundary + "\r\ncontent-type: application/json\r\n\r\n" +
                             gcs_upload_json(name, crc32c_text(stored)) + "\r\n--" + boundary +
                             "\r\ncontent-type: application/octet-stream\r\n\r\n";
    const std::string tail = "\r\n--" + boundary + "--\r\n";
    HttpCall request;
    request.method = "POST";
    request.url = origin_ + "/upload" + objects_ + "?uploadType=multipart&ifGenerationMatch=0&fields=name";
    request.headers = {"content-type: multipart/related; boundary=" + boundary};
    request.body = {as_bytes(head), stored, as_bytes(tail)};
    const auto got = call(request);
    if (!got) return tl::unexpected(got.error());
    if (got->status == 412) return Creation::kExists;
    if (got->status == 200 && parse_gcs_object_name(got->text) == name) return Creation::kCreated;
    // Success that does not name the object is not Google speaking: a portal, or a proxy.
    const bool open = got->status == 200 || got->status == 500 || got->status == 502 || got->status == 504;
    return tl::unexpected(HttpFailure{unexpected("POST", *got), open});
  }

  Result<void> fetch(const std::string& name, const std::function<Result<void>(Bytes)>& sink) override {
    HttpCall request;
    request.url = url_of(name) + "?alt=media";
    request.sink = sink;
    const auto got = call(request);
    if (!got) return tl::unexpected(got.error().error);
    if (got->status == 200) return {};
    if (is_absent(*got)) return fail(Code::kNotFound, "does not exist");
    return tl::unexpected(unexpected("GET", *got));
  }

  Result<void> erase(const std::string& name) override {
    HttpCall request;
    request.method = "DELETE";
    request.url = url_of(name);
    const auto got = call(request);
    if (!got) return tl::unexpected(got.error().error);
    if (got->status == 204 || got->status == 200 || is_absent(*got)) return {};
    return tl::unexpected(unexpected("DELETE", *got));
  }

  Result<Page> page(const std::string& prefix, const std::string& after, const std::string& token,
                    size_t count) override {
    HttpCall request;
    // One more, because startOffset itself is in the list.
    request.url =
        origin_ + objects_ + "?fields=items/name,nextPageToken&maxResults=" + std::to_string(count + 1);
    if (!prefix.empty()) request.url += "&prefix=" + percent_encode(prefix);
    if (!after.empty()) request.url += "&startOffset=" + percent_encode(after);
    if (!token.empty()) request.url += "&pageToken=" + percent_encode(token);
    request.text_bytes_max = kListBytesMax;
    const auto got = call(request);
    if (!got) return tl::unexpected(got.error().error);
    if (got->status != 200) return tl::unexpected(unexpected("GET", *got));
    auto list = parse_gcs_list(got->text);
    if (!list) return fail(Code::kUnavailable, list.error().message + ": " + first_line(got->text));
    if (!list->names.empty() && list->names.front() == after) list->names.erase(list->names.begin());
    return Page{std::move(list->names), std::move(list->next_page_token)};
  }

 private:
  std::string url_of(const std::string& name) const {
    return origin_ + objects_ + "/" + percent_encode(name);
  }

  // Google's words; the emulator that the tests use says only "Not Found".
  bool is_absent(const HttpAnswer& response) const {
    if (response.status != 404) return false;
    const std::string said = parse_gcs_error(response.text);
    const std::string& text = said.empty() ? response.text : said;
    return text.starts_with("No such object: ") || (is_emulator_ && text.starts_with("Not Found"));
  }

  static Error unexpected(const std::string& method, const HttpAnswer& response) {
    const std::string said = parse_gcs_error(response.text);
    Error error = unexpected_answer(method, response.status, said.empty() ? response.text : said);
    if (response.status == 401 || response.status == 403)
      error.message += "; the identity needs storage.objects create, get, delete and list on the bucket";
    return error;
  }

  // With the token that is current; a refused one is replaced once.
  Called call(const HttpCall& request) {
    for (bool again = false;; again = true) {
      const auto token = tokens_.token();
      if (!token) return tl::unexpected(HttpFailure{token.error(), false});
      HttpCall authorized = request;
      if (!token->empty()) authorized.headers.push_back("authorization: Bearer " + *token);
      Called got = http_.call(authorized);
      if (got) got->text = without_secret(std::move(got->text), *token);
      if (!got || got->status != 401 || token->empty() || again) return got;
      tokens_.drop(*token);
    }
  }

  const std::string origin_;
  const std::string objects_;  // the path of the bucket's objects
  const bool is_emulator_;
  TokenCache tokens_;
  HttpClient http_;
};

bool is_bucket(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_gcs_store(const GcsOptions& options,
                                                    const Environment& environment) {
  if (!is_bucket(options.bucket))
    return fail(Code::kInvalid, "a Google Cloud Storage bucket's name has a-z, 0-9, ., _ and -");
  if (!options.prefix.empty() && !check_object_key(options.prefix))
    return fail(Code::kInvalid, "a prefix has A-Z, a-z, 0-9, _ and -, parted by single slashes");
  std::string origin = environment("STORAGE_EMULATOR_HOST");
  const bool is_emulator = !origin.empty();
  if (!is_emulator) origin = options.origin;
  if (origin.find("://") == std::string::npos) origin = "http://" + origin;
  if (origin.ends_with('/')) origin.pop_back();
  auto tokens = gcs_token_source(environment, options.http);
  if (!tokens) return tl::unexpected(tokens.error());
  auto api = std::make_unique<GcsApi>(options, origin, is_emulator, std::move(*tokens));
  return std::make_unique<HttpObjectStore>(std::move(api), "gs://" + options.bucket, options.prefix,
                                           options.limits);
}

}  // namespace symphony
