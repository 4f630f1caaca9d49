#include "server/static_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace symphony {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class StaticFilesTest : public testing::Test {
 protected:
  StaticFilesTest() {
    std::string name = (fs::temp_directory_path() / "symphony-www-XXXXXX").string();
    top_ = ::mkdtemp(name.data());
    write("outside.txt", "secret");
    write("www/index.html", "<p>hello");
    write("www/assets/app-1a2b.js", "run()");
    write("www/board/index.html", "<p>board");
    write("www/.env", "secret");
    write("www/.git/config", "secret");
    write("www/with space.txt", "spaced");
  }
  ~StaticFilesTest() override { fs::remove_all(top_); }

  void write(const std::string& name, const std::string& text) {
    fs::create_directories((top_ / name).parent_path());
    std::ofstream(top_ / name) << text;
  }

  StaticFiles files() {
    auto files = StaticFiles::read(top_ / "www");
    EXPECT_TRUE(files) << files.error().message;
    return std::move(*files);
  }

  static std::string body(const HttpResponse& response) {
    return {response.body->begin(), response.body->end()};
  }

  fs::path top_;
};

TEST_F(StaticFilesTest, ServesFilesWithTypeAndCaching) {
  const StaticFiles www = files();
  EXPECT_EQ(www.size(), 4u);
  const HttpResponse index = www.respond("/", "");
  EXPECT_EQ(index.status, 200u);
  EXPECT_EQ(body(index), "<p>hello");
  EXPECT_EQ(index.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(index.headers, HasSubstr("Cache-Control: no-cache\r\n"));
  const HttpResponse script = www.respond("/assets/app-1a2b.js?v=1", "");
  EXPECT_EQ(body(script), "run()");
  EXPECT_EQ(script.content_type, "text/javascript; charset=utf-8");
  EXPECT_THAT(script.headers, HasSubstr("immutable"));
  EXPECT_EQ(body(www.respond("/with%20space.txt", "")), "spaced");
  EXPECT_EQ(body(www.respond("/board/", "")), "<p>board");
}

TEST_F(StaticFilesTest, AnUnchangedFileIsNotSentAgain) {
  const StaticFiles www = files();
  const std::string headers = www.respond("/", "").headers;
  const std::string etag = headers.substr(6, 18);
  EXPECT_EQ(www.respond("/", etag).status, 304u);
  EXPECT_EQ(www.respond("/", "\"other\", W/" + etag).status, 304u);
  EXPECT_EQ(www.respond("/", "\"other\"").status, 200u);
}

TEST_F(StaticFilesTest, AFolderIsRedirectedToItsSlash) {
  const HttpResponse moved = files().respond("/board", "");
  EXPECT_EQ(moved.status, 308u);
  EXPECT_THAT(moved.headers, HasSubstr("Location: ./board/\r\n"));
}

TEST_F(StaticFilesTest, NothingOutsideOrHiddenCanBeNamed) {
  const StaticFiles www = files();
  for (const char* target :
       {"/../outside.txt", "/%2e%2e/outside.txt", "/..%2foutside.txt", "/board/../../outside.txt",
        "//etc/passwd", "/etc/passwd", "/.env", "/.git/config", "/board/..%5c..%5coutside.txt", "/nothing",
        "/index.html/", "/index.html%00.txt", "/assets/"}) {
    EXPECT_EQ(www.respond(target, "").status, 404u) << target;
  }
  for (const char* target : {"/%", "*", "", "%2findex.html"}) {
    EXPECT_EQ(www.respond(target, "").status, 400u) << target;
  }
}

TEST_F(StaticFilesTest, RefusesFoldersThatAreNoWebBuild) {
  EXPECT_FALSE(StaticFiles::read(top_ / "missing"));
  StaticLimits limits;
  limits.files_max = 2;
  EXPECT_EQ(StaticFiles::read(top_ / "www", limits).error().code, Code::kLimit);
}

}  // namespace
}  // namespace symphony
