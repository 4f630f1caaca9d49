// What every ObjectStore must do, as one gtest suite. A store instantiates it with its harness:
//
//   struct Harness {
//     std::unique_ptr<ObjectStore> open();   // the same medium each time
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Folder, ObjectConformance, Harness);
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "storage/blob/object_store.h"
#include "storage/store_testing.h"

namespace symphony {

template <class Harness>
class ObjectConformance : public testing::Test {
 protected:
  Harness harness;
  std::unique_ptr<ObjectStore> store = harness.open();

  void reopen() {
    store.reset();
    store = harness.open();
  }
};

TYPED_TEST_SUITE_P(ObjectConformance);

TYPED_TEST_P(ObjectConformance, is_created_once_and_stays) {
  expect_code(this->store->get("a/1-1"), Code::kNotFound);
  ASSERT_TRUE(this->store->put_new("a/1-1", bytes_of("one")));
  ASSERT_TRUE(this->store->put_new("a/1-1", bytes_of("one"))) << "a retry is a success";
  expect_code(this->store->put_new("a/1-1", bytes_of("two")), Code::kConflict);
  expect_code(this->store->put_new("a/1-1", {}), Code::kConflict);
  this->reopen();
  EXPECT_EQ(text_of(this->store->get("a/1-1").value()), "one");
}

TYPED_TEST_P(ObjectConformance, removing_twice_is_harmless) {
  ASSERT_TRUE(this->store->put_new("a", bytes_of("one")));
  ASSERT_TRUE(this->store->put_new("a/b", bytes_of("other")));
  ASSERT_TRUE(this->store->remove("a"));
  ASSERT_TRUE(this->store->remove("a"));
  expect_code(this->store->get("a"), Code::kNotFound);
  EXPECT_EQ(text_of(this->store->get("a/b").value()), "other");
  ASSERT_TRUE(this->store->put_new("a", bytes_of("two")));
  EXPECT_EQ(text_of(this->store->get("a").value()), "two");
}

TYPED_TEST_P(ObjectConformance, keys_outside_the_alphabet_are_refused) {
  for (const std::string& key : {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"),
                                 std::string(".."), std::string("a.b"), std::string("a b"),
                                 std::string("a\0b", 3), std::string("\xc3\xa9"), std::string(201, 'a')}) {
    expect_code(this->store->put_new(key, bytes_of("x")), Code::kInvalid);
    expect_code(this->store->get(key), Code::kInvalid);
    expect_code(this->store->remove(key), Code::kInvalid);
  }
  ASSERT_TRUE(this->store->put_new(std::string(200, 'a'), bytes_of("x")));
  EXPECT_TRUE(this->store->get(std::string(200, 'a')));
}

TYPED_TEST_P(ObjectConformance, lists_by_prefix_in_pages) {
  using Keys = std::vector<std::string>;
  for (const char* key : {"b/2", "a-", "a/2", "a", "a/10", "a/1", "A", "a_", "ab"})
    ASSERT_TRUE(this->store->put_new(key, bytes_of(key)));
  EXPECT_EQ(this->store->list("", "", 100).value(),
            (Keys{"A", "a", "a-", "a/1", "a/10", "a/2", "a_", "ab", "b/2"}));
  EXPECT_EQ(this->store->list("a/", "", 2).value(), (Keys{"a/1", "a/10"}));
  EXPECT_EQ(this->store->list("a/", "a/10", 2).value(), (Keys{"a/2"}));
  EXPECT_EQ(this->store->list("c", "", 2).value(), Keys{});
  EXPECT_EQ(this->store->list("", "", 0).value(), Keys{});
}

TYPED_TEST_P(ObjectConformance, any_size_comes_back_whole) {
  Prng random(11);
  const Buffer noise = random_bytes(random, 20u << 20);
  const Buffer zeros(noise.size());
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{131'000}, size_t{131'072}, size_t{262'144}, noise.size()}) {
    const std::string key = "size/" + std::to_string(size);
    ASSERT_TRUE(this->store->put_new(key, Bytes(noise).first(size)));
    ASSERT_TRUE(this->store->put_new(key + "/zeros", Bytes(zeros).first(size)));
    EXPECT_TRUE(std::ranges::equal(this->store->get(key).value(), Bytes(noise).first(size))) << size;
    EXPECT_TRUE(std::ranges::equal(this->store->get(key + "/zeros").value(), Bytes(zeros).first(size)))
        << size;
  }
}

REGISTER_TYPED_TEST_SUITE_P(ObjectConformance, is_created_once_and_stays, removing_twice_is_harmless,
                            keys_outside_the_alphabet_are_refused, lists_by_prefix_in_pages,
                            any_size_comes_back_whole);

}  // namespace symphony
