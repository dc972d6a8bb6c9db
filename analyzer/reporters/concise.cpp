#include "analyzer/reporters/reporter.h"

namespace forklint::reporters {

void print_concise(std::string& out, const engine::Analysis& analysis, const Style& style) {
  for (const engine::Finding& finding : analysis.result.findings) {
    std::string methods = method_list(finding);
    out += paint(style, Ink::bold, spell(analysis.files[finding.place.file], finding.place.span)) + ": ";
    out += paint(style, ink_of(finding.severity), finding.code) + " " + safe(finding.message);
    if (!methods.empty()) out += " " + paint(style, Ink::dim, "[" + methods + "]");
    out += '\n';
  }
}

}  // namespace forklint::reporters
