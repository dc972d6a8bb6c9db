// A descriptor that is closed by its owner. Every descriptor of this library is opened close-on-exec.
#pragma once

#include <utility>

#include "forklint/runtime/error.h"

namespace forklint::runtime {

class Fd {
 public:
  Fd() = default;
  explicit Fd(int number) : number_(number) {}
  Fd(Fd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) {
      reset();
      number_ = std::exchange(other.number_, -1);
    }
    return *this;
  }
  ~Fd() { reset(); }

  int get() const { return number_; }
  bool open() const { return number_ >= 0; }
  int release() { return std::exchange(number_, -1); }
  void reset();

 private:
  int number_ = -1;
};

struct Pipe {
  Fd read;
  Fd write;
};
Result<Pipe> make_pipe();
// A connected pair of unix sockets that keeps the borders of messages.
Result<std::pair<Fd, Fd>> make_packet_pair();
Result<Fd> duplicate(const Fd& fd);
// Non-blocking reads and writes on it from now on.
Result<void> make_nonblocking(int fd);

}  // namespace forklint::runtime
