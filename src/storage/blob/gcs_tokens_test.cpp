#include "storage/blob/gcs_tokens.h"

#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <fstream>
#include <thread>

#include "storage/blob/gcs_store.h"
#include "storage/blob/http_server_testing.h"
#include "storage/sqlite/temporary_folder.h"
#include "storage/store_testing.h"

namespace symphony {
namespace {

using testing::HasSubstr;
using testing::Not;

using KeyPair = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

std::string pem_of(EVP_PKEY* key) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
  EXPECT_EQ(PEM_write_bio_PrivateKey(out.get(), key, nullptr, nullptr, 0, nullptr, nullptr), 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<size_t>(size)};
}

std::string json_text(std::string text) {
  for (size_t at = 0; (at = text.find('\n', at)) != std::string::npos;) text.replace(at, 1, "\\n");
  return '"' + text + '"';
}

std::string decoded64url(std::string text) {
  std::ranges::replace(text, '-', '+');
  std::ranges::replace(text, '_', '/');
  const size_t padding = (4 - text.size() % 4) % 4;
  text.append(padding, '=');
  std::string out(text.size(), '\0');
  const int size =
      EVP_DecodeBlock(reinterpret_cast<uint8_t*>(out.data()), reinterpret_cast<const uint8_t*>(text.data()),
                      static_cast<int>(text.size()));
  out.resize(static_cast<size_t>(size) - padding);
  return out;
}

// Splits and verifies "<header>.<claims>.<signature>" with the public half of `key`.
std::vector<std::string> verified(const std::string& assertion, EVP_PKEY* key) {
  const size_t first = assertion.find('.');
  const size_t second = assertion.find('.', first + 1);
  const std::string signature = decoded64url(assertion.substr(second + 1));
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  EXPECT_EQ(EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key), 1);
  const Bytes bytes = as_bytes(signature);
  const Bytes text = as_bytes(assertion).first(second);
  EXPECT_EQ(EVP_DigestVerify(context.get(), bytes.data(), bytes.size(), text.data(), text.size()), 1);
  return {decoded64url(assertion.substr(0, first)),
          decoded64url(assertion.substr(first + 1, second - first - 1))};
}

Environment with(std::map<std::string, std::string> variables) {
  return [variables](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::string() : found->second;
  };
}

struct KeyFile {
  KeyPair key{EVP_RSA_gen(2048), EVP_PKEY_free};
  TemporaryFolder folder;
  std::string path = folder.file("key.json");

  std::string json(const std::string& token_uri, const std::string& type = "service_account") const {
    return "{\"type\":\"" + type +
           "\",\"client_email\":\"me@project\",\"private_key_id\":\"id7\",\"private_key\":" +
           json_text(pem_of(key.get())) + ",\"token_uri\":\"" + token_uri + "\"}";
  }
  Environment written(const std::string& text) const {
    std::ofstream(path) << text;
    return with({{"GOOGLE_APPLICATION_CREDENTIALS", path}});
  }
};

TEST(GcsTokens, come_from_the_metadata_server) {
  std::string head;
  const TestServer server([&](const TestRequest& request, TestPeer& peer) {
    head = request.head;
    peer.send(http_answer("200 OK", R"({"access_token":"abc","expires_in":3599,"token_type":"Bearer"})"));
    return false;
  });
  const auto source = gcs_token_source(with({{"GCE_METADATA_HOST", server.address()}}), {});
  const auto token = source.value()();
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_EQ(token->value, "abc");
  EXPECT_EQ(token->expires_in_s, 3599);
  EXPECT_THAT(head,
              HasSubstr("GET /computeMetadata/v1/instance/service-accounts/default/token HTTP/1.1\r\n"));
  EXPECT_THAT(head, HasSubstr("metadata-flavor: Google\r\n"));
}

TEST(GcsTokens, a_key_is_exchanged_by_a_signed_assertion) {
  const KeyFile file;
  std::string body;
  const TestServer server([&](const TestRequest& request, TestPeer& peer) {
    body = request.body;
    peer.send(http_answer("200 OK", R"({"access_token":"xyz","expires_in":10})"));
    return false;
  });
  const std::string uri = "http://" + server.address() + "/token";
  const auto source = gcs_token_source(file.written(file.json(uri)), {});
  ASSERT_TRUE(source) << source.error().message;
  EXPECT_EQ((*source)().value().value, "xyz");
  const std::string before = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";
  ASSERT_TRUE(body.starts_with(before)) << body;
  const auto parts = verified(body.substr(before.size()), file.key.get());
  EXPECT_EQ(parts[0], R"({"alg":"RS256","typ":"JWT","kid":"id7"})");
  EXPECT_THAT(parts[1], HasSubstr("\"iss\":\"me@project\""));
  EXPECT_THAT(parts[1], HasSubstr("\"aud\":\"" + uri + "\""));
  EXPECT_THAT(parts[1], HasSubstr("devstorage.read_write"));
}

