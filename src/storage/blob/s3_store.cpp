#include "storage/blob/s3_store.h"

#include <algorithm>
#include <atomic>

#include "storage/blob/s3_xml.h"
#include "storage/errors.h"

namespace symphony {
namespace {

constexpr size_t kListBytesMax = 4u << 20;  // a thousand names of 1,024 bytes and what stands beside them

using Query = std::vector<std::pair<std::string, std::string>>;
using Called = tl::expected<HttpAnswer, HttpFailure>;

HttpFailure failure(Error error, bool may_have_arrived = false) {
  return {std::move(error), may_have_arrived};
}

// Whether the outcome of a write is open after this answer. A refusal is none.
bool is_open(int status) { return status == 409 || status == 500 || status == 502 || status == 504; }

class S3Api final : public ObjectApi {
 public:
  S3Api(const S3Options& options, std::string origin, std::string host, AwsCredentialsSource credentials)
      : region_(options.region),
        origin_(std::move(origin)),
        host_(std::move(host)),
        root_(options.path_style ? "/" + options.bucket + "/" : "/"),
        credentials_(std::move(credentials)),
        http_(options.http) {}

  tl::expected<Creation, HttpFailure> create(const std::string& name, const Buffer& stored) override {
    Known known = known_;
    if (known != Known::kHonoured) {
      const auto exists = head(name);
      if (!exists) return tl::unexpected(exists.error());
      if (*exists) return Creation::kExists;
    }
    if (known != Known::kIgnored) {
      const auto created = put(name, stored, true);
      if (created || !is_refused(created.error())) {
        if (created && *created == Creation::kExists) known_ = Known::kHonoured;
        if (created && *created == Creation::kCreated && known == Known::kUnknown) find_out(name, stored);
        return unwrapped(created);
      }
    }
    const auto created = put(name, stored, false);
    if (created) known_ = Known::kIgnored;
    return unwrapped(created);
  }

  Result<void> fetch(const std::string& name, const std::function<Result<void>(Bytes)>& sink) override {
    const auto got = call("GET", root_ + name, {}, {}, nullptr, sink);
    if (!got) return tl::unexpected(got.error().error);
    if (got->status == 200) return {};
    if (is_absent(*got)) return fail(Code::kNotFound, "does not exist");
    return tl::unexpected(unexpected("GET", *got));
  }

  Result<void> erase(const std::string& name) override {
    const auto done = call("DELETE", root_ + name);
    if (!done) return tl::unexpected(done.error().error);
    if (done->status == 204 || done->status == 200 || is_absent(*done)) return {};
    return tl::unexpected(unexpected("DELETE", *done));
  }

  // The token is the last name: what services give as tokens may last only for a while.
  Result<Page> page(const std::string& prefix, const std::string& after, const std::string& token,
                    size_t count) override {
    Query query{{"list-type", "2"}, {"max-keys", std::to_string(count)}};
    if (!prefix.empty()) query.emplace_back("prefix", prefix);
    const std::string& start = token.empty() ? after : token;
    if (!start.empty()) query.emplace_back("start-after", start);
    const auto got = call("GET", root_, query, {}, nullptr, {}, kListBytesMax);
    if (!got) return tl::unexpected(got.error().error);
    if (got->status != 200) return tl::unexpected(unexpected("GET", *got));
    auto list = parse_s3_list(got->text);
    if (!list) return fail(Code::kUnavailable, list.error().message + ": " + first_line(got->text));
    if (list->truncated && list->names.empty())
      return fail(Code::kUnavailable, "a page of the list is empty and not the last");
    std::string next = list->truncated ? list->names.back() : std::string();
    return Page{std::move(list->names), std::move(next)};
  }

 private:
  // What is known of how the service takes `If-None-Match: *`.
  enum class Known : uint8_t { kUnknown, kHonoured, kIgnored };

  struct PutFailure {
    HttpFailure failure;
    int status = 0;
    std::string code;
  };
  using Put = tl::expected<Creation, PutFailure>;

  static tl::expected<Creation, HttpFailure> unwrapped(const Put& put) {
    if (put) return *put;
    return tl::unexpected(put.error().failure);
  }

  // "I do not know this header", in the words of several services.
  static bool is_refused(const PutFailure& put) {
    return put.status == 501 ||
           (put.status == 400 && (put.code == "NotImplemented" || put.code == "InvalidArgument"));
  }

  Put put(const std::string& name, const Buffer& stored, bool if_absent) {
    std::vector<std::pair<std::string, std::string>> headers{{"content-type", "application/octet-stream"}};
    if (if_absent) headers.emplace_back("if-none-match", "*");
    const auto got = call("PUT", root_ + name, {}, headers, &stored);
    if (!got) return tl::unexpected(PutFailure{got.error(), 0, {}});
    if (got->status == 412 && if_absent) return Creation::kExists;
    if (got->status == 200 && !got->etag.empty()) return Creation::kCreated;
    // Success without an ETag is not S3 speaking: a portal, or a proxy.
    const bool open = is_open(got->status) || got->status == 200;
    return tl::unexpected(
        PutFailure{failure(unexpected("PUT", *got), open), got->status, parse_s3_error(got->text).code});
  }

