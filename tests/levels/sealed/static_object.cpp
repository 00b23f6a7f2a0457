// SPDX-License-Identifier: MIT

// Compiled once per level for tests/levels/level.cpp: a static object whose constructor is code.

#include <cstdlib>
#include <string>

/// Under this name in every level, and in each its own.
inline int constructions = 0;

namespace {

struct Counted {
  Counted() : text(std::to_string(std::atoi("42"))) { ++constructions; }
  std::string text;
};

const Counted object;

}  // namespace

/// How often the object was made; its text.
extern "C" int static_object(const char** text) {
  *text = object.text.c_str();
  return constructions;
}
