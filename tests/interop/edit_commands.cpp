#include "edit_commands.h"

#include <cstdlib>
#include <limits>
#include <optional>
#include <stdexcept>

#include "base64.h"

namespace symphony {
namespace {

std::string_view view(const json::value& v) {
  const json::string& s = v.as_string();
  return {s.data(), s.size()};
}

uint32_t number(const json::object& o, const char* key, uint32_t otherwise = 0) {
  const json::value* v = o.if_contains(key);
  return v == nullptr ? otherwise : v->to_number<uint32_t>();
}

Value value_of(const json::value& v);

Value special(const json::object& o) {
  const std::string_view kind = view(o.at("$"));
  if (kind == "undefined") return {};
  const std::string_view text = view(o.at("v"));
  if (kind == "bytes") return Value::bytes(from_base64(text));
  if (kind == "bigint") return Value::bigint(std::stoll(std::string(text)));
  if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
  return std::strtod(std::string(text).c_str(), nullptr);
}

Value value_of(const json::value& v) {
  switch (v.kind()) {
    case json::kind::null:
      return nullptr;
    case json::kind::bool_:
      return v.as_bool();
    case json::kind::string:
      return Value(view(v));
    case json::kind::array: {
      Value array = Value::array();
      for (const json::value& element : v.as_array()) array.elements.push_back(value_of(element));
      return array;
    }
    case json::kind::object: {
      if (v.as_object().contains("$")) return special(v.as_object());
      Value object = Value::object();
      for (const auto& [key, member] : v.as_object()) object.set(std::string(key), value_of(member));
      return object;
    }
    default:
      return v.to_number<double>();
  }
}

Attributes attributes_of(const json::object& o, const char* key = "attributes") {
  const json::value* v = o.if_contains(key);
  return v == nullptr ? Attributes() : value_of(*v).members;
}

std::vector<Value> values_of(const json::value& v) { return value_of(v).elements; }

SubdocOptions doc_options(const json::object& o) {
  SubdocOptions options;
  options.guid = view(o.at("guid"));
  if (const json::value* gc = o.if_contains("gc")) options.gc = gc->as_bool();
  if (const json::value* load = o.if_contains("autoLoad")) options.auto_load = load->as_bool();
  if (const json::value* meta = o.if_contains("meta")) options.meta = value_of(*meta);
  return options;
}

std::string quoted(std::string_view text) { return symphony::to_json(Value(text)); }

std::string path_json(const Event::Path& path) {
  std::string out = "[";
  for (const auto& step : path) {
    if (out.size() > 1) out += ',';
    out += std::holds_alternative<std::string>(step) ? quoted(std::get<std::string>(step))
                                                     : std::to_string(std::get<uint32_t>(step));
  }
  return out + ']';
}

std::string event_json(const Event& event) {
  static const char* kActions[] = {"add", "update", "delete"};
  std::string out = "{\"path\":" + path_json(event.path()) + ",\"keys\":{";
  bool first = true;
  for (const KeyChange& change : event.keys()) {
    if (!first) out += ',';
    first = false;
    out += quoted(change.key) + ":[\"" + kActions[static_cast<size_t>(change.action)] + "\",";
    const bool type = std::holds_alternative<SharedType>(change.old_value);
    const std::string old = type ? "\"type\"" : symphony::to_json(change.old_value);
    out += (old.empty() ? "null" : old) + ']';
  }
  return out + "},\"delta\":" + symphony::to_json(std::span<const DeltaOp>(event.delta())) + '}';
}

std::string error_text(const Error& error) { return error.message; }

}  // namespace

struct EditCommands::Edited {
  explicit Edited(const DocOptions& options) : doc(options) {}

  SharedType root(std::string_view kind, std::string_view name) {
    const auto plain = [](const auto& handle) { return SharedType(handle); };
    Result<SharedType> type = fail(Code::kInvalid, "no such kind");
    if (kind == "text") type = doc.get_text(name).map(plain);
    if (kind == "array") type = doc.get_array(name).map(plain);
    if (kind == "map") type = doc.get_map(name).map(plain);
    if (kind == "fragment") type = doc.get_xml_fragment(name).map(plain);
    if (kind == "element") type = doc.get_xml_element(name).map(plain);
    if (kind == "xmltext") type = doc.get_xml_text(name).map(plain);
    if (!type) throw std::invalid_argument(type.error().message);
    return *type;
  }

