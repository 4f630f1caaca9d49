#include "storage/blob/http_client.h"

#include <gmock/gmock.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>

#include <csignal>

#include "storage/blob/http_server_testing.h"
#include "storage/sqlite/temporary_folder.h"
#include "storage/store_testing.h"

namespace symphony {
namespace {

using testing::HasSubstr;

// Answers with what it was sent.
bool echo(const TestRequest& request, TestPeer& peer) {
  peer.send(http_answer("200 OK", request.method + request.target + "|" + request.body, "ETag: \"e\"\r\n"));
  return true;
}

TEST(HttpClient, sends_the_parts_of_a_body_as_one) {
  const TestServer server(echo);
  HttpClient client;
  const std::string big(300'000, 'x');
  HttpCall request;
  request.method = "PUT";
  request.url = "http://" + server.address() + "/a?b=c";
  request.text_bytes_max = 1u << 20;
  request.body = {as_bytes("one "), {}, as_bytes(big), as_bytes(" end")};
  const auto got = client.call(request);
  ASSERT_TRUE(got) << got.error().error.message;
  EXPECT_EQ(got->text, "PUT/a?b=c|one " + big + " end");
  EXPECT_EQ(got->etag, "\"e\"");
  for (const char* method : {"GET", "DELETE"}) {
    request.method = method;
    EXPECT_EQ(client.call(request)->text, std::string(method) + "/a?b=c|");
  }
  request.method = "POST";
  request.body.clear();
  EXPECT_EQ(client.call(request)->text, "POST/a?b=c|");
}

TEST(HttpClient, threads_call_at_once_and_use_connections_again) {
  const TestServer server(echo);
  HttpClient client;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 6; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 50; ++i) {
        HttpCall request;
        request.url = "http://" + server.address() + "/" + std::to_string(thread * 100 + i);
        const auto got = client.call(request);
        ASSERT_TRUE(got) << got.error().error.message;
        EXPECT_EQ(got->text, "GET/" + std::to_string(thread * 100 + i) + "|");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(server.requests(), 300);
  EXPECT_LE(server.connections(), 6);
}

TEST(HttpClient, a_kept_connection_that_was_closed_meanwhile_is_replaced) {
  const TestServer server([](const TestRequest& request, TestPeer& peer) {
    echo(request, peer);
    return false;
  });
  HttpClient client;
  const std::string body(200'000, 'b');
  for (int i = 0; i < 30; ++i) {
    HttpCall request;
    request.method = "PUT";
    request.url = "http://" + server.address() + "/";
    request.text_bytes_max = 1u << 20;
    request.body = {as_bytes(body)};
    auto got = client.call(request);
    // If it is closed just while the body is sent, nobody knows whether that has arrived.
    if (!got) {
      EXPECT_TRUE(got.error().may_have_arrived) << got.error().error.message;
      got = client.call(request);
    }
    ASSERT_TRUE(got) << got.error().error.message;
    EXPECT_EQ(got->text, "PUT/|" + body);
  }
}

TEST(HttpClient, speaks_http_alone) {
  HttpClient client;
  for (const char* url : {"file:///etc/passwd", "ftp://127.0.0.1/", "nonsense", ""}) {
    HttpCall request;
    request.url = url;
    EXPECT_FALSE(client.call(request)) << url;
  }
}

TEST(HttpClient, what_goes_into_addresses_and_messages_is_harmless) {
  EXPECT_EQ(percent_encode("aZ09-._~/ +%\xff"), "aZ09-._~%2F%20%2B%25%FF");
  EXPECT_EQ(percent_encode("a/b c", true), "a/b%20c");
  EXPECT_EQ(first_line("\r\n  one\x1b[31m\xc3\xa9\rtwo"), "one?[31m??");
  EXPECT_EQ(first_line(std::string(1000, 'x')).size(), 200u);
  EXPECT_EQ(first_line(" \n"), "");
}

// A TLS server of one self-signed certificate for 127.0.0.1, up to `version`.
class TlsServer {
 public:
  explicit TlsServer(int version)
      : key_(EVP_EC_gen("P-256"), EVP_PKEY_free),
        certificate_(X509_new(), X509_free),
        context_(SSL_CTX_new(TLS_server_method()), SSL_CTX_free) {
    X509_set_version(certificate_.get(), 2);
    X509_gmtime_adj(X509_getm_notBefore(certificate_.get()), -60);
    X509_gmtime_adj(X509_getm_notAfter(certificate_.get()), 3600);
    X509_NAME* const subject = X509_get_subject_name(certificate_.get());
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const uint8_t*>("test"), -1, -1,
                               0);
    X509_set_issuer_name(certificate_.get(), subject);
    X509_set_pubkey(certificate_.get(), key_.get());
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> name(
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1"), X509_EXTENSION_free);
    X509_add_ext(certificate_.get(), name.get(), -1);
    X509_sign(certificate_.get(), key_.get(), EVP_sha256());
    SSL_CTX_use_certificate(context_.get(), certificate_.get());
    SSL_CTX_use_PrivateKey(context_.get(), key_.get());
    SSL_CTX_set_cipher_list(context_.get(), "ALL:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context_.get(), version);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at = loopback_address(0);
    ASSERT(::bind(listener_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0 &&
           ::listen(listener_, 8) == 0);
    socklen_t size = sizeof at;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size);
    url = "https://127.0.0.1:" + std::to_string(ntohs(at.sin_port)) + "/";
    thread_ = std::thread([this] { serve(); });
  }
  ~TlsServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  void write_certificate(const std::string& path) const {
    const std::unique_ptr<BIO, decltype(&BIO_free)> file(BIO_new_file(path.c_str(), "w"), BIO_free);
    ASSERT(PEM_write_bio_X509(file.get(), certificate_.get()) == 1);
  }

  std::string url;

 private:
  void serve() {
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);  // OpenSSL writes where a client has hung up
    for (int fd; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0; ::close(fd)) {
      const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context_.get()), SSL_free);
      SSL_set_fd(tls.get(), fd);
      char buffer[4096];
      if (SSL_accept(tls.get()) != 1 || SSL_read(tls.get(), buffer, sizeof buffer) <= 0) continue;
      if (std::string_view(buffer, 3) == "PUT") continue;  // hangs up in the middle of it
      const std::string answer = http_answer("200 OK", "secure", "connection: close\r\n");
      SSL_write(tls.get(), answer.data(), static_cast<int>(answer.size()));
      SSL_shutdown(tls.get());
    }
  }

  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
  std::unique_ptr<X509, decltype(&X509_free)> certificate_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  int listener_ = -1;
  std::thread thread_;
};

TEST(HttpClient, a_server_that_hangs_up_while_it_is_written_to_ends_the_call_and_not_the_process) {
  const TemporaryFolder folder;
  HttpOptions options;
  options.ca_file = folder.file("ca.pem");
  const TlsServer server(TLS1_3_VERSION);
  server.write_certificate(options.ca_file);
  const std::string body(4u << 20, 'b');
  for (int i = 0; i < 10; ++i) {
    HttpCall request;
    request.method = "PUT";
    request.url = server.url;
    request.body = {as_bytes(body)};
    const auto got = HttpClient(options).call(request);
    ASSERT_FALSE(got);
    EXPECT_TRUE(got.error().may_have_arrived);
  }
}

TEST(HttpClient, trusts_only_certificates_that_it_is_told_to_and_new_versions_of_tls) {
  const TemporaryFolder folder;
  HttpOptions trusting;
  trusting.ca_file = folder.file("ca.pem");
  const auto call = [](const HttpOptions& options, const std::string& url) {
    HttpCall request;
    request.url = url;
    return HttpClient(options).call(request);
  };
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TlsServer server(version);
    server.write_certificate(trusting.ca_file);
    const auto got = call(trusting, server.url);
    ASSERT_TRUE(got) << got.error().error.message;
    EXPECT_EQ(got->text, "secure");
    const auto unknown = call({}, server.url);
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.error().error.message, HasSubstr("certificate"));
    EXPECT_FALSE(unknown.error().may_have_arrived);
    std::string other_name = server.url;
    other_name.replace(other_name.find("127.0.0.1"), 9, "localhost");
    EXPECT_FALSE(call(trusting, other_name));
  }
  const TlsServer old(TLS1_1_VERSION);
  old.write_certificate(trusting.ca_file);
  const auto refused = call(trusting, old.url);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().error.message, HasSubstr("version"));
}

}  // namespace
}  // namespace symphony
