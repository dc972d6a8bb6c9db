// A pseudo-terminal of a given size, and what one would see on it.
#pragma once

#include <poll.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <chrono>

#include "forklint/runtime/fd.h"
#include "forklint/runtime/progress.h"
#include "screen.h"

struct Terminal {
  forklint::runtime::Fd master, slave;
  Screen screen;

  Terminal(unsigned columns, unsigned rows) : screen(columns, rows) {
    int ends[2];
    winsize size{.ws_row = static_cast<unsigned short>(rows), .ws_col = static_cast<unsigned short>(columns)};
    REQUIRE(::openpty(&ends[0], &ends[1], nullptr, nullptr, &size) == 0);
    master = forklint::runtime::Fd(ends[0]);
    slave = forklint::runtime::Fd(ends[1]);
    REQUIRE(forklint::runtime::make_nonblocking(master.get()));
  }
  void type(std::string_view text) { REQUIRE(::write(slave.get(), text.data(), text.size()) == ssize_t(text.size())); }
  std::string look() {
    char buffer[4096];
    auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
    for (pollfd ready{.fd = master.get(), .events = POLLIN}; std::chrono::steady_clock::now() < end && ::poll(&ready, 1, 20) > 0;) {
      ssize_t size = ::read(master.get(), buffer, sizeof buffer);
      if (size <= 0) break;
      screen.write({buffer, size_t(size)});
    }
    CHECK(screen.unknown == 0);
    return screen.text();
  }
  forklint::runtime::DisplayOptions options() const { return {.fd = slave.get(), .every = std::chrono::milliseconds(0), .unicode = true, .color = false}; }
};
