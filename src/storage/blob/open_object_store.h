// The ObjectStore that a URL names.
//
//   file:///folder                                     files of one folder, which must exist
//   s3://bucket/prefix?region=...&endpoint=...&style=path|virtual
//   gs://bucket/prefix                                 Google Cloud Storage
//
// An S3 region not given is AWS_REGION, AWS_DEFAULT_REGION or us-east-1; an endpoint, AWS_ENDPOINT_URL_S3,
// AWS_ENDPOINT_URL or AWS's own. Style is `path` by default if there is an endpoint, else `virtual`.
// AWS_CA_BUNDLE names a file of certificates to trust. Credentials never stand in a URL:
// see aws_credentials.h and gcs_tokens.h.
#pragma once

#include <memory>
#include <string>

#include "storage/blob/environment.h"
#include "storage/blob/object_store.h"

namespace symphony {

// kInvalid, with one sentence that helps, if the URL or a setting is wrong; kUnavailable if the folder cannot
// be read. Calls of the store do not retry.
Result<std::unique_ptr<ObjectStore>> open_object_store(const std::string& url,
                                                       const Environment& environment);

}  // namespace symphony
