#include "crdt/doc/read.h"

#include <algorithm>

#include "base/utf8.h"
#include "crdt/integrate/format.h"
#include "crdt/wire/value.h"

namespace symphony::crdt {
namespace {

TypeKind kind_of_ref(uint8_t type_ref) {
  switch (type_ref) {
    case 0:
      return TypeKind::kArray;
    case 1:
      return TypeKind::kMap;
    case 2:
      return TypeKind::kText;
    case 3:
      return TypeKind::kXmlElement;
    case 4:
      return TypeKind::kXmlFragment;
    case 5:
      return TypeKind::kXmlHook;
    default:
      return TypeKind::kXmlText;
  }
}

// The order of JavaScript's strings, which is that of UTF-16 units: characters outside the BMP come before
// those from U+E000 on, and so do their first bytes here.
bool utf16_less(std::string_view a, std::string_view b) {
  const auto rank = [](char c) {
    const auto byte = static_cast<uint8_t>(c);
    return byte == 0xee || byte == 0xef ? byte + 0x10 : byte;
  };
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(),
                                      [&](char x, char y) { return rank(x) < rank(y); });
}

// String.split(''): a character outside the BMP comes as its two halves.
void string_units(Bytes text, std::vector<Value>& out) {
  for (size_t i = 0; i < text.size();) {
    const uint8_t lead = text[i];
    const size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (length < 4) {
      Value& v = out.emplace_back();
      v.kind = Value::Kind::kString;
      v.text = as_text(text.subspan(i, length));
    } else {
      const uint32_t code = (lead & 7u) << 18 | (text[i + 1] & 0x3fu) << 12 | (text[i + 2] & 0x3fu) << 6 |
                            (text[i + 3] & 0x3fu);
      for (const uint32_t half : {0xd800 + ((code - 0x10000) >> 10), 0xdc00 + ((code - 0x10000) & 0x3ff)}) {
        Value& v = out.emplace_back();
        v.kind = Value::Kind::kString;
        v.text = {static_cast<char>(0xe0 | half >> 12), static_cast<char>(0x80 | (half >> 6 & 0x3f)),
                  static_cast<char>(0x80 | (half & 0x3f))};
      }
    }
    i += length;
  }
}

// Reads a document depth-first. Types nest at most as deep as their items do, which a peer decides: past this
// depth a type reads as null, so that nobody can exhaust the stack.
constexpr int kDepthMax = 500;

class Readout {
 public:
  explicit Readout(const Store& store) : store_(store) {}

  void json(std::string& out, TypeIndex type, TypeKind kind) {
    if (depth_ >= kDepthMax) {
      out += "null";
      return;
    }
    ++depth_;
    switch (kind) {
      case TypeKind::kArray:
        array_json(out, type);
        break;
      case TypeKind::kMap:
      case TypeKind::kXmlHook:
        map_json(out, type);
        break;
      case TypeKind::kText:
        write_json_string(out, text(type));
        break;
      default:
        write_json_string(out, xml(type, kind));
    }
    --depth_;
  }

  std::string to_xml(TypeIndex type, TypeKind kind) { return xml(type, kind); }

  std::string text(TypeIndex type) {
    std::string out;
    each_visible(type, [&](const Item& item) {
      if (item.ref == kString) out += as_text(store_.content(item));
    });
    return out;
  }

  void delta_json(std::string& out, TypeIndex type) {
    out += '[';
    bool first = true;
    each_op(type, [&](const std::string& insert, const Item* object, const CurrentAttributes& attributes) {
      if (!first) out += ',';
      first = false;
      out += "{\"insert\":";
      if (object == nullptr) {
        write_json_string(out, insert);
      } else if (object->ref == kType) {
        json(out, object->content, kind_of_ref(store_.types[object->content].type_ref));
      } else {
        out += embed(*object);
      }
      if (!attributes.empty()) {
        Value members;
        members.kind = Value::Kind::kObject;
        for (const Format& format : attributes)
          members.set(std::string(format.key), parse_json(format.value));
        out += ",\"attributes\":";
        write_json(out, members);
      }
      out += '}';
    });
    out += ']';
  }

 private:
  template <class Visit>
  void each_visible(TypeIndex type, Visit visit) {
    if (type == kNil) return;
    for (ItemIndex at = store_.types[type].start; at != kNil; at = store_.items[at].right) {
      if (!store_.items[at].deleted && store_.items[at].countable()) visit(store_.items[at]);
    }
  }

