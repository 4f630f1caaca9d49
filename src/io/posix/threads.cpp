#include "io/posix/threads.h"

#include <pthread.h>

#include <condition_variable>
#include <thread>

#include "io/posix/posix_loop.h"

namespace symphony::io::posix {
namespace {

void name_thread(const std::string& name) {
  ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str());
}

}  // namespace

struct LoopThread::Impl {
  explicit Impl(const LoopOptions& options) : name(options.name), loop(options) {}
  std::string name;
  PosixLoop loop;
  std::thread thread;
};

LoopThread::LoopThread(const LoopOptions& options) : impl_(std::make_unique<Impl>(options)) {}

LoopThread::~LoopThread() { stop(); }

Loop& LoopThread::loop() { return impl_->loop; }

void LoopThread::start() {
  impl_->thread = std::thread([impl = impl_.get()] {
    name_thread(impl->name);
    impl->loop.run();
  });
}

void LoopThread::stop() {
  if (!impl_->thread.joinable()) return;
  impl_->loop.stop();
  impl_->thread.join();
}

struct WorkerThread::Impl {
  Impl(std::string thread_name, size_t mailbox_max) : name(std::move(thread_name)), mailbox(mailbox_max) {}

  void run() {
    name_thread(name);
    std::vector<Task> tasks;
    for (bool last = false; !last;) {
      {
        std::unique_lock lock(mutex);
        wake.wait(lock, [this] { return posted || stopping; });
        posted = false;
        last = stopping;
      }
      if (last) mailbox.close();
      mailbox.take(tasks);
      for (Task& task : tasks) task();
      tasks.clear();
    }
  }

  const std::string name;
  Mailbox mailbox;
  std::mutex mutex;
  std::condition_variable wake;
  bool posted = false;
  bool stopping = false;
  std::thread thread;
};

WorkerThread::WorkerThread(const std::string& name, size_t mailbox_max)
    : impl_(std::make_unique<Impl>(name, mailbox_max)) {
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
}

WorkerThread::~WorkerThread() { stop(); }

Time WorkerThread::now() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
}

bool WorkerThread::post(Task&& task) {
  const Mailbox::Put put = impl_->mailbox.put(std::move(task));
  if (put == Mailbox::Put::kFirst) {
    {
      const std::lock_guard lock(impl_->mutex);
      impl_->posted = true;
    }
    impl_->wake.notify_one();  // without the mutex, for which it would wait as soon as it wakes
  }
  return put != Mailbox::Put::kFull;
}

void WorkerThread::stop() {
  if (!impl_->thread.joinable()) return;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
    impl_->wake.notify_one();
  }
  impl_->thread.join();
}

}  // namespace symphony::io::posix
