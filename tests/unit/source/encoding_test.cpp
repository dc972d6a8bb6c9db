// PEP 263: which encoding a file declares, and what its bytes are in UTF-8.
#include "analyzer/source/encoding.h"

#include <catch2/catch_test_macros.hpp>
#include <simdjson.h>

#include "analyzer/source/file.h"

using namespace forklint::source;

namespace {

std::string text_of(std::string bytes) {
  const auto file = decode("a.py", Kind::python, std::move(bytes));
  return file ? file->text : "error: " + file.error();
}

std::string error_of(std::string bytes) {
  const auto file = decode("a.py", Kind::python, std::move(bytes));
  return file ? "no error" : file.error();
}

}  // namespace

TEST_CASE("a declaration stands in a comment on one of the first two lines") {
  CHECK(declared_encoding("# -*- coding: latin-1 -*-\n") == "latin-1");
  CHECK(declared_encoding("#!/usr/bin/python\n# vim: set fileencoding=euc_jp :\n") == "euc_jp");
  CHECK(declared_encoding("\r\n#coding:cp1252") == "cp1252");
  CHECK(declared_encoding("\r# coding=cp1252\r") == "cp1252");
  CHECK(declared_encoding(" \t\f# coding : no; coding= yes") == "yes");
  CHECK(declared_encoding("import a\n# coding: latin-1\n").empty());
  CHECK(declared_encoding("\n\n# coding: latin-1\n").empty());
  CHECK(declared_encoding("x = '# coding: latin-1'\n").empty());
  CHECK(declared_encoding("# encoding\n").empty());
  CHECK(declared_encoding("").empty());
  size_t at = 0;
  CHECK(declared_encoding("#\n# coding: big5", &at) == "big5");
  CHECK(at == 12);
}

TEST_CASE("encodings of one byte per character") {
  CHECK(text_of("# coding: latin-1\n'\xE9\xA4\x80'") == "# coding: latin-1\n'\u00e9\u00a4\u0080'");
  CHECK(text_of("# coding: iso-8859-1-unix\n'\xE9'") == "# coding: iso-8859-1-unix\n'\u00e9'");
  CHECK(text_of("# coding: ISO_8859-15\n'\xE9\xA4\xA6\xA8\xB4\xB8\xBC\xBD\xBE\xFF'") ==
        "# coding: ISO_8859-15\n'\u00e9\u20ac\u0160\u0161\u017d\u017e\u0152\u0153\u0178\u00ff'");
  CHECK(text_of("# coding: cp1252\n'\x80\x9F\xA0\xE9'") == "# coding: cp1252\n'\u20ac\u0178\u00a0\u00e9'");
  CHECK(error_of("# coding: cp1252\n\n'\x81'") == "line 3: byte 0x81 is not valid cp1252");
}

TEST_CASE("encodings that iconv knows") {
  CHECK(text_of("# coding: euc-jp\n'\xA5\xD5'") == "# coding: euc-jp\n'\u30d5'");
  CHECK(text_of("# coding: shift_jis\n'\x83\x74\\'") == "# coding: shift_jis\n'\u30d5\\'");
  CHECK(text_of("# coding: koi8-r\n'\xC6'") == "# coding: koi8-r\n'\u0444'");
  CHECK(text_of("# coding: gbk\n'\xB2\xE6'") == "# coding: gbk\n'\u53c9'");
  CHECK(text_of("# coding: gb18030\n'\x81\x39\xEE\x39'") == "# coding: gb18030\n'\u3400'");
  CHECK(text_of("# coding: big5\n'\xA4\xD2'") == "# coding: big5\n'\u592b'");
  CHECK(text_of("# coding: cp932\n'\x83\x74'") == "# coding: cp932\n'\u30d5'");
  CHECK(text_of("# coding: iso2022_jp\n'\x1B$B%U\x1B(B'") == "# coding: iso2022_jp\n'\u30d5'");
  CHECK(text_of("# coding: mac-roman\n'\x8E'") == "# coding: mac-roman\n'\u00e9'");
  CHECK(text_of("# coding: windows-1251\n'\xF4'") == "# coding: windows-1251\n'\u0444'");
  CHECK(error_of("# coding: euc-jp\n\n\n'\xA5'") == "line 4: byte 0xa5 is not valid euc-jp");
}

