// Lowers the declarations of a unit to facts, one FileFacts for each file of the user: README.md says what becomes what.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <clang/AST/ASTContext.h>
#include <clang/AST/Decl.h>
#include <clang/AST/DeclCXX.h>
#include <clang/AST/Expr.h>
#include <clang/AST/ExprCXX.h>
#include <clang/AST/Stmt.h>
#include <clang/AST/StmtCXX.h>
#include <clang/Sema/Sema.h>
#include <llvm/ADT/SmallPtrSet.h>

#include "analyzer/facts/builder.h"
#include "analyzer/frontends/cpp/places.h"
#include "analyzer/frontends/cpp/symbols.h"

namespace forklint::frontends::cpp {

using facts::Builder;
using facts::EventId;
using facts::NameId;
using facts::Op;
using facts::Operand;
using facts::RegionKind;
using facts::ScopeId;
using facts::ScopeKind;
using facts::Span;

// Expressions and statements nested deeper than this are cut off; the thread's stack is made for it.
inline constexpr int deepest = 4000;

struct UnitFile {
  clang::FileID id;
  std::string path;
  facts::FileFacts facts;
};

class Lowering {
 public:
  Lowering(clang::Sema& sema, Places& places) : sema_(sema), context_(sema.getASTContext()), places_(places), symbols_(context_, places) {}

  // Declarations of the unit's outermost level, in order.
  void top_level(const clang::Decl* declaration);
  // Everything that was waiting; the files in the order in which they were met, without those that define nothing.
  std::vector<UnitFile> finish();

 private:
  // The names of what is local to one function and the lambdas in it.
  struct Locals {
    llvm::DenseMap<const clang::ValueDecl*, NameId> names;
    std::map<std::string, unsigned, std::less<>> used;
  };
  // A body that waits until the scope being lowered is complete.
  struct Pending {
    ScopeId scope;
    const clang::Decl* owner;        // the function or the class
    std::shared_ptr<Locals> locals;
  };
  struct File {
    const clang::FileEntry* entry;
    clang::FileID id;
    std::string path;
    Builder builder;
    ScopeId scope = 0;  // in which declarations stand: the module, later the body that is being lowered
    std::deque<Pending> pending;
    bool defines = false;
  };
  // Something to destroy at the end of a scope.
  struct Cleanup {
    EventId object = facts::none;            // of a temporary
    NameId variable = facts::name_positional;
    const clang::ValueDecl* declaration = nullptr;
    const clang::CXXRecordDecl* record = nullptr;
  };
  // A statement that `break`, `continue` or an exception leaves, and how many cleanups were there before it.
  enum class Leave : uint8_t { loop, switch_, try_ };
  struct Target {
    Leave kind;
    size_t cleanups;
    uint32_t statement = facts::none;  // of a switch
  };

  // definitions.cpp
  void declaration(const clang::Decl* declaration);
  bool enter(clang::SourceLocation location);
  void function(const clang::FunctionDecl* function);
  void declared_method(const clang::CXXMethodDecl* method);
  std::vector<facts::Parameter> parameters(const clang::FunctionDecl* function, Locals& locals);
  EventId decorated(EventId value, const clang::FunctionDecl* function);
  void variable(const clang::VarDecl* variable);
  void run_pending();
  void function_body(const clang::FunctionDecl* function);
  void constructor_initialisers(const clang::CXXConstructorDecl* constructor);
  void destroy_members(const clang::CXXRecordDecl* record, Span where);

  // classes.cpp
  void record(const clang::RecordDecl* record);
  void record_body(const clang::RecordDecl* record);
  void implicit_members(clang::CXXRecordDecl* record);
  EventId type(clang::QualType type, clang::SourceRange range, std::vector<Operand>* arguments = nullptr);
  void written_types(const clang::Expr* callee, std::vector<Operand>& operands);
  void template_arguments(const clang::CXXRecordDecl* record, clang::SourceRange range, std::vector<Operand>& operands);

  // scopes.cpp
  NameId local(const clang::ValueDecl* declaration);
  static bool is_local(const clang::ValueDecl* declaration);
  void push_cleanup(const clang::VarDecl* variable, clang::QualType type);
  void destroy(const Cleanup& cleanup, Span where);
  void destroy_down_to(size_t mark, Span where);  // the cleanups stay
  void leave_scope(size_t mark, const clang::Stmt* last, Span where);
  size_t mark_of(bool switches) const;
  static const clang::CXXRecordDecl* destroyed(clang::QualType type);

