#include "storage/blob/s3_xml.h"

#include <charconv>
#include <functional>
#include <optional>

namespace symphony {
namespace {

constexpr size_t kDepthMax = 16;

void append_utf8(std::string& out, uint32_t c) {
  const auto put = [&](uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xc0 | c >> 6);
  } else {
    if (c < 0x10000) {
      put(0xe0 | c >> 12);
    } else {
      put(0xf0 | c >> 18);
      put(0x80 | (c >> 12 & 0x3f));
    }
    put(0x80 | (c >> 6 & 0x3f));
  }
  put(0x80 | (c & 0x3f));
}

// Appends what the entity between & and ; stands for.
bool append_entity(std::string& out, std::string_view name) {
  constexpr std::pair<std::string_view, char> kNamed[] = {
      {"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
  for (const auto& [entity, c] : kNamed) {
    if (name != entity) continue;
    out += c;
    return true;
  }
  if (!name.starts_with('#')) return false;
  name.remove_prefix(1);
  const bool is_hex = name.starts_with('x');
  if (is_hex) name.remove_prefix(1);
  uint32_t c = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), c, is_hex ? 16 : 10);
  const bool surrogate = c >= 0xd800 && c < 0xe000;
  if (error != std::errc() || end != name.data() + name.size() || c == 0 || c > 0x10ffff || surrogate)
    return false;
  append_utf8(out, c);
  return true;
}

bool append_text(std::string& out, std::string_view raw) {
  while (!raw.empty()) {
    const size_t plain = raw.find('&');
    out += raw.substr(0, plain);
    if (plain == std::string_view::npos) return true;
    raw.remove_prefix(plain + 1);
    const size_t end = raw.find(';');
    if (end == std::string_view::npos || !append_entity(out, raw.substr(0, end))) return false;
    raw.remove_prefix(end + 1);
  }
  return true;
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool is_blank(std::string_view text) {
  for (const char c : text) {
    if (!is_space(c)) return false;
  }
  return true;
}

struct Tag {
  std::string_view name;
  enum { kOpen, kClose, kEmpty, kPassedOver } kind = kOpen;
};

// Takes one tag off the front of `xml`, which begins with '<'.
std::optional<Tag> take_tag(std::string_view& xml) {
  if (xml.starts_with("<!--") || xml.starts_with("<?")) {
    const std::string_view stop = xml[1] == '?' ? "?>" : "-->";
    const size_t end = xml.find(stop, xml[1] == '?' ? 2 : 4);
    if (end == std::string_view::npos) return {};
    xml.remove_prefix(end + stop.size());
    return Tag{{}, Tag::kPassedOver};
  }
  char quote = 0;  // a value of an attribute may hold '>'
  size_t end = 1;
  for (; end < xml.size() && (quote != 0 || xml[end] != '>'); ++end) {
    if (xml[end] == '<') return {};
    if (quote != 0 ? xml[end] == quote : xml[end] == '"' || xml[end] == '\'')
      quote = quote != 0 ? 0 : xml[end];
  }
  if (end == xml.size()) return {};
  std::string_view inside = xml.substr(1, end - 1);
  xml.remove_prefix(end + 1);
  Tag tag;
  if (inside.starts_with('/')) {
    tag.kind = Tag::kClose;
    inside.remove_prefix(1);
  } else if (inside.ends_with('/')) {
    tag.kind = Tag::kEmpty;
    inside.remove_suffix(1);
  }
  size_t size = 0;
  while (size < inside.size() && !is_space(inside[size])) ++size;
  tag.name = inside.substr(0, size);
  const bool bad = tag.name.empty() || tag.name.find_first_of("!&'\"/=") != std::string_view::npos ||
                   (tag.kind == Tag::kClose && !is_blank(inside.substr(size)));
  if (bad) return {};
  return tag;
}

// Calls `on_leaf` with the path ("Error/Code") and the text of every element that holds no other. False if
// `xml` is not one well-formed element, with blanks, comments and declarations around it.
bool scan(std::string_view xml, const std::function<void(const std::string&, std::string&)>& on_leaf) {
  if (xml.starts_with("\xef\xbb\xbf")) xml.remove_prefix(3);
  std::vector<std::string_view> open;
  std::string path;
  std::string text;
  bool is_leaf = false;
  bool seen = false;
  while (!xml.empty()) {
    const std::string_view raw = xml.substr(0, xml.find('<'));
    if (open.empty() ? !is_blank(raw) : !append_text(text, raw)) return false;
    xml.remove_prefix(raw.size());
    if (xml.empty()) break;
    const auto tag = take_tag(xml);
    if (!tag) return false;
    if (tag->kind == Tag::kPassedOver) continue;
    if (tag->kind != Tag::kClose) {
      if (open.size() == kDepthMax || (open.empty() && seen)) return false;
      seen = true;
      open.push_back(tag->name);
      if (!path.empty()) path += '/';
      path += tag->name;
      text.clear();
      is_leaf = true;
    }
    if (tag->kind == Tag::kOpen) continue;
    if (open.empty() || open.back() != tag->name) return false;
    if (is_leaf) on_leaf(path, text);
    is_leaf = false;
    path.resize(path.size() - tag->name.size() - (open.size() > 1 ? 1 : 0));
    open.pop_back();
    text.clear();
  }
  return seen && open.empty();
}

}  // namespace

Result<S3List> parse_s3_list(std::string_view xml) {
  S3List list;
  int ends = 0;
  bool good = true;
  const bool whole = scan(xml, [&](const std::string& path, std::string& text) {
    if (path == "ListBucketResult/Contents/Key") {
      list.names.push_back(std::move(text));
    } else if (path == "ListBucketResult/IsTruncated") {
      ++ends;
      list.truncated = text == "true";
      good = good && (list.truncated || text == "false");
    }
  });
  if (whole && good && ends == 1) return list;
  return fail(Code::kInvalid, "the answer is not a list of objects");
}

S3Error parse_s3_error(std::string_view xml) {
  S3Error error;
  const bool whole = scan(xml, [&](const std::string& path, std::string& text) {
    if (path == "Error/Code") error.code = std::move(text);
    if (path == "Error/Message") error.message = std::move(text);
  });
  return whole ? error : S3Error{};
}

}  // namespace symphony
