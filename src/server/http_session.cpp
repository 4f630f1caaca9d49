#include "server/http_session.h"

#include "server/log.h"
#include "server/room_address.h"
#include "server/static_files.h"
#include "server/websocket_handshake.h"

namespace symphony {
namespace {

// How long /readyz and /metrics wait for storage and for the other loops.
constexpr Duration kAnswerTimeout = std::chrono::seconds(3);

constexpr std::string_view kNoPages =
    "Symphony is running. Connect a Yjs client to ws://<this host>/rooms/<room id>.\n"
    "The example pages are not built: run `npm run build` in packages/examples, or name a folder with --www.";

HttpResponse with_header(HttpResponse response, std::string_view header) {
  response.headers += header;
  return response;
}

}  // namespace

HttpSession::HttpSession(Shard& shard, uint64_t id, std::unique_ptr<io::Socket> socket,
                         Admission::Ticket ticket)
    : shard_(shard),
      id_(id),
      ticket_(std::move(ticket)),
      connection_(shard.loop().attach(std::move(socket), *this)),
      deadline_(shard.loop().now() + shard.services().options().head_timeout),
      progress_(shard.loop().now()) {}

void HttpSession::start() {
  if (!ticket_) {
    keep_alive_ = false;
    respond(with_header(text_response(503, ticket_.refusal()), "Retry-After: 10\r\n"));
  }
  connection_->set_reading(true);
}

void HttpSession::on_read(Bytes bytes) {
  if (state_ == State::kFinished) return;
  if (received_.empty()) {
    deadline_ = std::min(deadline_, shard_.loop().now() + shard_.services().options().head_timeout);
  }
  received_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  process();
}

void HttpSession::process() {
  while (state_ == State::kReading && !received_.empty()) {
    const auto end = find_head_end(received_, searched_);
    const size_t head_bytes_max = shard_.services().options().head_bytes_max;
    if (end.value_or(received_.size()) > head_bytes_max) {
      keep_alive_ = false;
      return respond(
          text_response(431, "a request head has at most " + std::to_string(head_bytes_max) + " bytes"));
    }
    if (!end) {
      searched_ = received_.size();
      return;
    }
    const auto request = parse_http_request(std::string_view(received_).substr(0, *end));
    received_.erase(0, *end);
    searched_ = 0;
    if (!request) {
      keep_alive_ = false;
      return respond(text_response(400, request.error().message));
    }
    handle(*request);
  }
  if (received_.empty()) received_.shrink_to_fit();
}

void HttpSession::handle(const HttpRequest& request) {
  head_only_ = request.method == "HEAD";
  keep_alive_ = request.keep_alive && !request.has_body && !shard_.services().draining();
  if (request.upgrade_websocket) return upgrade(request);
  if (request.method != "GET" && request.method != "HEAD") {
    return respond(
        with_header(text_response(405, "this server answers GET and HEAD"), "Allow: GET, HEAD\r\n"));
  }
  if (request.has_body) return respond(text_response(400, "a GET request here has no body"));
  const std::string_view path = path_of(request.target);
  if (path == "/healthz") return respond(text_response(200, "ok"));
  if (path == "/readyz") return show_readiness();
  if (path == "/metrics") return show_metrics();
  if (path == "/rooms" || path.starts_with("/rooms/")) {
    return respond(with_header(
        text_response(426, "rooms speak WebSocket: connect a Yjs client to ws://<host>/rooms/<room id>"),
        "Upgrade: websocket\r\n"));
  }
  const StaticFiles& files = shard_.services().files();
  if (path == "/" && files.empty()) return respond(text_response(200, kNoPages));
  respond(files.respond(request.target, request.if_none_match));
}

void HttpSession::upgrade(const HttpRequest& request) {
  keep_alive_ = false;
  if (shard_.services().draining()) {
    return respond(with_header(text_response(503, "the server is shutting down; try again in a moment"),
                               "Retry-After: 1\r\n"));
  }
  if (connection_->queued_bytes() != 0) {
    return respond(text_response(400, "an upgrade must wait for the answers to earlier requests"));
  }
  auto address = parse_room_address(request.target);
  if (!address) return respond(text_response(400, address.error().message));
  auto handshake = accept_websocket(request);
  if (!handshake) return respond(std::move(handshake.error()));
  Upgraded upgraded;
  upgraded.socket = connection_->release();
  upgraded.ticket = std::move(ticket_);
  upgraded.room = std::move(address->id);
  upgraded.options.acks = address->acks || handshake->acks;
  upgraded.options.echo = address->echo;
  upgraded.response = std::move(handshake->response);
  upgraded.rest.assign(received_.begin(), received_.end());
  received_.clear();
  state_ = State::kFinished;
  shard_.services().hand_over(std::move(upgraded));
  shard_.retire(id_);
}

uint64_t HttpSession::begin_wait() {
  state_ = State::kWaiting;
  connection_->set_reading(false);
  deadline_ = shard_.loop().now() + kAnswerTimeout;
  return ++wait_;
}

void HttpSession::show_metrics() {
  const uint64_t wait = begin_wait();
  shard_.services().collect_metrics(shard_, [shard = &shard_, id = id_, wait](std::string page) {
    auto* session = dynamic_cast<HttpSession*>(shard->find(id));
    if (session == nullptr) return;
    HttpResponse response;
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.headers = "Cache-Control: no-store\r\n";
    response.body = share(Buffer(page.begin(), page.end()));
    session->answer(wait, std::move(response));
  });
}

void HttpSession::show_readiness() {
  const uint64_t wait = begin_wait();
  shard_.services().check_ready(shard_, [shard = &shard_, id = id_, wait](const Result<void>& ready) {
    auto* session = dynamic_cast<HttpSession*>(shard->find(id));
    if (session == nullptr) return;
    session->answer(wait, ready ? text_response(200, "ready") : text_response(503, ready.error().message));
  });
}

void HttpSession::answer(uint64_t wait, HttpResponse response) {
  if (state_ != State::kWaiting || wait != wait_) return;
  state_ = State::kReading;
  respond(std::move(response));
  if (state_ == State::kFinished) return;
  connection_->set_reading(true);
  process();
}

void HttpSession::respond(HttpResponse response) {
  response.keep_alive = keep_alive_;
  response.head_only = head_only_;
  ++shard_.counters().http_responses[std::to_string(response.status)];
  connection_->send(share(format_http_head(response)));
  if (response.body && !head_only_) connection_->send(response.body);
  progress_ = shard_.loop().now();
  deadline_ = progress_ + shard_.services().options().keep_alive_timeout;
  if (!keep_alive_) finish();
}

void HttpSession::finish() {
  state_ = State::kFinished;
  received_.clear();
  connection_->finish();
  connection_->set_reading(true);
  deadline_ = shard_.loop().now() + shard_.services().options().close_timeout;
}

// A client on a slow line may take long for a large file, as long as it takes something.
void HttpSession::on_backlog(size_t) {
  progress_ = shard_.loop().now();
  deadline_ = std::max(deadline_, progress_ + shard_.services().options().close_timeout);
}

void HttpSession::on_end(const std::string&) { shard_.retire(id_); }

void HttpSession::on_tick(Time now) {
  if (connection_->queued_bytes() != 0) {
    if (now - progress_ > shard_.services().options().stuck_timeout) shard_.retire(id_);
    return;
  }
  if (now < deadline_) return;
  switch (state_) {
    case State::kWaiting:
      answer(wait_, text_response(503, "no answer in time: storage or an event loop is overloaded"));
      return;
    case State::kReading:
      if (received_.empty()) return shard_.retire(id_);
      keep_alive_ = false;
      return respond(text_response(408, "the request head did not arrive in time"));
    case State::kFinished:
      return shard_.retire(id_);
  }
}

void HttpSession::on_drain() {
  keep_alive_ = false;
  if (state_ == State::kReading && received_.empty() && connection_->queued_bytes() == 0) shard_.retire(id_);
}

}  // namespace symphony
