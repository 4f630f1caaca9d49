// What is behind a Doc.
#pragma once

#include "crdt/apply.h"
#include "crdt/pending.h"
#include "crdt/store.h"
#include "crdt/transaction.h"
#include "crdt/update.h"
#include "symphony/doc.h"

namespace symphony {

struct Doc::Impl {
  explicit Impl(const DocOptions& o)
      : options(o), store(o), applier(store, pending), transaction(store, options) {}

  bool load(Bytes update);
  Result<void> integrate(Bytes update);
  Result<void> check_limits(const crdt::ParsedUpdate& update) const;
  bool may_wait(const crdt::ParsedUpdate& update) const;

  DocOptions options;
  crdt::Store store;
  crdt::Pending pending;
  crdt::Applier applier;
  crdt::Transaction transaction;
  crdt::ParsedUpdate parsed;
  uint32_t epoch = 0;
};

}  // namespace symphony
