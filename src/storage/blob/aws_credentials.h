// Where AWS credentials come from: variables or a file, as AWS's own tools have it.
#pragma once

#include "storage/blob/environment.h"
#include "storage/blob/sigv4.h"

namespace symphony {

// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN; without them the profile AWS_PROFILE
// ("default") of the file AWS_SHARED_CREDENTIALS_FILE (~/.aws/credentials). The file is read each time, so
// that credentials may be renewed under a running server. kUnavailable if there are none, with what to set.
Result<AwsCredentials> aws_credentials(const Environment& environment);

}  // namespace symphony
