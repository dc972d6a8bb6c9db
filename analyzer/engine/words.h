// Finds the words of a text: runs of letters, digits, underscores and bytes beyond ASCII. Every byte of every file goes through here, so
// it is done for 64 of them at once.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace forklint::engine {

// One bit for each of 64 bytes, from the lowest on: whether it belongs to a word.
inline uint64_t word_bits(const char* bytes) {
  uint64_t bits = 0;
#ifdef __SSE2__
  for (int part = 0; part < 4; ++part) {
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes + 16 * part));
    // Bytes below `count` after `first` was taken from them; the comparison is one of signed numbers.
    auto among = [](__m128i value, char first, int count) {
      return _mm_cmplt_epi8(_mm_sub_epi8(value, _mm_set1_epi8(char(first - 128))), _mm_set1_epi8(char(count - 128)));
    };
    const __m128i letter = among(_mm_or_si128(text, _mm_set1_epi8(0x20)), 'a', 26), digit = among(text, '0', 10);
    const __m128i word = _mm_or_si128(_mm_or_si128(letter, digit), _mm_cmpeq_epi8(text, _mm_set1_epi8('_')));
    bits |= uint64_t(uint32_t(_mm_movemask_epi8(_mm_or_si128(word, text)))) << 16 * part;  // the sign of text: beyond ASCII
  }
#else
  for (int i = 0; i < 64; ++i) {
    const uint8_t c = uint8_t(bytes[i]);
    const bool word = uint8_t((c | 0x20) - 'a') < 26 || uint8_t(c - '0') < 10 || c == '_' || c >= 0x80;
    bits |= uint64_t(word) << i;
  }
#endif
  return bits;
}

// Calls with(begin, end) for each word of the text, in order.
template <class With>
void each_word(std::string_view text, const With& with) {
  bool inside = false;
  size_t begin = 0;
  for (size_t block = 0; block < text.size(); block += 64) {
    uint64_t bits;
    if (text.size() - block >= 64) {
      bits = word_bits(text.data() + block);
    } else {
      char last[64] = {};
      std::memcpy(last, text.data() + block, text.size() - block);
      bits = word_bits(last);
    }
    // Where a word begins or ends.
    for (uint64_t turns = bits ^ (bits << 1 | uint64_t(inside)); turns != 0; turns &= turns - 1) {
      const size_t at = block + size_t(std::countr_zero(turns));
      if (inside) with(begin, at);
      else begin = at;
      inside = !inside;
    }
  }
  if (inside) with(begin, text.size());
}

}  // namespace forklint::engine
