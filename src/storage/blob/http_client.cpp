#include "storage/blob/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <cstring>
#include <mutex>

#include "base/assert.h"

namespace symphony {
namespace {

constexpr size_t kHeaderBytesMax = 64u << 10;  // libcurl has a limit for each, but before 8.3 none for all

struct EasyCleanup {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Easy = std::unique_ptr<CURL, EasyCleanup>;
using HeaderList = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

// What the callbacks of one call see.
struct Call {
  const HttpCall& request;
  size_t text_bytes_max;
  CURL* easy;
  HttpAnswer response;
  Result<void> refused;  // by the sink or a limit
  size_t part = 0;       // of the request's body, which is sent next
  size_t offset = 0;     // in that part
  size_t header_bytes = 0;
  bool headers_ended = false;
};

int status_of(CURL* easy) {
  long status = 0;
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

size_t on_header(char* data, size_t, size_t size, void* user) {
  Call& call = *static_cast<Call*>(user);
  call.header_bytes += size;
  call.headers_ended = std::string_view(data, size) == "\r\n";
  if (call.header_bytes <= kHeaderBytesMax) return size;
  call.refused = fail(Code::kUnavailable, "the headers of the answer do not end");
  return 0;
}

size_t on_body(char* data, size_t, size_t size, void* user) {
  Call& call = *static_cast<Call*>(user);
  const int status = status_of(call.easy);
  if (status == 200 && call.request.sink) {
    call.refused = call.request.sink(as_bytes({data, size}));
    return call.refused ? size : 0;
  }
  const size_t room = call.text_bytes_max - call.response.text.size();
  call.response.text.append(data, std::min(size, room));
  if (size <= room) return size;
  // Of what explains an error the beginning is enough.
  if (status < 300) {
    call.refused = fail(Code::kLimit, "the answer is longer than the limit of " +
                                          std::to_string(call.text_bytes_max) + " bytes");
  }
  return 0;
}

size_t on_read(char* to, size_t, size_t size, void* user) {
  Call& call = *static_cast<Call*>(user);
  const std::vector<Bytes>& body = call.request.body;
  while (call.part < body.size() && call.offset == body[call.part].size()) {
    ++call.part;
    call.offset = 0;
  }
  if (call.part == body.size()) return 0;
  const Bytes left = body[call.part].subspan(call.offset);
  const size_t count = std::min(size, left.size());
  std::memcpy(to, left.data(), count);
  call.offset += count;
  return count;
}

// libcurl asks to start again when a kept connection turned out to be closed.
int on_seek(void* user, curl_off_t offset, int origin) {
  if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_CANTSEEK;
  Call& call = *static_cast<Call*>(user);
  call.part = call.offset = 0;
  return CURL_SEEKFUNC_OK;
}

std::string without_query(const std::string& url) { return url.substr(0, url.find('?')); }

bool start_curl() { return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK; }

void set_options(CURL* easy, const HttpOptions& options, Call& call, const curl_slist* headers) {
  curl_easy_setopt(easy, CURLOPT_URL, call.request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);  // libcurl 7.88 writes so that none comes, through TLS, too
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(options.total_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stall_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 128L << 10);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &call);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &call);
  if (!options.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options.ca_file.c_str());
  if (call.request.direct) curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  if (call.request.method == "HEAD") curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  if (call.request.method == "PUT" || call.request.method == "POST") {
    curl_off_t size = 0;
    for (const Bytes part : call.request.body) size += static_cast<curl_off_t>(part.size());
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, size);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
    curl_easy_setopt(easy, CURLOPT_READDATA, &call);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, &call);
  }
  if (call.request.method != "HEAD" && call.request.method != "PUT")
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call.request.method.c_str());
}

}  // namespace

struct HttpClient::Pool {
  std::mutex mutex;
  std::vector<Easy> idle;
};

HttpClient::HttpClient(const HttpOptions& options) : options_(options), pool_(std::make_unique<Pool>()) {}

HttpClient::~HttpClient() = default;

tl::expected<HttpAnswer, HttpFailure> HttpClient::call(const HttpCall& request) {
  static const bool started = start_curl();  // libcurl wants it once a process
  const std::string what = request.method + " " + without_query(request.url) + ": ";
  const auto no_curl = [&] {
    return tl::unexpected(HttpFailure{{Code::kInternal, what + "libcurl does not start"}, false});
  };
  if (!started) return no_curl();
  Easy easy;
  {
    const std::lock_guard lock(pool_->mutex);
    if (!pool_->idle.empty()) {
      easy = std::move(pool_->idle.back());
      pool_->idle.pop_back();
    }
  }
  if (!easy) easy.reset(curl_easy_init());
  if (!easy) return no_curl();

  HeaderList headers(nullptr, curl_slist_free_all);
  const auto add_header = [&](const char* header) {
    curl_slist* const longer = curl_slist_append(headers.get(), header);
    ASSERT(longer != nullptr);  // libcurl has no memory
    static_cast<void>(headers.release());
    headers.reset(longer);
  };
  add_header("Expect:");  // no round trip before the body
  for (const std::string& header : request.headers) add_header(header.c_str());

  Call call{.request = request,
            .text_bytes_max = request.text_bytes_max != 0 ? request.text_bytes_max : options_.text_bytes_max,
            .easy = easy.get(),
            .response = {},
            .refused = {}};
  char reason[CURL_ERROR_SIZE] = "";
  set_options(easy.get(), options_, call, headers.get());
  curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, reason);
  const CURLcode code = curl_easy_perform(easy.get());
  call.response.status = status_of(easy.get());
  if (curl_header* etag = nullptr;
      curl_easy_header(easy.get(), "etag", 0, CURLH_HEADER, -1, &etag) == CURLHE_OK)
    call.response.etag = etag->value;
  long sent = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_REQUEST_SIZE, &sent);
  curl_easy_reset(easy.get());  // keeps the connection
  {
    const std::lock_guard lock(pool_->mutex);
    if (pool_->idle.size() < options_.idle_max) pool_->idle.push_back(std::move(easy));
  }

  if (!call.refused) return tl::unexpected(HttpFailure{call.refused.error(), sent > 0});
  const bool cut = code == CURLE_WRITE_ERROR && call.response.status >= 300;
  if ((code == CURLE_OK && call.headers_ended) || cut) return std::move(call.response);
  const std::string why =
      code == CURLE_OK    ? "the connection ended within the headers"  // which libcurl takes for an answer
      : reason[0] != '\0' ? reason
                          : curl_easy_strerror(code);
  return tl::unexpected(HttpFailure{{Code::kUnavailable, what + first_line(why)}, sent > 0});
}

std::string percent_encode(std::string_view text, bool keep_slash) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~' || (c == '/' && keep_slash);
    if (plain) {
      out += c;
    } else {
      out += {'%', kDigits[byte >> 4], kDigits[byte & 15]};
    }
  }
  return out;
}

std::string without_secret(std::string text, std::string_view secret) {
  if (secret.empty()) return text;
  for (size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at))
    text.replace(at, secret.size(), "...");
  return text;
}

std::string first_line(std::string_view text) {
  constexpr size_t kBytesMax = 200;
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  text = text.substr(begin);
  text = text.substr(0, std::min(text.find_first_of("\r\n"), kBytesMax));
  std::string out(text);
  std::ranges::replace_if(
      out, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return out;
}

}  // namespace symphony
