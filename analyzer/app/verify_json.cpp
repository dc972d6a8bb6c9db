// The result of `check` with what was seen added to it: DESIGN's machine-readable result, additive changes only.
#include <llvm/Support/JSON.h>
#include <llvm/Support/raw_ostream.h>

#include "analyzer/app/verify.h"
#include "analyzer/reporters/reporter.h"

namespace forklint::app {
namespace {

using llvm::json::Array;
using llvm::json::Object;
using llvm::json::Value;

// JSON is UTF-8; what programs print need not be.
Value text(const std::string& value) { return llvm::json::isUTF8(value) ? Value(value) : Value(llvm::json::fixUTF8(value)); }

Array texts(const std::vector<std::string>& values) {
  Array array;
  for (const std::string& value : values) array.push_back(text(value));
  return array;
}

Object object(const verify::ProcessSeen& seen) {
  Object process{{"pid", seen.pid}, {"parent", seen.parent}, {"role", text(seen.role)}};
  process["exit_status"] = seen.code ? Value(*seen.code) : Value(nullptr);
  if (seen.signal != 0) process["signal"] = seen.signal;
  if (!seen.exception.empty()) process["exception"] = text(seen.exception), process["message"] = text(seen.message);
  if (!seen.waits.empty()) process["waits"] = texts(seen.waits);
  if (!seen.stack.empty()) process["stack"] = text(seen.stack);
  return process;
}

Object evidence(const verify::Observation& seen) {
  Object all{{"proof", text(seen.proof)}, {"seconds", seen.seconds}, {"actual_method", text(seen.method)}, {"isolated", seen.namespaces}, {"injected", seen.injected}};
  all["exit_status"] = seen.code ? Value(*seen.code) : Value(nullptr);
  if (!seen.inconclusive.empty()) all["inconclusive"] = text(seen.inconclusive);
  all["exceptions"] = texts(seen.exceptions);
  all["cycle"] = texts(seen.cycle);
  all["contained"] = texts(seen.contained);
  Array processes, forks, unsafe;
  for (const verify::ProcessSeen& process : seen.processes) processes.push_back(object(process));
  for (const verify::ForkSeen& fork : seen.forks)
    forks.push_back(Object{{"parent", fork.parent}, {"child", fork.child}, {"threads", int64_t(fork.threads)}, {"held", texts(fork.held)}, {"forced", fork.forced}});
  for (const verify::UnsafeCall& call : seen.unsafe_calls)
    unsafe.push_back(Object{{"pid", call.pid}, {"function", text(call.function)}, {"tier", int64_t(call.tier)}, {"caller", text(call.caller)}});
  all["processes"] = std::move(processes);
  all["forks"] = std::move(forks);
  if (!unsafe.empty()) all["unsafe_calls"] = std::move(unsafe);
  all["stdout"] = text(seen.out);
  all["stderr"] = text(seen.err);
  return all;
}

}  // namespace

std::string verified_as_json(const Verified& verified) {
  std::string base;
  reporters::print_json(base, verified.analysis);
  auto parsed = llvm::json::parse(base);
  if (!parsed) return base;  // cannot be: it is our own
  Object& root = *parsed->getAsObject();

  Array runs;
  for (const VerifyCell& cell : verified.cells)
    runs.push_back(Object{{"python", text(cell.python.version)}, {"start_method", text(cell.method)}, {"outcome", text(cell.seen.outcome)}, {"evidence", evidence(cell.seen)}});
  root["runs"] = std::move(runs);
  root["missing"] = texts(verified.missing);
  if (Array* findings = root.getArray("findings")) {
    for (size_t i = 0; i < findings->size(); i++) {
      Object verdicts, reasons;
      for (const Judgement& judgement : verified.findings[i]) {
        verdicts[verified.cells[judgement.cell].name()] = std::string(word(judgement.verdict));
        reasons[verified.cells[judgement.cell].name()] = text(judgement.reason);
      }
      Object& finding = *(*findings)[i].getAsObject();
      finding["verdicts"] = std::move(verdicts);
      finding["verdict_reasons"] = std::move(reasons);
    }
  }
  if (Array* launches = root.getArray("launches")) {
    std::vector<Object> observed(launches->size());
    for (const LaunchSeen& seen : verified.launches) {
      const VerifyCell& cell = verified.cells[seen.cell];
      bool held = seen.verdict == Verdict::confirmed || seen.verdict == Verdict::latent;
      observed[seen.launch][cell.name()] = Object{{"predicted", text(seen.predicted)}, {"observed", text(cell.seen.outcome)}, {"held", held ? Value(true) : seen.verdict == Verdict::contradicted ? Value(false) : Value(nullptr)}};
    }
    for (size_t i = 0; i < launches->size(); i++) (*launches)[i].getAsObject()->try_emplace("observed", std::move(observed[i]));
  }
  std::string out;
  llvm::raw_string_ostream stream(out);
  llvm::json::OStream json(stream, 2);
  json.value(*parsed);
  stream << '\n';
  return out;
}

}  // namespace forklint::app
