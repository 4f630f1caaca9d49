// The engine for other programs: one JSON command a line on stdin, one JSON answer a line on stdout.
//
//   {"op":"new","doc":"a","gc":true,"format_cleanup":true}            a fresh document; replaces one of that
//   name
//   {"op":"apply","doc":"a","update":B} {"ok":true,"changed":..,"pending":..,"forward":..,"updates":[B..]}
//   {"op":"state","doc":"a","sv":B}           {"ok":true,"update":B}      without "sv": the whole state
//   {"op":"sv","doc":"a"}                     {"ok":true,"sv":B}
//   {"op":"roots","doc":"a"}                  {"ok":true,"roots":["text",..]}
//   {"op":"json","doc":"a","root":"m","kind":"map"}  {"ok":true,"value":"{..}"}
//   {"op":"delta","doc":"a","root":"t"}       {"ok":true,"value":"[..]"}
//   {"op":"text","doc":"a","root":"t"}        {"ok":true,"value":".."}
//   {"op":"check","doc":"a"}                  {"ok":true,"broken":""}     the first broken invariant, or
//   empty
//   {"op":"memory","doc":"a"}                 {"ok":true,"bytes":..}
//   {"op":"drop","doc":"a"}                   {"ok":true}
//   {"op":"step","doc":"a","update":B,"reads":[["json","m","map"],["delta","t"],["text","t"]],"diffs":[B..],
//    "check":true,"texts":["t"]}              apply and everything that a comparison wants, in one answer;
//    before
//                                             that the roots in "texts" are asked for as texts
//                                            with "v":2 the update is one of v2
//   {"op":"awareness",..}                     see awareness_commands.h
//   {"op":"edit",..} and its kin              see edit_commands.h
//   {"op":"snapshot",..}                      see snapshot_commands.h
//   {"op":"updates",..}                       see update_commands.h
//
// B is base64. "updates" holds every update for the peers in order; with "forward" the first is the input. A
// refused command is answered with {"ok":false,"code":"invalid","error":".."}. Commands may be sent in any
// number before an answer is read; answers leave when the input runs dry.
#include <unistd.h>

#include <algorithm>
#include <boost/json/src.hpp>  // header-only: this program is its only user
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "awareness_commands.h"
#include "base64.h"
#include "edit_commands.h"
#include "snapshot_commands.h"
#include "symphony/doc.h"
#include "symphony/shared_types.h"
#include "update_commands.h"

namespace json = boost::json;
using symphony::Buffer;
using symphony::Bytes;
using symphony::Doc;
using symphony::from_base64;
using symphony::to_base64;
using symphony::TypeKind;

namespace {

std::string_view view(const json::value& v) {
  const json::string& s = v.as_string();
  return {s.data(), s.size()};
}

TypeKind kind_of(std::string_view name) {
  static const std::map<std::string_view, TypeKind> kinds{
      {"array", TypeKind::kArray},          {"map", TypeKind::kMap},      {"text", TypeKind::kText},
      {"element", TypeKind::kXmlElement},   {"hook", TypeKind::kXmlHook}, {"xmltext", TypeKind::kXmlText},
      {"fragment", TypeKind::kXmlFragment},
  };
  const auto it = kinds.find(name);
  if (it == kinds.end()) throw std::invalid_argument("no such kind of type: " + std::string(name));
  return it->second;
}

const char* name_of(symphony::Code code) {
  switch (code) {
    case symphony::Code::kInvalid:
      return "invalid";
    case symphony::Code::kLimit:
      return "limit";
    default:
      return "other";
  }
}

json::object refusal(const symphony::Error& error) {
  return {{"ok", false}, {"code", name_of(error.code)}, {"error", error.message}};
}

// Documents by name, and what each command does with them.
class Tool {
 public:
  json::object run(const json::object& command) {
    const std::string_view op = view(command.at("op"));
    if (op == "awareness") return awareness_.run(command);
    if (edits_.knows(op)) return edits_.run(op, std::string(view(command.at("doc"))), command);
    if (op == "updates") return symphony::update_command(command);
    const std::string name(view(command.at("doc")));
    if (op == "new") return create(name, command);
    const auto it = docs_.find(name);
    if (it == docs_.end()) throw std::invalid_argument("no such document: " + name);
    if (op == "drop") {
      docs_.erase(it);
      return {{"ok", true}};
    }
    return run(op, it->second, command);
  }

 private:
  json::object create(const std::string& name, const json::object& command) {
    symphony::DocOptions options;
    if (const auto* gc = command.if_contains("gc")) options.gc = gc->as_bool();
    if (const auto* cleanup = command.if_contains("format_cleanup"))
      options.format_cleanup = cleanup->as_bool();
    if (const auto* forward = command.if_contains("forward")) options.forward_input = forward->as_bool();
    options.seed = docs_.size();
    docs_.insert_or_assign(name, Doc(options));
    return {{"ok", true}};
  }

  json::object run(std::string_view op, Doc& doc, const json::object& command) {
    if (op == "apply") return apply(doc, command);
    if (op == "step") return step(doc, command);
    if (op == "snapshot") return symphony::snapshot_command(doc, command);
    if (op == "state") {
      Buffer sv;
      if (const auto* given = command.if_contains("sv")) sv = from_base64(view(*given));
      const auto state = doc.encode_state_as_update(sv);
      if (!state) return refusal(state.error());
      return {{"ok", true}, {"update", to_base64(*state)}};
    }
    if (op == "sv") return {{"ok", true}, {"sv", to_base64(doc.encode_state_vector())}};
    if (op == "roots") return {{"ok", true}, {"roots", roots(doc)}};
    if (op == "check") return {{"ok", true}, {"broken", doc.check_invariants()}};
    if (op == "memory") return {{"ok", true}, {"bytes", doc.memory_bytes()}};
    const json::value* kind = command.if_contains("kind");
    return {{"ok", true},
            {"value", read(doc, op, view(command.at("root")), kind == nullptr ? "" : view(*kind))}};
  }

