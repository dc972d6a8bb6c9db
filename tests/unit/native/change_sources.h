// One small file of C++ in which functions and lambdas change what is not theirs, and what `forklint facts` says of it.
#pragma once

namespace forklint::tests::sources {

// struct Sum { int total; int* far; void add(int n) { total += n; } void add_far(int n) { *far += n; } };
// extern int* somewhere();
// int global;
// void by_reference(int& x) { x = 1; }
// void by_pointer(int* p) { *p = 1; }
// void by_other(int* p) { p = somewhere(); *p = 1; }
// void tell(int);
// void make(int& given, Sum* unseen) {
//   int one = 0, two = 0, list[3] = {};
//   int& other = two;
//   int* pointer = &one;
//   int* shared = somewhere();
//   Sum sum{0, shared};
//   auto changes = [&](int n) {
//     int own = n;
//     own += 1;
//     one = n;
//     other = n;
//     list[1] = n;
//     sum.add(n);
//     by_reference(given);
//     by_pointer(&global);
//   };
//   auto elsewhere = [&, copy = one, pointer](int n) mutable {
//     copy += n;
//     pointer = nullptr;
//     shared[n] = 1;
//     sum.add_far(n);
//     *sum.far = n;
//     unseen->total = 3;
//   };
//   auto pointed = [pointer, to = &two] { *pointer = 1; *to = 2; };
//   changes(1), elsewhere(1), pointed();
//   tell(one), tell(list[0]);
//   list[2] = 0;
// }
// void call() { int found = 0; make(found, nullptr); tell(found); }
// void call_unseen() { make(*somewhere(), nullptr); }
inline constexpr const char* changes = R"facts(
scope 0 module ""
  %0 class_ "Sum" extra 1
  %1 bind "Sum" %0
  %2 read "int"
  %3 declare "global" %2
  %4 read "int"
  %5 unary "&" %4
  %6 function "by_reference(int &)" extra 2
  %7 bind "by_reference(int &)" %6
  %8 read "int"
  %9 unary "*" %8
  %10 function "by_pointer(int *)" extra 3
  %11 bind "by_pointer(int *)" %10
  %12 read "int"
  %13 unary "*" %12
  %14 function "by_other(int *)" extra 4
  %15 bind "by_other(int *)" %14
  %16 read "int"
  %17 unary "&" %16
  %18 read "Sum"
  %19 unary "*" %18
  %20 function "make(int &, Sum *)" extra 5
  %21 bind "make(int &, Sum *)" %20
  %22 function "call()" extra 6
  %23 bind "call()" %22
  %24 function "call_unseen()" extra 7
  %25 bind "call_unseen()" %24
scope 1 class "Sum" parent 0 by %0
  %26 read "int"
  %27 declare "Sum::total" %26
  %28 read "int"
  %29 unary "*" %28
  %30 declare "Sum::far" %29
  %31 read "int"
  %32 function "Sum::add(int)" extra 8
  %33 bind "Sum::add(int)" %32
  %34 read "int"
  %35 function "Sum::add_far(int)" extra 9
  %36 bind "Sum::add_far(int)" %35
scope 2 function "by_reference(int &)" parent 0 by %6
  parameter "x" positional : %5
  %37 number "1"
  %38 bind "x" %37
scope 3 function "by_pointer(int *)" parent 0 by %10
  parameter "p" positional : %9
  %39 number "1"
  %40 read "p"
  %41 number "0"
  %42 set_subscript %40 %41 %39
scope 4 function "by_other(int *)" parent 0 by %14
  parameter "p" positional : %13
  %43 read "somewhere()"
  %44 call %43
  %45 bind "p" %44
  %46 number "1"
  %47 read "p"
  %48 number "0"
  %49 set_subscript %47 %48 %46
scope 5 function "make(int &, Sum *)" parent 0 by %20
  parameter "given" positional : %17
  parameter "unseen" positional : %19
  %50 read "int"
  %51 declare "one" %50
  %52 number "0"
  %53 bind "one" %52
  %54 read "int"
  %55 declare "two" %54
  %56 number "0"
  %57 bind "two" %56
  %58 read "int"
  %59 unary "[]" %58
  %60 declare "list" %59
  %61 list
  %62 bind "list" %61
  %63 read "int"
  %64 unary "&" %63
  %65 declare "other" %64
  %66 read "two"
  %67 bind "other" %66
  %68 read "int"
  %69 unary "*" %68
  %70 declare "pointer" %69
  %71 read "one"
  %72 unary "&" %71
  %73 bind "pointer" %72
  %74 read "int"
  %75 unary "*" %74
  %76 declare "shared" %75
  %77 read "somewhere()"
  %78 call %77
  %79 bind "shared" %78
  %80 read "Sum"
  %81 declare "sum" %80
  %82 read "Sum"
  %83 number "0"
  %84 read "shared"
  %85 call %82 total=%83 far=%84
  %86 bind "sum" %85
  %87 read "make(int &, Sum *)::(anonymous)@sources.cpp"
  %88 declare "changes" %87
  %89 read "one"
  %90 unary "&" %89
  %91 read "other"
  %92 unary "&" %91
  %93 read "list"
  %94 unary "&" %93
  %95 read "sum"
  %96 unary "&" %95
  %97 read "given"
  %98 unary "&" %97
  %99 read "int"
  %100 lambda one=%90 other=%92 list=%94 sum=%96 given=%98 extra 10
  %101 bind "changes" %100
  %102 read "make(int &, Sum *)::(anonymous)@sources.cpp"
  %103 declare "elsewhere" %102
  %104 read "one"
  %105 read "pointer"
  %106 read "shared"
  %107 unary "&" %106
  %108 read "sum"
  %109 unary "&" %108
  %110 read "unseen"
  %111 unary "&" %110
  %112 read "int"
  %113 lambda copy=%104 pointer=%105 shared=%107 sum=%109 unseen=%111 extra 11
  %114 bind "elsewhere" %113
  %115 read "make(int &, Sum *)::(anonymous)@sources.cpp"
  %116 declare "pointed" %115
  %117 read "pointer"
  %118 read "two"
  %119 unary "&" %118
  %120 lambda pointer=%117 to=%119 extra 12
  %121 bind "pointed" %120
  %122 read "changes"
  %123 attribute "make(int &, Sum *)::operator()(int)@sources.cpp" %122
  %124 number "1"
  %125 call %123 %124
  %126 read "elsewhere"
  %127 attribute "make(int &, Sum *)::operator()(int)@sources.cpp" %126
  %128 number "1"
  %129 call %127 %128
  %130 read "pointed"
  %131 attribute "make(int &, Sum *)::operator()()@sources.cpp" %130
  %132 call %131
  %133 read "tell(int)"
  %134 read "one"
  %135 call %133 %134
  %136 read "tell(int)"
  %137 read "list"
  %138 number "0"
  %139 subscript %137 %138
  %140 call %136 %139
  %141 number "0"
  %142 read "list"
  %143 number "2"
  %144 set_subscript %142 %143 %141
scope 6 function "call()" parent 0 by %22
  %145 read "int"
  %146 declare "found" %145
  %147 number "0"
  %148 bind "found" %147
  %149 read "make(int &, Sum *)"
  %150 read "found"
  %151 null
  %152 call %149 %150 %151
  %153 read "tell(int)"
  %154 read "found"
  %155 call %153 %154
scope 7 function "call_unseen()" parent 0 by %24
  %156 read "make(int &, Sum *)"
  %157 read "somewhere()"
  %158 call %157
  %159 unary "*" %158
  %160 null
  %161 call %156 %159 %160
scope 8 function "Sum::add(int)" parent 1 by %32
  parameter "n" positional : %31
  %162 read "n"
  %163 read "this"
  %164 augment_attribute "Sum::total" %163 %162
scope 9 function "Sum::add_far(int)" parent 1 by %35
  parameter "n" positional : %34
  %165 read "n"
  %166 read "this"
  %167 attribute "Sum::far" %166
  %168 number "0"
  %169 augment_subscript %167 %168 %165
scope 10 lambda "<lambda>" parent 5 by %100
  parameter "n" positional : %99
  %170 read "int"
  %171 declare "own" %170
  %172 read "n"
  %173 bind "own" %172
  %174 number "1"
  %175 augment "own" %174
  %176 read "n"
  %177 bind "one" %176
  %178 read "n"
  %179 bind "other" %178
  %180 read "n"
  %181 read "list"
  %182 number "1"
  %183 set_subscript %181 %182 %180
  %184 read "sum"
  %185 attribute "Sum::add(int)" %184
  %186 read "n"
  %187 call %185 %186
  %188 read "by_reference(int &)"
  %189 read "given"
  %190 call %188 %189
  %191 read "by_pointer(int *)"
  %192 read "global"
  %193 unary "&" %192
  %194 call %191 %193
scope 11 lambda "<lambda>" parent 5 by %113
  parameter "n#2" positional : %112
  %195 read "n#2"
  %196 augment "copy" %195
  %197 null
  %198 bind "pointer" %197
  %199 number "1"
  %200 read "shared"
  %201 read "n#2"
  %202 set_subscript %200 %201 %199
  %203 read "sum"
  %204 attribute "Sum::add_far(int)" %203
  %205 read "n#2"
  %206 call %204 %205
  %207 read "n#2"
  %208 read "sum"
  %209 attribute "Sum::far" %208
  %210 number "0"
  %211 set_subscript %209 %210 %207
  %212 number "3"
  %213 read "unseen"
  %214 set_attribute "Sum::total" %213 %212
scope 12 lambda "<lambda>" parent 5 by %120
  %215 number "1"
  %216 read "pointer"
  %217 number "0"
  %218 set_subscript %216 %217 %215
  %219 number "2"
  %220 read "to"
  %221 number "0"
  %222 set_subscript %220 %221 %219
)facts";

}  // namespace forklint::tests::sources
