// The part of launch-at-import for C and C++: a static initialiser, a constructor function or the initialisation of an extension
// module forks.
#include "rules/native.h"

namespace forklint::rules {

using namespace native;

void launch_at_import_native(const model::Model& model, engine::Report& report) {
  const Native& program = model.native();
  auto tell = [&](FunctionId root, std::string message) {
    const Step* step = program.effects().of(root, Effect::forks);
    if (!step) return;
    std::vector<Place> way = program.effects().way(root, *step, Effect::forks);
    auto draft = report.finding(program.site(way.front()), std::move(message));
    draft.under(StartMethod::fork, "wrong").confidence(step->sure ? Confidence::likely : Confidence::possible).launch_at(program.site(way.back()));
    label_way(draft, program, way, "it forks here, before the program is whole; fork from main() on");
  };
  for (FunctionId root : program.load_roots()) tell(root, "Forks before main(): the child has a program that is half initialised");
  for (FunctionId root : program.python_roots()) tell(root, "Importing this module forks");
}

}  // namespace forklint::rules