  // statements.cpp
  void statement(const clang::Stmt* statement);
  void guarded(const clang::Stmt* statement);
  void compound(const clang::CompoundStmt* block);
  void declarations(const clang::DeclStmt* statement);
  void return_statement(const clang::ReturnStmt* statement);
  void jump(const clang::Stmt* statement, Op op, bool switches);
  void raise(const clang::CXXThrowExpr* expression);
  void try_statement(const clang::CXXTryStmt* statement);
  void parallel(const clang::Stmt* statement);
  static bool ends_flow(const clang::Stmt* statement);

  // branches.cpp
  void if_statement(const clang::IfStmt* statement);
  void while_statement(const clang::WhileStmt* statement);
  void do_statement(const clang::DoStmt* statement);
  void for_statement(const clang::ForStmt* statement);
  void range_for(const clang::CXXForRangeStmt* statement);
  void switch_statement(const clang::SwitchStmt* statement);
  EventId case_condition(const std::vector<const clang::SwitchCase*>& labels, EventId subject);

  // expressions.cpp
  EventId expression(const clang::Expr* expression);
  EventId unguarded(const clang::Expr* expression);
  EventId reference(const clang::DeclRefExpr* expression);
  EventId member(const clang::MemberExpr* expression);
  EventId unary(const clang::UnaryOperator* expression);
  EventId binary(const clang::BinaryOperator* expression);
  EventId logical(const clang::BinaryOperator* expression);
  EventId conditional(const clang::AbstractConditionalOperator* expression);
  EventId cast(const clang::CastExpr* expression);
  EventId member_initialiser(const clang::CXXDefaultInitExpr* expression);
  EventId initialiser_list(const clang::InitListExpr* expression);
  EventId unknown(const clang::Stmt* statement);
  EventId with_cleanups(const clang::ExprWithCleanups* expression);
  EventId string(const clang::StringLiteral* literal);
  std::optional<std::string> constant(const clang::Expr* expression) const;

  // assignments.cpp
  EventId assign(const clang::Expr* target, EventId value, clang::SourceRange range);
  EventId augment(const clang::Expr* target, EventId value, clang::SourceRange range);
  EventId store(const clang::Expr* target, EventId value, clang::SourceRange range, bool augmented);

  // calls.cpp
  EventId call(const clang::CallExpr* expression);
  EventId callee(const clang::Expr* expression);
  EventId operator_call(const clang::CXXOperatorCallExpr* expression);
  EventId construct(const clang::CXXConstructExpr* expression);
  EventId new_object(const clang::CXXNewExpr* expression);
  EventId delete_object(const clang::CXXDeleteExpr* expression);
  EventId lambda(const clang::LambdaExpr* expression);
  EventId value_of(const clang::Expr* expression);  // of an initialiser, whose result is not a temporary
  void arguments(llvm::ArrayRef<const clang::Expr*> arguments, std::vector<Operand>& operands);

  // The builder's calls, with places for ranges.
  Builder& builder() { return file_->builder; }
  Span span(clang::SourceRange range) const { return places_.span(file_->entry, used_.isValid() ? used_ : range); }
  NameId name(std::string_view text) { return builder().name(text); }
  EventId emit(Op op, clang::SourceRange range, std::string_view text = {}, std::initializer_list<EventId> operands = {}) {
    return builder().emit(op, span(range), name(text), operands);
  }
  EventId emit(Op op, clang::SourceRange range, std::string_view text, std::span<const Operand> operands) {
    return builder().emit(op, span(range), name(text), operands);
  }
  void problem(clang::SourceRange range, std::string_view message);

  clang::Sema& sema_;
  clang::ASTContext& context_;
  Places& places_;
  Symbols symbols_;
  std::vector<std::unique_ptr<File>> files_;
  llvm::DenseMap<const clang::FileEntry*, File*> by_entry_;
  llvm::SmallPtrSet<const clang::Decl*, 32> done_;
  File* file_ = nullptr;

  // Of the body that is being lowered.
  std::shared_ptr<Locals> locals_;
  std::vector<Cleanup> cleanups_;
  std::vector<Target> targets_;
  std::vector<Cleanup> temporaries_;
  llvm::SmallPtrSet<const clang::Expr*, 8> owned_;  // temporaries that became a variable
  size_t destroyed_ = 0;
  clang::SourceRange used_;  // where what another file says is used: a member's initialiser
  int depth_ = 0;
};

}  // namespace forklint::frontends::cpp
