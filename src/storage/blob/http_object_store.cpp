#include "storage/blob/http_object_store.h"

#include <algorithm>

namespace symphony {
namespace {

tl::unexpected<Error> failed(const std::string& what, const Error& error) {
  return fail(error.code, what + ": " + error.message);
}

}  // namespace

HttpObjectStore::HttpObjectStore(std::unique_ptr<ObjectApi> api, std::string place, const std::string& prefix,
                                 const HttpObjectLimits& limits)
    : api_(std::move(api)),
      place_(std::move(place)),
      prefix_(prefix.empty() ? std::string() : prefix + "/"),
      limits_(limits) {}

std::string HttpObjectStore::described(std::string_view key) const {
  return "object " + std::string(key) + " in " + place_ + "/" + name(key);
}

Result<void> HttpObjectStore::put_new(std::string_view key, Bytes bytes) {
  if (auto good = check_object_key(key); !good) return good;
  const std::string object = described(key);
  if (auto good = check_object_size(object, bytes.size(), limits_.object_bytes_max); !good) return good;
  Buffer stored;
  const auto append = [&](Bytes piece) -> Result<void> {
    stored.insert(stored.end(), piece.begin(), piece.end());
    return {};
  };
  if (auto done = encode_object(key, bytes, append); !done) return done;
  const auto created = api_->create(name(key), stored);
  if (created && *created == ObjectApi::Creation::kCreated) return {};
  stored = {};
  if (!created && !created.error().may_have_arrived) return failed(object, created.error().error);
  auto same = compare(key, bytes);
  if (same || same.error().code == Code::kConflict || same.error().code == Code::kCorrupt) return same;
  if (!created) return failed(object, created.error().error);
  return fail(Code::kUnavailable, "exists but cannot be compared: " + same.error().message);
}

// Success if the stored object holds `bytes`.
Result<void> HttpObjectStore::compare(std::string_view key, Bytes bytes) {
  const auto stored = get(key);
  const bool too_large = !stored && stored.error().code == Code::kLimit;  // and therefore another
  if (!stored && !too_large) return tl::unexpected(stored.error());
  if (stored && std::ranges::equal(*stored, bytes)) return {};
  return fail(Code::kConflict, described(key) + " exists with other bytes");
}

Result<Buffer> HttpObjectStore::get(std::string_view key) {
  if (auto good = check_object_key(key); !good) return tl::unexpected(good.error());
  const std::string object = described(key);
  ObjectDecoder decoder(object, key, limits_.object_bytes_max);
  Result<void> decoded;
  const auto sink = [&](Bytes piece) { return decoded = decoder.add(piece); };
  const auto done = api_->fetch(name(key), sink);
  if (!decoded) return tl::unexpected(decoded.error());
  if (done) return decoder.finish();
  if (done.error().code == Code::kNotFound) return fail(Code::kNotFound, object + " does not exist");
  return failed(object, done.error());
}

Result<void> HttpObjectStore::remove(std::string_view key) {
  if (auto good = check_object_key(key); !good) return good;
  if (const auto done = api_->erase(name(key)); !done) return failed(described(key), done.error());
  return {};
}

Result<std::vector<std::string>> HttpObjectStore::list(std::string_view prefix, std::string_view after,
                                                       size_t limit) {
  std::vector<std::string> keys;
  if (limit == 0 || key_alphabet_span(prefix) < prefix.size()) return keys;
  const std::string names = prefix_ + object_name(prefix);
  const std::string what = "the objects of " + place_ + "/" + names;
  // No key begins with a byte that is not in a key, so that what follows it does not matter here.
  const std::string start = prefix_ + object_name(after.substr(0, key_alphabet_span(after)));
  const size_t count = std::min(limit, limits_.list_page_objects);
  std::string last = start;
  std::string token;
  for (size_t pages = 0; pages < limits_.list_pages_max; ++pages) {
    const auto page = api_->page(names, start, token, count);
    if (!page) return failed(what, page.error());
    for (const std::string& found : page->names) {
      if (!found.starts_with(names) || found <= last)
        return fail(Code::kUnavailable,
                    what + ": the list is not in ascending order at " + first_line(found));
      last = found;
      std::string key = object_key(std::string_view(found).substr(prefix_.size()));
      if (key.empty() || key <= after) continue;
      keys.push_back(std::move(key));
      if (keys.size() == limit) return keys;
    }
    if (page->token.empty()) return keys;
    token = page->token;
  }
  return fail(Code::kLimit, what + " are more than " + std::to_string(limits_.list_pages_max) +
                                " pages; give Symphony a prefix that no other program uses");
}

Error unexpected_answer(const std::string& method, int status, const std::string& said) {
  return {Code::kUnavailable,
          method + " answered " + std::to_string(status) + (said.empty() ? "" : ": " + first_line(said))};
}

}  // namespace symphony
