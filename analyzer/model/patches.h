// What a program replaces in modules and classes while it runs: patch("module.name"), patch.object(owner, "name"),
// setattr(owner, "name", …). Cheap; asked where a launch is found and where a patch is judged.
#pragma once

#include "analyzer/model/timeline.h"

namespace forklint::model {

// What is patched: a variable of one of our modules, or an attribute.
struct PatchTarget {
  FileId file = none;             // the module, when it is ours
  ValueId owner = unknown_value;  // else the class or what is outside the program
  std::string name;
};

// What a call that describes a patch replaces; empty when that is not known.
std::vector<PatchTarget> patch_targets(Evaluator& evaluator, Site call, FrameId frame);

// The call that describes the patch which a step makes: setattr at once, a patcher when entered or started. No event:
// the step patches nothing.
struct Patch {
  Site call;
  FrameId frame = any_frame;
};
Patch patch_made_at(Evaluator& evaluator, const Step& step);
// Whether a later step takes back what the patcher of an earlier one did.
bool takes_back(Evaluator& evaluator, const Step& patch, const Step& later);

// @patch("module.name") on functions through which a step is reached.
std::vector<Patch> patch_decorators(Evaluator& evaluator, const Trace& trace, uint32_t step);

// Whether what a call names is replaced when it runs: the call then does what the replacement does.
bool is_patched(Evaluator& evaluator, const Trace& trace, uint32_t step, Site call);

}  // namespace forklint::model
