#include "server/admission.h"

#include <gtest/gtest.h>

#include <vector>

namespace symphony {
namespace {

TEST(Admission, CountsThePlacesOfEachAddressAndOfAll) {
  Admission admission(3, 2);
  std::vector<Admission::Ticket> tickets;
  tickets.push_back(admission.admit("a"));
  tickets.push_back(admission.admit("a"));
  EXPECT_TRUE(tickets[0] && tickets[1]);
  const auto third = admission.admit("a");
  EXPECT_FALSE(third);
  EXPECT_NE(third.refusal().find("your address"), std::string_view::npos);
  tickets.push_back(admission.admit("b"));
  EXPECT_TRUE(tickets[2]);
  EXPECT_NE(admission.admit("c").refusal().find("--connections-max"), std::string_view::npos);

  tickets.erase(tickets.begin());
  EXPECT_TRUE(admission.admit("a"));
  EXPECT_EQ(admission.metrics().accepted, 4u);
  EXPECT_EQ(admission.metrics().refused_limit, 1u);
  EXPECT_EQ(admission.metrics().refused_ip_limit, 1u);
}

TEST(Admission, AMovedTicketCountsOnce) {
  Admission admission(1, 1);
  {
    Admission::Ticket ticket = admission.admit("a");
    Admission::Ticket other = std::move(ticket);
    Admission::Ticket third;
    third = std::move(other);
    EXPECT_TRUE(third);
    EXPECT_FALSE(admission.admit("a"));
  }
  EXPECT_TRUE(admission.admit("a"));
}

}  // namespace
}  // namespace symphony
