// Documents as people and programs read them: JSON, text, delta, XML. Each function gives what the Yjs method
// of the same name gives; a type that does not exist (kNil) reads as empty.
#pragma once

#include <string>
#include <vector>

#include "crdt/store/store.h"
#include "symphony/doc.h"
#include "symphony/value.h"

namespace symphony::crdt {

// JSON.stringify(type.toJSON()).
std::string json_of(const Store& store, TypeIndex type, TypeKind kind);

// YText.toString.
std::string text_of(const Store& store, TypeIndex type);

// The elements of a content other than kType, as Content.getContent gives them; of a text its UTF-16 units.
std::vector<Value> values_of(const Store& store, const Item& item);

// type.toString() of an Xml type.
std::string xml_of(const Store& store, TypeIndex type, TypeKind kind);

// JSON.stringify(text.toDelta()).
std::string delta_of(const Store& store, TypeIndex type);

}  // namespace symphony::crdt
