// Stands between a store and a real service, and spoils the exchange of one request.
#pragma once

#include "storage/blob/http_server_testing.h"

namespace symphony {

enum class Fault {
  kNone,
  kDropped,  // the service never sees the request
  kRefused,  // 503 in its place
  kLost,     // done, but the answer is not sent
  kCut,      // half of the answer is sent
  kWronged,  // done, but the answer is 500
  kTwice,    // the service gets it twice, the store the second answer
};

class FaultProxy {
 public:
  // Spoils the request number `at`, counting from 1.
  FaultProxy(int service_port, Fault fault, int at) : service_port_(service_port), fault_(fault), at_(at) {}

  int port() const { return server_.port(); }
  bool reached() const { return server_.requests() >= at_; }

 private:
  std::string forwarded(const TestRequest& request) const {
    const auto service = TestPeer::connect(service_port_);
    if (!service) return {};
    std::string head = request.head;
    head.insert(head.size() - 2, "connection: close\r\n");
    service->send(head + request.body);
    return service->receive_all();
  }

  bool serve(const TestRequest& request, TestPeer& peer) {
    const Fault fault = ++seen_ == at_ ? fault_ : Fault::kNone;
    if (fault == Fault::kDropped) return false;
    if (fault == Fault::kRefused) {
      peer.send(http_answer("503 Slow Down", "<html>not now</html>"));
      return false;
    }
    std::string answer = forwarded(request);
    if (fault == Fault::kLost) return false;
    if (fault == Fault::kCut) answer.resize(answer.size() / 2);
    if (fault == Fault::kWronged) answer = http_answer("500 Oops", "");
    if (fault == Fault::kTwice) answer = forwarded(request);
    peer.send(answer);
    return false;
  }

  const int service_port_;
  const Fault fault_;
  const int at_;
  std::atomic<int> seen_ = 0;
  TestServer server_{[this](const TestRequest& request, TestPeer& peer) { return serve(request, peer); }};
};

}  // namespace symphony
