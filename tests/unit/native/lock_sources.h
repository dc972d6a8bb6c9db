// Locks and threads in small files of C, and what `forklint facts` says of them.
#pragma once

namespace forklint::tests::sources {

// static pthread_mutex_t lock, other;
// static void update(void) { pthread_mutex_lock(&lock); }
// void *work(void *p) { pthread_mutex_lock(&other); return p; }
// int main(void) {
//   pthread_create(0, 0, work, 0);
//   pthread_mutex_lock(&lock);
//   if (fork() == 0) { update(); pthread_mutex_lock(&other); _exit(0); }
//   pthread_mutex_unlock(&lock);
// }
inline constexpr const char* held = R"facts(
scope 0 module ""
  %0 read "pthread_mutex_t"
  %1 declare "lock@held.c" %0
  %2 read "pthread_mutex_t"
  %3 declare "other@held.c" %2
  %4 function "update@held.c" extra 1
  %5 bind "update@held.c" %4
  %6 read "void"
  %7 unary "*" %6
  %8 function "work" extra 2
  %9 bind "work" %8
  %10 function "main" extra 3
  %11 bind "main" %10
scope 1 function "update@held.c" parent 0 by %4
  %12 read "pthread_mutex_lock"
  %13 read "lock@held.c"
  %14 unary "&" %13
  %15 call %12 %14
scope 2 function "work" parent 0 by %8
  parameter "p" positional : %7
  %16 read "pthread_mutex_lock"
  %17 read "other@held.c"
  %18 unary "&" %17
  %19 call %16 %18
  %20 read "p"
  %21 return_ %20
scope 3 function "main" parent 0 by %10
  %22 read "pthread_create"
  %23 null
  %24 null
  %25 read "work"
  %26 null
  %27 call %22 %23 %24 %25 %26
  %28 read "pthread_mutex_lock"
  %29 read "lock@held.c"
  %30 unary "&" %29
  %31 call %28 %30
  %32 read "fork"
  %33 call %32
  %34 number "0"
  %35 compare "==" %33 %34
  then_arm #0 %35 {
    %36 read "update@held.c"
    %37 call %36
    %38 read "pthread_mutex_lock"
    %39 read "other@held.c"
    %40 unary "&" %39
    %41 call %38 %40
    %42 read "_exit"
    %43 number "0"
    %44 call %42 %43
  }
  %45 read "pthread_mutex_unlock"
  %46 read "lock@held.c"
  %47 unary "&" %46
  %48 call %45 %47
)facts";

// static pthread_mutex_t lock, other;
// static void take(void) { pthread_mutex_lock(&lock); }
// int main(void) { pthread_atfork(take, take, take); }
inline constexpr const char* handlers = R"facts(
scope 0 module ""
  %0 read "pthread_mutex_t"
  %1 declare "lock@handlers.c" %0
  %2 read "pthread_mutex_t"
  %3 declare "other@handlers.c" %2
  %4 function "take@handlers.c" extra 1
  %5 bind "take@handlers.c" %4
  %6 function "main" extra 2
  %7 bind "main" %6
scope 1 function "take@handlers.c" parent 0 by %4
  %8 read "pthread_mutex_lock"
  %9 read "lock@handlers.c"
  %10 unary "&" %9
  %11 call %8 %10
scope 2 function "main" parent 0 by %6
  %12 read "pthread_atfork"
  %13 read "take@handlers.c"
  %14 read "take@handlers.c"
  %15 read "take@handlers.c"
  %16 call %12 %13 %14 %15
)facts";

// static void failed(void) { syslog(3, "x"); abort(); }
// void *work(void *p) { setenv("a", "b", 1); failed(); return p; }
// void unused(void) { tzset(); }
// int main(void) { pthread_create(0, 0, work, 0); tzset(); fork(); }
inline constexpr const char* taken = R"facts(
scope 0 module ""
  %0 function "failed@taken.c" extra 1
  %1 bind "failed@taken.c" %0
  %2 read "void"
  %3 unary "*" %2
  %4 function "work" extra 2
  %5 bind "work" %4
  %6 function "unused" extra 3
  %7 bind "unused" %6
  %8 function "main" extra 4
  %9 bind "main" %8
scope 1 function "failed@taken.c" parent 0 by %0
  %10 read "syslog"
  %11 number "3"
  %12 string "x"
  %13 call %10 %11 %12
  %14 read "abort"
  %15 call %14
scope 2 function "work" parent 0 by %4
  parameter "p" positional : %3
  %16 read "setenv"
  %17 string "a"
  %18 string "b"
  %19 number "1"
  %20 call %16 %17 %18 %19
  %21 read "failed@taken.c"
  %22 call %21
  %23 read "p"
  %24 return_ %23
scope 3 function "unused" parent 0 by %6
  %25 read "tzset"
  %26 call %25
scope 4 function "main" parent 0 by %8
  %27 read "pthread_create"
  %28 null
  %29 null
  %30 read "work"
  %31 null
  %32 call %27 %28 %29 %30 %31
  %33 read "tzset"
  %34 call %33
  %35 read "fork"
  %36 call %35
)facts";

// void start(void *(*run)(void *)) { pthread_create(0, 0, run, 0); }
// int main(void) { start(0); }
inline constexpr const char* unknown_thread = R"facts(
scope 0 module ""
  %0 read "void *(void *)"
  %1 unary "*" %0
  %2 function "start" extra 1
  %3 bind "start" %2
  %4 function "main" extra 2
  %5 bind "main" %4
scope 1 function "start" parent 0 by %2
  parameter "run" positional : %1
  %6 read "pthread_create"
  %7 null
  %8 null
  %9 read "run"
  %10 null
  %11 call %6 %7 %8 %9 %10
scope 2 function "main" parent 0 by %4
  %12 read "start"
  %13 null
  %14 call %12 %13
)facts";

}  // namespace forklint::tests::sources
