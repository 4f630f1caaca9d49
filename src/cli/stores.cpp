#include "cli/stores.h"

#include <unistd.h>

#include <array>
#include <random>

#include "storage/memory/memory_store.h"
#include "storage/sqlite/sqlite_store.h"

namespace symphony {

void add_storage_options(OptionGroup& group, StorageOptions& options) {
  group
      .text(
          "--data", "STORE", options.data,
          "Where rooms are kept: a file (SQLite, made if it is not there), postgres://USER@HOST/DATABASE, or "
          "\":memory:\", which keeps nothing after the end")
      .text("--snapshots", "STORE", options.snapshots,
            "With Postgres, where snapshots over 64 KiB are kept: file:///FOLDER, s3://BUCKET/PREFIX or "
            "gs://BUCKET/PREFIX; without it they are kept in the database");
}

Result<std::unique_ptr<Store>> open_store(const StorageOptions& options, const OwnerOptions& owner) {
  if (options.data == ":memory:") return std::make_unique<MemoryStore>(owner);
  SqliteStoreOptions sqlite;
  sqlite.path = options.data;
  sqlite.owner = owner;
  auto store = SqliteStore::open(sqlite);
  if (!store) return tl::unexpected(store.error());
  return std::unique_ptr<Store>(std::move(*store));
}

OwnerOptions make_owner(const std::string& address, Duration lease) {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) host[0] = '?';
  std::random_device random;
  const std::string id = std::string(host.data()).substr(0, 128) + "-" + std::to_string(::getpid()) + "-" +
                         std::to_string((uint64_t{random()} << 32) | random());
  return {id, address, lease};
}

std::string shown_data(const StorageOptions& options) {
  if (options.data == ":memory:") return "memory: nothing is kept";
  std::string shown = options.data;
  const size_t user = shown.find("://");
  const size_t at = user == std::string::npos ? std::string::npos : shown.rfind('@');
  if (at == std::string::npos) return shown;
  const size_t colon = shown.find(':', user + 3);
  return colon < at ? shown.replace(colon, at - colon, "") : shown;
}

}  // namespace symphony
