// The three workloads of MPIRE's own benchmark, with the data that ./run has made: the same for the peers.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <unordered_map>

#include "bench.h"

using namespace forklint::runtime;

namespace {

double seconds_since(uint64_t begin) { return double(now() - begin) * 1e-9; }

std::vector<double> numbers_in(const std::string& path) {
  std::vector<double> result(std::filesystem::file_size(path) / sizeof(double));
  std::ifstream(path, std::ios::binary).read(reinterpret_cast<char*>(result.data()), std::streamsize(result.size() * sizeof(double)));
  return result;
}

std::vector<std::vector<double>> rows_in(const std::string& path, size_t width) {
  std::vector<double> all = numbers_in(path);
  std::vector<std::vector<double>> rows;
  for (size_t i = 0; i + width <= all.size(); i += width) rows.emplace_back(all.begin() + ptrdiff_t(i), all.begin() + ptrdiff_t(i + width));
  return rows;
}

// Each task tells how long it computed: the rest of the wall time is the pool's.
using Timed = std::pair<double, std::vector<double>>;

// 1. A filter over one shared image; every fifth point of every fifth line goes back.
constexpr size_t side = 512, filter_side = 5, out_side = side - filter_side + 1, step = 5;

Timed convolve(WorkerContext& context, std::vector<double> filter) {
  uint64_t begin = now();
  auto* image = reinterpret_cast<const double*>(context.shared[0].data());
  std::vector<double> all(out_side * out_side);
  for (size_t y = 0; y < filter_side; ++y)
    for (size_t x = 0; x < filter_side; ++x) {
      double factor = filter[y * filter_side + x];
      for (size_t line = 0; line < out_side; ++line)
        for (size_t i = 0; i < out_side; ++i) all[line * out_side + i] += factor * image[(line + y) * side + i + x];
    }
  std::vector<double> result;
  for (size_t line = 0; line < out_side; line += step)
    for (size_t i = 0; i < out_side; i += step) result.push_back(all[line * out_side + i]);
  return {seconds_since(begin), std::move(result)};
}
FORKLINT_TASK(convolve)

// 2. Prefixes of all words, counted in the worker's state; the counts go back when the worker ends.
using Counts = std::unordered_map<std::string, uint64_t>;

double count_prefixes(WorkerContext& context, std::string document) {
  uint64_t begin = now();
  if (!context.state.has_value()) context.state = Counts();
  Counts& counts = *std::any_cast<Counts>(&context.state);
  for (size_t at = 0; at < document.size();) {
    size_t end = std::min(document.find(' ', at), document.size());
    for (size_t length = 1; length <= end - at; ++length) ++counts[document.substr(at, length)];
    at = end + 1;
  }
  return seconds_since(begin);
}
FORKLINT_TASK(count_prefixes)

std::vector<std::pair<std::string, uint64_t>> give_counts(WorkerContext& context) {
  auto* counts = std::any_cast<Counts>(&context.state);
  return counts ? std::vector<std::pair<std::string, uint64_t>>(counts->begin(), counts->end()) : std::vector<std::pair<std::string, uint64_t>>();
}
FORKLINT_TASK(give_counts)

// 3. Many small predictions with a model that each worker loads once.
constexpr size_t layers[] = {64, 128, 128, 10};

void load_model(WorkerContext& context, std::string path) { context.state = numbers_in(path); }
FORKLINT_TASK(load_model)

std::pair<double, int> predict(WorkerContext& context, std::vector<double> input) {
  uint64_t begin = now();
  const double* weights = std::any_cast<std::vector<double>>(&context.state)->data();
  for (size_t layer = 0; layer + 1 < std::size(layers); ++layer) {
    std::vector<double> output(layers[layer + 1]);
    for (size_t i = 0; i < layers[layer]; ++i, weights += output.size())
      for (size_t j = 0; j < output.size(); ++j) output[j] += input[i] * weights[j];
    if (layer + 2 < std::size(layers))
      for (double& value : output) value = std::max(value, 0.0);
    input = std::move(output);
  }
  return {seconds_since(begin), int(std::ranges::max_element(input) - input.begin())};
}
FORKLINT_TASK(predict)

struct Took {
  double compute = 0, check = 0;
};

Took convolution(const std::string& data, unsigned workers) {
  std::vector<double> image = numbers_in(data + "/image");
  Pool pool = make_pool({.workers = workers, .shared = {must(Shared::copy_of(std::as_bytes(std::span(image))))}});
  Took took;
  for (auto& outcome : pool.map(convolve, rows_in(data + "/filters", filter_side * filter_side))) {
    took.compute += outcome.value().first;
    for (double value : outcome->second) took.check += value;
  }
  pool.close();
  return took;
}

Took documents(const std::string& data, unsigned workers) {
  std::ifstream file(data + "/documents");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  Pool pool = make_pool({.workers = workers});
  pool.on_exit(give_counts);
  Took took;
  for (auto& outcome : pool.map(count_prefixes, lines)) took.compute += outcome.value();
  pool.close();
  Counts all;
  for (auto& counts : pool.exit_results<std::vector<std::pair<std::string, uint64_t>>>())
    for (auto& [prefix, count] : counts) all[prefix] += count;
  for (auto& [prefix, count] : all) took.check += double(count * count % 1009);
  return took;
}

Took prediction(const std::string& data, unsigned workers) {
  std::vector<std::vector<double>> inputs = rows_in(data + "/inputs", layers[0]);
  Pool pool = make_pool({.workers = workers});
  pool.on_start(load_model, data + "/model");
  Took took;
  for (auto& outcome : pool.map(predict, inputs)) took.compute += outcome.value().first, took.check += outcome->second;
  pool.close();
  return took;
}

}  // namespace

int run_workload(const std::string& name, const std::string& data, unsigned workers) {
  uint64_t begin = now();
  Took took = name == "convolution" ? convolution(data, workers) : name == "documents" ? documents(data, workers) : prediction(data, workers);
  double wall = seconds_since(begin);
  Report report;
  report.add("wall", wall * 1e3);
  report.add("compute", took.compute * 1e3);
  report.add("overhead", (wall - took.compute / workers) * 1e3);
  report.add("check", took.check);
  report.print();
  return 0;
}
