// How many connections may be open at once: of the process, and of one address.
//
// The only thing that loops share: connections are counted where they are accepted and given back where they
// end.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "server/metrics.h"

namespace symphony {

class Admission {
 public:
  // A place taken by one connection; gives it back when destroyed.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Ticket&& other) noexcept;
    Ticket& operator=(Ticket&& other) noexcept;
    ~Ticket();

    explicit operator bool() const { return admission_ != nullptr; }
    // Why there is no place: one sentence.
    std::string_view refusal() const { return refusal_; }

   private:
    friend class Admission;
    Admission* admission_ = nullptr;
    std::string ip_;
    std::string_view refusal_;
  };

  Admission(size_t connections_max, size_t per_ip_max)
      : connections_max_(connections_max), per_ip_max_(per_ip_max) {}

  // Any thread. Tickets must not outlive the Admission.
  Ticket admit(const std::string& ip);
  AdmissionMetrics metrics() const;

 private:
  void give_back(const std::string& ip);

  const size_t connections_max_;
  const size_t per_ip_max_;
  mutable std::mutex mutex_;
  size_t connections_ = 0;
  std::unordered_map<std::string, size_t> by_ip_;
  AdmissionMetrics metrics_;
};

}  // namespace symphony
