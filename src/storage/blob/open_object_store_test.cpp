#include "storage/blob/open_object_store.h"

#include <gmock/gmock.h>

#include <fstream>
#include <map>

#include "storage/blob/aws_credentials.h"
#include "storage/sqlite/temporary_folder.h"
#include "storage/store_testing.h"

namespace symphony {
namespace {

using testing::HasSubstr;
using testing::Not;

Environment with(std::map<std::string, std::string> variables) {
  return [variables](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  };
}

TEST(OpenObjectStore, opens_folders) {
  const TemporaryFolder folder;
  const auto store = open_object_store("file://" + folder.file(""), with({}));
  ASSERT_TRUE(store) << store.error().message;
  ASSERT_TRUE((*store)->put_new("a/b", bytes_of("x")));
  EXPECT_EQ(text_of((*store)->get("a/b").value()), "x");
  EXPECT_EQ((*store)->list("", "", 9).value(), std::vector<std::string>{"a/b"});
  EXPECT_TRUE((*store)->remove("a/b"));
  expect_code(open_object_store("file://" + folder.file("missing"), with({})), Code::kUnavailable);
}

// Where a store sends its requests shows in what it says when nobody answers there.
std::string asked(const std::string& url, const Environment& environment) {
  const auto store = open_object_store(url, environment);
  if (!store) return store.error().message;
  return (*store)->get("k").error().message;
}

TEST(OpenObjectStore, finds_the_place_that_url_and_environment_say) {
  const std::map<std::string, std::string> keys{{"AWS_ACCESS_KEY_ID", "key"},
                                                {"AWS_SECRET_ACCESS_KEY", "secret"}};
  auto endpoint = keys;
  endpoint["AWS_ENDPOINT_URL"] = "http://127.0.0.1:1";
  const std::string nobody = "http://127.0.0.1:1/";
  EXPECT_THAT(asked("s3://bucket/a/b/", with(endpoint)),
              HasSubstr("s3://bucket/a/b/k: GET " + nobody + "bucket/a/b/k"));
  EXPECT_THAT(asked("s3://bucket?endpoint=http://127.0.0.1:1/", with(keys)), HasSubstr(nobody + "bucket/k"));
  EXPECT_THAT(asked("s3://bucket?style=virtual&endpoint=http://localhost:1", with(keys)),
              HasSubstr("http://bucket.localhost:1/k"));
  EXPECT_THAT(asked("gs://bucket/a", with({{"STORAGE_EMULATOR_HOST", "127.0.0.1:1"}})),
              HasSubstr("gs://bucket/a/k: GET " + nobody + "storage/v1/b/bucket/o/a%2Fk"));
  EXPECT_THAT(asked("gs://bucket", with({{"GCE_METADATA_HOST", "127.0.0.1:1"}})),
              HasSubstr("the metadata server"));
  EXPECT_THAT(asked("s3://bucket", with({{"HOME", "/nowhere"}})), HasSubstr("no AWS credentials"));
}

TEST(OpenObjectStore, says_in_one_sentence_what_is_wrong) {
  const std::pair<const char*, const char*> wrong[] = {
      {"", "it looks like"},
      {"/var/lib", "it looks like"},
      {"http://bucket", "it begins with"},
      {"file://relative", "absolute"},
      {"file://", "absolute"},
      {"file:///a?b=c", "absolute"},
      {"s3://", "bucket's name"},
      {"s3://buck et", "bucket's name"},
      {"s3://bucket//a", "a prefix has"},
      {"s3://bucket/..", "a prefix has"},
      {"s3://bucket?region=a/b", "S3 region looks like"},
      {"s3://bucket?region", "name=value"},
      {"s3://bucket?region=a&region=b", "name=value"},
      {"s3://bucket?regoin=a", "no regoin"},
      {"s3://bucket?style=flat", "path or virtual"},
      {"s3://bucket?endpoint=ftp://a", "endpoint looks like"},
      {"s3://bucket?endpoint=https://a/b", "endpoint looks like"},
      {"s3://bucket?endpoint=a:9000", "endpoint looks like"},
      {"s3://key:hidden@bucket", "credentials come from"},
      {"gs://bucket?a=b", "nothing to set"},
      {"gs://BUCKET", "bucket's name"},
      {"gs://bucket/a.b", "a prefix has"},
  };
  for (const auto& [url, why] : wrong) {
    const auto store = open_object_store(url, with({}));
    expect_code(store, Code::kInvalid);
    EXPECT_THAT(store.error().message, HasSubstr(why)) << url;
    EXPECT_THAT(store.error().message, HasSubstr("names no object store"));
    EXPECT_THAT(store.error().message, Not(HasSubstr("hidden")));
  }
}

TEST(AwsCredentials, come_from_variables_or_a_file_that_may_change) {
  const auto variables = aws_credentials(
      with({{"AWS_ACCESS_KEY_ID", "a"}, {"AWS_SECRET_ACCESS_KEY", "b"}, {"AWS_SESSION_TOKEN", "c"}}));
  EXPECT_EQ(variables->access_key + variables->secret_key + variables->session_token, "abc");

  const TemporaryFolder folder;
  const std::string path = folder.file("credentials");
  std::ofstream(path) << "# mine\n[other]\naws_access_key_id = no\n\n[default]\naws_access_key_id=d\n"
                         "aws_secret_access_key = e/+= \r\n[third]\naws_access_key_id = f\n";
  const auto file = with({{"AWS_SHARED_CREDENTIALS_FILE", path}});
  EXPECT_EQ(aws_credentials(file)->access_key, "d");
  EXPECT_EQ(aws_credentials(file)->secret_key, "e/+=");
  EXPECT_EQ(aws_credentials(file)->session_token, "");
  expect_code(aws_credentials(with({{"AWS_SHARED_CREDENTIALS_FILE", path}, {"AWS_PROFILE", "third"}})),
              Code::kUnavailable);
  std::ofstream(path) << "[default]\naws_access_key_id=g\naws_secret_access_key=h\naws_session_token=i\n";
  EXPECT_EQ(aws_credentials(file)->access_key, "g");
}

TEST(AwsCredentials, missing_or_malformed_ones_are_told_without_being_shown) {
  for (const auto& variables : std::vector<std::map<std::string, std::string>>{
           {{"AWS_ACCESS_KEY_ID", "hidden"}},
           {{"AWS_SECRET_ACCESS_KEY", "hidden"}},
           {{"AWS_ACCESS_KEY_ID", "hid\r\nden"}, {"AWS_SECRET_ACCESS_KEY", "hidden"}},
           {{"AWS_ACCESS_KEY_ID", "a"}, {"AWS_SECRET_ACCESS_KEY", "b"}, {"AWS_SESSION_TOKEN", "hid\nden"}},
           {{"HOME", "/nowhere"}}}) {
    const auto credentials = aws_credentials(with(variables));
    expect_code(credentials, Code::kUnavailable);
    EXPECT_THAT(credentials.error().message, Not(HasSubstr("hid")));
  }
}

}  // namespace
}  // namespace symphony
