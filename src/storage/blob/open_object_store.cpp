#include "storage/blob/open_object_store.h"

#include <map>

#include "storage/blob/aws_credentials.h"
#include "storage/blob/folder_store.h"
#include "storage/blob/gcs_store.h"
#include "storage/blob/s3_store.h"

namespace symphony {
namespace {

tl::unexpected<Error> wrong(const std::string& url, const std::string& why) {
  // What stands before an @ may be a secret.
  const std::string shown = url.find('@') == std::string::npos ? "\"" + first_line(url) + "\"" : "the URL";
  return fail(Code::kInvalid, shown + " names no object store: " + why);
}

struct Url {
  std::string scheme;
  std::string host;  // the bucket
  std::string path;  // without the first slash
  std::map<std::string, std::string> query;
};

// Values stand as they are: nothing that they may hold needs percent-encoding.
Result<Url> parse(const std::string& text) {
  const size_t colon = text.find("://");
  if (colon == std::string::npos)
    return wrong(text, "it looks like file:///folder, s3://bucket/prefix or gs://bucket/prefix");
  Url url{text.substr(0, colon), {}, text.substr(colon + 3), {}};
  if (url.path.find_first_of("#@%") != std::string::npos)
    return wrong(text,
                 "it has a #, an @ or a %; credentials come from the environment or files, never from here");
  std::string query;
  if (const size_t mark = url.path.find('?'); mark != std::string::npos) {
    query = url.path.substr(mark + 1) + "&";
    url.path.resize(mark);
  }
  const size_t slash = std::min(url.path.find('/'), url.path.size());
  url.host = url.path.substr(0, slash);
  url.path.erase(0, slash + 1);
  for (size_t end; (end = query.find('&')) != std::string::npos; query.erase(0, end + 1)) {
    const std::string pair = query.substr(0, end);
    const size_t equals = pair.find('=');
    if (equals == std::string::npos ||
        !url.query.emplace(pair.substr(0, equals), pair.substr(equals + 1)).second)
      return wrong(text, "behind the ? stand name=value, parted by &, each name once");
  }
  return url;
}

// A folder with the system's own calls.
class SystemFolderStore final : public ObjectStore {
 public:
  Result<void> open(const std::string& folder) {
    auto store = FolderStore::open(folder, calls_);
    if (!store) return tl::unexpected(store.error());
    store_ = std::move(*store);
    return {};
  }
  Result<void> put_new(std::string_view key, Bytes bytes) override { return store_->put_new(key, bytes); }
  Result<Buffer> get(std::string_view key) override { return store_->get(key); }
  Result<void> remove(std::string_view key) override { return store_->remove(key); }
  Result<std::vector<std::string>> list(std::string_view prefix, std::string_view after,
                                        size_t limit) override {
    return store_->list(prefix, after, limit);
  }

 private:
  FileCalls calls_;
  std::unique_ptr<ObjectStore> store_;
};

Result<std::unique_ptr<ObjectStore>> open_folder(const std::string& text, const Url& url) {
  if (!url.host.empty() || url.path.empty() || !url.query.empty())
    return wrong(text, "a folder is file:// and its absolute path, as in file:///var/lib/symphony");
  auto store = std::make_unique<SystemFolderStore>();
  if (auto opened = store->open("/" + url.path); !opened) return tl::unexpected(opened.error());
  return store;
}

Result<std::unique_ptr<ObjectStore>> open_s3(const std::string& text, Url url,
                                             const Environment& environment) {
  const auto setting = [&](const char* name, std::initializer_list<const char*> variables) {
    std::string value = url.query[name];
    for (const char* variable : variables) {
      if (value.empty()) value = environment(variable);
    }
    url.query.erase(name);
    return value;
  };
  S3Options options;
  options.bucket = url.host;
  options.prefix = url.path;
  options.endpoint = setting("endpoint", {"AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"});
  if (const std::string region = setting("region", {"AWS_REGION", "AWS_DEFAULT_REGION"}); !region.empty())
    options.region = region;
  options.http.ca_file = environment("AWS_CA_BUNDLE");
  const std::string style = setting("style", {});
  options.path_style = style.empty() ? !options.endpoint.empty() : style == "path";
  if (!style.empty() && style != "path" && style != "virtual") return wrong(text, "style is path or virtual");
  if (!url.query.empty())
    return wrong(text, "S3 has region, endpoint and style, but no " + url.query.begin()->first);
  auto store = open_s3_store(options, [environment] { return aws_credentials(environment); });
  if (!store) return wrong(text, store.error().message);
  return store;
}

Result<std::unique_ptr<ObjectStore>> open_gcs(const std::string& text, const Url& url,
                                              const Environment& environment) {
  if (!url.query.empty()) return wrong(text, "there is nothing to set behind a ? for Google Cloud Storage");
  GcsOptions options;
  options.bucket = url.host;
  options.prefix = url.path;
  auto store = open_gcs_store(options, environment);
  if (!store) return wrong(text, store.error().message);
  return store;
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_object_store(const std::string& url,
                                                       const Environment& environment) {
  auto parsed = parse(url);
  if (!parsed) return tl::unexpected(parsed.error());
  if (parsed->scheme == "file") return open_folder(url, *parsed);
  if (parsed->path.ends_with('/')) parsed->path.pop_back();
  if (parsed->scheme == "s3") return open_s3(url, std::move(*parsed), environment);
  if (parsed->scheme == "gs") return open_gcs(url, *parsed, environment);
  return wrong(url, "it begins with file://, s3:// or gs://");
}

}  // namespace symphony
