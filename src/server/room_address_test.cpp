#include "server/room_address.h"

#include <gtest/gtest.h>

namespace symphony {
namespace {

std::string id_of(std::string_view target) {
  auto address = parse_room_address(target);
  return address ? address->id : "refused: " + address.error().message;
}

bool refused(std::string_view target) { return !parse_room_address(target); }

TEST(RoomAddress, IsTheRestOfThePathDecoded) {
  EXPECT_EQ(id_of("/rooms/a"), "a");
  EXPECT_EQ(id_of("/rooms/a/b//c/"), "a/b//c/");
  EXPECT_EQ(id_of("/rooms/caf%C3%A9%20%2f%3F"), "café /?");
  EXPECT_EQ(id_of("/rooms/café"), "café") << "raw UTF-8 is accepted as well";
  EXPECT_EQ(id_of("/rooms/a?token=1#x"), "a");
  EXPECT_EQ(id_of("/rooms/../a"), "../a") << "dots mean nothing here";
  EXPECT_EQ(id_of("/rooms/a+b"), "a+b");
}

TEST(RoomAddress, ThePrefixIsOptional) {
  EXPECT_EQ(id_of("/a"), "a");
  EXPECT_EQ(id_of("/a/b"), "a/b");
  EXPECT_EQ(id_of("/roomsful"), "roomsful");
  EXPECT_EQ(id_of("/rooms/rooms/a"), "rooms/a");
}

TEST(RoomAddress, WhatIsNoIdIsRefusedWithASentence) {
  for (const char* target : {"", "/", "/rooms", "/rooms/", "rooms/a", "*", "http://host/rooms/a"}) {
    EXPECT_TRUE(refused(target)) << target;
  }
  for (const char* target : {"/rooms/%", "/rooms/%4", "/rooms/%zz", "/rooms/a%4"}) {
    EXPECT_TRUE(refused(target)) << target;
  }
  for (const char* target : {"/rooms/%FF", "/rooms/%C3", "/rooms/%ED%A0%80", "/rooms/%C0%80"}) {
    EXPECT_TRUE(refused(target)) << target;
  }
  for (const char* target : {"/rooms/%00", "/rooms/a%0Ab", "/rooms/%7F", "/rooms/%C2%85"}) {
    EXPECT_TRUE(refused(target)) << target;
  }
  EXPECT_FALSE(refused("/rooms/%C2%A0"));
}

TEST(RoomAddress, HasAtMost255Bytes) {
  EXPECT_FALSE(refused("/rooms/" + std::string(255, 'x')));
  EXPECT_TRUE(refused("/rooms/" + std::string(256, 'x')));
  std::string encoded;
  for (int i = 0; i < 255; ++i) encoded += "%61";
  EXPECT_EQ(id_of("/rooms/" + encoded), std::string(255, 'a')) << "counted after decoding";
}

TEST(RoomAddress, TheQueryMayAskForAcknowledgements) {
  EXPECT_TRUE(parse_room_address("/rooms/a?acks=1")->acks);
  EXPECT_TRUE(parse_room_address("/rooms/a?x=2&acks=1&y")->acks);
  EXPECT_FALSE(parse_room_address("/rooms/a?acks=0")->acks);
  EXPECT_FALSE(parse_room_address("/rooms/a?packs=1")->acks);
  EXPECT_FALSE(parse_room_address("/rooms/acks=1")->acks);
}

TEST(RoomAddress, TheQueryMayAskForEchoes) {
  EXPECT_TRUE(parse_room_address("/rooms/a?acks=1&echo=1")->echo);
  EXPECT_FALSE(parse_room_address("/rooms/a?acks=1")->echo);
  EXPECT_FALSE(parse_room_address("/rooms/a?echo=yes")->echo);
}

TEST(RoomAddress, QueryValuesAreDecoded) {
  EXPECT_EQ(query_value("/?a=1%202&b=", "a"), "1 2");
  EXPECT_EQ(query_value("/?a=1&b=", "b"), "");
  EXPECT_EQ(query_value("/?a=%4", "a"), "");
  EXPECT_EQ(query_value("/?&&a", "a"), "");
}

}  // namespace
}  // namespace symphony
