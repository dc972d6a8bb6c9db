#include "forklint/runtime/insights.h"

#include <algorithm>
#include <array>

#include "src/shown_text.h"

namespace forklint::runtime {
namespace {

using namespace shown;

double busy(const WorkerInsights& worker) { return worker.decode + worker.run + worker.encode; }
double known(const WorkerInsights& worker) { return worker.start + worker.init + worker.idle + busy(worker); }

std::string share(double part, double whole) { return whole > 0 ? fixed(100 * part / whole, 1) + " %" : "-"; }

constexpr std::array<std::string_view, 15> titles = {"worker", "pid",    "starts", "tasks", "start", "init", "idle",   "decode",
                                                     "run",    "encode", "in",     "out",   "memory", "busy", "a task"};
using Row = std::array<std::string, titles.size()>;

Row row_of(const WorkerInsights& worker, std::string label, std::string pid) {
  return {std::move(label), std::move(pid), std::to_string(worker.starts), std::to_string(worker.tasks), duration(worker.start),
          duration(worker.init), duration(worker.idle), duration(worker.decode), duration(worker.run), duration(worker.encode),
          bytes(double(worker.bytes_in)), bytes(double(worker.bytes_out)), worker.max_rss ? bytes(double(worker.max_rss)) : "-",
          share(busy(worker), known(worker)), worker.tasks ? duration(busy(worker) / double(worker.tasks)) : "-"};
}

// Sums, except for memory: pages that processes share would be counted twice, so the largest.
WorkerInsights total_of(const std::vector<WorkerInsights>& workers) {
  WorkerInsights total;
  for (const WorkerInsights& worker : workers) {
    total.starts += worker.starts;
    total.tasks += worker.tasks;
    total.start += worker.start;
    total.init += worker.init;
    total.idle += worker.idle;
    total.decode += worker.decode;
    total.run += worker.run;
    total.encode += worker.encode;
    total.bytes_in += worker.bytes_in;
    total.bytes_out += worker.bytes_out;
    total.max_rss = std::max(total.max_rss, worker.max_rss);
  }
  return total;
}

std::string aligned(const std::vector<Row>& rows) {
  std::array<unsigned, titles.size()> widths{};
  for (const Row& row : rows)
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
  std::string out;
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) (out += i ? "  " : "") += pad_left(row[i], widths[i]);
    out += '\n';
  }
  return out;
}

std::string json_of(const WorkerInsights& worker) {
  std::string out = "{\"worker\":" + std::to_string(worker.worker) + ",\"pid\":" + std::to_string(worker.pid);
  auto number = [&out](std::string_view name, const std::string& value) { (((out += ",\"") += name) += "\":") += value; };
  number("starts", std::to_string(worker.starts));
  number("tasks", std::to_string(worker.tasks));
  number("start", json(worker.start));
  number("init", json(worker.init));
  number("idle", json(worker.idle));
  number("decode", json(worker.decode));
  number("run", json(worker.run));
  number("encode", json(worker.encode));
  number("bytes_in", std::to_string(worker.bytes_in));
  number("bytes_out", std::to_string(worker.bytes_out));
  number("max_rss", std::to_string(worker.max_rss));
  return out += '}';
}

std::string json_of(const SlowTask& task) {
  return "{\"index\":" + std::to_string(task.index) + ",\"worker\":" + std::to_string(task.worker) + ",\"seconds\":" + json(task.seconds) +
         ",\"input_preview\":" + json(task.input_preview) + "}";
}

template <class T>
std::string json_of(const std::vector<T>& list) {
  std::string out = "[";
  for (const T& item : list) (out += out.size() > 1 ? "," : "") += json_of(item);
  return out += ']';
}

}  // namespace

std::string as_table(const Insights& insights) {
  WorkerInsights total = total_of(insights.workers);
  std::string out = std::to_string(insights.workers.size()) + (insights.workers.size() == 1 ? " worker, " : " workers, ");
  out.append(name(insights.method)).append(", ").append(std::to_string(total.tasks)).append(total.tasks == 1 ? " task in " : " tasks in ");
  out += duration(insights.wall) + "\n\n";

  std::vector<Row> rows(1);
  std::ranges::copy(titles, rows[0].begin());
  for (const WorkerInsights& worker : insights.workers) rows.push_back(row_of(worker, std::to_string(worker.worker), std::to_string(worker.pid)));
  if (insights.workers.size() != 1) rows.push_back(row_of(total, "all", ""));
  out += aligned(rows);

  double all = known(total);
  out += "\nworking " + share(total.run, all) + ", waiting " + share(total.idle, all) + ", starting " + share(total.start + total.init, all) +
         ", carrying " + share(total.decode + total.encode, all) + "\n";
  if (insights.slowest.empty()) return out;
  out += "\nslowest tasks\n";
  for (const SlowTask& task : insights.slowest) {
    out += pad_left(duration(task.seconds), 10) + "  task " + std::to_string(task.index) + " on worker " + std::to_string(task.worker);
    out += task.input_preview.empty() ? "\n" : "  " + printable(task.input_preview) + "\n";
  }
  return out;
}

std::string as_json(const Insights& insights) {
  return "{\"method\":" + json(name(insights.method)) + ",\"wall\":" + json(insights.wall) + ",\"workers\":" + json_of(insights.workers) +
         ",\"slowest\":" + json_of(insights.slowest) + "}";
}

}  // namespace forklint::runtime
