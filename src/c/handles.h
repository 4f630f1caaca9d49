// What the opaque handles of the C interface hold.
#pragma once

#include "symphony/c.h"
#include "symphony/doc.h"
#include "symphony/events.h"
#include "symphony/shared_types.h"

struct symphony_doc {
  symphony::Doc doc;
};

struct symphony_type {
  symphony::SharedType type;
};

struct symphony_subscription {
  symphony::Subscription subscription;
};

namespace symphony::c {

// NULL: the defaults.
DocOptions options_of(const symphony_doc_options* options);

}  // namespace symphony::c
