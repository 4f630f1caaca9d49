// Any program of edits, on all types, through handles that may be of deleted types, with indices that may be
// wrong: undone, redone, told to a peer who edits, too. Documents stay sound and end with the same text and
// clocks.
#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "base/assert.h"
#include "crdt/edit/program_testing.h"
#include "symphony/relative_position.h"
#include "symphony/undo_manager.h"

using namespace symphony;

namespace {

constexpr std::array<std::string_view, 6> kTexts{"a",   "bc", "0123456789", "\xc3\xa9", "\xf0\x9f\x98\x80",
                                                 "\xff"};
constexpr std::array<std::string_view, 3> kKeys{"bold", "color", ""};

class Author {
 public:
  explicit Author(uint64_t client) : doc_(options_of(client)) {
    const Text text = *doc_.get_text("text");
    types_ = {text, *doc_.get_array("array"), *doc_.get_map("map"), *doc_.get_xml_fragment("xml")};
    UndoOptions options;
    options.now_ms = [this] { return now_ms_; };
    undo_ = std::make_unique<UndoManager>(doc_, types_, options);
    deep_ = types_[1].observe_deep([this](std::span<const Event> events) {
      for (const Event& event : events) {
        event.path();
        changes_ += event.delta().size() + event.keys().size();
      }
    });
  }

  Doc& doc() { return doc_; }

  void step(Program& program) {
    now_ms_ += program.below(200);
    switch (program.below(10)) {
      case 0:
        (void)undo_->undo();
        break;
      case 1:
        (void)undo_->redo();
        break;
      case 2:
        doc_.transact([&] {
          for (uint32_t left = program.below(5); left > 0; --left) edit(program);
        });
        break;
      case 3: {
        const SharedType& type = types_[program.below(static_cast<uint32_t>(types_.size()))];
        if (auto position =
                create_relative_position(type, program.below(20), program.below(2) > 0 ? -1 : 0)) {
          place_ = *position;
        }
        break;
      }
      default:
        edit(program);
    }
    if (place_) {
      const auto found = create_absolute_position(doc_, *place_);
      if (found && found->type.as<Text>()) ASSERT(found->index <= found->type.as<Text>()->length());
    }
    ASSERT(doc_.check_invariants().empty());
  }

 private:
  static DocOptions options_of(uint64_t client) {
    DocOptions options;
    options.client_id = client;
    return options;
  }

  void edit(Program& program) {
    const SharedType type = types_[program.below(static_cast<uint32_t>(types_.size()))];
    if (const auto text = type.as<Text>()) return edit_text(*text, program);
    if (const auto array = type.as<Array>()) return edit_list(*array, program);
    if (const auto fragment = type.as<XmlFragment>()) return edit_xml(*fragment, program);
    if (const auto map = type.as<Map>()) return edit_map(*map, program);
    // Deleted: refused, and no more.
    ASSERT(!type.exists());
    ASSERT(!Text(type).insert(0, "x") && Text(type).to_string().empty());
    ASSERT(!Array(type).insert(0, {1}) && !Map(type).set("k", 1));
  }

  void edit_text(const Text& text, Program& program) {
    const uint32_t at = program.below(text.length() + 2);
    const Attributes attributes{
        {std::string(kKeys[program.below(3)]), program.below(2) > 0 ? Value(1) : Value(nullptr)}};
    switch (program.below(6)) {
      case 0:
        (void)text.insert(at, kTexts[program.below(6)]);
        return;
      case 1:
        (void)text.insert(at, kTexts[program.below(6)], attributes);
        return;
      case 2:
        (void)text.remove(at, program.below(8));
        return;
      case 3:
        (void)text.format(at, program.below(8), attributes);
        return;
      case 4:
        if (auto map = text.insert_type<Map>(at)) keep(*map);
        return;
      default:
        (void)text.apply_delta({DeltaOp::retaining(at, attributes), DeltaOp::inserting("d"),
                                DeltaOp::deleting(program.below(3))});
    }
  }

  void edit_list(const Array& array, Program& program) {
    const uint32_t at = program.below(array.length() + 2);
    switch (program.below(4)) {
      case 0:
        (void)array.insert(at, {Value(at), Value("v"), Value::bytes(Buffer{1})});
        return;
      case 1:
        (void)array.remove(at, program.below(4));
        return;
      case 2:
        if (auto text = array.insert_type<Text>(at)) keep(*text);
        return;
      default:
        if (auto inner = array.insert_type<Array>(at)) keep(*inner);
    }
  }

  void edit_map(const Map& map, Program& program) {
    const std::string_view key = kKeys[program.below(3)];
    switch (program.below(4)) {
      case 0:
        (void)map.set(key, Value(program.below(9)));
        return;
      case 1:
        (void)map.remove(key);
        return;
      case 2:
        (void)map.clear();
        return;
      default:
        if (auto array = map.set_type<Array>(key)) keep(*array);
    }
  }

  void edit_xml(const XmlFragment& fragment, Program& program) {
    const uint32_t at = program.below(fragment.length() + 2);
    switch (program.below(4)) {
      case 0:
        (void)fragment.remove(at, program.below(3));
        return;
      case 1:
        if (auto text = fragment.insert_type<XmlText>(at)) keep(*text);
        return;
      case 2:
        if (const auto element = fragment.as<XmlElement>())
          (void)element->set_attribute(kKeys[program.below(3)], "v");
        return;
      default:
        if (auto element = fragment.insert_type<XmlElement>(at, "p")) keep(*element);
    }
  }

  void keep(const SharedType& type) {
    if (types_.size() < 12) types_.push_back(type);
  }

  Doc doc_;
  uint64_t now_ms_ = 0;
  size_t changes_ = 0;
  std::vector<SharedType> types_;
  std::unique_ptr<UndoManager> undo_;
  Subscription deep_;
  std::optional<RelativePosition> place_;
};

void tell(Author& from, Author& to) {
  const auto update = from.doc().encode_state_as_update(to.doc().encode_state_vector());
  ASSERT(update.has_value() && to.doc().apply_update(*update).has_value());
  ASSERT(to.doc().check_invariants().empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Program program(Bytes(data, size));
  Author ada(1), bob(2);
  for (int steps = 0; steps < 150 && !program.at_end(); ++steps) {
    switch (program.below(8)) {
      case 0:
        tell(ada, bob);
        break;
      case 1:
        tell(bob, ada);
        break;
      case 2:
      case 3:
        bob.step(program);
        break;
      default:
        ada.step(program);
    }
  }
  // Each may clean up formatting after what the other said, and say so.
  for (int round = 0; round < 4; ++round) {
    tell(ada, bob);
    tell(bob, ada);
  }
  ASSERT(ada.doc().encode_state_vector() == bob.doc().encode_state_vector());
  ASSERT(ada.doc().get_text("text")->length() == bob.doc().get_text("text")->length());
  ASSERT(ada.doc().get_array("array")->length() == bob.doc().get_array("array")->length());
  return 0;
}
