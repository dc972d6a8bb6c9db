#include <llvm/Support/JSON.h>
#include <llvm/Support/raw_ostream.h>

#include "analyzer/engine/options.h"
#include "analyzer/reporters/reporter.h"
#include "analyzer/reporters/version.h"

namespace forklint::reporters {
namespace {

using engine::Analysis;
using llvm::json::OStream;

// Strings must be UTF-8 by the contract of OStream; paths and source need not be.
void text(OStream& json, llvm::StringRef key, std::string_view value) {
  json.attribute(key, llvm::json::isUTF8(value) ? std::string(value) : llvm::json::fixUTF8(value));
}

void print(OStream& json, llvm::StringRef key, source::Position position) {
  json.attributeObject(key, [&] {
    json.attribute("line", position.line);
    json.attribute("column", position.column);
  });
}

// "path" and "range" of whatever object is open.
void print(OStream& json, const Analysis& analysis, const engine::Place& place) {
  const source::File& file = analysis.files[place.file];
  text(json, "path", file.path);
  json.attributeObject("range", [&] {
    print(json, "start", file.position(place.span.begin));
    print(json, "end", file.position(place.span.end));
  });
}

void print(OStream& json, const std::vector<engine::MethodOutcome>& outcomes) {
  json.attributeObject("outcomes", [&] {
    for (const engine::MethodOutcome& outcome : outcomes) text(json, engine::word(outcome.method), outcome.outcome);
  });
}

void print(OStream& json, const Analysis& analysis, const engine::Fix& fix) {
  json.object([&] {
    text(json, "title", fix.title);
    text(json, "safety", engine::word(fix.safety));
    json.attributeArray("edits", [&] {
      for (const engine::Edit& edit : fix.edits) json.object([&] {
        print(json, analysis, edit.place);
        text(json, "replacement", edit.replacement);
      });
    });
  });
}

void print(OStream& json, const Analysis& analysis, const engine::Finding& finding) {
  json.object([&] {
    text(json, "code", finding.code);
    text(json, "name", finding.name);
    text(json, "severity", engine::word(finding.severity));
    text(json, "confidence", engine::word(finding.confidence));
    text(json, "message", finding.message);
    print(json, analysis, finding.place);
    print(json, finding.outcomes);
    json.attributeArray("labels", [&] {
      for (const engine::Label& label : finding.labels) json.object([&] {
        print(json, analysis, label.place);
        text(json, "text", label.text);
      });
    });
    json.attributeArray("fixes", [&] {
      for (const engine::Fix& fix : finding.fixes) print(json, analysis, fix);
    });
    if (finding.launch >= 0) json.attribute("launch", finding.launch);
    else json.attribute("launch", nullptr);
  });
}

void print(OStream& json, const Analysis& analysis, const engine::LaunchRow& launch) {
  json.object([&] {
    print(json, analysis, launch.place);
    text(json, "launcher", launch.launcher);
    json.attributeArray("methods", [&] {
      for (engine::StartMethod method : engine::start_methods)
        if (launch.methods.has(method)) json.value(llvm::StringRef(engine::word(method)));
    });
    text(json, "chosen_by", launch.chosen_by);
    print(json, launch.outcomes);
    json.attributeArray("findings", [&] {
      for (int finding : launch.findings) json.value(finding);
    });
  });
}

}  // namespace

void print_json(std::string& out, const Analysis& analysis) {
  const engine::Result& result = analysis.result;
  llvm::raw_string_ostream stream(out);
  OStream json(stream, 2);
  json.object([&] {
    json.attribute("schema_version", 1);
    json.attributeObject("tool", [&] {
      text(json, "name", "forklint");
      text(json, "version", version);
    });
    json.attributeArray("findings", [&] {
      for (const engine::Finding& finding : result.findings) print(json, analysis, finding);
    });
    json.attributeArray("launches", [&] {
      for (const engine::LaunchRow& launch : result.launches) print(json, analysis, launch);
    });
    json.attributeObject("files", [&] {
      json.attribute("seen", result.files_seen);
      json.attribute("analysed", result.files_analysed);
      json.attributeArray("skipped", [&] {
        for (const engine::Skipped& file : result.skipped) json.object([&] {
          text(json, "path", file.path);
          text(json, "reason", file.reason);
        });
      });
      json.attributeArray("notes", [&] {
        for (const std::string& note : analysis.notes) json.value(llvm::json::fixUTF8(note));
      });
    });
  });
  stream << '\n';
}

}  // namespace forklint::reporters