  static json::object apply(Doc& doc, const json::object& command) {
    const Buffer update = from_base64(view(command.at("update")));
    const auto* version = command.if_contains("v");
    const bool v2 = version != nullptr && version->as_int64() == 2;
    const auto applied = v2 ? doc.apply_update_v2(update) : doc.apply_update(update);
    if (!applied) return refusal(applied.error());
    json::array updates;
    if (applied->forward) updates.emplace_back(to_base64(update));
    for (const Buffer& one : applied->updates) updates.emplace_back(to_base64(one));
    return {{"ok", true},
            {"changed", applied->changed},
            {"pending", applied->pending},
            {"forward", applied->forward},
            {"updates", std::move(updates)}};
  }

  static json::object step(Doc& doc, const json::object& command) {
    if (const json::value* texts = command.if_contains("texts")) {
      for (const json::value& name : texts->as_array()) ask_for_text(doc, view(name));
    }
    json::object answer = apply(doc, command);
    const auto state = doc.encode_state_as_update();
    if (!state) throw std::logic_error("the whole state was refused: " + state.error().message);
    answer["state"] = to_base64(*state);
    answer["sv"] = to_base64(doc.encode_state_vector());
    answer["has_pending"] = doc.has_pending();
    answer["roots"] = roots(doc);
    json::array values;
    for (const json::value& one : command.at("reads").as_array()) {
      const json::array& what = one.as_array();
      values.emplace_back(
          read(doc, view(what.at(0)), view(what.at(1)), what.size() > 2 ? view(what[2]) : ""));
    }
    answer["values"] = std::move(values);
    if (const json::value* wanted = command.if_contains("diffs")) {
      json::array diffs, diffs_v2;
      for (const json::value& sv : wanted->as_array()) {
        const auto diff = doc.encode_state_as_update(from_base64(view(sv)));
        diffs.emplace_back(diff ? to_base64(*diff) : "refused: " + diff.error().message);
        if (!command.contains("check")) continue;
        const auto diff_v2 = doc.encode_state_as_update_v2(from_base64(view(sv)));
        diffs_v2.emplace_back(diff_v2 ? to_base64(*diff_v2) : "refused: " + diff_v2.error().message);
      }
      answer["diffs"] = std::move(diffs);
      answer["diffs_v2"] = std::move(diffs_v2);
    }
    if (command.contains("check")) {
      answer["broken"] = doc.check_invariants();
      answer["state_v2"] = to_base64(doc.encode_state_as_update_v2().value_or(Buffer()));
    }
    return answer;
  }

  static void ask_for_text(Doc& doc, std::string_view name) {
    const bool ok = name == "xmltext" ? doc.get_xml_text(name).has_value() : doc.get_text(name).has_value();
    if (!ok) throw std::logic_error("no text: " + std::string(name));
  }

  static json::array roots(const Doc& doc) {
    json::array out;
    for (const std::string& name : doc.root_names()) out.emplace_back(name);
    return out;
  }

  static std::string read(const Doc& doc, std::string_view op, std::string_view root, std::string_view kind) {
    if (op == "json") return doc.to_json(root, kind_of(kind));
    if (op == "delta") return doc.to_delta(root);
    if (op == "text") return doc.to_text(root);
    throw std::invalid_argument("no such command: " + std::string(op));
  }

  std::map<std::string, Doc> docs_;
  symphony::AwarenessCommands awareness_;
  symphony::EditCommands edits_;
};

void write_all(std::string& out) {
  for (std::string_view rest = out; !rest.empty();) {
    const ssize_t n = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (n <= 0) std::exit(1);
    rest.remove_prefix(static_cast<size_t>(n));
  }
  out.clear();
}

// A mistake in a command is the caller's and gets an answer; the engine itself throws nothing.
std::string answer_to(Tool& tool, std::string_view line) {
  json::object answer;
  try {
    json::parse_options options;
    options.max_depth = 64;
    answer = tool.run(json::parse({line.data(), line.size()}, {}, options).as_object());
  } catch (const std::exception& error) {
    answer = {{"ok", false}, {"code", "command"}, {"error", error.what()}};
  }
  return json::serialize(answer);
}

}  // namespace

int main() {
  Tool tool;
  std::string in, out;
  size_t scanned = 0;  // no line ends before this offset of `in`
  std::string chunk(1u << 16, '\0');
  for (;;) {
    const ssize_t n = ::read(STDIN_FILENO, chunk.data(), chunk.size());
    if (n <= 0) return n == 0 && in.empty() ? 0 : 1;
    in.append(chunk, 0, static_cast<size_t>(n));
    size_t start = 0;
    for (size_t end; (end = in.find('\n', std::max(start, scanned))) != std::string::npos; start = end + 1) {
      out += answer_to(tool, std::string_view(in).substr(start, end - start));
      out += '\n';
      if (out.size() > 1u << 20) write_all(out);
    }
    in.erase(0, start);
    scanned = in.size();
    write_all(out);
  }
}
