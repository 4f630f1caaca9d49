// Objects in an S3 bucket, or one of a service that speaks S3.
//
// Creation is by `If-None-Match: *`. Services are known that refuse the header and others that pass over it,
// so the first object a process writes is written twice: a service that honours the header refuses the second
// time. Where it does not, objects are created by HEAD, then PUT. Two writers that put different bytes
// under one key in the same instant are then not told apart, and the later one stays; Symphony's keys name
// an epoch that only one writer has.
#pragma once

#include <functional>
#include <memory>

#include "storage/blob/http_object_store.h"
#include "storage/blob/sigv4.h"

namespace symphony {

struct S3Options {
  std::string bucket;
  std::string prefix;  // of all names; may be empty
  std::string region = "us-east-1";
  std::string endpoint;     // "https://host:port"; empty: AWS's for the region
  bool path_style = false;  // https://host/bucket/name instead of https://bucket.host/name
  HttpObjectLimits limits;
  HttpOptions http;
};

// Asked before each request; must be quick, and may be called by any thread.
using AwsCredentialsSource = std::function<Result<AwsCredentials>()>;

// Sends nothing yet. kInvalid if an option is malformed.
Result<std::unique_ptr<ObjectStore>> open_s3_store(const S3Options& options,
                                                   AwsCredentialsSource credentials);

}  // namespace symphony
