// A real Postgres for tests: one server a test program, in a temporary folder, reached by a Unix socket and a
// free loopback port. As root it runs as `postgres` or `nobody`, because Postgres refuses root. It ends with
// the program, however that ends.
#pragma once

#include <arpa/inet.h>
#include <grp.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "storage/sqlite/temporary_folder.h"

namespace symphony {

class PostgresServer {
 public:
  // The program's server, started by the first call; ends with the program.
  static PostgresServer& shared();

  explicit PostgresServer(const std::string& settings = "");
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // As the administrator `symphony`, by the socket.
  std::string conninfo(const std::string& database, const std::string& user = "symphony") const;
  // By loopback, where a password is asked for.
  std::string tcp_conninfo(const std::string& database, const std::string& user) const;
  const std::string& folder() const { return path_; }
  // A program of this Postgres's.
  std::string program(const std::string& name) const { return binaries_ + "/" + name; }
  int port() const { return port_; }

  void start();                   // waits until it answers
  void stop(bool crash = false);  // as it should end, or as in a power cut

 private:
  int run(const std::vector<std::string>& command, bool wait);

  TemporaryFolder folder_;
  std::string path_ = folder_.file("");
  std::string binaries_;
  std::string settings_;
  int port_ = 0;
  int pid_ = 0;
};

// Runs SQL on a connection of its own and answers the first value as text, "" if there is none.
std::string run_sql(const std::string& conninfo, const std::string& sql);

namespace postgres_testing {

// The newest Postgres that Debian's packages installed.
inline std::string find_binaries() {
  std::string found;
  std::error_code missing;
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", missing)) {
    const std::string folder = version.path() / "bin";
    if (std::filesystem::exists(folder + "/initdb") && folder > found) found = folder;
  }
  if (found.empty()) {
    std::fputs("these tests start a Postgres of their own: install the package `postgresql` (14 or newer)\n",
               stderr);
    std::exit(1);
  }
  return found;
}

inline const passwd* unprivileged() {
  if (geteuid() != 0) return nullptr;
  const passwd* user = getpwnam("postgres");
  return user != nullptr ? user : getpwnam("nobody");
}

inline int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(fd);
  return bound ? ntohs(address.sin_port) : 0;
}

}  // namespace postgres_testing

inline PostgresServer& PostgresServer::shared() {
  static PostgresServer server;
  return server;
}

inline PostgresServer::PostgresServer(const std::string& settings)
    : binaries_(postgres_testing::find_binaries()), settings_(settings) {
  if (const passwd* user = postgres_testing::unprivileged();
      user != nullptr && chown(path_.c_str(), user->pw_uid, user->pw_gid) != 0) {
    std::abort();
  }
  const int rc =
      run({binaries_ + "/initdb", "--pgdata=" + path_ + "data", "--username=symphony", "--encoding=UTF8",
           "--locale=C", "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync"},
          true);
  if (rc != 0) {
    std::fprintf(stderr, "initdb failed; see what it said in %slog\n", path_.c_str());
    std::exit(1);
  }
  start();
}

inline PostgresServer::~PostgresServer() { stop(); }

inline int PostgresServer::run(const std::vector<std::string>& command, bool wait) {
  const passwd* user = postgres_testing::unprivileged();
  const pid_t child = fork();
  if (child == 0) {
    if (user != nullptr &&
        (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)) {
      _exit(127);
    }
    prctl(PR_SET_PDEATHSIG, SIGQUIT);  // a test that dies leaves no server
    if (std::freopen((path_ + "log").c_str(), "a", stdout) == nullptr ||
        dup2(STDOUT_FILENO, STDERR_FILENO) < 0) {
      _exit(127);
    }
    std::vector<char*> arguments;
    for (const std::string& each : command) arguments.push_back(const_cast<char*>(each.c_str()));
    arguments.push_back(nullptr);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  if (!wait) return child;
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

inline void PostgresServer::start() {
  for (int tries = 0; tries < 3; ++tries) {
    if (port_ == 0) port_ = postgres_testing::free_port();  // a restart keeps its port
    std::vector<std::string> command = {binaries_ + "/postgres",
                                        "-D",
                                        path_ + "data",
                                        "-k",
                                        path_,
                                        "-p",
                                        std::to_string(port_),
                                        "-c",
                                        "listen_addresses=127.0.0.1",
                                        "-c",
                                        "max_connections=200",
                                        "-c",
                                        "shared_buffers=64MB",
                                        "-c",
                                        "log_min_messages=log"};
    if (!settings_.empty()) command.insert(command.end(), {"-c", settings_});
    pid_ = run(command, false);
    for (int wait = 0; wait < 1000; ++wait) {
      if (PQping(conninfo("postgres").c_str()) == PQPING_OK) return;
      if (waitpid(pid_, nullptr, WNOHANG) == pid_) break;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    port_ = 0;  // perhaps somebody else took it
  }
  std::ifstream log(path_ + "log");
  std::fputs(std::string(std::istreambuf_iterator<char>(log), {}).c_str(), stderr);
  std::fputs("Postgres does not start; its log is above\n", stderr);
  std::exit(1);
}

inline void PostgresServer::stop(bool crash) {
  if (pid_ == 0) return;
  kill(pid_, crash ? SIGQUIT : SIGINT);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

inline std::string PostgresServer::conninfo(const std::string& database, const std::string& user) const {
  return "host=" + path_ + " port=" + std::to_string(port_) + " user=" + user + " dbname=" + database;
}

inline std::string PostgresServer::tcp_conninfo(const std::string& database, const std::string& user) const {
  return "postgresql://" + user + "@127.0.0.1:" + std::to_string(port_) + "/" + database;
}

inline std::string run_sql(const std::string& conninfo, const std::string& sql) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(conninfo.c_str()), PQfinish);
  PQsetNoticeProcessor(
      connection.get(), [](void*, const char*) {}, nullptr);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()), PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    std::fprintf(stderr, "%s\nin: %s\n", PQerrorMessage(connection.get()), sql.c_str());
    std::abort();
  }
  return status == PGRES_TUPLES_OK && PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

}  // namespace symphony
