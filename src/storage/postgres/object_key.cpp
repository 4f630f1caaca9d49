#include "storage/postgres/object_key.h"

#include <openssl/sha.h>

#include <array>
#include <charconv>

namespace symphony::postgres {
namespace {

constexpr char kHex[] = "0123456789abcdef";
constexpr size_t kHashDigits = 2 * SHA256_DIGEST_LENGTH;

std::string sha256_hex(std::string_view text) {
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const uint8_t*>(text.data()), text.size(), digest.data());
  std::string out;
  for (const uint8_t byte : digest) {
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

// Takes a number and the `end` behind it off the front; end 0: the end of the text.
template <class Number>
bool take_number(std::string_view& text, Number& out, int base, char end) {
  const auto [at, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  text.remove_prefix(static_cast<size_t>(at - text.data()));
  if (error != std::errc()) return false;
  if (end == 0) return text.empty();
  if (!text.starts_with(end)) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

ObjectKey ObjectKey::of(std::string_view room, uint64_t epoch, uint64_t seq, uint64_t tag) {
  return {sha256_hex(room), epoch, seq, tag};
}

std::optional<ObjectKey> ObjectKey::parse(std::string_view key) {
  const std::string_view whole = key;
  if (!key.starts_with(kObjectPrefix)) return std::nullopt;
  key.remove_prefix(kObjectPrefix.size());
  if (key.size() <= kHashDigits || key[kHashDigits] != '/') return std::nullopt;
  ObjectKey out;
  out.room_hash = key.substr(0, kHashDigits);
  key.remove_prefix(kHashDigits + 1);
  const bool read = take_number(key, out.epoch, 10, '-') && take_number(key, out.seq, 10, '-') &&
                    take_number(key, out.tag, 16, 0);
  // Only what we would write: the same number has other spellings, and a hash other letters.
  if (!read || out.room_hash.find_first_not_of(kHex) != std::string::npos || out.text() != whole) {
    return std::nullopt;
  }
  return out;
}

std::string ObjectKey::folder() const { return std::string(kObjectPrefix) + room_hash + "/"; }

std::string ObjectKey::text() const {
  std::array<char, 16> digits{};
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), tag, 16);
  return folder() + std::to_string(epoch) + "-" + std::to_string(seq) + "-" + std::string(digits.data(), end);
}

}  // namespace symphony::postgres
