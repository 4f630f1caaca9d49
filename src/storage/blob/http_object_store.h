// An ObjectStore in front of a service that is spoken to by HTTP: everything that such services have in
// common.
//
// The object of key "a/b" is named "<prefix>/a.b" there and holds what object_format.h says. What a service
// answers beyond what it should (another object's bytes, pages of HTML, lists out of order) is an error that
// names the object, the status and the first line of what it said. Anything that is not understood is
// kUnavailable; only a service that says in its own words that an object is absent gives kNotFound, so that
// neither a missing bucket nor a proxy in between makes a document look new.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/blob/http_client.h"
#include "storage/blob/object_format.h"
#include "storage/blob/object_store.h"

namespace symphony {

// What a service offers. Names are those of the service; failures do not name the object, the caller does.
// Any number of threads may call at a time.
class ObjectApi {
 public:
  virtual ~ObjectApi() = default;

  enum class Creation { kCreated, kExists };
  virtual tl::expected<Creation, HttpFailure> create(const std::string& name, const Buffer& stored) = 0;

  // Hands the stored bytes to `sink`, which may end the transfer. kNotFound only if the service says so.
  virtual Result<void> fetch(const std::string& name, const std::function<Result<void>(Bytes)>& sink) = 0;

  // Success also if the object is not there.
  virtual Result<void> erase(const std::string& name) = 0;

  struct Page {
    std::vector<std::string> names;
    std::string token;  // for the next page; empty: this is the last
  };
  // Names that start with `prefix` and come after `after`, ascending, about `count` of them at most. The
  // token is empty or that of the page before, with the other arguments as they were.
  virtual Result<Page> page(const std::string& prefix, const std::string& after, const std::string& token,
                            size_t count) = 0;
};

struct HttpObjectLimits {
  uint64_t object_bytes_max = kObjectBytesMax;
  size_t list_page_objects = 1000;  // what S3 and Google give at most
  size_t list_pages_max = 10'000;   // of one list: a service that never ends, or ten million foreign objects
};

class HttpObjectStore final : public ObjectStore {
 public:
  // `place` is how messages name the bucket ("s3://bucket"); `prefix` is of all names, without a slash at its
  // end, and may be empty.
  HttpObjectStore(std::unique_ptr<ObjectApi> api, std::string place, const std::string& prefix,
                  const HttpObjectLimits& limits);

  // Takes the memory of the compressed object. Reads it back if it exists, or if the answer was lost.
  Result<void> put_new(std::string_view key, Bytes bytes) override;
  Result<Buffer> get(std::string_view key) override;
  Result<void> remove(std::string_view key) override;

  // One request a thousand objects; what other programs keep under the prefix is passed over.
  Result<std::vector<std::string>> list(std::string_view prefix, std::string_view after,
                                        size_t limit) override;

 private:
  std::string name(std::string_view key) const { return prefix_ + object_name(key); }
  std::string described(std::string_view key) const;
  Result<void> compare(std::string_view key, Bytes bytes);

  std::unique_ptr<ObjectApi> api_;
  const std::string place_;
  const std::string prefix_;
  const HttpObjectLimits limits_;
};

// kUnavailable: "PUT answered 503: `said`".
Error unexpected_answer(const std::string& method, int status, const std::string& said);

}  // namespace symphony
