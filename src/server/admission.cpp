#include "server/admission.h"

#include <utility>

namespace symphony {

Admission::Ticket::Ticket(Ticket&& other) noexcept
    : admission_(std::exchange(other.admission_, nullptr)),
      ip_(std::move(other.ip_)),
      refusal_(other.refusal_) {}

Admission::Ticket& Admission::Ticket::operator=(Ticket&& other) noexcept {
  std::swap(admission_, other.admission_);
  std::swap(ip_, other.ip_);
  std::swap(refusal_, other.refusal_);
  return *this;
}

Admission::Ticket::~Ticket() {
  if (admission_ != nullptr) admission_->give_back(ip_);
}

Admission::Ticket Admission::admit(const std::string& ip) {
  Ticket ticket;
  const std::lock_guard lock(mutex_);
  if (connections_ >= connections_max_) {
    ++metrics_.refused_limit;
    ticket.refusal_ = "this server has as many connections as it may (--connections-max); try again later";
    return ticket;
  }
  size_t& of_ip = by_ip_[ip];
  if (of_ip >= per_ip_max_) {
    ++metrics_.refused_ip_limit;
    ticket.refusal_ = "your address has as many connections here as it may (--connections-per-ip-max)";
    return ticket;
  }
  ++of_ip;
  ++connections_;
  ++metrics_.accepted;
  ticket.admission_ = this;
  ticket.ip_ = ip;
  return ticket;
}

void Admission::give_back(const std::string& ip) {
  const std::lock_guard lock(mutex_);
  --connections_;
  const auto found = by_ip_.find(ip);
  if (--found->second == 0) by_ip_.erase(found);
}

AdmissionMetrics Admission::metrics() const {
  const std::lock_guard lock(mutex_);
  return metrics_;
}

}  // namespace symphony
