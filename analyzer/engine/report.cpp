#include "analyzer/engine/report.h"

#include <algorithm>

#include "analyzer/model/native/native.h"

namespace forklint::engine {
namespace {

std::string_view chosen_by(model::ChosenBy by) {
  switch (by) {
    case model::ChosenBy::standard: return "default";
    case model::ChosenBy::explicit_: return "explicit";
    case model::ChosenBy::library: return "library";
    case model::ChosenBy::unknown: return "unknown";
  }
  return "unknown";
}

}  // namespace

Report::Report(const model::Model& model) : model_(model) {
  row_of_.assign(model.launches().size(), -1);
  for (size_t i = 0; i < model.launches().size(); ++i) {
    const model::Launch& launch = model.launches()[i];
    if (launch.site.event == model::none || launch.method.methods.empty()) continue;
    Place where = place(launch.site);
    auto known = std::find_if(rows_.begin(), rows_.end(), [&](const LaunchRow& row) { return row.place == where; });
    if (known == rows_.end()) {
      rows_.push_back({.place = where, .launcher = model.launcher_name(launch), .methods = launch.method.methods, .chosen_by = chosen_by(launch.method.by)});
      row_of_[i] = int(rows_.size()) - 1;
    } else {
      known->methods |= launch.method.methods;
      row_of_[i] = int(known - rows_.begin());
    }
  }
  for (const model::native::ForkSite& fork : model.native().forks().sites()) {
    Place where = place(fork.origin);
    bool known = std::any_of(rows_.begin(), rows_.end(), [&](const LaunchRow& row) { return row.place == where; });
    if (!known) rows_.push_back({.place = where, .launcher = fork.api->names[0], .methods = StartMethod::fork, .chosen_by = "library"});
  }
}

Place Report::place(Site site) const {
  if (site.event == facts::none) return {site.file, {}};  // a module as a whole
  return {site.file, model_.file(site.file).event(site.event).span};
}

Draft Report::finding(Site site, std::string message) {
  Finding finding{.code = rule_->code, .name = rule_->name, .severity = rule_->severity, .confidence = Confidence::certain, .message = std::move(message), .place = place(site)};
  return Draft(*this, std::move(finding));
}

void Report::add(Finding finding) {
  for (Finding& known : findings_) {
    if (known.code != finding.code || known.place != finding.place) continue;
    for (const MethodOutcome& outcome : finding.outcomes) {
      bool has = std::any_of(known.outcomes.begin(), known.outcomes.end(), [&](const MethodOutcome& it) { return it.method == outcome.method; });
      if (!has) known.outcomes.push_back(outcome);
    }
    known.confidence = std::max(known.confidence, finding.confidence);
    if (known.launch < 0) known.launch = finding.launch;
    return;
  }
  findings_.push_back(std::move(finding));
}

Draft::~Draft() {
  if (dropped_ || (needs_method_ && finding_.outcomes.empty())) return;
  std::sort(finding_.outcomes.begin(), finding_.outcomes.end(), [](const MethodOutcome& a, const MethodOutcome& b) { return a.method < b.method; });
  report_.add(std::move(finding_));
}

Draft& Draft::under(StartMethods methods, std::string_view outcome) {
  needs_method_ = true;
  for (int i = 0; i < knowledge::start_method_count; ++i)
    if (methods.has(StartMethod(i))) finding_.outcomes.push_back({StartMethod(i), std::string(outcome)});
  return *this;
}

Draft& Draft::label(Site site, std::string text) {
  if (site.event == model::none) return *this;
  return label_at(report_.place(site), std::move(text));
}

Draft& Draft::label_at(Place place, std::string text) {
  for (const Label& known : finding_.labels)
    if (known.place == place && known.text == text) return *this;
  finding_.labels.push_back({place, std::move(text)});
  return *this;
}

Draft& Draft::path(const model::Trace& trace, uint32_t step, std::string_view last) {
  std::vector<uint32_t> chain;
  for (uint32_t up = trace.steps[step].parent; up != model::none; up = trace.steps[up].parent) chain.push_back(up);
  for (size_t i = chain.size(); i-- > 0;) {
    const model::Step& it = trace.steps[chain[i]];
    if (report_.place(it.site) == finding_.place) continue;
    label(it.site, it.kind == model::StepKind::import_module ? "imported here" : "called here");
  }
  if (!last.empty() && report_.place(trace.steps[step].site) != finding_.place) label(trace.steps[step].site, std::string(last));
  return *this;
}

Draft& Draft::confidence(Confidence confidence) {
  finding_.confidence = std::min(finding_.confidence, confidence);
  return *this;
}

Draft& Draft::severity(Severity severity) {
  finding_.severity = severity;
  return *this;
}

Draft& Draft::launch(size_t launch) {
  finding_.launch = report_.row_of(launch);
  return *this;
}

Draft& Draft::launch_at(Site site) {
  Place where = report_.place(site);
  for (size_t i = 0; i < report_.launches().size(); ++i)
    if (report_.launches()[i].place == where) finding_.launch = int(i);
  return *this;
}

Draft& Draft::fix(Fix fix) {
  finding_.fixes.push_back(std::move(fix));
  return *this;
}

}  // namespace forklint::engine
