#include <algorithm>
#include <string_view>
#include <tuple>

#include "analyzer/engine/suppressions.h"

namespace forklint::engine {
namespace {

constexpr std::string_view unused_code = "PSM901";

bool touches(const Finding& finding, Span lines) {
  Span at = finding.place.span;
  uint32_t last = std::max(at.begin + 1, at.end) - 1;
  return (lines.begin <= at.begin && at.begin <= lines.end) || (lines.begin <= last && last < lines.end);
}

// Suppressions by file and first line, each with how far those up to it reach: the ones that can touch a finding are
// found without looking at all.
struct Index {
  std::vector<Suppression> entries;
  std::vector<uint32_t> reach;

  explicit Index(std::vector<Suppression> list) : entries(std::move(list)) {
    std::ranges::sort(entries, {}, [](const Suppression& s) { return std::tuple(s.file, s.lines.begin, s.comment.begin); });
    for (size_t i = 0; i < entries.size(); ++i) {
      bool first = i == 0 || entries[i - 1].file != entries[i].file;
      reach.push_back(first ? entries[i].lines.end : std::max(reach.back(), entries[i].lines.end));
    }
  }

  template <class Visit>
  void each_touching(const Finding& finding, Visit visit) {
    uint32_t last = std::max(finding.place.span.begin, finding.place.span.end);
    auto after = std::ranges::upper_bound(entries, std::pair(finding.place.file, last), {},
                                          [](const Suppression& s) { return std::pair(s.file, s.lines.begin); });
    for (size_t i = size_t(after - entries.begin()); i-- > 0;) {
      if (entries[i].file != finding.place.file || reach[i] < finding.place.span.begin) return;
      if (touches(finding, entries[i].lines)) visit(entries[i]);
    }
  }
};

// Whether it covers the finding's rule; remembers that it was of use.
bool covers(Suppression& suppression, const Finding& finding) {
  if (suppression.everything) return suppression.used = true;
  bool covered = false;
  for (SuppressedName& name : suppression.names)
    if (selects(name.selector, finding.code, finding.name)) name.used = covered = true;
  return covered;
}

bool is_suppressed(Index& index, const Finding& finding) {
  bool suppressed = false;
  index.each_touching(finding, [&](Suppression& suppression) { suppressed |= covers(suppression, finding); });
  return suppressed;
}

Finding unused(const Rule& rule, uint32_t file, Span span, std::string message) {
  Finding finding;
  finding.code = rule.code;
  finding.name = rule.name;
  finding.severity = rule.severity;
  finding.confidence = Confidence::certain;
  finding.message = std::move(message);
  finding.place = {file, span};
  return finding;
}

enum class Judgement { fine, unknown, unused };

// A name is unused when a rule that it names was on and looked. Rules without a check are reported by the engine at
// places of its own, so nothing can be said about those.
Judgement judge(const SuppressedName& name, uint32_t file, Rules rules,
                const std::function<bool(const Rule&, uint32_t)>& enabled) {
  if (name.used) return Judgement::fine;
  bool known = false;
  bool looked = false;
  for (const Rule* rule : rules) {
    if (!selects(name.selector, rule->code, rule->name)) continue;
    known = true;
    looked = looked || (rule->check && enabled(*rule, file));
  }
  return !known ? Judgement::unknown : looked ? Judgement::unused : Judgement::fine;
}

void report_unused(const Suppression& suppression, const Rule& meta, Rules rules,
                   const std::function<bool(const Rule&, uint32_t)>& enabled, std::vector<Finding>& out) {
  auto say = [&](Span span, std::string message) {
    out.push_back(unused(meta, suppression.file, span, std::move(message)));
  };
  if (!suppression.ours) return;
  if (!suppression.unknown.empty() || (suppression.names.empty() && !suppression.everything)) {
    std::string what = suppression.unknown.empty() ? "this comment" : "'forklint: " + suppression.unknown + "'";
    return say(suppression.comment, what + " suppresses nothing, write 'forklint: ignore[RULE]' or 'ignore-file[RULE]'");
  }
  if (suppression.everything && !suppression.used)
    return say(suppression.comment, "unused suppression: nothing is reported here");
  for (const SuppressedName& name : suppression.names) {
    Judgement judgement = judge(name, suppression.file, rules, enabled);
    if (judgement == Judgement::unused) say(name.span, "unused suppression: " + name.selector + " is not reported here");
    if (judgement == Judgement::unknown) say(name.span, check_selector(name.selector, rules).error());
  }
}

}  // namespace

std::vector<Finding> suppress(std::vector<Finding> findings, std::vector<Suppression> suppressions, Rules rules,
                              const std::function<bool(const Rule&, uint32_t file)>& enabled) {
  if (suppressions.empty()) return findings;
  Index index(std::move(suppressions));
  std::erase_if(findings, [&](const Finding& finding) { return is_suppressed(index, finding); });

  auto meta = std::ranges::find(rules, unused_code, [](const Rule* rule) { return rule->code; });
  if (meta == rules.end()) return findings;
  std::vector<Finding> found;
  for (const Suppression& suppression : index.entries)
    if (enabled(**meta, suppression.file)) report_unused(suppression, **meta, rules, enabled, found);
  for (Finding& finding : found) {
    // Only a comment that names PSM901 keeps it away; a bare one would always hide that it is unused itself.
    bool hidden = false;
    index.each_touching(finding, [&](Suppression& s) { hidden |= !s.everything && covers(s, finding); });
    if (!hidden) findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace forklint::engine
