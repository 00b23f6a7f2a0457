// SPDX-License-Identifier: MIT
#include "lab/support/cell_fields.hpp"

#include <cstdint>
#include <limits>
#include <utility>

#include "dope/core/error.hpp"
#include "transformer/checked_json.hpp"

namespace lab {

CellFields::CellFields(const Json& object, std::string where) : object_(&object), where_(std::move(where)) {
  if (!object.is_object()) throw dope::Error(where_, reference::shown(object), "an object");
}

void CellFields::fail(const std::string& key, const Json& given, const std::string& expected) const {
  throw dope::Error(where_, reference::printable(key) + " = " + reference::shown(given),
                    expected + ", or --fresh");
}

const CellFields::Json& CellFields::at(const std::string& key) const {
  const auto found = object_->find(key);
  if (found == object_->end())
    throw dope::Error(where_, "no " + reference::printable(key),
                      "what the program writes under this key, or --fresh");
  return *found;
}

CellFields CellFields::object(const std::string& key) const {
  const Json& value = at(key);
  if (!value.is_object()) fail(key, value, "an object");
  return {value, where_ + ", " + reference::printable(key)};
}

std::string CellFields::text(const std::string& key) const {
  const Json& value = at(key);
  if (!value.is_string()) fail(key, value, "a text");
  return value.get<std::string>();
}

std::size_t CellFields::count(const std::string& key, std::size_t least, std::size_t most) const {
  const Json& value = at(key);
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() < least || value.get<std::uint64_t>() > most)
    fail(key, value, dope::detail::text("a whole number from ", least, " to ", most));
  return value.get<std::size_t>();
}

void CellFields::require_number(const std::string& key, const Json& value, double least, double most) const {
  if (value.is_number() && value.get<double>() >= least && value.get<double>() <= most) return;
  constexpr double limit = std::numeric_limits<double>::max();
  fail(key, value,
       least == -limit && most == limit ? "a number"
                                        : dope::detail::text("a number from ", least, " to ", most));
}

double CellFields::number(const std::string& key, double least, double most) const {
  const Json& value = at(key);
  require_number(key, value, least, most);
  return value.get<double>();
}

const CellFields::Json& CellFields::list(const std::string& key) const {
  const Json& value = at(key);
  if (!value.is_array()) fail(key, value, "a list");
  return value;
}

const CellFields::Json& CellFields::list(const std::string& key, std::size_t size) const {
  const Json& value = list(key);
  if (value.size() != size) fail(key, value, dope::detail::text("a list of ", size));
  return value;
}

void CellFields::numbers(const std::string& key, std::size_t size, double least, double most) const {
  for (const Json& value : list(key, size)) require_number(key, value, least, most);
}

void CellFields::pairs(const std::string& key, std::size_t size, double least, double most) const {
  for (const Json& pair : list(key, size)) {
    if (!pair.is_array() || pair.size() != 2) fail(key, pair, "pairs of numbers");
    for (const Json& value : pair) require_number(key, value, least, most);
  }
}

std::string CellFields::verdicts(const std::string& key, std::size_t size) const {
  const Json& value = at(key);
  const std::string said = text(key);
  if (said.size() != size || said.find_first_not_of("01") != std::string::npos)
    fail(key, value, dope::detail::text("0 or 1 for each of ", size));
  return said;
}

}  // namespace lab
