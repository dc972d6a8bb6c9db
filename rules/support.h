// What several rules ask in the same words.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "analyzer/engine/report.h"
#include "analyzer/model/model.h"

namespace forklint::rules {

using engine::Confidence;
using engine::Severity;
using knowledge::StartMethod;
using knowledge::StartMethods;

// Methods whose child starts without the parent's memory and imports main again.
inline constexpr StartMethods fresh_methods = StartMethods(StartMethod::spawn) | StartMethod::forkserver;

// "multiprocessing.pool.Pool" -> "Pool"
inline std::string_view short_name(std::string_view qualified) {
  size_t dot = qualified.rfind('.');
  return dot == std::string_view::npos ? qualified : qualified.substr(dot + 1);
}

// The step that a guard would have to stand around: the outermost one in the module whose body does it.
uint32_t outermost(const model::Trace& trace, uint32_t step);

// Whether a step is reached while some module other than the program itself is imported.
bool in_import(const model::Trace& trace, uint32_t step);

// Whether something before `step` has certainly or possibly happened on the way to it: not in the other arm of a branch.
bool precedes(const model::Model& model, const model::Trace& trace, uint32_t earlier, uint32_t later);

// Whether the step, or a call that leads to it, stands in a try with an except: it is prepared for a refusal.
bool in_try(const model::Model& model, const model::Trace& trace, uint32_t step);

// Whether fresh children import the main module of a trace again. What python -m runs as __main__.py and the cells of a
// notebook they cannot import, and do not try to.
bool reimported(const model::Model& model, const model::Trace& trace);
// Whether something is registered before a step that runs around each fork: it may well make anew what the child lacks.
bool arranges_for_forks(const model::Trace& trace, uint32_t before);
// Whether the fork server of a launch runs the body of main before it forks: it has then what that starts.
bool server_runs_main(const model::Model& model, const model::Launch& launch);

// Whether the file of a main trace is one to be started: nobody imports it, or it asks for its __name__.
bool is_program(const model::Model& model, const model::Trace& trace);

// The methods under which a working program's children run the body of its main module again; none when a launch is
// itself reached by that body: launch-at-import tells that.
StartMethods repeating_methods(const model::Model& model, const model::Trace& trace);

// The methods under which the launch's children import main again, instead of inheriting what the parent has by then.
inline StartMethods reimporting_methods(const model::Launch& launch) {
  return launch.row->launch->reimports_main ? launch.method.methods & fresh_methods : StartMethods();
}

// What the outermost caller wrote for a value that helpers only hand on.
struct Written {
  model::Site site;
  model::FrameId frame;
};
Written written_by_caller(model::Evaluator& evaluator, model::Site site, model::FrameId frame);

// A value and all that is sent along with it: elements, what a partial holds, the receiver of a method, attributes that
// an object has when `step` is reached.
void each_sent(const model::Model& model, const model::Trace& trace, uint32_t step, model::ValueId value, const std::function<void(model::ValueId)>& visit);

}  // namespace forklint::rules
