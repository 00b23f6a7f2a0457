// SPDX-License-Identifier: MIT
#include "transformer/fields.hpp"

#include <cmath>
#include <limits>

#include "dope/core/error.hpp"
#include "transformer/checked_json.hpp"

namespace reference {

std::string range(double least, double most) {
  constexpr double limit = std::numeric_limits<double>::max();
  if (least == -limit && most == limit) return "a number";
  return dope::detail::text("a number from ", least, " to ", most);
}

std::optional<std::size_t> whole_of(const nlohmann::json& value) {
  if (value.is_number_unsigned()) return value.get<std::size_t>();
  if (!value.is_number_float()) return std::nullopt;
  constexpr double most = 9007199254740992.0;
  const double number = value.get<double>();
  if (!(number >= 0.0 && number <= most) || std::floor(number) != number) return std::nullopt;
  return static_cast<std::size_t>(number);
}

const nlohmann::json* Fields::find(const char* key) const {
  asked_.emplace(key);
  const auto found = object_->find(key);
  return found == object_->end() || found->is_null() ? nullptr : &*found;
}

void Fields::refuse_null(const char* key) const {
  const auto found = object_->find(key);
  if (found != object_->end() && found->is_null()) {
    fail(key, *found, dope::detail::text("a value for ", key, ", or no such key"));
  }
}

std::vector<std::string> Fields::unused() const {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object_->items()) {
    if (!asked_.contains(key)) keys.push_back(key);
  }
  return keys;
}

void Fields::fail(const char* key, const nlohmann::json& given, const std::string& expected) const {
  throw dope::Error(where_, dope::detail::text(key, " ", shown(given)), expected);
}

void Fields::missing(const char* key) const {
  throw dope::Error(where_, dope::detail::text("no ", key), dope::detail::text("a value for ", key));
}

std::optional<std::size_t> Fields::count(const char* key, std::size_t least, std::size_t most) const {
  const auto* value = find(key);
  if (value == nullptr) return std::nullopt;
  const auto whole = whole_of(*value);
  if (!whole || *whole < least || *whole > most) {
    fail(key, *value, dope::detail::text("an integer from ", least, " to ", most));
  }
  return whole;
}

std::size_t Fields::required_count(const char* key, std::size_t least, std::size_t most) const {
  const auto value = count(key, least, most);
  if (!value) missing(key);
  return *value;
}

double Fields::checked_number(const char* key, const nlohmann::json& value, double least, double most) const {
  if (!value.is_number() || !(value.get<double>() >= least && value.get<double>() <= most)) {
    fail(key, value, range(least, most));
  }
  return value.get<double>();
}

std::optional<double> Fields::number(const char* key, double least, double most) const {
  const auto* value = find(key);
  if (value == nullptr) return std::nullopt;
  return checked_number(key, *value, least, most);
}

double Fields::required_number(const char* key, double least, double most) const {
  const auto value = number(key, least, most);
  if (!value) missing(key);
  return *value;
}

std::vector<double> Fields::required_numbers(const char* key, double least, double most) const {
  const auto* list = find(key);
  if (list == nullptr) missing(key);
  if (!list->is_array()) fail(key, *list, "an array of numbers");
  std::vector<double> numbers;
  for (const auto& value : *list) numbers.push_back(checked_number(key, value, least, most));
  return numbers;
}

std::optional<std::string> Fields::text(const char* key) const {
  const auto* value = find(key);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) fail(key, *value, "a string");
  return value->get<std::string>();
}

bool Fields::flag(const char* key) const {
  const auto* value = find(key);
  if (value == nullptr) return false;
  if (!value->is_boolean()) fail(key, *value, "true or false");
  return value->get<bool>();
}

}  // namespace reference
