// forklint-clang: one source file, or as a worker one after the other, to facts. Started by forklint; by hand:
//
//   forklint-clang [--root DIR] FILE [-- COMPILER FLAGS...]     prints the facts
//   forklint-clang --worker                                     answers requests on descriptor 3 until it closes
#include <cstdio>
#include <cstring>
#include <unistd.h>

#include <llvm/Support/thread.h>

#include "analyzer/facts/text.h"
#include "analyzer/frontends/cpp/unit.h"

namespace {

using namespace forklint;

constexpr unsigned stack_size = 256u << 20;

std::string working_folder() {
  char* folder = ::getcwd(nullptr, 0);
  std::string result = folder ? folder : ".";
  std::free(folder);
  return result;
}

// Clang and the lowering follow the nesting of the source: on a stack of their own.
template <class Action>
frontends::cpp::Unit on_large_stack(Action&& action) {
  frontends::cpp::Unit unit;
  llvm::thread thread(std::optional<unsigned>(stack_size), [&] { unit = action(); });
  thread.join();
  return unit;
}

int answer_requests() {
  std::string message;
  frontends::cpp::PreamblePtr kept;
  while (frontends::cpp::receive_message(frontends::cpp::worker_socket, message)) {
    auto command = frontends::cpp::command_from(message);
    if (!command) return 2;
    const frontends::cpp::Unit unit =
        on_large_stack([&] { return command->prepares ? frontends::cpp::prepare(*command, kept) : frontends::cpp::analyse(*command, kept.get()); });
    if (!frontends::cpp::send_message(frontends::cpp::worker_socket, frontends::cpp::to_bytes(unit))) return 2;
  }
  return 0;
}

int print_one(const frontends::cpp::Command& command) {
  const frontends::cpp::Unit unit = on_large_stack([&] { return frontends::cpp::analyse(command, nullptr); });
  if (!unit.failure.empty()) {
    std::fprintf(stderr, "forklint-clang: %s: %s\n", command.file.c_str(), unit.failure.c_str());
    return 2;
  }
  for (const auto& file : unit.files) {
    std::printf("file %s\n", file.path.c_str());
    const std::string text = facts::print(file.facts);
    std::fwrite(text.data(), 1, text.size(), stdout);
  }
  if (unit.errors > 0) std::fprintf(stderr, "forklint-clang: %s: %u errors; the first: %s\n", command.file.c_str(), unit.errors, unit.first_error.c_str());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  frontends::cpp::Command command;
  command.directory = working_folder();
  command.root = command.directory;
  for (int i = 1; i < argc; ++i) {
    if (!std::strcmp(argv[i], "--worker")) return answer_requests();
    if (!std::strcmp(argv[i], "--root") && i + 1 < argc) {
      command.root = argv[++i];
    } else if (!std::strcmp(argv[i], "--")) {
      command.arguments.assign(argv + i + 1, argv + argc);
      command.arguments.insert(command.arguments.begin(), "");  // the compiler
      break;
    } else {
      command.file = argv[i];
    }
  }
  if (command.file.empty()) {
    std::fputs("usage: forklint-clang [--root DIR] FILE [-- COMPILER FLAGS...]\n", stderr);
    return 2;
  }
  return print_one(command);
}
