// A disk in memory behind SQLite's VFS interface, which fails when told to and loses what a real disk may
// lose.
//
// Each file has the bytes that readers see and the bytes that are durable; between the two are the writes
// since the last sync. When power is lost, each 512-byte piece of those writes is durable or not, at random.
// A failed sync is as bad as on Linux: each piece is durable or not at random, readers go on seeing all, and
// a later sync does not write them again. A failed write has written its first half.
#pragma once

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/assert.h"
#include "base/prng.h"
#include "symphony/types.h"

namespace symphony {

class SimulatedDisk {
 public:
  // Registers itself as a VFS; every connection to it must be closed before it goes.
  explicit SimulatedDisk(uint64_t seed) : name_("simulated-" + std::to_string(seed)), random_(seed) {
    vfs_.iVersion = 1;
    vfs_.szOsFile = sizeof(File);
    vfs_.mxPathname = 512;
    vfs_.zName = name_.c_str();
    vfs_.pAppData = this;
    vfs_.xOpen = open;
    vfs_.xDelete = remove;
    vfs_.xAccess = access;
    vfs_.xFullPathname = [](sqlite3_vfs*, const char* path, int size, char* out) {
      sqlite3_snprintf(size, out, "%s", path);
      return SQLITE_OK;
    };
    vfs_.xRandomness = [](sqlite3_vfs* vfs, int size, char* out) {
      for (int i = 0; i < size; ++i) out[i] = static_cast<char>(of(vfs).random_.next());
      return size;
    };
    vfs_.xSleep = [](sqlite3_vfs*, int microseconds) { return microseconds; };
    vfs_.xCurrentTime = [](sqlite3_vfs*, double* days) {
      *days = 2460000.5;
      return SQLITE_OK;
    };
    vfs_.xGetLastError = [](sqlite3_vfs*, int, char*) { return 0; };
    ASSERT(sqlite3_vfs_register(&vfs_, 0) == SQLITE_OK);
  }
  ~SimulatedDisk() { sqlite3_vfs_unregister(&vfs_); }
  SimulatedDisk(const SimulatedDisk&) = delete;
  SimulatedDisk& operator=(const SimulatedDisk&) = delete;

  enum class Fault { kNone, kErrorOnce, kFull, kPowerCut };

  // The n-th changing operation (write, truncate, sync, delete) from now on, counted from 1, meets `fault`:
  // one EIO, no space from then until heal(), or power cut: from then nothing works until power_on().
  void fail_at(uint64_t n, Fault fault) {
    countdown_ = n;
    planned_ = fault;
  }
  void heal() {
    planned_ = active_ = Fault::kNone;
    ASSERT(!power_cut_);
  }
  void cut_power() { power_cut_ = true; }

  // What has been durable or was lucky is there again. Connections of before must have been closed.
  void power_on() {
    ASSERT(open_files_ == 0);
    for (auto& [path, node] : nodes_) {
      settle(*node);
      node->seen = node->durable;
    }
    power_cut_ = false;
    heal();
  }

  bool power_is_cut() const { return power_cut_; }
  bool was_hit() const { return hits_ > 0; }
  uint64_t operations() const { return operations_; }
  const std::string& name() const { return name_; }

 private:
  struct Pending {
    size_t offset;  // of a write; of a truncation: the new size
    Buffer bytes;
    bool truncates;
  };
  struct Node {
    Buffer seen;
    Buffer durable;
    std::vector<Pending> pending;
  };
  struct File {
    sqlite3_file base;
    SimulatedDisk* disk;
    Node* node;
  };

  static SimulatedDisk& of(sqlite3_vfs* vfs) { return *static_cast<SimulatedDisk*>(vfs->pAppData); }
  static File& file_of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }

  static void apply(Buffer& content, const Pending& change) {
    if (change.truncates) {
      content.resize(change.offset);
      return;
    }
    const size_t end = change.offset + change.bytes.size();
    if (content.size() < end) content.resize(end);
    std::ranges::copy(change.bytes, content.begin() + static_cast<std::ptrdiff_t>(change.offset));
  }

  void change(Node& node, Pending pending) {
    apply(node.seen, pending);
    node.pending.push_back(std::move(pending));
  }

  // Each piece of what is pending becomes durable or is forgotten.
  void settle(Node& node) {
    for (const Pending& whole : node.pending) {
      if (whole.truncates) {
        if (random_.below(2) == 0) apply(node.durable, whole);
        continue;
      }
      for (size_t at = 0; at < whole.bytes.size();) {
        const size_t size = std::min(whole.bytes.size() - at, 512 - (whole.offset + at) % 512);
        const auto from = whole.bytes.begin() + static_cast<std::ptrdiff_t>(at);
        if (random_.below(2) == 0) {
          apply(node.durable,
                {whole.offset + at, Buffer(from, from + static_cast<std::ptrdiff_t>(size)), false});
        }
        at += size;
      }
    }
    node.pending.clear();
  }

  // Counts a changing operation; what it meets.
  Fault next_operation() {
    ++operations_;
    if (power_cut_) return Fault::kPowerCut;
    if (planned_ != Fault::kNone && --countdown_ == 0) {
      active_ = planned_;
      planned_ = Fault::kNone;
      ++hits_;
    }
    const Fault met = active_;
    if (met == Fault::kErrorOnce) active_ = Fault::kNone;
    if (met == Fault::kPowerCut) power_cut_ = true;
    return met;
  }