  std::string embed(const Item& item) {
    Reader in(store_.content(item));
    return std::string(in.read_var_string());
  }

  void array_json(std::string& out, TypeIndex type) {
    out += '[';
    bool first = true;
    const auto comma = [&] {
      if (!first) out += ',';
      first = false;
    };
    each_visible(type, [&](const Item& item) {
      if (item.ref == kType) {
        comma();
        json(out, item.content, kind_of_ref(store_.types[item.content].type_ref));
        return;
      }
      for (const Value& value : values_of(store_, item)) {
        comma();
        if (value.kind == Value::Kind::kUndefined) {
          out += "null";
        } else {
          write_json(out, value);
        }
      }
    });
    out += ']';
  }

  // Entries with a value, in the order in which JavaScript lists the properties made from them.
  std::vector<EntryIndex> entries(TypeIndex type) {
    std::vector<EntryIndex> indexed;
    std::vector<EntryIndex> named;
    if (type == kNil) return named;
    uint64_t index;
    for (EntryIndex at = store_.types[type].first_entry; at != kNil; at = store_.entries[at].next) {
      const Entry& entry = store_.entries[at];
      if (entry.last == kNil || store_.items[entry.last].deleted) continue;
      (is_index_key(store_.text(entry.key), index) ? indexed : named).push_back(at);
    }
    std::sort(indexed.begin(), indexed.end(), [&](EntryIndex a, EntryIndex b) {
      uint64_t x = 0;
      uint64_t y = 0;
      is_index_key(store_.text(store_.entries[a].key), x);
      is_index_key(store_.text(store_.entries[b].key), y);
      return x < y;
    });
    indexed.insert(indexed.end(), named.begin(), named.end());
    return indexed;
  }

  void map_json(std::string& out, TypeIndex type) {
    out += '{';
    bool first = true;
    for (const EntryIndex at : entries(type)) {
      const Item& item = store_.items[store_.entries[at].last];
      std::vector<Value> all;
      if (item.ref != kType) {
        all = values_of(store_, item);
        if (all.empty() || all.back().kind == Value::Kind::kUndefined) continue;
      }
      if (!first) out += ',';
      first = false;
      write_json_string(out, store_.text(store_.entries[at].key));
      out += ':';
      if (item.ref == kType) {
        json(out, item.content, kind_of_ref(store_.types[item.content].type_ref));
      } else {
        write_json(out, all.back());
      }
    }
    out += '}';
  }

  // YText.toDelta: text runs and objects with the attributes that hold there. A mark always ends a run.
  template <class Visit>
  void each_op(TypeIndex type, Visit visit) {
    std::string run;
    CurrentAttributes attributes;
    const auto flush = [&] {
      if (!run.empty()) visit(run, nullptr, attributes);
      run.clear();
    };
    if (type == kNil) return;
    for (ItemIndex at = store_.types[type].start; at != kNil; at = store_.items[at].right) {
      const Item& item = store_.items[at];
      if (item.deleted) continue;
      if (item.ref == kString) {
        run += as_text(store_.content(item));
      } else if (item.ref == kFormat) {
        flush();
        attributes.update(format_of(store_, at));
      } else if (item.ref == kType || item.ref == kEmbed) {
        flush();
        visit(run, &item, attributes);
      }
    }
    flush();
  }

  std::string xml(TypeIndex type, TypeKind kind) {
    if (kind == TypeKind::kXmlText) return xml_text(type);
    std::string children;
    each_visible(type, [&](const Item& item) {
      if (item.ref == kType) {
        children += js_string(item.content);
      } else if (item.ref == kString) {
        children += as_text(store_.content(item));  // Yjs takes characters apart and joins them again
      } else {
        for (const Value& value : values_of(store_, item)) children += to_js_string(value);
      }
    });
    if (kind == TypeKind::kXmlFragment) return children;

    std::string name(type == kNil || store_.types[type].owner == kNil ? "undefined"
                                                                      : store_.text(store_.types[type].name));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    std::vector<std::pair<std::string, std::string>> attributes;
    for (const EntryIndex at : entries(type)) {
      const Item& item = store_.items[store_.entries[at].last];
      std::string value = "undefined";
      if (item.ref == kType) {
        value = js_string(item.content);
      } else if (const std::vector<Value> all = values_of(store_, item); !all.empty()) {
        value = to_js_string(all.back());
      }
      attributes.emplace_back(store_.text(store_.entries[at].key), std::move(value));
    }
    std::sort(attributes.begin(), attributes.end(),
              [](const auto& a, const auto& b) { return utf16_less(a.first, b.first); });
    std::string out = "<" + name;
    for (const auto& [key, value] : attributes) out += " " + key + "=\"" + value + "\"";
    return out + ">" + children + "</" + name + ">";
  }

