// The JSON documents of Google Cloud Storage and its tokens, read with Boost.JSON, which this folder's other
// files do not see. All of them: kInvalid if the text is not such a document.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "symphony/types.h"

namespace symphony {

struct GcsList {
  std::vector<std::string> names;
  std::string next_page_token;  // empty: the last page
};
Result<GcsList> parse_gcs_list(std::string_view json);

// An object's resource, as an upload answers it: its name.
Result<std::string> parse_gcs_object_name(std::string_view json);

// error.message of an error's document; empty if it is none.
std::string parse_gcs_error(std::string_view json);

struct GcsToken {
  std::string value;
  int64_t expires_in_s = 0;
};
Result<GcsToken> parse_gcs_token(std::string_view json);

struct GcsKey {
  std::string type;
  std::string client_email;
  std::string private_key_id;
  std::string private_key;  // PEM
  std::string token_uri;
};
Result<GcsKey> parse_gcs_key(std::string_view json);

// {"name":...,"crc32c":...}, what an upload says of its object.
std::string gcs_upload_json(std::string_view name, std::string_view crc32c);

// Header and claims of a service account's assertion, not yet encoded.
std::string gcs_assertion_header(const GcsKey& key);
std::string gcs_assertion_claims(const GcsKey& key, int64_t unix_seconds);

}  // namespace symphony