TEST_CASE("a long text goes through iconv in pieces") {
  std::string bytes = "# coding: koi8-r\n", expected = bytes;
  for (int i = 0; i < 50000; ++i) {
    bytes += '\xC6';
    expected += "\u0444";
  }
  CHECK(text_of(bytes) == expected);
}

TEST_CASE("only text that is the file's bytes can be written back") {
  CHECK(decode("a.py", Kind::python, "# coding: ascii\n")->verbatim);
  CHECK(decode("a.py", Kind::python, "# coding: utf-8-sig\n")->verbatim);
  CHECK_FALSE(decode("a.py", Kind::python, "# coding: latin-1\n")->verbatim);
}

TEST_CASE("what cannot be decoded names the line") {
  CHECK(error_of("a\nb\n'\xFF'") == "line 3: byte 0xff is not valid utf-8");
  CHECK(error_of("# coding: ascii\r\n'\xC3\xA9'") == "line 2: byte 0xc3 is not valid ascii");
  CHECK(error_of("#\n# coding: klingon\n") == "line 2: unknown encoding klingon");
  CHECK(error_of("# coding: unicode_escape\n").starts_with("line 1: unicode-escape is not possible"));
  CHECK(error_of("# coding: utf-16\n") == "line 1: utf-16 is not possible for source code");
  CHECK(error_of("\xFF\xFE#\0\n\0").starts_with("line 1: UTF-16 text"));
  CHECK(error_of(std::string("a\r\nb\rc\0", 7)) == "line 3: NUL byte");
  CHECK(error_of("\xEF\xBB\xBF# coding: latin-1\n") ==
        "line 1: encoding iso-8859-1 declared in a file with a UTF-8 byte order mark");
  CHECK(error_of("\xEF\xBB\xBF# coding: utf8\n") == "no error");
}

TEST_CASE("C and C++ know no declaration") {
  CHECK(decode("a.cpp", Kind::cpp, "# coding: klingon\n"));
}

TEST_CASE("the first invalid byte of UTF-8") {
  const auto at = [](std::string_view bytes) { return find_invalid_utf8(bytes); };
  constexpr size_t none = std::string_view::npos;
  CHECK(at("a\u00e9\u20ac\U0010ffff") == none);
  CHECK(at("\xED\x9F\xBF\xEE\x80\x80") == none);
  CHECK(at("ab\x80") == 2);
  CHECK(at("\xC0\x80") == 0);
  CHECK(at("a\xE0\x80\x80") == 1);
  CHECK(at("\xED\xA0\x80") == 0);
  CHECK(at("\xF0\x80\x80\x80") == 0);
  CHECK(at("\xF4\x90\x80\x80") == 0);
  CHECK(at("x\xE2\x82") == 1);
}

TEST_CASE("both judges of UTF-8 agree on every sequence of three bytes after a lead byte") {
  // The fast one decides, the slow one says where: where they differ, a fault would have no place.
  constexpr unsigned char second[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
  for (unsigned lead = 0x80; lead <= 0xFF; ++lead) {
    for (const unsigned char b : second) {
      for (const unsigned char c : second) {
        for (const unsigned char d : second) {
          const std::string bytes = {static_cast<char>(lead), static_cast<char>(b), static_cast<char>(c), static_cast<char>(d)};
          const bool slow = find_invalid_utf8(bytes) == std::string::npos;
          if (slow != simdjson::validate_utf8(bytes)) FAIL("they differ on lead byte " << lead);
        }
      }
    }
  }
}
