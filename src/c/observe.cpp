#include <vector>

#include "c/convert.h"
#include "c/handles.h"

using symphony::DeltaOp;
using symphony::Event;
using symphony::KeyChange;
using symphony::SharedType;
using symphony::Value;
using namespace symphony::c;

struct symphony_event {
  const Event* event;
};

namespace {

std::string quoted(const std::string& text) { return symphony::to_json(Value(text)); }

void call(symphony_type_observer observer, void* context, std::span<const Event> events) {
  std::vector<symphony_event> held;
  std::vector<const symphony_event*> handed;
  held.reserve(events.size());
  for (const Event& event : events) handed.push_back(&held.emplace_back(symphony_event{&event}));
  observer(context, handed.data(), handed.size());
}

}  // namespace

symphony_type* symphony_event_target(const symphony_event* event) {
  return new symphony_type{event->event->target()};
}

void symphony_event_path(const symphony_event* event, symphony_buffer* out) {
  std::string json = "[";
  for (const auto& step : event->event->path()) {
    if (json.size() > 1) json += ',';
    const auto* key = std::get_if<std::string>(&step);
    json += key != nullptr ? quoted(*key) : std::to_string(std::get<uint32_t>(step));
  }
  *out = buffer_of(json + ']');
}

void symphony_event_delta(const symphony_event* event, symphony_buffer* out) {
  *out = buffer_of(symphony::to_json(std::span<const DeltaOp>(event->event->delta())));
}

void symphony_event_keys(const symphony_event* event, symphony_buffer* out) {
  static constexpr const char* kActions[] = {"add", "update", "delete"};
  std::string json = "{";
  for (const KeyChange& change : event->event->keys()) {
    if (json.size() > 1) json += ',';
    json += quoted(change.key) + R"(:{"action":")" + kActions[static_cast<size_t>(change.action)] + '"';
    if (const std::string old = symphony::to_json(change.old_value); !old.empty())
      json += R"(,"oldValue":)" + old;
    json += '}';
  }
  *out = buffer_of(json + '}');
}

uint64_t symphony_event_origin(const symphony_event* event) { return event->event->transaction().origin; }
bool symphony_event_local(const symphony_event* event) { return event->event->transaction().local; }

symphony_subscription* symphony_type_observe(symphony_type* type, symphony_type_observer observer,
                                             void* context) {
  return new symphony_subscription{
      type->type.observe([=](const Event& event) { call(observer, context, std::span(&event, 1)); })};
}

symphony_subscription* symphony_type_observe_deep(symphony_type* type, symphony_type_observer observer,
                                                  void* context) {
  return new symphony_subscription{
      type->type.observe_deep([=](std::span<const Event> events) { call(observer, context, events); })};
}
