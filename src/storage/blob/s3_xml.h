// The two documents that S3 answers: a list of objects and an error. A strict scanner of the little XML that
// they need: elements, text, the five entities and character references; no DTD, no CDATA.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "symphony/types.h"

namespace symphony {

struct S3List {
  std::vector<std::string> names;  // Contents/Key, as they come
  bool truncated = false;
};

// kInvalid if it is not a whole, well-formed ListBucketResult.
Result<S3List> parse_s3_list(std::string_view xml);

struct S3Error {
  std::string code;
  std::string message;
};

// Both fields empty if it is no such document.
S3Error parse_s3_error(std::string_view xml);

}  // namespace symphony
