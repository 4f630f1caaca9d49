// Objects in a bucket of Google Cloud Storage, by its JSON API. Creation is by ifGenerationMatch=0, and the
// service verifies the checksum that is sent with the bytes.
#pragma once

#include <memory>

#include "storage/blob/gcs_tokens.h"
#include "storage/blob/http_object_store.h"

namespace symphony {

struct GcsOptions {
  std::string bucket;
  std::string prefix;  // of all names; may be empty
  std::string origin = "https://storage.googleapis.com";
  HttpObjectLimits limits;
  HttpOptions http;
};

// Tokens come from where gcs_token_source() says; STORAGE_EMULATOR_HOST ("host:port", with or without
// http://) is called instead of Google. Sends nothing yet. kInvalid if an option is malformed or a key file
// unusable.
Result<std::unique_ptr<ObjectStore>> open_gcs_store(const GcsOptions& options,
                                                    const Environment& environment);

}  // namespace symphony
