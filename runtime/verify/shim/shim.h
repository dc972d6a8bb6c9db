// What the two preloaded libraries share. No C++ runtime, no allocation, no libc lock: this code runs inside of programs at their
// worst moments. Records go to the file of events by system calls alone, one write a line.
#pragma once

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#define EXPORT extern "C" __attribute__((visibility("default")))

// In the main library, used by the second one.
EXPORT void forklint_record(const char* line, size_t length);
EXPORT bool forklint_in_child_of_threads();
EXPORT void forklint_place(const void* address, char* out, size_t size);

namespace shim {

inline int own_tid() { return int(syscall(SYS_gettid)); }
inline int own_pid() { return int(syscall(SYS_getpid)); }

// The next definition of a function. `version` picks one where the C library has several.
template <class F>
F* next(F*& cached, const char* name, const char* version = nullptr) {
  if (__builtin_expect(cached != nullptr, 1)) return cached;
  void* found = version ? dlvsym(RTLD_NEXT, name, version) : nullptr;
  if (!found) found = dlsym(RTLD_NEXT, name);
  cached = reinterpret_cast<F*>(found);
  return cached;
}

// A line without printf, which may take locks.
class Line {
 public:
  Line& text(const char* words) {
    while (*words && size_ < sizeof bytes_ - 1) bytes_[size_++] = *words++;
    return *this;
  }
  Line& tab() { return text("\t"); }
  Line& number(long value) {
    char digits[24];
    int count = 0;
    if (value < 0) text("-"), value = -value;
    do digits[count++] = char('0' + value % 10);
    while (value /= 10);
    while (count) put(digits[--count]);
    return *this;
  }
  Line& hex(uintptr_t value) {
    text("0x");
    int shift = 60;
    while (shift > 0 && (value >> shift & 15) == 0) shift -= 4;
    for (; shift >= 0; shift -= 4) put("0123456789abcdef"[value >> shift & 15]);
    return *this;
  }
  void send() {
    bytes_[size_++] = '\n';
    forklint_record(bytes_, size_);
  }

 private:
  void put(char byte) {
    if (size_ < sizeof bytes_ - 1) bytes_[size_++] = byte;
  }
  char bytes_[1500];
  size_t size_ = 0;
};

}  // namespace shim
