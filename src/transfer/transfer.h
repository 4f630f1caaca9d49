// Rooms carried from one place to another: between stores, and to and from folders of Yjs updates.
//
//   RoomSource --updates of one room after the other--> transfer() --> RoomSink
//
// A room is carried as Yjs v1 updates that make up its document. What the target has of it already is merged,
// so nothing there is lost, and a transfer that broke off is simply run again. Memory is that of the largest
// document.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "storage/store.h"
#include "symphony/doc.h"
#include "symphony/types.h"

namespace symphony {

// The updates of one room, and what to know about them.
struct CarriedRoom {
  std::vector<Buffer> updates;  // v1
  size_t refused = 0;           // updates that the engine does not accept, which are left out
};

class RoomSource {
 public:
  virtual ~RoomSource() = default;
  // Room ids in ascending order, after `after`; at most `limit`.
  virtual Result<std::vector<std::string>> rooms(std::string_view after, size_t limit) = 0;
  // kNotFound if there is nothing of the room.
  virtual Result<CarriedRoom> read(const std::string& room) = 0;
};

class RoomSink {
 public:
  virtual ~RoomSink() = default;
  // When it returns, the room is durable. kConflict if the room is held by a server.
  virtual Result<void> write(const std::string& room, const std::vector<Buffer>& updates) = 0;
};

// What is stored. Reading needs no ownership: rooms in use are read as they are at that moment.
class StoreSource final : public RoomSource {
 public:
  explicit StoreSource(Store& store) : store_(store) {}
  Result<std::vector<std::string>> rooms(std::string_view after, size_t limit) override;
  Result<CarriedRoom> read(const std::string& room) override;

 private:
  Store& store_;
};

// Takes each room, merges, writes a snapshot, and releases it. A room that a server holds is not touched.
class StoreSink final : public RoomSink {
 public:
  explicit StoreSink(Store& store) : store_(store) {}
  Result<void> write(const std::string& room, const std::vector<Buffer>& updates) override;

 private:
  Result<void> merge(const std::string& room, Claim claim, const std::vector<Buffer>& updates);

  Store& store_;
};

struct TransferProgress {
  size_t rooms = 0;
  uint64_t bytes = 0;
  size_t refused = 0;  // updates left out
  // Rooms that could not be carried, each with one line that says why.
  std::vector<std::string> failures;
};

// Carries `rooms`, or all of the source if it is empty. A room that fails does not stop the others; an error
// is returned only if the source cannot be listed. `on_progress` is called after each room.
Result<TransferProgress> transfer(RoomSource& source, RoomSink& sink, const std::vector<std::string>& rooms,
                                  const std::function<void(const TransferProgress&)>& on_progress);

}  // namespace symphony
