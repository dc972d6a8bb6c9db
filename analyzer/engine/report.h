// Where rules put what they find. Findings are plain values; the same place found twice by one rule is one finding
// under the union of its methods.
#pragma once

#include <string>
#include <vector>

#include "analyzer/engine/finding.h"
#include "analyzer/engine/rule.h"
#include "analyzer/model/model.h"

namespace forklint::engine {

using model::Site;

class Report;

// A finding being written; adds itself when it goes out of scope.
class Draft {
 public:
  Draft(Report& report, Finding finding) : report_(report), finding_(std::move(finding)) {}
  ~Draft();
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  // Under each of these methods `outcome` is seen. A finding that names a launch and no method is not reported.
  Draft& under(StartMethods methods, std::string_view outcome);
  Draft& label(Site site, std::string text);
  Draft& label_at(Place place, std::string text);
  // Labels for the calls and imports that lead to a step of a trace, outermost first.
  Draft& path(const model::Trace& trace, uint32_t step, std::string_view last = {});
  Draft& confidence(Confidence confidence);
  Draft& severity(Severity severity);
  Draft& launch(size_t launch);
  // Of C and C++: the fork whose call is there.
  Draft& launch_at(Site site);
  Draft& fix(Fix fix);
  // Nothing is reported after all.
  void drop() { dropped_ = true; }

 private:
  Report& report_;
  Finding finding_;
  bool needs_method_ = false;
  bool dropped_ = false;
};

class Report {
 public:
  explicit Report(const model::Model& model);

  void begin(const Rule& rule) { rule_ = &rule; }
  Draft finding(Site site, std::string message);

  // The rows of the matrix: one per place that launches.
  const std::vector<LaunchRow>& launches() const { return rows_; }
  // The row of a launch of the model; -1 when it has none.
  int row_of(size_t launch) const { return row_of_[launch]; }

  // What the rules before this one have found.
  const std::vector<Finding>& findings() const { return findings_; }

  std::vector<Finding> take_findings() { return std::move(findings_); }
  std::vector<LaunchRow> take_launches() { return std::move(rows_); }
  Place place(Site site) const;
  const model::Model& model() const { return model_; }

 private:
  friend class Draft;
  void add(Finding finding);

  const model::Model& model_;
  const Rule* rule_ = nullptr;
  std::vector<Finding> findings_;
  std::vector<LaunchRow> rows_;
  std::vector<int> row_of_;
};

}  // namespace forklint::engine