  // A child of any type, by key or index.
  static std::optional<Content> child(const SharedType& type, const json::value& step) {
    if (step.is_string()) {
      if (const auto map = type.as<Map>()) return map->get(view(step));
      if (const auto element = type.as<XmlElement>()) return element->get_attribute(view(step));
      if (const auto text = type.as<Text>()) return text->get_attribute(view(step));
      return std::nullopt;
    }
    const auto index = step.to_number<uint32_t>();
    if (const auto array = type.as<Array>()) return array->get(index);
    if (const auto fragment = type.as<XmlFragment>()) return fragment->get(index);
    return in_text(type.as<Text>().value(), index);
  }

  static std::optional<Content> in_text(const Text& text, uint32_t index) {
    uint32_t at = 0;
    for (const DeltaOp& op : text.to_delta()) {
      const Value* value = std::get_if<Value>(&op.insert[0]);
      if (value == nullptr && at == index) return op.insert[0];
      uint32_t units = 1;
      if (value != nullptr && value->is_string()) {
        units = 0;
        for (const char c : value->text) units += (c & 0xc0) == 0x80 ? 0 : (c & 0xf8) == 0xf0 ? 2 : 1;
      }
      at += units;
    }
    return std::nullopt;
  }

  SharedType at(const json::array& path) {
    SharedType type = root(view(path.at(0)), view(path.at(1)));
    for (size_t i = 2; i < path.size(); ++i) {
      const auto found = child(type, path[i]);
      if (!found || !std::holds_alternative<SharedType>(*found))
        throw std::invalid_argument("no type at the path");
      type = std::get<SharedType>(*found);
    }
    return type;
  }

  void fill(const SharedType& type, const json::object& e) {
    if (const json::value* edits = e.if_contains("fill")) {
      for (const json::value& inner : edits->as_array()) edit(type, inner.as_object());
    }
  }

  template <class T>
  void insert_type(const SharedType& type, const json::object& e) {
    const std::string_view name = e.contains("name") ? view(e.at("name")) : std::string_view();
    Result<T> made = fail(Code::kInvalid, "nothing takes a type");
    if (const json::value* key = e.if_contains("key")) {
      if (const auto map = type.as<Map>()) made = map->set_type<T>(view(*key), name);
    } else if (e.contains("after")) {
      std::optional<SharedType> node;
      if (!e.at("after").is_null()) node = std::get<SharedType>(*child(type, e.at("after")));
      made = type.as<XmlFragment>().value().insert_type_after<T>(node, name);
    } else if (const auto array = type.as<Array>()) {
      made = array->insert_type<T>(number(e, "index"), name);
    } else if (const auto fragment = type.as<XmlFragment>()) {
      made = fragment->insert_type<T>(number(e, "index"), name);
    } else if (const auto text = type.as<Text>()) {
      made = text->insert_type<T>(number(e, "index"), name, attributes_of(e));
    }
    note(made);
    if (made) fill(*made, e);
  }

  template <class T>
  void note(const Result<T>& result) {
    if (!result) errors.emplace_back(error_text(result.error()));
  }

  void edit(const SharedType& type, const json::object& e) {
    const std::string_view what = view(e.at("do"));
    const uint32_t index = number(e, "index");
    const uint32_t length = number(e, "length", 1);
    if (what == "type") {
      const std::string_view kind = view(e.at("kind"));
      // With its content in one transaction, as a type that is filled before it is inserted.
      doc.transact([&] {
        if (kind == "text") insert_type<Text>(type, e);
        if (kind == "array") insert_type<Array>(type, e);
        if (kind == "map") insert_type<Map>(type, e);
        if (kind == "fragment") insert_type<XmlFragment>(type, e);
        if (kind == "element") insert_type<XmlElement>(type, e);
        if (kind == "xmltext") insert_type<XmlText>(type, e);
        if (kind == "hook") insert_type<XmlHook>(type, e);
      });
      return;
    }
    if (what == "clone") {
      const SharedType source = at(e.at("from").as_array());
      if (const auto map = type.as<Map>()) return note(map->set_clone(view(e.at("key")), source));
      if (const auto array = type.as<Array>()) return note(array->insert_clone(index, source));
      return note(type.as<XmlFragment>().value().insert_clone(index, source));
    }
    if (what == "set_attribute" || what == "remove_attribute") {
      const std::string_view key = view(e.at("key"));
      const bool set = what == "set_attribute";
      if (const auto element = type.as<XmlElement>()) {
        return note(set ? element->set_attribute(key, value_of(e.at("value")))
                        : element->remove_attribute(key));
      }
      const Text text = type.as<Text>().value();
      return note(set ? text.set_attribute(key, value_of(e.at("value"))) : text.remove_attribute(key));
    }
    if (const auto text = type.as<Text>()) return edit_text(*text, what, index, length, e);
    if (const auto array = type.as<Array>()) {
      if (what == "values") return note(array->insert(index, values_of(e.at("values"))));
      if (what == "push") return note(array->push(values_of(e.at("values"))));
      if (what == "doc") return note(array->insert_doc(index, doc_options(e)));
      if (what == "delete") return note(array->remove(index, length));
    }
    if (const auto map = type.as<Map>()) {
      if (what == "set") return note(map->set(view(e.at("key")), value_of(e.at("value"))));
      if (what == "doc") return note(map->set_doc(view(e.at("key")), doc_options(e)));
      if (what == "remove") return note(map->remove(view(e.at("key"))));
      if (what == "clear") return note(map->clear());
    }
    if (const auto fragment = type.as<XmlFragment>()) {
      if (what == "delete") return note(fragment->remove(index, length));
    }
    throw std::invalid_argument("no such edit: " + std::string(what));
  }