  // Puts the object that was just created again, with the same bytes: that changes nothing whatever happens.
  void find_out(const std::string& name, const Buffer& stored) {
    const auto again = put(name, stored, true);
    if (again) known_ = *again == Creation::kExists ? Known::kHonoured : Known::kIgnored;
  }

  tl::expected<bool, HttpFailure> head(const std::string& name) {
    const auto got = call("HEAD", root_ + name);
    if (!got) return tl::unexpected(failure(got.error().error));
    if (got->status == 200 || got->status == 404) return got->status == 200;
    return tl::unexpected(failure(unexpected("HEAD", *got)));
  }

  static bool is_absent(const HttpAnswer& response) {
    return response.status == 404 && parse_s3_error(response.text).code == "NoSuchKey";
  }

  static Error unexpected(const std::string& method, const HttpAnswer& response) {
    const S3Error said = parse_s3_error(response.text);
    Error error = unexpected_answer(method, response.status,
                                    said.code.empty() ? response.text : said.code + ": " + said.message);
    if (response.status == 301 || response.status == 307)
      error.message += "; is it the bucket's region and endpoint?";
    if (response.status == 403)
      error.message +=
          "; the credentials need s3:GetObject, PutObject and DeleteObject on the prefix and "
          "ListBucket, and the clock must be right";
    return error;
  }

  Called call(const std::string& method, const std::string& path, const Query& query = {},
              const std::vector<std::pair<std::string, std::string>>& headers = {},
              const Buffer* body = nullptr, const std::function<Result<void>(Bytes)>& sink = {},
              size_t text_bytes_max = 0) {
    const auto credentials = credentials_();
    if (!credentials) return tl::unexpected(failure(credentials.error()));
    HttpCall request;
    request.method = method;
    if (body != nullptr) request.body = {*body};
    request.sink = sink;
    request.text_bytes_max = text_bytes_max;
    const std::string encoded = percent_encode(path, true);
    SignedRequest signed_request = sign_s3({method, host_, encoded, query, headers, sha256_hex(request.body)},
                                           *credentials, region_, storage::unix_ms() / 1000);
    request.headers = std::move(signed_request.headers);
    request.url = origin_ + encoded + (signed_request.query.empty() ? "" : "?" + signed_request.query);
    Called got = http_.call(request);
    if (got) got->text = without_secret(std::move(got->text), credentials->session_token);
    return got;
  }

  const std::string region_;
  const std::string origin_;  // scheme and host
  const std::string host_;    // as the header says it
  const std::string root_;    // of the paths
  const AwsCredentialsSource credentials_;
  HttpClient http_;
  std::atomic<Known> known_{Known::kUnknown};
};

bool consists_of(std::string_view text, std::string_view others) {
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_s3_store(const S3Options& options,
                                                   AwsCredentialsSource credentials) {
  if (!consists_of(options.bucket, ".-_"))
    return fail(Code::kInvalid, "an S3 bucket's name has A-Z, a-z, 0-9, ., _ and -");
  if (!consists_of(options.region, "-")) return fail(Code::kInvalid, "an S3 region looks like eu-central-1");
  if (!options.prefix.empty() && !check_object_key(options.prefix))
    return fail(Code::kInvalid, "a prefix has A-Z, a-z, 0-9, _ and -, parted by single slashes");
  std::string endpoint =
      options.endpoint.empty() ? "https://s3." + options.region + ".amazonaws.com" : options.endpoint;
  if (endpoint.ends_with('/')) endpoint.pop_back();
  const size_t scheme_end = endpoint.find("://");
  const std::string scheme = endpoint.substr(0, scheme_end);
  std::string host = scheme_end == std::string::npos ? "" : endpoint.substr(scheme_end + 3);
  if ((scheme != "https" && scheme != "http") || !consists_of(host, ".-:[]"))
    return fail(Code::kInvalid, "an S3 endpoint looks like https://storage.example:9000, without a path");
  S3Options chosen = options;
  // A wildcard certificate does not cover a bucket with a dot in its name.
  chosen.path_style = options.path_style || options.bucket.find('.') != std::string::npos;
  if (!chosen.path_style) host = options.bucket + "." + host;
  auto api = std::make_unique<S3Api>(chosen, scheme + "://" + host, host, std::move(credentials));
  return std::make_unique<HttpObjectStore>(std::move(api), "s3://" + options.bucket, options.prefix,
                                           options.limits);
}

}  // namespace symphony
