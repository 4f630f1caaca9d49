// Any text as what a service answers: lists in XML and JSON, errors, tokens, keys. None may crash, and a list
// of names that is written as XML is read as the same names.
#include "base/assert.h"
#include "storage/blob/gcs_json.h"
#include "storage/blob/s3_xml.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace symphony;
  const std::string_view text = as_text({data, size});
  const auto list = parse_s3_list(text);
  if (list) {
    std::string again = "<ListBucketResult>";
    for (const std::string& name : list->names) {
      again += "<Contents><Key>";
      for (const char c : name) again += "&#" + std::to_string(c & 0x7f ? c & 0x7f : 1) + ";";
      again += "</Key></Contents>";
    }
    again += "<IsTruncated>true</IsTruncated></ListBucketResult>";
    const auto read = parse_s3_list(again);
    ASSERT(read && read->truncated && read->names.size() == list->names.size());
    for (size_t i = 0; i < list->names.size(); ++i) ASSERT(read->names[i].size() == list->names[i].size());
    ASSERT(parse_s3_error(text).code.empty());
  } else {
    ASSERT(list.error().code == Code::kInvalid);
  }
  static_cast<void>(parse_s3_error(text));
  static_cast<void>(parse_gcs_list(text));
  static_cast<void>(parse_gcs_object_name(text));
  static_cast<void>(parse_gcs_error(text));
  static_cast<void>(parse_gcs_token(text));
  static_cast<void>(parse_gcs_key(text));
  return 0;
}
