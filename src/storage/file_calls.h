// The system calls that are made on files that must last, so that a test can let any of them fail.
//
// Each is the call of its name: -1 and errno for a failure.
#pragma once

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace symphony {

class FileCalls {
 public:
  virtual ~FileCalls() = default;
  virtual int open(const char* path, int flags) { return ::open(path, flags); }
  virtual int mkostemp(char* path, int flags) { return ::mkostemp(path, flags); }
  virtual ssize_t read(int fd, void* to, size_t size) { return ::read(fd, to, size); }
  virtual ssize_t write(int fd, const void* from, size_t size) { return ::write(fd, from, size); }
  virtual int fsync(int fd) { return ::fsync(fd); }
  virtual int link(const char* from, const char* to) { return ::link(from, to); }
  virtual int unlink(const char* path) { return ::unlink(path); }
  virtual int stat(const char* path, struct stat* out) { return ::stat(path, out); }
  virtual int close(int fd) { return ::close(fd); }

  // nullptr and errno for a failure; readdir leaves errno as it is at the end of the folder.
  virtual DIR* opendir(const char* path) { return ::opendir(path); }
  virtual dirent* readdir(DIR* folder) { return ::readdir(folder); }
  virtual int closedir(DIR* folder) { return ::closedir(folder); }
};

}  // namespace symphony