  void edit_text(const Text& text, std::string_view what, uint32_t index, uint32_t length,
                 const json::object& e) {
    if (what == "insert" && e.contains("attributes")) {
      return note(text.insert(index, view(e.at("text")), attributes_of(e)));
    }
    if (what == "insert") return note(text.insert(index, view(e.at("text"))));
    if (what == "embed") return note(text.insert_embed(index, value_of(e.at("value")), attributes_of(e)));
    if (what == "delete") return note(text.remove(index, length));
    if (what == "format") return note(text.format(index, length, attributes_of(e)));
    if (what != "delta") throw std::invalid_argument("no such edit of a text: " + std::string(what));
    std::vector<DeltaOp> delta;
    for (const json::value& one : e.at("delta").as_array()) {
      const json::object& op = one.as_object();
      if (op.contains("delete")) {
        delta.push_back(DeltaOp::deleting(number(op, "delete")));
      } else if (op.contains("retain")) {
        delta.push_back(DeltaOp::retaining(number(op, "retain"), attributes_of(op)));
      } else {
        delta.push_back(DeltaOp::inserting(value_of(op.at("insert")), attributes_of(op)));
      }
    }
    note(text.apply_delta(delta, e.at("sanitize").as_bool()));
  }

  void watch() {
    watching.push_back(doc.on_update(
        [this](Bytes update, const TransactionInfo&) { updates.emplace_back(to_base64(update)); }));
    watching.push_back(doc.on_subdocs([this](const SubdocsEvent& event) {
      const auto guids = [](const std::vector<Subdoc>& all) {
        std::string out = "[";
        for (const Subdoc& one : all) out += (out.size() > 1 ? "," : "") + quoted(one.guid());
        return out + "]";
      };
      events.emplace_back("subdocs +" + guids(event.added) + " *" + guids(event.loaded) + " -" +
                          guids(event.removed));
    }));
  }

  void open() {
    opened = true;
    for (const auto& [kind, name] : roots) {
      const SharedType type = root(kind, name);
      if (observed) {
        watching.push_back(type.observe([this, name = name](const Event& event) {
          events.emplace_back(name + " " + event_json(event));
        }));
        watching.push_back(type.observe_deep([this, name = name](std::span<const Event> all) {
          std::string text = name + " deep";
          for (const Event& event : all) text += " " + event_json(event);
          events.emplace_back(text);
        }));
      }
    }
  }

  void undo(std::string_view action, const json::object& command) {
    if (action == "create") {
      UndoOptions options;
      options.capture_timeout_ms = number(command, "timeout");
      options.now_ms = [this] { return now; };
      options.ignore_remote_map_changes = command.at("ignore").as_bool();
      if (command.at("five").as_bool()) options.tracked_origins.insert(5);
      std::vector<SharedType> scope;
      for (const json::value& path : command.at("scope").as_array()) scope.push_back(at(path.as_array()));
      manager = std::make_unique<UndoManager>(doc, scope, std::move(options));
      const auto tell = [this](const char* what) {
        return [this, what](const UndoManager::StackItemEvent& event) {
          const char* reverts = event.action == UndoManager::Action::kUndo ? " undo " : " redo ";
          Value& count = event.meta["count"];
          count = count.number + 1;
          events.emplace_back(std::string(what) + reverts + std::to_string(static_cast<int>(count.number)));
        };
      };
      watching.push_back(manager->on_stack_item_added(tell("added")));
      watching.push_back(manager->on_stack_item_updated(tell("updated")));
      watching.push_back(manager->on_stack_item_popped(tell("popped")));
      watching.push_back(manager->on_stack_cleared([this](bool undo_stack, bool redo_stack) {
        events.emplace_back("cleared " + std::to_string(undo_stack) + std::to_string(redo_stack));
      }));
    } else if (action == "stop") {
      manager->stop_capturing();
    } else if (action == "clear") {
      manager->clear();
    } else {
      const auto done = action == "undo" ? manager->undo() : manager->redo();
      note(done);
      events.emplace_back(std::string(action) + (done && *done ? " 1" : " 0"));
    }
  }

