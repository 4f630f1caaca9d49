#include "storage/blob/aws_credentials.h"

#include <algorithm>
#include <fstream>

namespace symphony {
namespace {

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin);
}

// Whether it can stand in a header.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > 0x20 && c < 0x7f; });
}

// The last of a name's lines counts, as with AWS's tools.
AwsCredentials read_profile(std::istream& file, const std::string& profile) {
  AwsCredentials out;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    const std::string_view text = trimmed(line);
    if (text.starts_with('[')) {
      inside = text == "[" + profile + "]";
      continue;
    }
    const size_t equals = text.find('=');
    if (!inside || equals == std::string_view::npos) continue;
    const std::string_view name = trimmed(text.substr(0, equals));
    const std::string_view value = trimmed(text.substr(equals + 1));
    if (name == "aws_access_key_id") out.access_key = value;
    if (name == "aws_secret_access_key") out.secret_key = value;
    if (name == "aws_session_token") out.session_token = value;
  }
  return out;
}

}  // namespace

Result<AwsCredentials> aws_credentials(const Environment& environment) {
  AwsCredentials out{environment("AWS_ACCESS_KEY_ID"), environment("AWS_SECRET_ACCESS_KEY"),
                     environment("AWS_SESSION_TOKEN")};
  std::string source = "the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
  if (out.access_key.empty() && out.secret_key.empty()) {
    std::string path = environment("AWS_SHARED_CREDENTIALS_FILE");
    if (path.empty()) path = environment("HOME") + "/.aws/credentials";
    std::string profile = environment("AWS_PROFILE");
    if (profile.empty()) profile = "default";
    std::ifstream file(path);
    if (!file)
      return fail(Code::kUnavailable,
                  "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or "
                  "AWS_SHARED_CREDENTIALS_FILE (there is no " +
                      path + ")");
    out = read_profile(file, profile);
    source = "profile [" + profile + "] of " + path;
  }
  if (out.access_key.empty() || out.secret_key.empty())
    return fail(Code::kUnavailable, "AWS credentials are incomplete: " + source + " must give both keys");
  if (!is_plain(out.access_key) || !is_plain(out.session_token))
    return fail(Code::kUnavailable,
                "AWS credentials are malformed: " + source + " holds blanks or control characters");
  return out;
}

}  // namespace symphony