TEST(GcsTokens, a_refused_assertion_is_not_shown) {
  const KeyFile file;
  const TestServer server([](const TestRequest& request, TestPeer& peer) {
    peer.send(http_answer("400 Bad", request.body.substr(request.body.find("assertion="))));
    return false;
  });
  const auto source = gcs_token_source(file.written(file.json("http://" + server.address() + "/")), {});
  const auto token = source.value()();
  expect_code(token, Code::kUnavailable);
  EXPECT_THAT(token.error().message, HasSubstr("me@project's key for a token answered 400: assertion=..."));
}

TEST(GcsTokens, a_key_file_that_cannot_be_used_is_refused_at_once) {
  const KeyFile file;
  const std::string good = file.json("https://example/token");
  ASSERT_TRUE(gcs_token_source(file.written(good), {}));
  std::string no_key = good;
  no_key.replace(no_key.find("-----BEGIN"), 10, "-----BEGUN");
  for (const std::string& bad :
       {std::string(), std::string("{}"), good.substr(0, 100), no_key, file.json("http://example/token"),
        file.json("https://x/", "external_account")}) {
    const auto source = gcs_token_source(file.written(bad), {});
    expect_code(source, Code::kInvalid);
    EXPECT_THAT(source.error().message, HasSubstr(file.path));
    EXPECT_THAT(source.error().message, Not(HasSubstr("PRIVATE KEY")));
  }
  expect_code(gcs_token_source(with({{"GOOGLE_APPLICATION_CREDENTIALS", file.path + "-not"}}), {}),
              Code::kInvalid);
}

TEST(GcsTokens, answers_that_hold_no_usable_token_are_unavailable_and_not_quoted) {
  for (const char* bad :
       {"", "{", "[]", R"({"access_token":"hidden"})", R"({"access_token":"hid\nden","expires_in":9})",
        R"({"access_token":"hidden","expires_in":"9"})", R"({"access_token":"hidden","expires_in":-1})",
        R"({"access_token":"","expires_in":9})", R"({"access_token":1,"expires_in":9})"}) {
    const TestServer server([&](const TestRequest&, TestPeer& peer) {
      peer.send(http_answer("200 OK", bad));
      return false;
    });
    const auto token = gcs_token_source(with({{"GCE_METADATA_HOST", server.address()}}), {}).value()();
    expect_code(token, Code::kUnavailable);
    EXPECT_THAT(token.error().message, Not(HasSubstr("hid")));
    EXPECT_THAT(token.error().message, HasSubstr("GOOGLE_APPLICATION_CREDENTIALS"));
  }
}

struct TokenCacheTest : testing::Test {
  int64_t now = 1'000'000;
  int fetched = 0;
  bool broken = false;
  int64_t lifetime_s = 3600;
  TokenCache cache{[this]() -> Result<GcsToken> {
                     if (broken) return fail(Code::kUnavailable, "broken");
                     return GcsToken{"t" + std::to_string(++fetched), lifetime_s};
                   },
                   [this] { return now; }};
};

TEST_F(TokenCacheTest, keeps_a_token_and_renews_it_before_it_expires) {
  EXPECT_EQ(cache.token().value(), "t1");
  now += 3'300'000;
  EXPECT_EQ(cache.token().value(), "t1");
  now += 80'000;
  EXPECT_EQ(cache.token().value(), "t2");
}

TEST_F(TokenCacheTest, uses_the_old_one_while_renewing_fails_but_not_longer_than_it_lasts) {
  EXPECT_TRUE(cache.token());
  broken = true;
  now += 3'500'000;
  EXPECT_EQ(cache.token().value(), "t1");
  now += 100'000;
  expect_code(cache.token(), Code::kUnavailable);
  broken = false;
  EXPECT_EQ(cache.token().value(), "t2");
}

TEST_F(TokenCacheTest, a_refused_token_is_dropped_once) {
  const std::string first = cache.token().value();
  cache.drop(first);
  EXPECT_EQ(cache.token().value(), "t2");
  cache.drop(first);
  EXPECT_EQ(cache.token().value(), "t2");
}

TEST_F(TokenCacheTest, a_token_that_hardly_lasts_is_not_fetched_for_each_call) {
  lifetime_s = 60;
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(cache.token());
  EXPECT_EQ(fetched, 1);
  now += 50'001;
  EXPECT_EQ(cache.token().value(), "t2");
}

TEST(TokenCache, fetches_once_for_all_threads) {
  std::atomic<int> fetched = 0;
  TokenCache cache(
      [&]() -> Result<GcsToken> {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        return GcsToken{"t" + std::to_string(++fetched), 3600};
      },
      [] { return int64_t{0}; });
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { EXPECT_EQ(cache.token().value(), "t1"); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(fetched, 1);
}

}  // namespace
}  // namespace symphony
