// A file of C in the short form of these tests, with its native model.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "analyzer/facts/text.h"
#include "analyzer/knowledge/knowledge.h"
#include "analyzer/model/native/native.h"

namespace forklint::tests {

// Facts text of one file for each argument: "a.c", "b.c" …
class Program {
 public:
  explicit Program(std::vector<std::string> texts) : knowledge_(knowledge::Knowledge::built_in()) {
    static constexpr std::string_view paths[] = {"a.c", "b.c", "c.c"};
    for (const std::string& text : texts) {
      auto facts = facts::parse(text);
      if (!facts) FAIL(facts.error());
      facts->language = facts::Language::c;
      facts_.push_back(std::move(*facts));
    }
    std::vector<model::native::Unit> units;
    for (uint32_t i = 0; i < facts_.size(); ++i) units.push_back({i, paths[i], &facts_[i]});
    native_ = std::make_unique<model::native::Native>(std::move(units), knowledge_.natives());
  }
  const model::native::Native& operator*() const { return *native_; }
  const model::native::Native* operator->() const { return native_.get(); }

 private:
  knowledge::Knowledge knowledge_;
  std::vector<facts::FileFacts> facts_;
  std::unique_ptr<model::native::Native> native_;
};

}  // namespace forklint::tests
