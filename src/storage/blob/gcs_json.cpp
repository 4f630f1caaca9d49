#include "storage/blob/gcs_json.h"

#include <boost/json.hpp>
#include <boost/json/src.hpp>
#include <optional>

namespace symphony {
namespace {

namespace json = boost::json;

// nullopt if it is not an object.
std::optional<json::object> object_of(std::string_view text) {
  json::error_code error;
  json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  if (error || !value.is_object()) return {};
  return std::move(value.as_object());
}

// Whether there is a string of that name, which then is in `out`.
bool take_string(const json::object& object, const char* name, std::string& out) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) return false;
  out.assign(value->as_string().data(), value->as_string().size());
  return true;
}

tl::unexpected<Error> invalid(const std::string& what) {
  return fail(Code::kInvalid, "the answer is not " + what);
}

}  // namespace

Result<GcsList> parse_gcs_list(std::string_view text) {
  const auto object = object_of(text);
  if (!object) return invalid("a list of objects");
  GcsList list;
  if (object->contains("nextPageToken") && !take_string(*object, "nextPageToken", list.next_page_token))
    return invalid("a list of objects: nextPageToken is no text");
  const json::value* const items = object->if_contains("items");
  if (items == nullptr) return list;
  if (!items->is_array()) return invalid("a list of objects: items is no array");
  for (const json::value& item : items->as_array()) {
    std::string name;
    if (!item.is_object() || !take_string(item.as_object(), "name", name))
      return invalid("a list of objects: an item has no name");
    list.names.push_back(std::move(name));
  }
  return list;
}

Result<std::string> parse_gcs_object_name(std::string_view text) {
  const auto object = object_of(text);
  std::string name;
  if (!object || !take_string(*object, "name", name)) return invalid("an object's resource");
  return name;
}

std::string parse_gcs_error(std::string_view text) {
  const auto object = object_of(text);
  const json::value* const error = object ? object->if_contains("error") : nullptr;
  std::string message;
  if (error != nullptr && error->is_object()) take_string(error->as_object(), "message", message);
  return message;
}

Result<GcsToken> parse_gcs_token(std::string_view text) {
  const auto object = object_of(text);
  GcsToken token;
  if (!object || !take_string(*object, "access_token", token.value)) return invalid("a token");
  const json::value* const seconds = object->if_contains("expires_in");
  if (seconds == nullptr || !seconds->is_int64() || seconds->as_int64() < 0)
    return invalid("a token: expires_in is no number of seconds");
  token.expires_in_s = seconds->as_int64();
  return token;
}

Result<GcsKey> parse_gcs_key(std::string_view text) {
  const auto object = object_of(text);
  GcsKey key;
  if (!object || !take_string(*object, "type", key.type))
    return fail(Code::kInvalid, "it is not a key file of Google Cloud");
  const bool whole = take_string(*object, "client_email", key.client_email) &&
                     take_string(*object, "private_key_id", key.private_key_id) &&
                     take_string(*object, "private_key", key.private_key) &&
                     take_string(*object, "token_uri", key.token_uri);
  if (!whole || key.type != "service_account")
    return fail(Code::kInvalid,
                "only a service account's key is supported, with client_email, private_key_id, "
                "private_key and token_uri; on Google Cloud leave the variable unset");
  return key;
}

std::string gcs_upload_json(std::string_view name, std::string_view crc32c) {
  json::object out;
  out["name"] = json::string(name.data(), name.size());
  out["crc32c"] = json::string(crc32c.data(), crc32c.size());
  return json::serialize(out);
}

std::string gcs_assertion_header(const GcsKey& key) {
  return json::serialize(json::object{{"alg", "RS256"}, {"typ", "JWT"}, {"kid", key.private_key_id}});
}

std::string gcs_assertion_claims(const GcsKey& key, int64_t unix_seconds) {
  return json::serialize(json::object{{"iss", key.client_email},
                                      {"scope", "https://www.googleapis.com/auth/devstorage.read_write"},
                                      {"aud", key.token_uri},
                                      {"iat", unix_seconds},
                                      {"exp", unix_seconds + 3600}});
}

}  // namespace symphony
