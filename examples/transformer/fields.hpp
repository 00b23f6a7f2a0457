// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace reference {

/// The value of a JSON number that is a whole one, written 8192 or (up to 2^53) 8192.0; else none.
[[nodiscard]] std::optional<std::size_t> whole_of(const nlohmann::json& value);

/// Typed, range-checked reading of one JSON object. A key that is absent and a key that is null both
/// count as not given (absent() tells them apart; refuse_null() lets a key be absent only). Every Error says
/// file, key, value and the range. Remembers which keys were asked for: unused().
class Fields {
 public:
  /// The object must outlive the reader.
  Fields(const nlohmann::json& object, std::string where) : object_(&object), where_(std::move(where)) {}

  [[nodiscard]] const std::string& where() const noexcept { return where_; }

  /// The value, or null where it is not given.
  [[nodiscard]] const nlohmann::json* find(const char* key) const;

  [[nodiscard]] bool absent(const char* key) const { return !object_->contains(key); }

  /// Error where the key is there and null.
  void refuse_null(const char* key) const;

  /// Keys of the object that none of find, count … flag asked for, sorted.
  [[nodiscard]] std::vector<std::string> unused() const;

  /// A whole number; 8192.0 is one.
  [[nodiscard]] std::optional<std::size_t> count(const char* key, std::size_t least, std::size_t most) const;
  [[nodiscard]] std::size_t required_count(const char* key, std::size_t least, std::size_t most) const;
  [[nodiscard]] std::optional<double> number(const char* key, double least, double most) const;
  [[nodiscard]] double required_number(const char* key, double least, double most) const;
  [[nodiscard]] std::vector<double> required_numbers(const char* key, double least, double most) const;
  [[nodiscard]] std::optional<std::string> text(const char* key) const;
  [[nodiscard]] bool flag(const char* key) const;  // false where not given

  [[noreturn]] void fail(const char* key, const nlohmann::json& given, const std::string& expected) const;
  [[noreturn]] void missing(const char* key) const;

 private:
  [[nodiscard]] double checked_number(const char* key, const nlohmann::json& value, double least,
                                      double most) const;

  const nlohmann::json* object_;
  std::string where_;
  mutable std::set<std::string, std::less<>> asked_;
};

}  // namespace reference
