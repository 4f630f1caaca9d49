// HTTP over libcurl, for stores: one call, one answer, and nothing that a server does may surprise.
//
// TLS 1.2 or newer with verified certificates where the URL is https. Redirects are answers like any other.
// Every call has time limits for connecting, for standing still and as a whole. Bodies go to a sink as they
// arrive, or are kept up to a limit. The variables HTTPS_PROXY and NO_PROXY are honoured, as libcurl does.
//
// Any number of threads may call at a time. Connections are kept open and used again.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "symphony/types.h"

namespace symphony {

struct HttpOptions {
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::seconds stall_timeout{20};            // without a byte in either direction
  std::chrono::milliseconds total_timeout{300'000};  // an object of 1 GiB at 30 Mbit/s
  size_t text_bytes_max = 64u << 10;                 // of a body without a sink
  size_t idle_max = 8;                               // connections (libcurl handles) kept between calls
  std::string ca_file;                               // PEM; empty: the system's certificates
};

struct HttpCall {
  std::string method = "GET";  // with HEAD, no body is expected
  std::string url;
  std::vector<std::string> headers;  // "name: value"; must not hold control characters
  std::vector<Bytes> body;           // sent one after the other, with their length
  size_t text_bytes_max = 0;         // 0: as in HttpOptions
  bool direct = false;               // through no proxy: for an address of this machine or node

  // Takes the body of an answer of status 200. The first failure ends the call and is its result.
  std::function<Result<void>(Bytes)> sink;
};

struct HttpAnswer {
  int status = 0;
  std::string text;  // the body, unless it went to the sink; cut at the limit if the status is 300 or more
  std::string etag;  // that header, as it came
};

// Why there is no answer. kUnavailable, kLimit if the body is more than text_bytes_max, or what the sink
// said.
struct HttpFailure {
  Error error;
  bool may_have_arrived = false;  // the request, or part of it, was sent
};

class HttpClient {
 public:
  explicit HttpClient(const HttpOptions& options = {});
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Messages name host and path, never the query, headers or bodies sent.
  tl::expected<HttpAnswer, HttpFailure> call(const HttpCall& request);

 private:
  struct Pool;
  HttpOptions options_;
  std::unique_ptr<Pool> pool_;
};

// `text` in percent-encoding, all but A-Z a-z 0-9 - . _ ~, and the slash if `keep_slash`.
std::string percent_encode(std::string_view text, bool keep_slash = false);

// `text` with every occurrence of `secret` gone; a server may repeat what it was sent.
std::string without_secret(std::string text, std::string_view secret);

// The first line of what a server said, fit for a log line: at most 200 bytes, without control characters and
// bytes outside ASCII.
std::string first_line(std::string_view text);

}  // namespace symphony