  // Positions are made, and looked up again after later steps.
  void relative(const json::object& command) {
    if (command.contains("at")) {
      const SharedType type = at(command.at("at").as_array());
      const auto made =
          create_relative_position(type, number(command, "index"), command.at("assoc").as_int64());
      note(made);
      if (!made) return;
      const auto bytes = encode_relative_position(*made);
      events.emplace_back(to_base64(*bytes) + " " + relative_position_to_json(*made));
      positions.push_back(*bytes);
    }
    for (const Buffer& bytes : positions) {
      for (const bool follow : {true, false}) {
        const auto found = create_absolute_position(doc, *decode_relative_position(bytes), follow);
        if (!found) {
          events.emplace_back("nowhere");
        } else {
          events.emplace_back(std::to_string(found->index) + " " + std::to_string(found->assoc));
        }
      }
    }
  }

  json::object answer() {
    json::array values;
    for (const auto& [kind, name] : opened ? roots : decltype(roots)()) {
      const SharedType type = root(kind, name);
      values.emplace_back(type.to_json());
      if (const auto text = type.as<Text>())
        values.emplace_back(to_json(std::span<const DeltaOp>(text->to_delta())));
    }
    const auto state = doc.encode_state_as_update();
    return {{"ok", true},
            {"updates", std::exchange(updates, {})},
            {"events", std::exchange(events, {})},
            {"errors", std::exchange(errors, {})},
            {"values", std::move(values)},
            {"state", to_base64(*state)},
            {"broken", doc.check_invariants()}};
  }

  Doc doc;
  std::vector<std::pair<std::string, std::string>> roots;  // kind, name
  bool observed = false;
  bool opened = false;  // the roots are asked for as what they are
  json::array updates;
  json::array events;
  json::array errors;
  std::vector<Subscription> watching;
  std::unique_ptr<UndoManager> manager;
  std::vector<Buffer> positions;
  uint64_t now = 0;  // the clock of the UndoManager, in ms
};

json::object EditCommands::run(std::string_view op, const std::string& name, const json::object& command) {
  if (op == "edit_new") {
    DocOptions options;
    options.client_id = command.at("client").to_number<uint64_t>();
    options.gc = command.at("gc").as_bool();
    options.forward_input = false;
    auto edited = std::make_shared<Edited>(options);
    for (const json::value& root : command.at("roots").as_array()) {
      edited->roots.emplace_back(view(root.as_array().at(0)), view(root.as_array().at(1)));
    }
    edited->observed = command.at("observe").as_bool();
    edited->watch();
    if (!command.at("late").as_bool()) edited->open();
    docs_[name] = edited;
    return {{"ok", true}};
  }
  const auto found = docs_.find(name);
  if (found == docs_.end()) throw std::invalid_argument("no such document: " + name);
  Edited& edited = *found->second;
  if (op == "edit_drop") {
    docs_.erase(found);
    return {{"ok", true}};
  }
  const Origin origin = number(command, "origin");
  edited.now = number(command, "now");
  if (op == "edit") {
    const auto run_all = [&] {
      for (const json::value& one : command.at("edits").as_array()) {
        const json::object& e = one.as_object();
        edited.edit(edited.at(e.at("at").as_array()), e);
      }
    };
    if (command.at("one").as_bool()) {
      edited.doc.transact(run_all, origin);
    } else {
      run_all();
    }
  } else if (op == "edit_apply") {
    edited.note(edited.doc.apply_update(from_base64(view(command.at("update"))), origin));
  } else if (op == "edit_open") {
    edited.open();
  } else if (op == "undo") {
    edited.undo(view(command.at("action")), command);
  } else if (op == "relative") {
    edited.relative(command);
  }
  return edited.answer();
}

}  // namespace symphony
