// The environment variables of the process, or others in a test.
#pragma once

#include <cstdlib>
#include <functional>
#include <string>

namespace symphony {

// The value of a variable; empty if there is none.
using Environment = std::function<std::string(const char* name)>;

inline std::string process_environment(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace symphony
