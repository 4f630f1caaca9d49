// AWS Signature Version 4 for S3. libcurl signs by itself, but before 8.9 not every query and not the
// payload's hash, which S3 wants.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "symphony/types.h"

namespace symphony {

struct AwsCredentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // empty: none
};

struct SigningRequest {
  std::string method;
  std::string host;                                          // with the port if the URL has one
  std::string path;                                          // percent-encoded, as in the URL
  std::vector<std::pair<std::string, std::string>> query;    // not encoded
  std::vector<std::pair<std::string, std::string>> headers;  // lower-case names; signed with those added
  std::string payload_sha256;                                // sha256_hex of the body
};

struct SignedRequest {
  std::string query;                 // encoded, without '?'
  std::vector<std::string> headers;  // "name: value": those that were given and those of the signature
};

// `unix_seconds`: now, which the server compares with its own clock (15 minutes).
SignedRequest sign_s3(const SigningRequest& request, const AwsCredentials& credentials,
                      std::string_view region, int64_t unix_seconds);

std::string sha256_hex(const std::vector<Bytes>& parts);

}  // namespace symphony
