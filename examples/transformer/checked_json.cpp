// SPDX-License-Identifier: MIT
#include "transformer/checked_json.hpp"

#include <algorithm>
#include <set>
#include <span>
#include <vector>

#include "dope/core/error.hpp"
#include "transformer/input_file.hpp"

namespace reference {
namespace {

using dope::detail::text;

constexpr std::size_t most_ordered_keys = 1024;

template <class Json>
std::string shown_value(const Json& value) {
  if (value.is_object()) return text("an object of ", value.size());
  if (value.is_array()) return text("an array of ", value.size());
  if (value.is_string()) return printable(value.template get_ref<const std::string&>());
  return value.dump();
}

/// "text that is no JSON at byte 17 (line 2), after 'abc'"
std::string broken_text(std::string_view given, std::size_t byte) {
  constexpr std::size_t context = 24;
  const std::size_t at = std::min(byte, given.size());
  const auto line = 1 + std::count(given.begin(), given.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  const std::size_t from = at > context ? at - context : 0;
  return text("text that is no JSON at byte ", byte, line > 1 ? text(" (line ", line, ")") : "", ", ",
              at == 0 ? "its beginning" : "the last of " + printable(given.substr(from, at - from)));
}

template <class Json>
Json parse_checked(std::string_view given, std::string_view where, std::size_t most_keys) {
  const std::string name(where);
  if (given.find('\0') != std::string_view::npos) throw dope::Error(name, "a NUL byte", "JSON text");
  std::vector<std::set<std::string, std::less<>>> keys;
  const auto check = [&](int depth, typename Json::parse_event_t event, Json& value) {
    using Event = typename Json::parse_event_t;
    if (depth > deepest_json)
      throw dope::Error(name, "JSON nested too deeply", text("at most ", deepest_json, " levels"));
    if (event == Event::object_start) keys.emplace_back();
    if (event == Event::object_end) keys.pop_back();
    if (event == Event::key) {
      const auto& key = value.template get_ref<const std::string&>();
      if (!keys.back().insert(key).second)
        throw dope::Error(name, text("the key ", printable(key), " twice"), "every key once");
      if (keys.back().size() > most_keys)
        throw dope::Error(name, text("an object of more than ", most_keys, " keys"),
                          text("at most ", most_keys));
    }
    return true;
  };
  Json object;
  try {
    object = Json::parse(given.begin(), given.end(), check);
  } catch (const typename Json::parse_error& error) {
    throw dope::Error(name, given.empty() ? "an empty text" : broken_text(given, error.byte), "valid JSON");
  } catch (const typename Json::out_of_range&) {
    throw dope::Error(name, "a number beyond the range of double", "numbers up to 1.8e308");
  } catch (const typename Json::exception&) {
    throw dope::Error(name, "text that is no JSON", "valid JSON");
  }
  if (!object.is_object())
    throw dope::Error(name, text("JSON that is ", shown_value(object)), "a JSON object");
  return object;
}

}  // namespace

std::string shown(const nlohmann::json& value) { return shown_value(value); }
std::string shown(const nlohmann::ordered_json& value) { return shown_value(value); }

nlohmann::json parse_object(std::string_view given, std::string_view where) {
  return parse_checked<nlohmann::json>(given, where, given.size() + 1);
}

nlohmann::ordered_json parse_ordered_object(std::string_view given, std::string_view where) {
  return parse_checked<nlohmann::ordered_json>(given, where, most_ordered_keys);
}

std::string read_text(const std::filesystem::path& path, std::size_t limit) {
  return read_input(path.string(), path, limit, Source::file);
}

nlohmann::json read_object(const std::filesystem::path& path, std::size_t limit) {
  return parse_object(read_text(path, limit), path.string());
}

}  // namespace reference
