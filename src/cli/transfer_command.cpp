#include "cli/transfer_command.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>

#include "storage/errors.h"
#include "transfer/folder.h"
#include "transfer/transfer.h"

namespace symphony {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEnds =
    "A folder has a file a room, named after it: plan.yjs is one v1 update, plan.yjs2 one v2 update, and a\n"
    "folder plan/ any number of them. A name with / or % or control characters has them as %XX.\n"
    "What the target has of a room already is merged. A transfer that broke off is simply run again.";

// Tells on stderr how far it is: in place on a terminal, else a line every few seconds.
class ProgressLine {
 public:
  explicit ProgressLine(const char* verb) : verb_(verb), terminal_(::isatty(STDERR_FILENO) == 1) {}

  void show(const TransferProgress& progress) {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return;
    next_ = now + (terminal_ ? std::chrono::milliseconds(100) : std::chrono::seconds(5));
    print(progress, terminal_ ? "\r" : "", terminal_ ? "\x1b[K" : "\n");
  }

  void end(const TransferProgress& progress) {
    print(progress, terminal_ ? "\r" : "", "\n");
    for (const std::string& failure : progress.failures)
      std::fprintf(stderr, "symphony: not carried: room %s\n", failure.c_str());
    if (progress.refused > 0) {
      std::fprintf(stderr, "symphony: %zu stored updates are refused by the engine and were left out\n",
                   progress.refused);
    }
  }

 private:
  void print(const TransferProgress& progress, const char* before, const char* after) {
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    std::fprintf(stderr, "%s%s %zu rooms, %.1f MB, %.0f rooms/s, %zu failed%s", before, verb_, progress.rooms,
                 static_cast<double>(progress.bytes) / 1e6,
                 static_cast<double>(progress.rooms) / std::max(seconds, 0.001), progress.failures.size(),
                 after);
    std::fflush(stderr);
  }

  const char* verb_;
  const bool terminal_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point next_{};
};

// A store is named by its URL, by a file that is there, or by the name that such files usually have.
bool names_a_store(const std::string& name) {
  std::error_code ignored;
  return names_postgres(name) || name.ends_with(".db") || fs::is_regular_file(name, ignored);
}

// The other end of a transfer, whichever it is.
struct OtherEnd {
  OpenedStore opened;
  std::unique_ptr<RoomSource> source;
  std::unique_ptr<RoomSink> sink;
};

// `reading`: what is not there is not made.
Result<OpenedStore> open(const StorageOptions& storage, bool reading) {
  std::error_code ignored;
  if (reading && !names_postgres(storage.data) && !fs::exists(storage.data, ignored))
    return fail(Code::kNotFound, "there is no store " + storage.data);
  constexpr Duration kLease = std::chrono::seconds(60);  // nobody renews it: longer than one room takes
  return open_store(storage, make_owner("symphony import or export", kLease));
}

Result<OtherEnd> open_other(const TransferOptions& options, bool reading) {
  OtherEnd end;
  if (!names_postgres(options.other) && options.other.find("://") != std::string::npos)
    return fail(Code::kInvalid, options.other + " is neither a folder, a file nor postgres://...");
  if (names_a_store(options.other)) {
    auto store = open({options.other, options.other_snapshots, options.other_password_file}, reading);
    if (!store) return tl::unexpected(store.error());
    end.opened = std::move(*store);
    end.source = std::make_unique<StoreSource>(*end.opened.store);
    end.sink = std::make_unique<StoreSink>(*end.opened.store);
  } else if (reading) {
    auto folder = FolderSource::open(options.other);
    if (!folder) return tl::unexpected(folder.error());
    end.source = std::make_unique<FolderSource>(std::move(*folder));
  } else {
    auto folder = FolderSink::open(options.other);
    if (!folder) return tl::unexpected(folder.error());
    end.sink = std::make_unique<FolderSink>(std::move(*folder));
  }
  return end;
}

int fail_with(const std::string& why) {
  std::fprintf(stderr, "symphony: %s\n", why.c_str());
  return 1;
}

int run(const char* verb, RoomSource& source, RoomSink& sink, const std::vector<std::string>& rooms) {
  ProgressLine line(verb);
  const auto done =
      transfer(source, sink, rooms, [&](const TransferProgress& progress) { line.show(progress); });
  if (!done) return fail_with(done.error().message);
  line.end(*done);
  return done->failures.empty() ? 0 : 1;
}

void add_rooms(CLI::App& command, TransferOptions& options) {
  OptionGroup(command, "Which")
      .texts("--room", "ID", options.rooms, "This room only; may be given several times");
  command.footer(kEnds);
}

}  // namespace

void add_export_command(CLI::App& app, TransferOptions& options) {
  CLI::App& command =
      *app.add_subcommand("export", "Copy rooms to a folder of Yjs updates, or to another store");
  command.group("Commands");
  OptionGroup from(command, "From");
  add_storage_options(from, options.storage);
  OptionGroup(command, "To")
      .required_text("--to", "END", options.other,
                     "A folder, a SQLite file, or postgres://USER@HOST/DATABASE")
      .text("--to-snapshots", "STORE", options.other_snapshots, "As --snapshots, of the target")
      .text("--to-password-file", "FILE", options.other_password_file, "As --password-file, of the target");
  add_rooms(command, options);
}

void add_import_command(CLI::App& app, TransferOptions& options) {
  CLI::App& command =
      *app.add_subcommand("import", "Copy rooms from a folder of Yjs updates, or from another store");
  command.group("Commands");
  OptionGroup(command, "From")
      .required_text("--from", "END", options.other,
                     "A folder, a SQLite file, or postgres://USER@HOST/DATABASE")
      .text("--from-snapshots", "STORE", options.other_snapshots, "As --snapshots, of the source")
      .text("--from-password-file", "FILE", options.other_password_file, "As --password-file, of the source");
  OptionGroup to(command, "To");
  add_storage_options(to, options.storage);
  add_rooms(command, options);
}

int run_export(const TransferOptions& options) {
  const auto store = open(options.storage, true);
  if (!store) return fail_with(store.error().message);
  const auto other = open_other(options, false);
  if (!other) return fail_with(other.error().message);
  StoreSource source(*store->store);
  return run("exported", source, *other->sink, options.rooms);
}

int run_import(const TransferOptions& options) {
  const auto store = open(options.storage, false);
  if (!store) return fail_with(store.error().message);
  const auto other = open_other(options, true);
  if (!other) return fail_with(other.error().message);
  StoreSink sink(*store->store);
  return run("imported", *other->source, sink, options.rooms);
}

}  // namespace symphony