  static int open(sqlite3_vfs* vfs, const char* path, sqlite3_file* out, int flags, int* out_flags);
  static int remove(sqlite3_vfs* vfs, const char* path, int);
  static int access(sqlite3_vfs* vfs, const char* path, int, int* found);
  static int read(sqlite3_file* file, void* out, int size, sqlite3_int64 offset);
  static int write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset);
  static int truncate(sqlite3_file* file, sqlite3_int64 size);
  static int sync(sqlite3_file* file, int);
  static int close(sqlite3_file* file);
  static const sqlite3_io_methods* methods();

  std::string name_;
  Prng random_;
  sqlite3_vfs vfs_{};
  std::map<std::string, std::unique_ptr<Node>> nodes_;
  int open_files_ = 0;
  uint64_t operations_ = 0;
  uint64_t countdown_ = 0;
  uint64_t hits_ = 0;
  Fault planned_ = Fault::kNone;
  Fault active_ = Fault::kNone;
  bool power_cut_ = false;
};

inline int SimulatedDisk::open(sqlite3_vfs* vfs, const char* path, sqlite3_file* out, int flags,
                               int* out_flags) {
  SimulatedDisk& disk = of(vfs);
  out->pMethods = nullptr;
  ASSERT(path != nullptr);  // temporary files are kept in memory
  if (disk.power_cut_) return SQLITE_CANTOPEN;
  std::unique_ptr<Node>& node = disk.nodes_[path];
  if (!node) node = std::make_unique<Node>();
  File& file = file_of(out);
  file.base.pMethods = methods();
  file.disk = &disk;
  file.node = node.get();
  ++disk.open_files_;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

inline int SimulatedDisk::remove(sqlite3_vfs* vfs, const char* path, int) {
  SimulatedDisk& disk = of(vfs);
  const Fault fault = disk.next_operation();
  if (fault != Fault::kNone && fault != Fault::kFull) return SQLITE_IOERR_DELETE;
  return disk.nodes_.erase(path) != 0 ? SQLITE_OK : SQLITE_IOERR_DELETE_NOENT;
}

inline int SimulatedDisk::access(sqlite3_vfs* vfs, const char* path, int, int* found) {
  SimulatedDisk& disk = of(vfs);
  if (disk.power_cut_) return SQLITE_IOERR_ACCESS;
  const auto node = disk.nodes_.find(path);
  *found = node != disk.nodes_.end() && !node->second->seen.empty() ? 1 : 0;
  return SQLITE_OK;
}

inline int SimulatedDisk::read(sqlite3_file* file, void* out, int size, sqlite3_int64 offset) {
  if (file_of(file).disk->power_cut_) return SQLITE_IOERR_READ;
  const Buffer& seen = file_of(file).node->seen;
  const auto from = std::min(static_cast<size_t>(offset), seen.size());
  const auto count = std::min(static_cast<size_t>(size), seen.size() - from);
  std::memset(out, 0, static_cast<size_t>(size));
  if (count > 0) std::memcpy(out, seen.data() + from, count);
  return count == static_cast<size_t>(size) ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

inline int SimulatedDisk::write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  SimulatedDisk& disk = *file_of(file).disk;
  const bool dead = disk.power_cut_;
  const Fault fault = disk.next_operation();
  if (dead) return SQLITE_IOERR_WRITE;
  const auto* begin = static_cast<const uint8_t*>(bytes);
  const int written = fault == Fault::kNone ? size : size / 2;
  disk.change(*file_of(file).node, {static_cast<size_t>(offset), Buffer(begin, begin + written), false});
  if (fault == Fault::kNone) return SQLITE_OK;
  return fault == Fault::kFull ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

inline int SimulatedDisk::truncate(sqlite3_file* file, sqlite3_int64 size) {
  SimulatedDisk& disk = *file_of(file).disk;
  const Fault fault = disk.next_operation();
  if (fault != Fault::kNone && fault != Fault::kFull) return SQLITE_IOERR_TRUNCATE;
  disk.change(*file_of(file).node, {static_cast<size_t>(size), {}, true});
  return SQLITE_OK;
}

inline int SimulatedDisk::sync(sqlite3_file* file, int) {
  SimulatedDisk& disk = *file_of(file).disk;
  Node& node = *file_of(file).node;
  const Fault fault = disk.next_operation();
  if (fault == Fault::kErrorOnce) disk.settle(node);
  if (fault == Fault::kErrorOnce || fault == Fault::kPowerCut) return SQLITE_IOERR_FSYNC;
  for (const Pending& pending : node.pending) apply(node.durable, pending);
  node.pending.clear();
  return SQLITE_OK;
}

inline int SimulatedDisk::close(sqlite3_file* file) {
  --file_of(file).disk->open_files_;
  return SQLITE_OK;
}

// Version 1 has no shared memory: SQLite then keeps the index of the WAL on its heap, as it does for a file
// that is locked exclusively.
inline const sqlite3_io_methods* SimulatedDisk::methods() {
  static const sqlite3_io_methods kMethods = [] {
    sqlite3_io_methods m{};
    m.iVersion = 1;
    m.xClose = close;
    m.xRead = read;
    m.xWrite = write;
    m.xTruncate = truncate;
    m.xSync = sync;
    m.xFileSize = [](sqlite3_file* file, sqlite3_int64* size) {
      *size = static_cast<sqlite3_int64>(file_of(file).node->seen.size());
      return SQLITE_OK;
    };
    m.xLock = [](sqlite3_file*, int) { return SQLITE_OK; };
    m.xUnlock = [](sqlite3_file*, int) { return SQLITE_OK; };
    m.xCheckReservedLock = [](sqlite3_file*, int* held) {
      *held = 0;
      return SQLITE_OK;
    };
    m.xFileControl = [](sqlite3_file*, int, void*) { return SQLITE_NOTFOUND; };
    m.xSectorSize = [](sqlite3_file*) { return 512; };
    m.xDeviceCharacteristics = [](sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; };
    return m;
  }();
  return &kMethods;
}

}  // namespace symphony