  // String(type).
  std::string js_string(TypeIndex type) {
    const TypeKind kind = kind_of_ref(store_.types[type].type_ref);
    if (kind == TypeKind::kText) return text(type);
    if (kind == TypeKind::kArray || kind == TypeKind::kMap || kind == TypeKind::kXmlHook)
      return "[object Object]";
    if (depth_ >= kDepthMax) return "";
    ++depth_;
    std::string out = xml(type, kind);
    --depth_;
    return out;
  }

  // YXmlText.toString: attributes become nested elements, theirs become attributes.
  std::string xml_text(TypeIndex type) {
    std::string out;
    each_op(type, [&](const std::string& insert, const Item* object, const CurrentAttributes& attributes) {
      std::vector<std::pair<std::string_view, Value>> nodes;
      for (const Format& format : attributes) nodes.emplace_back(format.key, parse_json(format.value));
      std::sort(nodes.begin(), nodes.end(),
                [](const auto& a, const auto& b) { return utf16_less(a.first, b.first); });
      for (auto& [name, value] : nodes) {
        out += '<';
        out += name;
        std::sort(value.members.begin(), value.members.end(),
                  [](const auto& a, const auto& b) { return utf16_less(a.key, b.key); });
        for (const auto& [key, member] : value.members)
          out += " " + key + "=\"" + to_js_string(member) + "\"";
        if (value.kind == Value::Kind::kArray) {
          for (size_t i = 0; i < value.elements.size(); ++i) {
            out += " " + std::to_string(i) + "=\"" + to_js_string(value.elements[i]) + "\"";
          }
        } else if (value.kind == Value::Kind::kString) {
          // `for (key in "abc")` lists the characters.
          std::vector<Value> units;
          string_units(as_bytes(value.text), units);
          for (size_t i = 0; i < units.size(); ++i)
            out += " " + std::to_string(i) + "=\"" + units[i].text + "\"";
        }
        out += '>';
      }
      if (object == nullptr) {
        out += insert;
      } else if (object->ref == kType) {
        out += js_string(object->content);
      } else {
        out += to_js_string(parse_json(embed(*object)));
      }
      for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
        out += "</";
        out += node->first;
        out += '>';
      }
    });
    return out;
  }

  const Store& store_;
  int depth_ = 0;
};

}  // namespace

std::vector<Value> values_of(const Store& store, const Item& item) {
  std::vector<Value> out;
  const Bytes content = store.content(item);
  Reader in(content);
  switch (item.ref) {
    case kAny:
      for (uint32_t i = 0; i < item.len(); ++i) out.push_back(read_any(in));
      break;
    case kJson:
      for (uint32_t i = 0; i < item.len(); ++i) {
        const std::string_view text = in.read_var_string();
        out.push_back(text == "undefined" ? Value{} : parse_json(text));
      }
      break;
    case kBinary: {
      Value& v = out.emplace_back();
      v.kind = Value::Kind::kBytes;
      v.text = in.read_var_string();
      break;
    }
    case kEmbed:
      out.push_back(parse_json(in.read_var_string()));
      break;
    case kDoc:
      out.emplace_back().kind = Value::Kind::kObject;
      break;  // a subdocument reads as {}
    case kString:
      string_units(content, out);
      break;
    default:
      break;
  }
  return out;
}

std::string xml_of(const Store& store, TypeIndex type, TypeKind kind) {
  return Readout(store).to_xml(type, kind);
}

std::string json_of(const Store& store, TypeIndex type, TypeKind kind) {
  std::string out;
  Readout(store).json(out, type, kind);
  return out;
}

std::string text_of(const Store& store, TypeIndex type) { return Readout(store).text(type); }

std::string delta_of(const Store& store, TypeIndex type) {
  std::string out;
  Readout(store).delta_json(out, type);
  return out;
}

}  // namespace symphony::crdt
