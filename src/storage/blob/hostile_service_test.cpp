// S3 and Google Cloud Storage stores in front of a service that lies, breaks and stalls.
#include <gmock/gmock.h>

#include "storage/blob/gcs_store.h"
#include "storage/blob/http_server_testing.h"
#include "storage/blob/s3_store.h"
#include "storage/store_testing.h"

namespace symphony {
namespace {

using std::chrono::milliseconds;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kSecret = "a-secret-that-nobody-may-see";

// Long enough for a busy machine, and short where the end of waiting is what is tested.
constexpr milliseconds kPatient{20'000};
constexpr milliseconds kQuick{400};

std::unique_ptr<ObjectStore> open_s3(const std::string& address, uint64_t bytes_max, milliseconds timeout) {
  S3Options options;
  options.bucket = "bucket";
  options.prefix = "pre";
  options.endpoint = "http://" + address;
  options.path_style = true;
  options.limits = {bytes_max, 2, 20};
  options.http.total_timeout = timeout;
  return open_s3_store(options,
                       [] {
                         return Result<AwsCredentials>({"key", "secret-key", std::string(kSecret)});
                       })
      .value();
}

std::unique_ptr<ObjectStore> open_gcs(const std::string& address, uint64_t bytes_max, milliseconds timeout) {
  GcsOptions options;
  options.bucket = "bucket";
  options.prefix = "pre";
  options.limits = {bytes_max, 2, 20};
  options.http.total_timeout = timeout;
  return open_gcs_store(options,
                        [address](const std::string& name) {
                          return name == "STORAGE_EMULATOR_HOST" ? address : std::string();
                        })
      .value();
}

Buffer stored(std::string_view key, Bytes bytes) {
  Buffer out;
  EXPECT_TRUE(encode_object(key, bytes, [&](Bytes piece) -> Result<void> {
    out.insert(out.end(), piece.begin(), piece.end());
    return {};
  }));
  return out;
}

struct Service {
  const char* name;
  std::unique_ptr<ObjectStore> (*open)(const std::string& address, uint64_t bytes_max, milliseconds timeout);
  std::string absent;  // how it says that an object does not exist
  std::string created(const std::string& key) const {
    return name == std::string("s3") ? http_answer("200 OK", "", "etag: \"1\"\r\n")
                                     : http_answer("200 OK", "{\"name\":\"pre/" + key + "\"}");
  }
};

class HostileService : public testing::TestWithParam<Service> {
 protected:
  // All four calls against a server that answers every request with `answer`.
  struct Outcome {
    Result<void> put;
    Result<Buffer> got;
    Result<void> removed;
    Result<std::vector<std::string>> listed;
    int requests;
  };
  Outcome outcome_of(const TestServer::Handler& handler, uint64_t bytes_max = 1u << 20,
                     milliseconds timeout = kPatient) {
    const TestServer server(handler);
    const auto store = GetParam().open(server.address(), bytes_max, timeout);
    Outcome out{store->put_new("a/1", bytes_of("text")), store->get("a/1"), store->remove("a/1"),
                store->list("a/", "", 10), 0};
    out.requests = server.requests();
    return out;
  }
  Outcome outcome_of(const std::string& answer) {
    return outcome_of([&](const TestRequest&, TestPeer& peer) {
      peer.send(answer);
      return false;
    });
  }
  template <class T>
  static void expect_unavailable(const Result<T>& result, const std::string& said = "") {
    expect_code(result, Code::kUnavailable);
    EXPECT_THAT(result.error().message, HasSubstr("a"));
    EXPECT_THAT(result.error().message, HasSubstr("bucket/pre/"));
    EXPECT_THAT(result.error().message, HasSubstr(said));
    EXPECT_LT(result.error().message.size(), 600u);
  }
  static void expect_all_unavailable(const Outcome& outcome, const std::string& said = "") {
    expect_unavailable(outcome.put, said);
    expect_unavailable(outcome.got, said);
    expect_unavailable(outcome.removed, said);
    expect_unavailable(outcome.listed, said);
  }
};

TEST_P(HostileService, errors_name_the_object_the_status_and_what_was_said) {
  for (const char* status :
       {"503 Slow Down", "500 Oops", "502 Bad Gateway", "429 Too Many", "403 No", "401 Who", "400 Bad",
        "206 Partial", "301 Moved", "416 Range", "404 Not Found"}) {
    SCOPED_TRACE(status);
    const Outcome outcome =
        outcome_of(http_answer(status, "<html>\nit is\x01 broken</html>", "etag: \"1\"\r\n"));
    const std::string number = std::string(status).substr(0, 3);
    expect_unavailable(outcome.got, "answered " + number + ": <html>");
    expect_unavailable(outcome.removed, "answered " + number);
    expect_unavailable(outcome.listed, "answered " + number);
    expect_code(outcome.put, Code::kUnavailable);
  }
}

TEST_P(HostileService, a_missing_bucket_is_no_missing_object) {
  for (const char* body :
       {"<Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message></Error>",
        R"({"error":{"code":404,"message":"The specified bucket does not exist."}})", ""})
    expect_all_unavailable(outcome_of(http_answer("404 Not Found", body)), "404");
  const Outcome absent = outcome_of(http_answer("404 Not Found", GetParam().absent));
  expect_code(absent.got, Code::kNotFound);
  EXPECT_TRUE(absent.removed);
}

TEST_P(HostileService, redirects_are_not_followed) {
  const TestServer elsewhere([](const TestRequest&, TestPeer&) { return false; });
  const Outcome outcome = outcome_of(
      http_answer("307 Temporary Redirect", "", "location: http://" + elsewhere.address() + "/\r\n"));
  expect_all_unavailable(outcome, "answered 307");
  EXPECT_EQ(elsewhere.requests(), 0);
}

TEST_P(HostileService, success_in_the_words_of_a_portal_is_no_success) {
  const Outcome outcome = outcome_of(http_answer("200 OK", "<html><p>Please log in</html>"));
  expect_code(outcome.put, Code::kCorrupt);  // as what it reads back is
  expect_code(outcome.got, Code::kCorrupt);
  expect_unavailable(outcome.listed, "<html>");
}

TEST_P(HostileService, dropped_stalled_and_dripping_connections_end_in_time) {
  const auto begin = std::chrono::steady_clock::now();
  const auto outcome = [&](const TestServer::Handler& handler) {
    return outcome_of(handler, 1u << 20, kQuick);
  };
  expect_all_unavailable(outcome([](const TestRequest&, TestPeer&) { return false; }));
  expect_all_unavailable(outcome([](const TestRequest&, TestPeer& peer) { return !peer.receive().empty(); }));
  expect_all_unavailable(outcome([](const TestRequest&, TestPeer& peer) {
    peer.send("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\netag: \"1\"\r\n\r\n");
    const Buffer bytes = stored("a/1", bytes_of("text"));
    for (size_t i = 0; i < 30 && peer.send(as_text(bytes).substr(i, 1)); ++i)
      std::this_thread::sleep_for(milliseconds(30));
    return false;
  }));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kPatient);
}

TEST_P(HostileService, a_closed_port_is_unavailable) {
  std::string address;
  {
    const TestServer server([](const TestRequest&, TestPeer&) { return false; });
    address = server.address();
  }
  const auto store = GetParam().open(address, 100, kPatient);
  expect_unavailable(store->get("a/1"));
  expect_unavailable(store->put_new("a/1", bytes_of("x")));
}

TEST_P(HostileService, every_byte_at_which_an_answer_ends_is_found) {
  const std::string whole =
      http_answer("200 OK", as_text(stored("a/1", bytes_of("text"))), "etag: \"1\"\r\n");
  std::atomic<size_t> cut = 0;
  const TestServer server([&](const TestRequest&, TestPeer& peer) {
    peer.send(whole.substr(0, cut));
    return false;
  });
  const auto store = GetParam().open(server.address(), 100, kPatient);
  for (; cut < whole.size(); ++cut) expect_unavailable(store->get("a/1"));
  EXPECT_EQ(text_of(store->get("a/1").value()), "text");
}

TEST_P(HostileService, no_endless_answer_takes_memory_or_time) {
  const std::string endless(64u << 10, 'x');
  std::atomic<size_t> sent = 0;
  const auto pour = [&](const std::string& before) {
    sent = 0;
    return outcome_of([&, before](const TestRequest&, TestPeer& peer) {
      for (bool open = peer.send(before); open && sent < (1u << 30); open = peer.send(endless))
        sent += endless.size();
      return false;
    });
  };
  const Outcome body = pour("HTTP/1.1 200 OK\r\netag: \"1\"\r\n\r\n");
  expect_code(body.got, Code::kCorrupt);
  EXPECT_LT(sent, 100u << 20);
  expect_code(body.listed, Code::kLimit);
  expect_all_unavailable(pour("HTTP/1.1 200 OK\r\nx: "));
  expect_all_unavailable(pour("HTTP/1.1 503 No\r\n\r\n"));

  sent = 0;
  expect_all_unavailable(outcome_of([&](const TestRequest&, TestPeer& peer) {
    peer.send("HTTP/1.1 200 OK\r\n");
    for (; sent < (64u << 20) && peer.send("a: 23456789\r\nb: 23456789\r\n"); sent += 26) {
    }
    return false;
  }));
  EXPECT_LT(sent, 64u << 20);
}

TEST_P(HostileService, another_objects_bytes_damage_and_lies_of_size_are_found) {
  const auto got = [&](std::string_view bytes, uint64_t bytes_max) {
    return outcome_of(
               [&](const TestRequest&, TestPeer& peer) {
                 peer.send(http_answer("200 OK", bytes, "etag: \"1\"\r\n"));
                 return false;
               },
               bytes_max)
        .got;
  };
  const Buffer good = stored("a/1", bytes_of("text"));
  EXPECT_EQ(text_of(got(as_text(good), 4).value()), "text");
  expect_code(got(as_text(good), 3), Code::kLimit);
  expect_code(got(as_text(stored("a/2", bytes_of("text"))), 4), Code::kCorrupt);
  expect_code(got(as_text(good).substr(0, good.size() - 1), 4), Code::kCorrupt);
  expect_code(got("", 4), Code::kCorrupt);
  Buffer longer = good;
  longer.resize(8u << 20);
  expect_code(got(as_text(longer), 4), Code::kCorrupt);
}

TEST_P(HostileService, a_writer_is_told_what_is_there) {
  const auto put = [&](const std::string& to_put, const std::string& to_get) {
    const TestServer server([&](const TestRequest& request, TestPeer& peer) {
      peer.send(request.method == "GET"    ? to_get
                : request.method == "HEAD" ? http_answer("404 None", "")
                                           : to_put);
      return false;
    });
    return GetParam().open(server.address(), 100, kPatient)->put_new("a/1", bytes_of("text"));
  };
  const std::string exists = http_answer("412 Precondition Failed", "");
  const std::string absent = http_answer("404 Not Found", GetParam().absent);
  const auto holding = [](std::string_view key, std::string_view text) {
    return http_answer("200 OK", as_text(stored(key, bytes_of(text))));
  };
  EXPECT_TRUE(put(GetParam().created("a.1"), absent));
  EXPECT_TRUE(put(exists, holding("a/1", "text")));
  expect_code(put(exists, holding("a/1", "other")), Code::kConflict);
  expect_code(put(exists, holding("a/1", std::string(101, 'x'))), Code::kConflict);
  expect_code(put(exists, holding("a/2", "text")), Code::kCorrupt);
  expect_unavailable(put(exists, absent), "cannot be compared");
  expect_unavailable(put(exists, http_answer("503 Slow", "")), "503");
  // The answer was lost: what is there decides.
  for (const std::string& lost : {std::string(), http_answer("500 Oops", ""), http_answer("504 Late", "")}) {
    EXPECT_TRUE(put(lost, holding("a/1", "text")));
    expect_code(put(lost, holding("a/1", "other")), Code::kConflict);
    expect_unavailable(put(lost, absent));
  }
}

TEST_P(HostileService, nothing_secret_comes_back_in_a_message) {
  const Outcome outcome = outcome_of([](const TestRequest& request, TestPeer& peer) {
    std::string head = request.head;
    std::ranges::replace(head, '\r', ' ');
    std::ranges::replace(head, '\n', ' ');
    peer.send(http_answer("403 No", head));
    peer.send(http_answer("403 No", "<Error><Code>X</Code><Message>" + head + "</Message></Error>"));
    return false;
  });
  for (const Error& error :
       {outcome.put.error(), outcome.got.error(), outcome.removed.error(), outcome.listed.error()})
    EXPECT_THAT(error.message, Not(AnyOf(HasSubstr(kSecret), HasSubstr("secret-key"))));
}

// A list in the service's own words.
std::string list_of(const std::string& service, const std::vector<std::string>& names, bool more) {
  std::string items;
  for (const std::string& name : names) {
    items += service == "s3" ? "<Contents><Key>" + name + "</Key></Contents>"
                             : std::string(items.empty() ? "" : ",") + "{\"name\":\"" + name + "\"}";
  }
  if (service == "gcs")
    return http_answer("200 OK",
                       "{\"items\":[" + items + "]" + (more ? ",\"nextPageToken\":\"t\"" : "") + "}");
  return http_answer("200 OK", "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><IsTruncated>" +
                                   std::string(more ? "true" : "false") + "</IsTruncated>" + items +
                                   "</ListBucketResult>");
}

TEST_P(HostileService, lists_that_lie_or_never_end_are_found) {
  const std::string service = GetParam().name;
  const auto listed = [&](const std::string& answer) { return outcome_of(answer).listed; };
  using Keys = std::vector<std::string>;
  EXPECT_EQ(listed(list_of(service, {"pre/a.1", "pre/a.1 b", "pre/a.1/x", "pre/a.2"}, false)).value(),
            (Keys{"a/1", "a/2"}));
  EXPECT_EQ(listed(list_of(service, {}, false)).value(), Keys{});
  for (const Keys& lie :
       {Keys{"pre/a.2", "pre/a.1"}, Keys{"pre/a.1", "pre/a.1"}, Keys{"pre/b"}, Keys{"a.1"}, Keys{""}})
    expect_unavailable(listed(list_of(service, lie, false)), "not in ascending order");
  expect_unavailable(listed(list_of(service, {"pre/a.1"}, true)), "not in ascending order");
  for (const char* malformed :
       {"", "{", "[]", "null", "<a>", "{\"items\":1}", "{\"items\":[{}]}", "{\"nextPageToken\":1}",
        "<ListBucketResult/>", "<ListBucketResult><IsTruncated>maybe</IsTruncated></ListBucketResult>",
        "<ListBucketResult><IsTruncated>false</IsTruncated>"})
    expect_unavailable(listed(http_answer("200 OK", malformed)), "list of objects");

  // Ever new names that are nobody's key, a page at a time.
  int page = 0;
  const Outcome endless = outcome_of([&](const TestRequest&, TestPeer& peer) {
    const std::string number = std::to_string(1'000'000 + page++);
    peer.send(list_of(service, {"pre/a.x/" + number}, true));
    return false;
  });
  expect_code(endless.listed, Code::kLimit);
  EXPECT_LE(page, 30);
}

// An honest S3 service of one object that treats `If-None-Match` as told.
struct OneObject {
  enum Manner { kHonours, kIgnores, kRefuses };
  explicit OneObject(Manner chosen) : manner(chosen) {}
  const Manner manner;
  std::string bytes;
  int puts = 0;
  int heads = 0;
  TestServer server{[this](const TestRequest& request, TestPeer& peer) {
    peer.send(answer(request));
    return request.method != "HEAD";
  }};

