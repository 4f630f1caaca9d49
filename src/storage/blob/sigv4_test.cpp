// The examples that AWS publishes in "Signature Calculations for the Authorization Header" of the S3 API
// reference, with their credentials and signatures.
#include "storage/blob/sigv4.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace symphony {
namespace {

constexpr int64_t kTime = 1369353600;  // 20130524T000000Z
const AwsCredentials kExample{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
const std::string kHost = "examplebucket.s3.amazonaws.com";

std::string signature(const SigningRequest& request, const AwsCredentials& credentials = kExample) {
  const std::string header = sign_s3(request, credentials, "us-east-1", kTime).headers.back();
  return header.substr(header.find("Signature=") + 10);
}

TEST(SigV4, signs_the_published_examples) {
  const std::string empty = sha256_hex({});
  EXPECT_EQ(empty, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(signature({"GET", kHost, "/test.txt", {}, {{"range", "bytes=0-9"}}, empty}),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
  const std::string text = "Welcome to Amazon S3.";
  EXPECT_EQ(
      signature({"PUT",
                 kHost,
                 "/test%24file.text",
                 {},
                 {{"date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                 sha256_hex({as_bytes(text).first(7), as_bytes(text).subspan(7)})}),
      "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
  EXPECT_EQ(signature({"GET", kHost, "/", {{"lifecycle", ""}}, {}, empty}),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  EXPECT_EQ(signature({"GET", kHost, "/", {{"prefix", "J"}, {"max-keys", "2"}}, {}, empty}),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(SigV4, a_session_token_is_sent_and_signed) {
  AwsCredentials session = kExample;
  session.session_token = "a+token/==";
  const SignedRequest request =
      sign_s3({"GET", kHost, "/", {{"a b", "/&="}}, {}, sha256_hex({})}, session, "us-east-1", kTime);
  EXPECT_EQ(request.query, "a%20b=%2F%26%3D");
  EXPECT_NE(std::ranges::find(request.headers, "x-amz-security-token: a+token/=="), request.headers.end());
  EXPECT_NE(request.headers.back().find("host;x-amz-content-sha256;x-amz-date;x-amz-security-token"),
            std::string::npos);
  EXPECT_NE(signature({"GET", kHost, "/", {}, {}, ""}, session), signature({"GET", kHost, "/", {}, {}, ""}));
}

}  // namespace
}  // namespace symphony