  std::string answer(const TestRequest& request) {
    const bool conditional = request.head.find("if-none-match: *\r\n") != std::string::npos;
    if (request.method == "HEAD") {
      ++heads;
      return http_answer(bytes.empty() ? "404 Not Found" : "200 OK", "");
    }
    if (request.method == "GET") return http_answer("200 OK", bytes);
    ++puts;
    if (conditional && manner == kRefuses)
      return http_answer("501 Not Implemented", "<Error><Code>NotImplemented</Code></Error>");
    if (conditional && manner == kHonours && !bytes.empty())
      return http_answer("412 Precondition Failed", "");
    bytes = request.body;
    return http_answer("200 OK", "", "ETag: \"1\"\r\n");
  }
};

TEST(S3Store, creates_once_however_the_service_takes_the_condition) {
  for (const auto manner : {OneObject::kHonours, OneObject::kIgnores, OneObject::kRefuses}) {
    SCOPED_TRACE(manner);
    OneObject service(manner);
    const auto store = open_s3(service.server.address(), 100, kPatient);
    ASSERT_TRUE(store->put_new("a", bytes_of("one")));
    expect_code(store->put_new("a", bytes_of("two")), Code::kConflict);
    ASSERT_TRUE(store->put_new("a", bytes_of("one")));
    EXPECT_EQ(text_of(store->get("a").value()), "one");
    // What was found out is remembered: no more questions, or no more conditions.
    EXPECT_EQ(service.heads, manner == OneObject::kHonours ? 1 : 3);
    EXPECT_EQ(service.puts, manner == OneObject::kHonours ? 4 : 2);
  }
}

TEST(GcsStore, a_refused_token_is_replaced_once) {
  int tokens = 0;
  const TestServer metadata([&](const TestRequest&, TestPeer& peer) {
    peer.send(http_answer(
        "200 OK", "{\"access_token\":\"token-" + std::to_string(++tokens) + "\",\"expires_in\":3000}"));
    return false;
  });
  std::string good = "Bearer token-2\r\n";
  std::vector<std::string> bodies;
  const TestServer service([&](const TestRequest& request, TestPeer& peer) {
    bodies.push_back(request.body);
    const bool authorized = request.head.find(good) != std::string::npos;
    peer.send(authorized ? http_answer("200 OK", "{\"name\":\"a\"}")
                         : http_answer("401 Unauthorized", "who is token-1, token-2 or token-3?"));
    return true;
  });
  GcsOptions options;
  options.bucket = "bucket";
  options.origin = "http://" + service.address();
  const auto store = open_gcs_store(options, [&](const std::string& name) {
                       return name == "GCE_METADATA_HOST" ? metadata.address() : std::string();
                     }).value();
  ASSERT_TRUE(store->put_new("a", bytes_of("text")));
  ASSERT_EQ(bodies.size(), 2u);
  EXPECT_EQ(bodies[0], bodies[1]) << "the whole body again";
  ASSERT_TRUE(store->remove("a"));
  EXPECT_EQ(tokens, 2);
  good = "nothing";
  const auto refused = store->remove("a");
  expect_code(refused, Code::kUnavailable);
  EXPECT_EQ(tokens, 3);
  EXPECT_THAT(refused.error().message, Not(HasSubstr("token-3")));
}

INSTANTIATE_TEST_SUITE_P(
    Services, HostileService,
    testing::Values(Service{"s3", open_s3, "<Error><Code>NoSuchKey</Code><Message>No</Message></Error>"},
                    Service{"gcs", open_gcs, "No such object: bucket/pre/a.1"}),
    [](const auto& service) { return service.param.name; });

}  // namespace
}  // namespace symphony
